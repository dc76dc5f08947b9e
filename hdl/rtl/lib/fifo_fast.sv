// SPDX-License-Identifier: Apache-2.0
//
// FIFO with one clock whose words cross it in one cycle when it is empty: beside the memory's read register there is
// one that takes the word at the input.
//
// Holds `Depth` words, the one at the output included; any Depth from 2 on. Full throughput. `s_ready_o` and `m_valid_o`
// come from registers, `m_data_o` from a choice of two registers.
//
// Latency: 1 cycle through an empty FIFO.

`default_nettype none

module fifo_fast #(
  parameter int unsigned Width = 8,
  parameter int unsigned Depth = 16
) (
  input  wire               clk_i,
  input  wire               rst_ni,

  input  wire               s_valid_i,
  output logic              s_ready_o,
  input  wire  [Width-1:0]  s_data_i,

  output logic              m_valid_o,
  input  wire               m_ready_i,
  output logic [Width-1:0]  m_data_o
);

  localparam int unsigned PtrW   = (Depth > 1) ? $clog2(Depth) : 1;
  localparam int unsigned CountW = $clog2(Depth + 1);

  if (Depth < 2) begin : gen_check_depth
    $error("fifo_fast: Depth must be at least 2");
  end

  logic [Width-1:0]  mem [0:Depth-1];
  logic [PtrW-1:0]   wptr_q;
  logic [PtrW-1:0]   rptr_q;
  logic [CountW-1:0] stored_q;     // words in the memory
  logic              some_q;       // there are any
  logic              full_q;       // Depth - 1 of them: no room when the output is held
  logic              out_valid_q;
  logic              from_input_q;
  logic [Width-1:0]  read_q;
  logic [Width-1:0]  input_q;

  logic push;
  logic out_free;
  logic load;        // from the memory
  logic pass;        // from the input
  logic store;
  assign s_ready_o = !full_q;
  assign m_valid_o = out_valid_q;
  assign m_data_o  = from_input_q ? input_q : read_q;
  assign push      = s_valid_i && s_ready_o;
  assign out_free  = !out_valid_q || m_ready_i;
  assign load      = some_q && out_free;
  assign pass      = !some_q && out_free && push;
  assign store     = push && !pass;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      wptr_q      <= '0;
      rptr_q      <= '0;
      stored_q    <= '0;
      some_q      <= 1'b0;
      full_q      <= 1'b0;
      out_valid_q <= 1'b0;
    end else begin
      if (store) begin
        wptr_q <= (wptr_q == PtrW'(Depth - 1)) ? '0 : wptr_q + PtrW'(1);
      end
      if (load) begin
        rptr_q <= (rptr_q == PtrW'(Depth - 1)) ? '0 : rptr_q + PtrW'(1);
      end
      if (out_free) begin
        out_valid_q <= load || pass;
      end
      if (store && !load) begin
        stored_q <= stored_q + CountW'(1);
        some_q   <= 1'b1;
        full_q   <= (stored_q == CountW'(Depth - 2));
      end else if (load && !store) begin
        stored_q <= stored_q - CountW'(1);
        some_q   <= (stored_q != CountW'(1));
        full_q   <= 1'b0;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (store) begin
      mem[wptr_q] <= s_data_i;
    end
    if (load) begin
      read_q <= mem[rptr_q];
    end
    if (pass) begin
      input_q <= s_data_i;
    end
    if (load || pass) begin
      from_input_q <= pass;
    end
  end

endmodule

`default_nettype wire
