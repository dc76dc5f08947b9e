// SPDX-License-Identifier: Apache-2.0
//
// Proof of frame_merge, the heart of tx_port, with two sources of four beats each: the beats of either source (the
// solver chooses which one is watched) leave once, in order, with their packet's side word; packets of the two are not
// interleaved and a packet leaves without gaps.

`default_nettype none

module frame_merge_proof (
  input wire       clk_i,
  input wire [1:0] valid_i,
  input wire [1:0] eop_i,
  input wire [1:0] mark_i,
  input wire [1:0] side_i,
  input wire       m_ready_i
);

  localparam int unsigned BeatW = headend_tables_pkg::BEAT_W;

  (* anyconst *) logic watched;

  logic rst_nq = 1'b0;
  always_ff @(posedge clk_i) rst_nq <= 1'b1;

  logic [1:0]                inside_q = '0;
  wire  [1:0]                ready;
  wire  [1:0][15:0]          unused_free;
  headend_tables_pkg::beat_t beat0, beat1, out;
  wire                       m_valid, m_side;
  always_comb begin
    beat0 = '0; beat1 = '0;
    beat0.data[1:0] = {1'b0, mark_i[0]};
    beat1.data[1:0] = {1'b1, mark_i[1]};
    beat0.sop = !inside_q[0]; beat0.eop = eop_i[0];
    beat1.sop = !inside_q[1]; beat1.eop = eop_i[1];
  end
  wire [1:0] take = valid_i & ready;

  frame_merge #(.Sources(2), .SideWidth(1), .Depth(4), .MaxFrames(5)) u_dut (
    .clk_i, .rst_ni(rst_nq), .s_valid_i(valid_i), .s_ready_o(ready), .s_beat_i({BeatW'(beat1), BeatW'(beat0)}),
    .s_side_i(side_i), .free_o(unused_free), .m_valid_o(m_valid), .m_ready_i, .m_beat_o(out), .m_side_o(m_side)
  );

  wire pop = m_valid && m_ready_i;
  order_check #(.PayloadW(3), .MaxInside(5), .MaxWait(40), .Cover(3)) u_order (
    .clk_i, .rst_ni(rst_nq), .push_i(take[watched]), .mark_i(mark_i[watched]),
    .payload_i({!inside_q[watched], eop_i[watched], !inside_q[watched] && side_i[watched]}),
    .pop_i(pop && out.data[1] == watched), .ready_i(m_ready_i), .mark_o_i(out.data[0]),
    .payload_o_i({out.sop, out.eop, out.sop && m_side})
  );

  logic begun_q = 1'b0, source_q;
  always_ff @(posedge clk_i) begin
    for (int k = 0; k < 2; k++) if (take[k]) inside_q[k] <= !eop_i[k];
    if (rst_nq && pop) begin
      begun_q  <= !out.eop;
      source_q <= out.data[1];
    end
  end
  always_comb begin
    assume (rst_nq || valid_i == '0);
    if (rst_nq) begin
      if (begun_q) assert (m_valid && !out.sop && out.data[1] == source_q);
      if (m_valid && !begun_q) assert (out.sop);
    end
    cover (rst_nq && pop && begun_q && out.data[0] && out.data[1]);
  end

endmodule

`default_nettype wire
