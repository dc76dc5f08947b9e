// SPDX-License-Identifier: Apache-2.0
//
// Fixed delay: `q_o` is `d_i` of `Cycles` cycles ago. A ring memory with one pointer and an output
// register, not a row of shifting registers (small in block or distributed RAM, fast in simulation).
//
// Zero at power-up. The ring keeps turning during reset, so a reset of at least `Cycles` cycles with
// `d_i` = 0 flushes it; valid bits may therefore travel in the word.
//
// Latency: `Cycles` (0 is a wire).

`default_nettype none

module delay_line #(
  parameter int unsigned Width  = 8,
  parameter int unsigned Cycles = 4
) (
  input  wire              clk_i,
  input  wire              rst_ni,
  input  wire  [Width-1:0] d_i,
  output logic [Width-1:0] q_o
);

  if (Cycles == 0) begin : gen_wire
    logic unused;
    assign unused = ^{clk_i, rst_ni};
    assign q_o    = d_i;
  end else if (Cycles == 1) begin : gen_register
    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        q_o <= '0;
      end else begin
        q_o <= d_i;
      end
    end
  end else begin : gen_ring
    localparam int unsigned Depth = Cycles - 1;
    localparam int unsigned PtrW  = (Depth > 1) ? $clog2(Depth) : 1;

    logic [Width-1:0] mem [0:Depth-1];
    logic [Width-1:0] out_q;
    logic [PtrW-1:0]  ptr_q;

    initial begin
      ptr_q = '0;
      for (int i = 0; i < Depth; i++) begin
        mem[i] = '0;
      end
    end

    assign q_o = out_q;

    always_ff @(posedge clk_i) begin
      ptr_q      <= (ptr_q == PtrW'(Depth - 1)) ? '0 : ptr_q + PtrW'(1);
      mem[ptr_q] <= d_i;
    end

    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        out_q <= '0;
      end else begin
        out_q <= mem[ptr_q];
      end
    end
  end

endmodule

`default_nettype wire
