// SPDX-License-Identifier: Apache-2.0
//
// Pipelined multiplier in GF(2^128) of GCM: p = a * b, a new pair every cycle.
//
//   stage 1  two levels of Karatsuba: nine 32 x 32 carry-less products
//   stage 2  the nine are added up to 255 coefficients
//   stage 3  reduction modulo x^128 + x^7 + x^2 + x + 1
//
// Order of the ports: as gcm_pkg, byte 0 most significant.
// Latency: 3 cycles (gcm_pkg::MulLatency). Registers move only with valid operands.
`default_nettype none

module gf128_mul (
  input  wire          clk_i,
  input  wire          rst_ni,
  input  wire          valid_i,
  input  wire  [127:0] a_i,
  input  wire  [127:0] b_i,
  output logic         valid_o,
  output logic [127:0] p_o
);

  logic [2:0] valid_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid_q <= 3'b000;
    end else begin
      valid_q <= {valid_q[1:0], valid_i};
    end
  end
  assign valid_o = valid_q[2];

  // -------------------------------------------------------------------------------------------- stage 1

  // Each 64 x 64 product of the first level (low words, high words, sums) is three 32 x 32 products.
  for (genvar k = 0; k < 3; k++) begin : gen_part
    logic [63:0] a;
    logic [63:0] b;
    if (k == 0) begin : gen_low
      assign a = a_i[63:0];
      assign b = b_i[63:0];
    end else if (k == 1) begin : gen_high
      assign a = a_i[127:64];
      assign b = b_i[127:64];
    end else begin : gen_sum
      assign a = a_i[63:0] ^ a_i[127:64];
      assign b = b_i[63:0] ^ b_i[127:64];
    end

    logic [63:0] low_q;
    logic [63:0] high_q;
    logic [63:0] sum_q;
    always_ff @(posedge clk_i) begin
      if (valid_i) begin
        low_q  <= gcm_pkg::clmul32(a[31:0], b[31:0]);
        high_q <= gcm_pkg::clmul32(a[63:32], b[63:32]);
        sum_q  <= gcm_pkg::clmul32(a[31:0] ^ a[63:32], b[31:0] ^ b[63:32]);
      end
    end

    // Middle of this part, to be added 32 coefficients up.
    logic [63:0] middle;
    logic [63:0] part_low;
    logic [63:0] part_high;
    assign middle    = low_q ^ high_q ^ sum_q;
    assign part_low  = low_q ^ (middle << 32);
    assign part_high = high_q ^ (middle >> 32);
  end

  // -------------------------------------------------------------------------------------------- stage 2

  logic [63:0] cross_low;
  logic [63:0] cross_high;
  assign cross_low  = gen_part[0].part_low ^ gen_part[1].part_low ^ gen_part[2].part_low;
  assign cross_high = gen_part[0].part_high ^ gen_part[1].part_high ^ gen_part[2].part_high;

  logic [63:0] word0;
  logic [63:0] word1;
  logic [63:0] word2;
  logic [63:0] word3;
  assign word0 = gen_part[0].part_low;
  assign word1 = gen_part[0].part_high ^ cross_low;
  assign word2 = gen_part[1].part_low ^ cross_high;
  assign word3 = gen_part[1].part_high;

  // The product shifted left by one: coefficient of x^0 in bit 255.
  logic [255:0] product_q;
  always_ff @(posedge clk_i) begin
    if (valid_q[0]) begin
      product_q <= {word3[62:0], word2[63], word2[62:0], word1[63], word1[62:0], word0[63], word0[62:0], 1'b0};
    end
  end

  logic unused_top;
  assign unused_top = word3[63];

  // -------------------------------------------------------------------------------------------- stage 3

  always_ff @(posedge clk_i) begin
    if (valid_q[1]) begin
      p_o <= gcm_pkg::gf_reduce(product_q);
    end
  end

endmodule

`default_nettype wire
