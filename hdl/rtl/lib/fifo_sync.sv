// SPDX-License-Identifier: Apache-2.0
//
// FIFO with one clock: memory with a registered read port, first word falls through to the output.
//
// Holds `Depth` words, the one at the output included; any Depth from 2 on. Full throughput. `s_ready_o`,
// `m_valid_o`, `m_data_o` and `count_o` come from registers. `count_o` counts the words accepted and not
// yet taken.
//
// Latency: 2 cycles through an empty FIFO (write, read into the output register).

`default_nettype none

module fifo_sync #(
  parameter int unsigned Width = 8,
  parameter int unsigned Depth = 16,
  localparam int unsigned CountW = $clog2(Depth + 1)
) (
  input  wire               clk_i,
  input  wire               rst_ni,

  input  wire               s_valid_i,
  output logic              s_ready_o,
  input  wire  [Width-1:0]  s_data_i,

  output logic              m_valid_o,
  input  wire               m_ready_i,
  output logic [Width-1:0]  m_data_o,

  output logic [CountW-1:0] count_o
);

  localparam int unsigned PtrW = (Depth > 1) ? $clog2(Depth) : 1;

  if (Depth < 2) begin : gen_check_depth
    $error("fifo_sync: Depth must be at least 2");
  end

  logic [Width-1:0]  mem [0:Depth-1];
  logic [PtrW-1:0]   wptr_q;
  logic [PtrW-1:0]   rptr_q;
  logic [CountW-1:0] count_q;      // words in all
  logic [CountW-1:0] stored_q;     // words still in the memory
  logic              out_valid_q;
  logic [Width-1:0]  out_q;

  logic push;
  logic pop;
  logic load;
  assign push = s_valid_i && s_ready_o;
  assign pop  = m_valid_o && m_ready_i;
  assign load = (stored_q != '0) && (!out_valid_q || m_ready_i);

  assign s_ready_o = (count_q != CountW'(Depth));
  assign m_valid_o = out_valid_q;
  assign m_data_o  = out_q;
  assign count_o   = count_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      wptr_q      <= '0;
      rptr_q      <= '0;
      count_q     <= '0;
      stored_q    <= '0;
      out_valid_q <= 1'b0;
    end else begin
      if (push) begin
        wptr_q <= (wptr_q == PtrW'(Depth - 1)) ? '0 : wptr_q + PtrW'(1);
      end
      if (load) begin
        rptr_q <= (rptr_q == PtrW'(Depth - 1)) ? '0 : rptr_q + PtrW'(1);
      end
      if (load) begin
        out_valid_q <= 1'b1;
      end else if (m_ready_i) begin
        out_valid_q <= 1'b0;
      end
      if (push != pop) begin
        count_q <= push ? count_q + CountW'(1) : count_q - CountW'(1);
      end
      if (push != load) begin
        stored_q <= push ? stored_q + CountW'(1) : stored_q - CountW'(1);
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (push) begin
      mem[wptr_q] <= s_data_i;
    end
    if (load) begin
      out_q <= mem[rptr_q];
    end
  end

endmodule

`default_nettype wire
