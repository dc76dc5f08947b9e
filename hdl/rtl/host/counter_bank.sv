// SPDX-License-Identifier: Apache-2.0
//
// A bank of 64-bit counters in a small memory with one place that increments: at most one counter per
// cycle, every cycle. Several places that count in the same cycle each get a bank of their own and the
// reader adds the banks up, so no pulse is ever lost.
//
// Zero at power-up; reset does not touch the counters.
//
// Latency: 2 cycles from `inc_i` until the new value can be read; `count_o` follows `rd_index_i` by 1 cycle.

`default_nettype none

module counter_bank #(
  parameter int unsigned Depth = 64,
  localparam int unsigned IndexW = (Depth > 1) ? $clog2(Depth) : 1
) (
  input  wire               clk_i,
  input  wire               rst_ni,

  input  wire               inc_i,
  input  wire  [IndexW-1:0] index_i,

  input  wire               rd_i,
  input  wire  [IndexW-1:0] rd_index_i,
  output logic [63:0]       count_o
);

  logic [63:0]       mem [0:Depth-1];
  logic              inc_q;
  logic [IndexW-1:0] index_q;
  logic [63:0]       count_q;

  initial begin
    inc_q = 1'b0;
    for (int i = 0; i < int'(Depth); i++) begin
      mem[i] = '0;
    end
  end

  assign count_o = count_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      inc_q <= 1'b0;
    end else begin
      inc_q <= inc_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (inc_i) begin
      index_q <= index_i;
    end
    if (inc_q) begin
      mem[index_q] <= mem[index_q] + 64'd1;
    end
    if (rd_i) begin
      count_q <= mem[rd_index_i];
    end
  end

endmodule

`default_nettype wire
