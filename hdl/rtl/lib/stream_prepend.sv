// SPDX-License-Identifier: Apache-2.0
//
// Puts bytes in front of each packet of a stream.
//
// With the first beat come `ins_len_i` (0 to MaxBytes), `ins_data_i` (byte 0, the first to leave, in bits
// 7:0; bytes past `ins_len_i` are ignored) and `side_i` (opaque, leaves as `side_o` with the first beat of
// the result).
//
// One output beat per cycle is sustained, without bubbles between packets.
//
// A beat is turned by the inserted bytes that do not fill one: what stays in it joins the rest of the beat before, what
// comes round to its front waits for the next. Six levels of logic.
//
// Latency: 1 cycle.

`default_nettype none

module stream_prepend #(
  parameter int unsigned MaxBytes  = 64,
  parameter int unsigned SideWidth = 1,
  localparam int unsigned LenW = $clog2(MaxBytes + 1)
) (
  input  wire                             clk_i,
  input  wire                             rst_ni,

  input  wire                             s_valid_i,
  output logic                            s_ready_o,
  input  wire  headend_tables_pkg::beat_t s_beat_i,
  input  wire  [LenW-1:0]                 ins_len_i,
  input  wire  [MaxBytes*8-1:0]           ins_data_i,
  input  wire  [SideWidth-1:0]            side_i,

  output logic                            m_valid_o,
  input  wire                             m_ready_i,
  output headend_tables_pkg::beat_t       m_beat_o,
  output logic [SideWidth-1:0]            side_o
);

  localparam int unsigned BeatW  = headend_tables_pkg::BEAT_W;
  localparam int unsigned Blocks = MaxBytes / 64 + 1;   // the last one is never full
  localparam int unsigned BlockW = (Blocks > 1) ? $clog2(Blocks) : 1;

  // Split of the inserted bytes into whole beats and a rest.
  logic [15:0]          ins_len;
  logic [BlockW-1:0]    whole;
  logic [5:0]           rest;
  logic [Blocks*512-1:0] ins_data;
  assign ins_len  = 16'(ins_len_i);
  assign whole    = BlockW'(ins_len[15:6]);
  assign rest     = ins_len[5:0];
  assign ins_data = (Blocks * 512)'(ins_data_i);

  logic [BlockW-1:0] block_q;      // inserted beats already sent
  logic [5:0]        rest_q;       // shift of the packet being sent
  logic [511:0]      carry_q;      // bytes that did not fit the previous beat
  logic              flush_q;      // `carry_q` is the last beat of its packet
  logic [6:0]        flush_bytes_q;

  logic                      out_ready;
  logic                      out_valid;
  headend_tables_pkg::beat_t out;

  // Whole inserted beats go first, while the packet waits.
  logic inserting;
  logic accept;
  assign inserting = s_beat_i.sop && (block_q != whole);
  assign s_ready_o = out_ready && !flush_q && !inserting;
  assign accept    = s_valid_i && s_ready_o;
  assign out_valid = flush_q || s_valid_i;

  logic [5:0]   shift;
  logic [511:0] turn2;
  logic [511:0] turn4;
  logic [511:0] turned;
  assign shift = s_beat_i.sop ? rest : rest_q;
  always_comb begin
    unique case (shift[1:0])
      2'd0:    turn2 = s_beat_i.data;
      2'd1:    turn2 = {s_beat_i.data[503:0], s_beat_i.data[511:504]};
      2'd2:    turn2 = {s_beat_i.data[495:0], s_beat_i.data[511:496]};
      default: turn2 = {s_beat_i.data[487:0], s_beat_i.data[511:488]};
    endcase
    unique case (shift[3:2])
      2'd0:    turn4 = turn2;
      2'd1:    turn4 = {turn2[479:0], turn2[511:480]};
      2'd2:    turn4 = {turn2[447:0], turn2[511:448]};
      default: turn4 = {turn2[415:0], turn2[511:416]};
    endcase
    unique case (shift[5:4])
      2'd0:    turned = turn4;
      2'd1:    turned = {turn4[383:0], turn4[511:384]};
      2'd2:    turned = {turn4[255:0], turn4[511:256]};
      default: turned = {turn4[127:0], turn4[511:128]};
    endcase
  end

  // Which bytes of the output come from the beat, and which from the inserted ones; the others from the beat before.
  logic [511:0] wrapped_bits;    // of the turned beat, those that belong to the next one
  logic [511:0] beat_bits;
  logic [511:0] block_bits;
  logic [511:0] block;
  logic         carried;
  logic [7:0]   total;
  logic         over;            // it does not all fit this beat
  assign block        = ins_data[block_q*512 +: 512];
  assign carried      = flush_q || !s_beat_i.sop;
  assign total        = {1'b0, s_beat_i.bytes} + {2'b0, shift};
  assign over         = total[7] || (total[6] && (|total[5:0]));
  assign wrapped_bits = ~({512{1'b1}} << {shift, 3'd0});
  assign beat_bits    = ~wrapped_bits & {512{!flush_q && !inserting}};
  assign block_bits   = (~({512{1'b1}} << {rest, 3'd0}) | {512{inserting}}) & {512{!carried}};

  always_comb begin
    out.data = (turned & beat_bits) | (block & block_bits) | (carry_q & {512{carried}});
    out.bytes = flush_q ? flush_bytes_q : (inserting || over) ? 7'd64 : total[6:0];
    out.sop   = !flush_q && s_beat_i.sop && (block_q == '0);
    out.eop   = flush_q || (s_beat_i.eop && !inserting && !over);
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      block_q <= '0;
      flush_q <= 1'b0;
    end else if (out_ready) begin
      flush_q <= accept && s_beat_i.eop && over;
      if (accept) begin
        block_q <= '0;
      end else if (s_valid_i && !flush_q) begin
        block_q <= block_q + BlockW'(1);
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (accept) begin
      rest_q        <= shift;
      carry_q       <= turned & wrapped_bits;
      flush_bytes_q <= total[6:0] - 7'd64;
    end
  end

  // The side word of a packet that already sent inserted beats is still at the input; that of a flush
  // beat does not matter.
  // Two buffers that move in step: the wide words are never put together, which costs simulation time.
  skid_buffer #(
    .Width(BeatW)
  ) u_out (
    .clk_i,
    .rst_ni,
    .s_valid_i(out_valid),
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
    .s_valid_i(out_valid),
    .s_ready_o(unused_side_ready),
    .s_data_i (side_i),
    .m_valid_o(unused_side_valid),
    .m_ready_i,
    .m_data_o (side_o)
  );

endmodule

`default_nettype wire
