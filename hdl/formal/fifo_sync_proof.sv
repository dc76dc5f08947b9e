// SPDX-License-Identifier: Apache-2.0
//
// Proof of fifo_sync with five words (not a power of two, so both pointers wrap early): words come out as
// they went in, none is lost or repeated, the output holds until taken, the count is right, and no cycle is
// lost while the memory holds a word.
//
// The model is a plain queue. The words in the memory are tied to the model one by one.

`default_nettype none

module fifo_sync_proof #(
  parameter int unsigned Width = 2,
  localparam int unsigned Depth = 5
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
  wire [2:0]       count;

  fifo_sync #(
    .Width(Width),
    .Depth(Depth)
  ) u_dut (
    .clk_i(clk_i),
    .rst_ni(rst_nq),
    .s_valid_i(s_valid_i),
    .s_ready_o(s_ready),
    .s_data_i(s_data_i),
    .m_valid_o(m_valid),
    .m_ready_i(m_ready_i),
    .m_data_o(m_data),
    .count_o(count)
  );

  // Wires inside the instance, joined by their hierarchical names when the design is flattened.
  (* hierconn *) wire [2:0]       \u_dut.wptr_q ;
  (* hierconn *) wire [2:0]       \u_dut.rptr_q ;
  (* hierconn *) wire [2:0]       \u_dut.stored_q ;
  (* hierconn *) wire [Width-1:0] \u_dut.mem[0] ;
  (* hierconn *) wire [Width-1:0] \u_dut.mem[1] ;
  (* hierconn *) wire [Width-1:0] \u_dut.mem[2] ;
  (* hierconn *) wire [Width-1:0] \u_dut.mem[3] ;
  (* hierconn *) wire [Width-1:0] \u_dut.mem[4] ;
  wire [2:0]             wptr   = \u_dut.wptr_q ;
  wire [2:0]             rptr   = \u_dut.rptr_q ;
  wire [2:0]             stored = \u_dut.stored_q ;
  wire [Depth*Width-1:0] mem = {\u_dut.mem[4] , \u_dut.mem[3] , \u_dut.mem[2] , \u_dut.mem[1] , \u_dut.mem[0] };

  // Oldest word lowest.
  logic [Depth*Width-1:0] queue_q;
  logic [3:0]             count_q;
  wire                    push   = s_valid_i && s_ready;
  wire                    pop    = m_valid && m_ready_i;
  wire  [3:0]             behind = count_q - 4'(pop);
  wire  [Depth*Width-1:0] popped = pop ? queue_q >> Width : queue_q;

  always_ff @(posedge clk_i) begin
    if (!rst_nq) begin
      count_q <= 4'd0;
      queue_q <= '0;
    end else begin
      count_q <= behind + 4'(push);
      queue_q <= popped;
      if (push) queue_q[Width*behind +: Width] <= s_data_i;
    end
  end

  logic             stalled_q;
  logic             flowing_q;
  logic [Width-1:0] data_q;
  always_ff @(posedge clk_i) begin
    stalled_q <= rst_nq && m_valid && !m_ready_i;
    flowing_q <= rst_nq && stored != 3'd0 && (!m_valid || m_ready_i);
    data_q    <= m_data;
  end

  always_comb begin
    if (rst_nq) begin
      assert (count_q <= 4'd5);
      assert ({1'b0, count} == count_q);
      assert (s_ready == (count_q != 4'd5));
      if (m_valid) assert (count_q != 4'd0 && m_data == queue_q[Width-1:0]);
      if (stalled_q) assert (m_valid && m_data == data_q);
      if (flowing_q) assert (m_valid);
      // What makes it inductive.
      assert ({1'b0, stored} + 4'(m_valid) == count_q);
      assert (rptr < 3'd5 && wptr < 3'd5);
      assert ({1'b0, wptr} == (({1'b0, rptr} + {1'b0, stored}) % 4'd5));
    end
    cover (rst_nq && count_q == 4'd5 && wptr == 3'd3);
  end

  for (genvar i = 0; i < 5; i++) begin : gen_word
    wire [3:0] place = ({1'b0, rptr} + 4'(i)) % 4'd5;
    wire [3:0] age   = 4'(i) + 4'(m_valid);
    always_comb begin
      if (rst_nq && 4'(i) < {1'b0, stored}) begin
        assert (mem[Width*place +: Width] == queue_q[Width*age +: Width]);
      end
    end
  end

endmodule

`default_nettype wire
