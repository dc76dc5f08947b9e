// SPDX-License-Identifier: Apache-2.0
//
// Removes bytes from the front and the end of each packet of a stream.
//
// With the first beat come `del_i` (bytes removed from the front; may exceed a beat), `len_i` (bytes kept
// behind them, at least 1; the rest of the packet is discarded) and `side_i` (opaque, leaves as `side_o`
// with the first beat of the result). The packet must hold at least `del_i + len_i` bytes; with a shorter
// one the framing stays right (one packet out per packet in), its bytes are unspecified.
//
// Byte 0 is in bits 7:0. One input beat per cycle is sustained, without bubbles between packets. Each
// beat waits for its successor (unless it is the last one), because the result straddles both.
//
// Latency: 2 cycles from the beat that completes an output beat to that output beat.

`default_nettype none

module stream_trim #(
  parameter int unsigned SideWidth = 1
) (
  input  wire                             clk_i,
  input  wire                             rst_ni,

  input  wire                             s_valid_i,
  output logic                            s_ready_o,
  input  wire  headend_tables_pkg::beat_t s_beat_i,
  input  wire  [7:0]                      del_i,
  input  wire  [15:0]                     len_i,
  input  wire  [SideWidth-1:0]            side_i,

  output logic                            m_valid_o,
  input  wire                             m_ready_i,
  output headend_tables_pkg::beat_t       m_beat_o,
  output logic [SideWidth-1:0]            side_o
);

  localparam int unsigned BeatW = headend_tables_pkg::BEAT_W;

  // The beat at hand and the state of its packet.
  logic                 cur_valid_q;
  logic [511:0]         cur_data_q;
  logic                 cur_eop_q;
  logic [5:0]           shift_q;      // bytes to drop from the front of the beat
  logic [1:0]           skip_q;       // whole beats still to drop
  logic [15:0]          left_q;       // bytes still to send
  logic                 first_q;      // nothing sent yet
  logic                 done_q;       // everything sent, the rest is discarded
  logic [SideWidth-1:0] side_q;

  logic out_ready;
  logic must_emit;
  logic can_go;
  logic go;
  logic emit;
  logic load;

  assign must_emit = !done_q && (skip_q == 2'd0 || cur_eop_q);
  assign can_go    = !must_emit || out_ready;
  assign go        = cur_valid_q && can_go && (cur_eop_q || s_valid_i);
  assign emit      = go && must_emit;
  assign s_ready_o = !cur_valid_q || can_go;
  assign load      = s_valid_i && s_ready_o;

  // The output beat: the rest of this one and the front of the next.
  headend_tables_pkg::beat_t out;
  logic [1023:0]             pair;
  always_comb begin
    pair      = '0;
    if (emit) begin
      pair = {cur_eop_q ? 512'd0 : s_beat_i.data, cur_data_q} >> {shift_q, 3'd0};
    end
    out.sop   = first_q;
    out.eop   = cur_eop_q || (left_q <= 16'd64);
    out.bytes = (left_q < 16'd64) ? left_q[6:0] : 7'd64;
    out.data  = pair[511:0];
    if (left_q < 16'd64) begin
      out.data = pair[511:0] & ~({512{1'b1}} << {left_q[5:0], 3'd0});
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      cur_valid_q <= 1'b0;
    end else if (load) begin
      cur_valid_q <= 1'b1;
    end else if (go) begin
      cur_valid_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (load) begin
      cur_data_q <= s_beat_i.data;
      cur_eop_q  <= s_beat_i.eop;
    end
    if (load && s_beat_i.sop) begin
      shift_q <= del_i[5:0];
      skip_q  <= del_i[7:6];
      left_q  <= len_i;
      first_q <= 1'b1;
      done_q  <= 1'b0;
      side_q  <= side_i;
    end else if (go) begin
      if (skip_q != 2'd0) begin
        skip_q <= skip_q - 2'd1;
      end
      if (emit) begin
        left_q  <= left_q - 16'd64;
        first_q <= 1'b0;
        done_q  <= out.eop;
      end
    end
  end

  // Two buffers that move in step: the wide words are never put together, which costs simulation time.
  skid_buffer #(
    .Width(BeatW)
  ) u_out (
    .clk_i,
    .rst_ni,
    .s_valid_i(emit),
    .s_ready_o(out_ready),
    .s_data_i (out),
    .m_valid_o,
    .m_ready_i,
    .m_data_o (m_beat_o)
  );

  logic unused_side_ready;
  logic unused_side_valid;
  skid_buffer #(
    .Width(SideWidth)
  ) u_side (
    .clk_i,
    .rst_ni,
    .s_valid_i(emit),
    .s_ready_o(unused_side_ready),
    .s_data_i (side_q),
    .m_valid_o(unused_side_valid),
    .m_ready_i,
    .m_data_o (side_o)
  );

  // The byte count of an input beat is implied by `del_i` and `len_i`.
  logic unused;
  assign unused = ^{s_beat_i.bytes, pair[1023:512]};

endmodule

`default_nettype wire
