// SPDX-License-Identifier: Apache-2.0
//
// gf128_mul between registers and three pins, for placement and routing: operands come in bit by bit, the product leaves bit by bit.
// The shift registers have one level of logic, so the clock that the router reports is the multiplier's.
`default_nettype none

module pnr_gf128_mul (
  input  wire  clk_i,
  input  wire  rst_ni,
  input  wire  bit_i,
  input  wire  load_i,
  output logic bit_o
);

  logic [255:0] operands_q;
  logic [127:0] product;
  logic [127:0] product_q;
  logic         valid;
  logic         load_q;

  gf128_mul u_mul (
    .clk_i,
    .rst_ni,
    .valid_i(load_q),
    .a_i    (operands_q[127:0]),
    .b_i    (operands_q[255:128]),
    .valid_o(valid),
    .p_o    (product)
  );

  always_ff @(posedge clk_i) begin
    load_q     <= load_i;
    operands_q <= {operands_q[254:0], bit_i};
    product_q  <= valid ? product : {1'b0, product_q[127:1]};
    bit_o      <= product_q[0];
  end

endmodule

`default_nettype wire
