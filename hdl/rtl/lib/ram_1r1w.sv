// SPDX-License-Identifier: Apache-2.0
//
// Memory with one write port and one read port. Zero at power-up; reset does not touch the contents.
//
// The read is registered: `rdata_o` shows the word one cycle after `re_i` and holds it until the next
// `re_i`. A read in the same cycle as a write to the same address returns the NEW word (a bypass register
// beside the memory, so that the array itself still maps to block RAM); with Bypass = 0 it must not happen.
//
// Latency: 1 cycle.

`default_nettype none

module ram_1r1w #(
  parameter int unsigned Width = 8,
  parameter int unsigned Depth = 16,
  parameter bit          Bypass = 1'b1,
  localparam int unsigned AddrW = (Depth > 1) ? $clog2(Depth) : 1
) (
  input  wire              clk_i,
  input  wire              rst_ni,

  input  wire              we_i,
  input  wire  [AddrW-1:0] waddr_i,
  input  wire  [Width-1:0] wdata_i,

  input  wire              re_i,
  input  wire  [AddrW-1:0] raddr_i,
  output logic [Width-1:0] rdata_o
);

  logic [Width-1:0] mem [0:Depth-1];
  logic [Width-1:0] read_q;

  initial begin
    for (int i = 0; i < Depth; i++) begin
      mem[i] = '0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (we_i) begin
      mem[waddr_i] <= wdata_i;
    end
    if (re_i) begin
      read_q <= mem[raddr_i];
    end
  end

  if (Bypass) begin : gen_bypass
    logic [Width-1:0] bypass_q;
    logic             use_bypass_q;
    assign rdata_o = use_bypass_q ? bypass_q : read_q;

    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        use_bypass_q <= 1'b0;
      end else if (re_i) begin
        use_bypass_q <= we_i && (waddr_i == raddr_i);
      end
    end

    always_ff @(posedge clk_i) begin
      if (re_i && we_i) begin
        bypass_q <= wdata_i;
      end
    end
  end else begin : gen_plain
    logic unused;
    assign unused  = rst_ni;
    assign rdata_o = read_q;
  end

endmodule

`default_nettype wire
