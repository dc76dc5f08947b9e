// SPDX-License-Identifier: Apache-2.0
//
// Proof of ingress_arb with three sources: beats leave once, in the order in which they were taken, and the beats of a
// packet follow each other without another source's in between; a waiting source sees at most one packet of each other
// source go first.

`default_nettype none

module ingress_arb_proof (
  input wire            clk_i,
  input wire [2:0]      valid_i,
  input wire [2:0]      eop_i,
  input wire [2:0]      mark_i,
  input wire            m_ready_i
);

  localparam int unsigned BeatW = headend_tables_pkg::BEAT_W;
  localparam int unsigned MetaW = headend_tables_pkg::META_W;

  logic rst_nq = 1'b0;
  always_ff @(posedge clk_i) rst_nq <= 1'b1;

  logic [2:0]                inside_q = '0;
  wire  [2:0]                ready;
  wire  [2:0]                take = valid_i & ready;
  logic [2:0][BeatW-1:0]     beats;
  logic [2:0][MetaW-1:0]     metas;
  headend_tables_pkg::beat_t beat0, beat1, beat2, out;
  headend_tables_pkg::meta_t out_meta;
  wire                       m_valid;
  wire  [MetaW-1:0]          meta_bits = out_meta;
  always_comb begin
    beat0 = '0; beat1 = '0; beat2 = '0;
    beat0.data[2:0] = {2'd0, mark_i[0]};
    beat1.data[2:0] = {2'd1, mark_i[1]};
    beat2.data[2:0] = {2'd2, mark_i[2]};
    beat0.sop = !inside_q[0]; beat0.eop = eop_i[0];
    beat1.sop = !inside_q[1]; beat1.eop = eop_i[1];
    beat2.sop = !inside_q[2]; beat2.eop = eop_i[2];
    beats = {beat2, beat1, beat0};
    metas = {MetaW'(2), MetaW'(1), MetaW'(0)};
  end

  ingress_arb #(.Sources(3)) u_dut (
    .clk_i, .rst_ni(rst_nq), .s_valid_i(valid_i), .s_ready_o(ready), .s_beat_i(beats), .s_meta_i(metas),
    .m_valid_o(m_valid), .m_ready_i, .m_beat_o(out), .m_meta_o(out_meta)
  );

  wire [1:0] source = take[1] ? 2'd1 : take[2] ? 2'd2 : 2'd0;
  wire [4:0] sent   = take[1] ? {2'd1, beat1.sop, beat1.eop, mark_i[1]} :
                      take[2] ? {2'd2, beat2.sop, beat2.eop, mark_i[2]} : {2'd0, beat0.sop, beat0.eop, mark_i[0]};
  order_check #(.PayloadW(6), .MaxInside(1), .MaxWait(0)) u_order (
    .clk_i, .rst_ni(rst_nq), .push_i(take != '0), .mark_i(sent[0]), .payload_i({source, sent[4:1]}),
    .pop_i(m_valid && m_ready_i), .ready_i(m_ready_i), .mark_o_i(out.data[0]),
    .payload_o_i({meta_bits[1:0], out.data[2:1], out.sop, out.eop})
  );

  logic       begun_q = 1'b0;       // the packet at the output has begun and not ended
  logic [1:0] source_q;
  logic [2:0] valid_q = '0, ready_q;
  logic [2:0][1:0] passed_q = '0;
  always_ff @(posedge clk_i) begin
    valid_q <= rst_nq ? valid_i : '0;
    ready_q <= ready;
    for (int k = 0; k < 3; k++) begin
      if (take[k]) inside_q[k] <= !eop_i[k];
      // Packets of others begun since this source waits.
      if (take[k] || !valid_i[k] || inside_q[k]) passed_q[k] <= '0;
      else if (take != '0 && sent[2]) passed_q[k] <= passed_q[k] + 2'd1;
    end
    if (rst_nq && m_valid && m_ready_i) begin
      begun_q  <= !out.eop;
      source_q <= out.data[2:1];
    end
  end
  always_comb begin
    assume (rst_nq || valid_i == '0);
    assume ((valid_q & ~ready_q & ~valid_i) == '0);     // an offer stands until taken
    if (rst_nq) begin
      assert ((take & (take - 3'd1)) == '0);
      if (m_valid && begun_q) assert (!out.sop && out.data[2:1] == source_q);
      if (m_valid && !begun_q) assert (out.sop);
      for (int k = 0; k < 3; k++) assert (passed_q[k] <= 2'd2);
    end
    cover (rst_nq && m_valid && out.data[0] && out.data[2:1] == 2'd2 && !out.sop);
    cover (rst_nq && passed_q[1] == 2'd2);
  end

endmodule

`default_nettype wire
