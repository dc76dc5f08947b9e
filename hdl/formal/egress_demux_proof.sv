// SPDX-License-Identifier: Apache-2.0
//
// Proof of egress_demux: every beat leaves once and in order, at the output that its packet's meta names and at no
// other; each packet's reservation is released once, after its last beat.

`default_nettype none

module egress_demux_proof (
  input wire       clk_i,
  input wire       s_valid_i,
  input wire       s_eop_i,
  input wire       s_mark_i,
  input wire [1:0] s_egress_i,
  input wire [1:0] s_resv_i,
  input wire [2:0] m_ready_i
);

  logic rst_nq = 1'b0;
  always_ff @(posedge clk_i) rst_nq <= 1'b1;

  logic                      inside_q = 1'b0;
  logic [1:0]                egress_q;
  headend_tables_pkg::beat_t beat, out;
  headend_tables_pkg::meta_t meta, out_meta;
  wire                       s_ready, rel_valid;
  wire [1:0]                 rel_egress;
  wire [7:0]                 rel_beats;
  wire [2:0]                 m_valid;
  wire [1:0]                 egress = inside_q ? egress_q : s_egress_i;
  wire                       take = s_valid_i && s_ready;
  wire                       pop = (m_valid & m_ready_i) != '0;
  wire [1:0]                 at = m_valid[1] ? 2'd1 : m_valid[2] ? 2'd2 : 2'd0;
  always_comb begin
    beat         = '0;
    beat.data[0] = s_mark_i;
    beat.sop     = !inside_q;
    beat.eop     = s_eop_i;
    meta         = '0;
    meta.egress  = s_egress_i;
    meta.resv    = {6'd0, s_resv_i};
  end

  egress_demux u_dut (
    .clk_i, .rst_ni(rst_nq), .s_valid_i, .s_ready_o(s_ready), .s_beat_i(beat), .s_meta_i(meta),
    .m_valid_o(m_valid), .m_ready_i, .m_beat_o(out), .m_meta_o(out_meta),
    .rel_valid_o(rel_valid), .rel_egress_o(rel_egress), .rel_beats_o(rel_beats)
  );

  order_check #(.PayloadW(4), .MaxInside(1), .MaxWait(0)) u_order (
    .clk_i, .rst_ni(rst_nq), .push_i(take), .mark_i(s_mark_i), .payload_i({egress, beat.sop, beat.eop}),
    .pop_i(pop), .ready_i(m_ready_i == 3'b111), .mark_o_i(out.data[0]), .payload_o_i({at, out.sop, out.eop})
  );

  // Releases: a queue of what the last beats said, oldest first.
  logic [7:0][3:0] owed_q;
  logic [3:0]      count_q = '0;
  wire             done = pop && out.eop;
  wire [3:0]       rest = count_q - 4'(rel_valid);
  always_ff @(posedge clk_i) begin
    if (take) begin
      inside_q <= !s_eop_i;
      if (!inside_q) egress_q <= s_egress_i;
    end
    if (rst_nq) begin
      count_q <= rest + 4'(done);
      if (rel_valid) owed_q <= owed_q >> 4;
      if (done) owed_q[rest[2:0]] <= {at, out_meta.resv[1:0]};
    end
  end
  always_comb begin
    assume (rst_nq || !s_valid_i);
    assume (s_egress_i != 2'd3);
    if (rst_nq) begin
      assert ((m_valid & (m_valid - 3'd1)) == '0);
      assert (count_q <= 4'd6);
      if (rel_valid) assert (count_q != 4'd0 && {rel_egress, rel_beats} == {owed_q[0][3:2], 6'd0, owed_q[0][1:0]});
    end
    cover (rst_nq && rel_valid && count_q == 4'd6);
  end

endmodule

`default_nettype wire
