// SPDX-License-Identifier: Apache-2.0
//
// Puts bytes behind each packet of a stream.
//
// `app_len_i` (0 to MaxBytes, at most 31) and `app_data_i` (byte 0, the first to leave, in bits 7:0; bytes past
// `app_len_i` are ignored) come with the last beat of the packet. `side_i` (opaque) comes with the first beat and leaves
// with it as `side_o`.
//
// One output beat per cycle is sustained, without bubbles between packets.
//
// The bytes are turned once around a beat: what lies behind the packet's last byte goes into this beat, what comes out at
// its front into the next one. Six levels of logic.
//
// Latency: 1 cycle.

`default_nettype none

module stream_append #(
  parameter int unsigned MaxBytes  = 16,
  parameter int unsigned SideWidth = 1,
  localparam int unsigned LenW = $clog2(MaxBytes + 1)
) (
  input  wire                             clk_i,
  input  wire                             rst_ni,

  input  wire                             s_valid_i,
  output logic                            s_ready_o,
  input  wire  headend_tables_pkg::beat_t s_beat_i,
  input  wire  [LenW-1:0]                 app_len_i,
  input  wire  [MaxBytes*8-1:0]           app_data_i,
  input  wire  [SideWidth-1:0]            side_i,

  output logic                            m_valid_o,
  input  wire                             m_ready_i,
  output headend_tables_pkg::beat_t       m_beat_o,
  output logic [SideWidth-1:0]            side_o
);

  localparam int unsigned BeatW = headend_tables_pkg::BEAT_W;

  if (MaxBytes > 31) begin : gen_check_bytes
    $error("stream_append: MaxBytes must not exceed 31");
  end

  logic                      flush_q;        // a beat of appended bytes alone is due
  logic [6:0]                flush_bytes_q;
  logic [MaxBytes*8-1:0]     flush_data_q;

  logic                      out_ready;
  logic                      accept;
  logic [7:0]                total;
  headend_tables_pkg::beat_t out;
  assign s_ready_o = out_ready && !flush_q;
  assign accept    = s_valid_i && s_ready_o;
  assign total     = {1'b0, s_beat_i.bytes} + 8'(app_len_i);

  // The bytes to append, cut to their length, and turned.
  logic [511:0] app;
  logic [511:0] turn2;
  logic [511:0] turn4;
  logic [511:0] turned;
  logic [MaxBytes*8-1:0] app_cut;
  always_comb begin
    for (int i = 0; i < int'(MaxBytes); i++) begin
      app_cut[8*i +: 8] = (app_len_i > LenW'(i)) ? app_data_i[8*i +: 8] : 8'd0;
    end
  end
  assign app = 512'(app_cut);
  always_comb begin
    unique case (s_beat_i.bytes[1:0])
      2'd0:    turn2 = app;
      2'd1:    turn2 = {app[503:0], app[511:504]};
      2'd2:    turn2 = {app[495:0], app[511:496]};
      default: turn2 = {app[487:0], app[511:488]};
    endcase
    unique case (s_beat_i.bytes[3:2])
      2'd0:    turn4 = turn2;
      2'd1:    turn4 = {turn2[479:0], turn2[511:480]};
      2'd2:    turn4 = {turn2[447:0], turn2[511:448]};
      default: turn4 = {turn2[415:0], turn2[511:416]};
    endcase
    unique case (s_beat_i.bytes[5:4])
      2'd0:    turned = turn4;
      2'd1:    turned = {turn4[383:0], turn4[511:384]};
      2'd2:    turned = {turn4[255:0], turn4[511:256]};
      default: turned = {turn4[127:0], turn4[511:128]};
    endcase
  end

  // Bytes of this beat that are behind the packet.
  logic [511:0] behind_bits;
  assign behind_bits = ({512{1'b1}} << {s_beat_i.bytes, 3'd0}) & {512{s_beat_i.eop && !flush_q}};

  always_comb begin
    out.data  = flush_q ? 512'(flush_data_q) : s_beat_i.data | (turned & behind_bits);
    out.bytes = flush_q ? flush_bytes_q :
                !s_beat_i.eop ? s_beat_i.bytes :
                (total > 8'd64) ? 7'd64 : total[6:0];
    out.sop   = s_beat_i.sop && !flush_q;
    out.eop   = flush_q || (s_beat_i.eop && (total <= 8'd64));
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      flush_q <= 1'b0;
    end else if (out_ready) begin
      flush_q <= accept && s_beat_i.eop && (total > 8'd64);
    end
  end

  always_ff @(posedge clk_i) begin
    if (accept && s_beat_i.eop) begin
      flush_data_q  <= turned[MaxBytes*8-1:0] & ~behind_bits[MaxBytes*8-1:0];
      flush_bytes_q <= total[6:0] - 7'd64;
    end
  end

  // Two buffers that move in step: the wide words are never put together, which costs simulation time.
  skid_buffer #(
    .Width(BeatW)
  ) u_out (
    .clk_i,
    .rst_ni,
    .s_valid_i(flush_q || s_valid_i),
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
    .s_valid_i(flush_q || s_valid_i),
    .s_ready_o(unused_side_ready),
    .s_data_i (side_i),
    .m_valid_o(unused_side_valid),
    .m_ready_i,
    .m_data_o (side_o)
  );

endmodule

`default_nettype wire
