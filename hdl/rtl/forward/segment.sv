// SPDX-License-Identifier: Apache-2.0
//
// Puts a header pipeline beside the stream. The first 128 bytes of each packet and its meta go out on hdr_*;
// a fixed number of cycles later the new meta (and ExtraWidth opaque bits) comes back on res_*, in order.
// The beats wait in a FIFO meanwhile and leave together with the result.
//
// hdr_window_o: byte 0 in bits 7:0, zero past the packet. It is issued one cycle after the second beat, or
// after the first if that is the only one. m_extra_o is valid with the beat whose sop = 1, like m_meta_o.
//
// Packets whose result says op = DROP are eaten, one beat per cycle, and reported: drop_o.data is the first beat,
// or zero for decrypted packets (what failed its checks must not reach the host as plaintext). SPI and sequence
// are those of the inbound SA when there is one, else what the parser found.
//
// hold_i = 1: no header goes out in the next cycle. A table owner behind hdr_* that needs a cycle without a header
// makes itself one so; the input waits for that cycle.
//
// Flow control is credit: at most ResDepth packets are between input and output, so no result is ever
// refused. One beat per cycle, also with packets of one beat, as long as ResDepth and BeatDepth exceed the
// latency of the header pipeline by 6.
//
// Latency: header pipeline + 4 cycles from the beat that completes the window to the first beat out.

`default_nettype none

module segment #(
    parameter int unsigned ExtraWidth = 1,
    parameter logic [3:0]  Stage      = 4'd0,
    parameter int unsigned BeatDepth  = 64,
    parameter int unsigned ResDepth   = 64
) (
    input  logic                               clk_i,
    input  logic                               rst_ni,

    input  logic                               s_valid_i,
    output logic                               s_ready_o,
    input  headend_tables_pkg::beat_t          s_beat_i,
    input  headend_tables_pkg::meta_t          s_meta_i,

    input  logic                               hold_i,
    output logic                               hdr_valid_o,
    output logic [1023:0]                      hdr_window_o,
    output headend_tables_pkg::meta_t          hdr_meta_o,
    input  logic                               res_valid_i,
    input  headend_tables_pkg::meta_t          res_meta_i,
    input  logic [ExtraWidth-1:0]              res_extra_i,

    output logic                               m_valid_o,
    input  logic                               m_ready_i,
    output headend_tables_pkg::beat_t          m_beat_o,
    output headend_tables_pkg::meta_t          m_meta_o,
    output logic [ExtraWidth-1:0]              m_extra_o,

    output logic                               drop_valid_o,
    output headend_tables_pkg::drop_record_t   drop_o,
    output logic                               stage_in_o,
    output logic                               stage_out_o
);

  localparam int unsigned BeatW  = headend_tables_pkg::BEAT_W;
  localparam int unsigned MetaW  = headend_tables_pkg::META_W;
  localparam int unsigned CountW = $clog2(ResDepth + 1);

  // ------------------------------------------------------------------ input
  logic beat_room, take;
  logic [CountW-1:0] inside_q;  // packets between input and output
  assign s_ready_o = beat_room && (inside_q != CountW'(ResDepth)) && !hold_i;
  assign take = s_valid_i && s_ready_o;

  logic [511:0] first_q;
  logic second_q;  // the next beat is a packet's second
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      hdr_valid_o <= 1'b0;
      second_q    <= 1'b0;
      stage_in_o  <= 1'b0;
    end else begin
      hdr_valid_o <= take && (s_beat_i.sop ? s_beat_i.eop : second_q);
      stage_in_o  <= take && s_beat_i.sop;
      if (take) second_q <= s_beat_i.sop && !s_beat_i.eop;
    end
    if (take && s_beat_i.sop) begin
      first_q      <= s_beat_i.data;
      hdr_meta_o   <= s_meta_i;
      hdr_window_o <= {512'd0, s_beat_i.data};
    end else if (take && second_q) begin
      hdr_window_o <= {s_beat_i.data, first_q};
    end
  end

  // ------------------------------------------------------------------ beats and results wait for each other
  logic beat_valid, beat_pop, res_valid, res_pop;
  headend_tables_pkg::beat_t beat;
  headend_tables_pkg::meta_t res_meta;
  logic [ExtraWidth-1:0] res_extra;
  logic [$clog2(BeatDepth+1)-1:0] unused_beat_count;
  logic [CountW-1:0] unused_res_count;
  logic unused_res_ready;  // credit keeps it at 1

  fifo_sync #(
      .Width(BeatW),
      .Depth(BeatDepth)
  ) u_beats (
      .clk_i,
      .rst_ni,
      .s_valid_i(take),
      .s_ready_o(beat_room),
      .s_data_i (s_beat_i),
      .m_valid_o(beat_valid),
      .m_ready_i(beat_pop),
      .m_data_o (beat),
      .count_o  (unused_beat_count)
  );

  fifo_sync #(
      .Width(MetaW + ExtraWidth),
      .Depth(ResDepth)
  ) u_results (
      .clk_i,
      .rst_ni,
      .s_valid_i(res_valid_i),
      .s_ready_o(unused_res_ready),
      .s_data_i ({res_meta_i, res_extra_i}),
      .m_valid_o(res_valid),
      .m_ready_i(res_pop),
      .m_data_o ({res_meta, res_extra}),
      .count_o  (unused_res_count)
  );

  // ------------------------------------------------------------------ output
  logic eating_q;  // rest of a dropped packet
  logic out_free, eat;
  assign out_free = !m_valid_o || m_ready_i;
  assign eat = beat.sop ? (res_meta.op == headend_tables_pkg::OP_DROP) : eating_q;
  assign beat_pop = beat_valid && (!beat.sop || res_valid) && (eat || out_free);
  assign res_pop = beat_pop && beat.sop;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      m_valid_o   <= 1'b0;
      eating_q    <= 1'b0;
      stage_out_o <= 1'b0;
      inside_q    <= '0;
    end else begin
      if (beat_pop && !eat) m_valid_o <= 1'b1;
      else if (m_ready_i) m_valid_o <= 1'b0;
      if (beat_pop) eating_q <= eat && !beat.eop;
      stage_out_o <= res_pop && !eat;
      if ((take && s_beat_i.sop) != res_pop) begin
        inside_q <= res_pop ? inside_q - CountW'(1) : inside_q + CountW'(1);
      end
    end
    if (beat_pop && !eat) begin
      m_beat_o <= beat;
      if (beat.sop) begin
        m_meta_o  <= res_meta;
        m_extra_o <= res_extra;
      end
    end
  end

  // ------------------------------------------------------------------ drop reports
  logic has_sa;
  assign has_sa = res_meta.sa_in != 16'hffff;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) drop_valid_o <= 1'b0;
    else drop_valid_o <= res_pop && eat;
    if (res_pop && eat) begin
      drop_o.reason  <= res_meta.drop;
      drop_o.stage   <= Stage;
      drop_o.ingress <= res_meta.ingress;
      drop_o.len     <= res_meta.len;
      drop_o.vrf     <= res_meta.vrf;
      drop_o.sa      <= res_meta.sa_in;
      drop_o.spi     <= has_sa ? res_meta.spi : res_meta.parsed.spi;
      drop_o.seq     <= has_sa ? res_meta.seq : {32'd0, res_meta.parsed.seq};
      drop_o.data    <= res_meta.decrypted ? 512'd0 : beat.data;
    end
  end

endmodule

`default_nettype wire
