// SPDX-License-Identifier: Apache-2.0
//
// Proof of fifo_fast with four words in memory: order, no loss, no repetition, and the output holds until taken.

`default_nettype none

module fifo_fast_proof (
  input wire       clk_i,
  input wire       s_valid_i,
  input wire [2:0] s_data_i,
  input wire       m_ready_i
);

  logic rst_nq = 1'b0;
  always_ff @(posedge clk_i) rst_nq <= 1'b1;

  wire       s_ready, m_valid;
  wire [2:0] m_data;
  fifo_fast #(.Width(3), .Depth(4)) u_dut (
    .clk_i, .rst_ni(rst_nq), .s_valid_i, .s_ready_o(s_ready), .s_data_i,
    .m_valid_o(m_valid), .m_ready_i, .m_data_o(m_data)
  );

  order_check #(.PayloadW(2), .MaxInside(5), .MaxWait(1), .Cover(3)) u_order (
    .clk_i, .rst_ni(rst_nq), .push_i(s_valid_i && s_ready), .mark_i(s_data_i[0]), .payload_i(s_data_i[2:1]),
    .pop_i(m_valid && m_ready_i), .ready_i(m_ready_i), .mark_o_i(m_data[0]), .payload_o_i(m_data[2:1])
  );

  logic       stalled_q = 1'b0;
  logic [2:0] data_q;
  always_ff @(posedge clk_i) begin
    stalled_q <= rst_nq && m_valid && !m_ready_i;
    data_q    <= m_data;
  end
  always_comb if (rst_nq && stalled_q) assert (m_valid && m_data == data_q);

endmodule

`default_nettype wire
