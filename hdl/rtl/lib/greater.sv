// SPDX-License-Identifier: Apache-2.0
//
// Compares two unsigned numbers in few logic levels: bytes first, then their results as a tree of three at a time. A
// comparison written as one operator becomes one carry chain, whose length grows with the width.
//
// Latency: 0. Levels for 64 bits: 4.

`default_nettype none

module greater #(
  parameter int unsigned Width = 64
) (
  input  wire  [Width-1:0] a_i,
  input  wire  [Width-1:0] b_i,
  output logic             greater_o   // a > b
);

  localparam int unsigned Bytes  = (Width + 7) / 8;
  localparam int unsigned Groups = (Bytes + 2) / 3;

  logic [Groups*24-1:0] a;
  logic [Groups*24-1:0] b;
  assign a = (Groups * 24)'(a_i);
  assign b = (Groups * 24)'(b_i);

  logic [Groups-1:0] above;
  logic [Groups-1:0] equal;
  for (genvar g = 0; g < int'(Groups); g++) begin : gen_group
    logic [2:0] gt;
    logic [2:0] eq;
    for (genvar n = 0; n < 3; n++) begin : gen_byte
      assign gt[n] = (a[24*g+8*n +: 8] > b[24*g+8*n +: 8]);
      assign eq[n] = (a[24*g+8*n +: 8] == b[24*g+8*n +: 8]);
    end
    assign above[g] = gt[2] || (eq[2] && (gt[1] || (eq[1] && gt[0])));
    assign equal[g] = &eq;
  end

  always_comb begin
    greater_o = 1'b0;
    for (int g = 0; g < int'(Groups); g++) begin
      greater_o = above[g] || (equal[g] && greater_o);
    end
  end

endmodule

`default_nettype wire
