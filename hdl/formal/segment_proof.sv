// SPDX-License-Identifier: Apache-2.0
//
// Proof of segment beside a header pipeline of two cycles, with small FIFOs and any `hold_i`: the beats of packets that
// are not dropped leave once, in order and unchanged, each packet with its own result; of a dropped packet no beat
// leaves, and there is one report per dropped packet.

`default_nettype none

module segment_proof (
  input wire       clk_i,
  input wire       s_valid_i,
  input wire       s_eop_i,
  input wire       s_drop_i,
  input wire       s_mark_i,
  input wire [1:0] s_bits_i,
  input wire [1:0] s_tag_i,
  input wire       hold_i,
  input wire       m_ready_i
);

  localparam logic [headend_tables_pkg::OP_W-1:0] Drop    = headend_tables_pkg::OP_DROP;
  localparam logic [headend_tables_pkg::OP_W-1:0] Forward = headend_tables_pkg::OP_FORWARD;

  logic rst_nq = 1'b0;
  always_ff @(posedge clk_i) rst_nq <= 1'b1;

  logic                      inside_q = 1'b0;
  logic                      drop_q;
  headend_tables_pkg::beat_t beat, out;
  headend_tables_pkg::meta_t meta, hdr_meta, out_meta;
  headend_tables_pkg::drop_record_t record;
  wire                       drop = inside_q ? drop_q : s_drop_i;
  always_comb begin
    beat         = '0;
    beat.data[0] = s_mark_i;
    beat.data[2:1] = s_bits_i;
    beat.sop     = !inside_q;
    beat.eop     = s_eop_i;
    meta         = '0;
    meta.op      = s_drop_i ? Drop : Forward;
    meta.len     = {14'd0, s_tag_i};
  end

  wire s_ready, hdr_valid, m_valid, drop_valid, extra;
  wire [1023:0] unused_window;
  wire [1:0] unused_stage;
  wire take = s_valid_i && s_ready;

  // The header pipeline.
  logic [1:0]                valid_q = '0;
  headend_tables_pkg::meta_t meta_q, result_q;
  always_ff @(posedge clk_i) begin
    valid_q <= rst_nq ? {valid_q[0], hdr_valid} : 2'b00;
    if (hdr_valid) meta_q <= hdr_meta;
    if (valid_q[0]) result_q <= meta_q;
  end

  segment #(.BeatDepth(4), .ResDepth(3)) u_dut (
    .clk_i, .rst_ni(rst_nq), .s_valid_i, .s_ready_o(s_ready), .s_beat_i(beat), .s_meta_i(meta), .hold_i,
    .hdr_valid_o(hdr_valid), .hdr_window_o(unused_window), .hdr_meta_o(hdr_meta),
    .res_valid_i(valid_q[1]), .res_meta_i(result_q), .res_extra_i(result_q.len[0]),
    .m_valid_o(m_valid), .m_ready_i, .m_beat_o(out), .m_meta_o(out_meta), .m_extra_o(extra),
    .drop_valid_o(drop_valid), .drop_o(record), .stage_in_o(unused_stage[0]), .stage_out_o(unused_stage[1])
  );

  // The result that each beat's packet must have: kept beside the marked beat by its payload when it is a first beat.
  wire pop = m_valid && m_ready_i;
  order_check #(.PayloadW(7), .MaxInside(5), .MaxWait(24), .Cover(3)) u_order (
    .clk_i, .rst_ni(rst_nq), .push_i(take && !drop), .mark_i(s_mark_i),
    .payload_i({beat.sop, beat.eop, s_bits_i, beat.sop ? {s_tag_i, s_tag_i[0]} : 3'd0}),
    .pop_i(pop), .ready_i(m_ready_i), .mark_o_i(out.data[0]),
    .payload_o_i({out.sop, out.eop, out.data[2:1], out.sop ? {out_meta.len[1:0], extra} : 3'd0})
  );

  logic [3:0] owed_q = '0;    // drop reports to come
  always_ff @(posedge clk_i) begin
    if (rst_nq) owed_q <= owed_q + 4'(take && beat.sop && drop) - 4'(drop_valid);
    if (take) begin
      inside_q <= !s_eop_i;
      if (!inside_q) drop_q <= s_drop_i;
    end
  end
  always_comb begin
    assume (rst_nq || !s_valid_i);
    if (drop) assume (!s_mark_i);
    if (rst_nq) begin
      assert (owed_q <= 4'd4);
      if (drop_valid) assert (owed_q != 4'd0);
    end
    cover (rst_nq && drop_valid && owed_q == 4'd3);
  end

endmodule

`default_nettype wire
