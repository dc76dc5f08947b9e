// SPDX-License-Identifier: Apache-2.0
//
// Proof of skid_buffer: it is a FIFO of two words, for any behaviour of its neighbours.
//
// The model beside it is a plain queue. Valid, ready and data must agree with the model for ever; the word
// that waits inside is tied to the model too, so that induction knows it.

`default_nettype none

module skid_buffer_proof #(
  parameter int unsigned Width = 4
) (
  input wire             clk_i,
  input wire             s_valid_i,
  input wire [Width-1:0] s_data_i,
  input wire             m_ready_i
);

  logic rst_nq = 1'b0;
  always_ff @(posedge clk_i) rst_nq <= 1'b1;

  wire             s_ready;
  wire             m_valid;
  wire [Width-1:0] m_data;

  skid_buffer #(
    .Width(Width)
  ) u_dut (
    .clk_i(clk_i),
    .rst_ni(rst_nq),
    .s_valid_i(s_valid_i),
    .s_ready_o(s_ready),
    .s_data_i(s_data_i),
    .m_valid_o(m_valid),
    .m_ready_i(m_ready_i),
    .m_data_o(m_data)
  );

  // A wire inside the instance, joined by its hierarchical name when the design is flattened.
  (* hierconn *) wire [Width-1:0] \u_dut.skid_q ;

  logic [1:0]       count_q;
  logic [Width-1:0] first_q;
  logic [Width-1:0] second_q;
  wire              push = s_valid_i && s_ready;
  wire              pop  = m_valid && m_ready_i;

  always_ff @(posedge clk_i) begin
    if (!rst_nq) begin
      count_q <= 2'd0;
    end else begin
      count_q <= count_q + 2'(push) - 2'(pop);
      if (pop) first_q <= second_q;
      if (push && count_q - 2'(pop) == 2'd0) first_q <= s_data_i;
      if (push && count_q - 2'(pop) == 2'd1) second_q <= s_data_i;
    end
  end

  logic             stalled_q;
  logic [Width-1:0] data_q;
  always_ff @(posedge clk_i) begin
    stalled_q <= rst_nq && m_valid && !m_ready_i;
    data_q    <= m_data;
  end

  always_comb begin
    if (rst_nq) begin
      assert (count_q <= 2'd2);
      assert (m_valid == (count_q != 2'd0));
      assert (s_ready == (count_q != 2'd2));
      if (count_q != 2'd0) assert (m_data == first_q);
      if (count_q == 2'd2) assert (\u_dut.skid_q == second_q);
      if (stalled_q) assert (m_valid && m_data == data_q);
    end
    cover (rst_nq && count_q == 2'd2 && push == 1'b0 && pop);
  end

endmodule

`default_nettype wire
