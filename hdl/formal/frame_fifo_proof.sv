// SPDX-License-Identifier: Apache-2.0
//
// Proof of frame_fifo (four words, three frames): the words of frames that were written whole leave once and in order,
// without gaps inside a frame, each with its frame's side word; of an aborted frame nothing leaves; `free_o` is right.
// One word is marked by the solver and followed.

`default_nettype none

module frame_fifo_proof (
  input wire       clk_i,
  input wire       s_valid_i,
  input wire [1:0] s_data_i,     // bit 0: mark
  input wire       s_eop_i,
  input wire       s_abort_i,
  input wire       s_side_i,
  input wire       m_ready_i
);

  localparam int unsigned Depth = 4;

  logic rst_nq = 1'b0;
  always_ff @(posedge clk_i) rst_nq <= 1'b1;

  wire       s_ready, m_valid, m_eop, m_side;
  wire [1:0] m_data;
  wire [2:0] free;
  frame_fifo #(.Width(2), .Depth(Depth), .SideWidth(1), .MaxFrames(3)) u_dut (
    .clk_i, .rst_ni(rst_nq), .s_valid_i, .s_ready_o(s_ready), .s_data_i, .s_eop_i, .s_abort_i, .s_side_i,
    .free_o(free), .m_valid_o(m_valid), .m_ready_i, .m_data_o(m_data), .m_eop_o(m_eop), .m_side_o(m_side)
  );

  wire push = s_valid_i && s_ready && !s_abort_i;
  wire pop  = m_valid && m_ready_i;

  logic [3:0] whole_q = '0;      // words of whole frames inside
  logic [3:0] open_q = '0;       // words of the frame being written
  logic       seen_q = 1'b0;
  logic       live_q = 1'b0;     // the marked word is inside
  logic       mine_q = 1'b0;     // in the frame being written
  logic       side_known_q = 1'b0;
  logic       side_q;
  logic       eop_q;
  logic       bit_q;
  logic [3:0] ahead_q;
  logic [3:0] wait_q = '0;
  logic       inside_frame_q = 1'b0;   // the frame at the output has begun

  always_ff @(posedge clk_i) begin
    if (rst_nq) begin
      open_q  <= s_abort_i ? 4'd0 : push ? (s_eop_i ? 4'd0 : open_q + 4'd1) : open_q;
      whole_q <= whole_q + ((push && s_eop_i) ? open_q + 4'd1 : 4'd0) - 4'(pop);
      wait_q  <= (whole_q != 4'd0 && m_ready_i && !pop) ? wait_q + 4'd1 : 4'd0;
      if (pop) inside_frame_q <= !m_eop;
      if (pop && live_q) begin
        live_q  <= (ahead_q != 4'd0);
        ahead_q <= ahead_q - 4'd1;
      end
      if (s_abort_i && mine_q) begin
        live_q <= 1'b0;
        mine_q <= 1'b0;
      end else if (push && s_eop_i) begin
        mine_q <= 1'b0;
        if (mine_q) begin
          side_q       <= s_side_i;
          side_known_q <= 1'b1;
        end
      end
      if (push && s_data_i[0]) begin
        seen_q  <= 1'b1;
        live_q  <= 1'b1;
        mine_q  <= !s_eop_i;
        ahead_q <= whole_q + open_q - 4'(pop);
        bit_q   <= s_data_i[1];
        eop_q   <= s_eop_i;
        if (s_eop_i) begin
          side_q       <= s_side_i;
          side_known_q <= 1'b1;
        end
      end
    end
  end

  always_comb begin
    if (seen_q && push) assume (!s_data_i[0]);
    if (rst_nq) begin
      assert (whole_q + open_q <= 4'd5);
      assert (wait_q <= 4'd2);
      if (inside_frame_q) assert (m_valid);
      if (m_valid) assert (whole_q != 4'd0);
      if (pop) begin
        assert (m_data[0] == (live_q && ahead_q == 4'd0));
        if (live_q && ahead_q == 4'd0) begin
          assert (!mine_q && side_known_q);
          assert (m_data[1] == bit_q && m_eop == eop_q && m_side == side_q);
        end
      end
      // The word at the output has left the memory.
      assert (4'(free) <= 4'd4 && 4'(free) + whole_q + open_q >= 4'd4);
    end
    cover (rst_nq && pop && m_data[0] && !m_eop && whole_q == 4'd5);
    cover (rst_nq && s_abort_i && mine_q && whole_q != 4'd0);
  end

endmodule

`default_nettype wire
