// SPDX-License-Identifier: Apache-2.0
//
// Pipelined multiplier in GF(2^128) of GCM: p = a * b, a new pair every cycle.
//
//   stage 1  two levels of Karatsuba, of nine 32 x 32 carry-less products; each of these is a third level (gcm_pkg::clmul32)
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

  // The work stands inside the clocked blocks so that a simulator does none of it for an empty stage.
  // -------------------------------------------------------------------------------------------- stage 1

  // Words of the operands, and the sums that Karatsuba's middle products take.
  logic [31:0] a0, a1, a2, a3, a01, a23, a02, a13;
  logic [31:0] b0, b1, b2, b3, b01, b23, b02, b13;
  assign {a3, a2, a1, a0} = a_i;
  assign {b3, b2, b1, b0} = b_i;
  assign a01 = a0 ^ a1;
  assign a23 = a2 ^ a3;
  assign a02 = a0 ^ a2;
  assign a13 = a1 ^ a3;
  assign b01 = b0 ^ b1;
  assign b23 = b2 ^ b3;
  assign b02 = b0 ^ b2;
  assign b13 = b1 ^ b3;

  // First letter: low half, high half, sum of the halves; second letter: the same within.
  logic [63:0] ll_q, lh_q, lm_q, hl_q, hh_q, hm_q, ml_q, mh_q, mm_q;
  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      ll_q <= gcm_pkg::clmul32(a0, b0);
      lh_q <= gcm_pkg::clmul32(a1, b1);
      lm_q <= gcm_pkg::clmul32(a01, b01);
      hl_q <= gcm_pkg::clmul32(a2, b2);
      hh_q <= gcm_pkg::clmul32(a3, b3);
      hm_q <= gcm_pkg::clmul32(a23, b23);
      ml_q <= gcm_pkg::clmul32(a02, b02);
      mh_q <= gcm_pkg::clmul32(a13, b13);
      mm_q <= gcm_pkg::clmul32(a02 ^ a13, b02 ^ b13);
    end
  end

  // -------------------------------------------------------------------------------------------- stage 2

  // Product of 255 coefficients, x^254 in bit 0 of word 0.
  logic [63:0] word0_q, word1_q, word2_q, word3_q;
  always_ff @(posedge clk_i) begin
    if (valid_q[0]) begin
      word0_q <= gcm_pkg::part_low(ll_q, lh_q, lm_q);
      word1_q <= gcm_pkg::part_high(ll_q, lh_q, lm_q) ^
                 gcm_pkg::part_low(ll_q ^ hl_q ^ ml_q, lh_q ^ hh_q ^ mh_q, lm_q ^ hm_q ^ mm_q);
      word2_q <= gcm_pkg::part_low(hl_q, hh_q, hm_q) ^
                 gcm_pkg::part_high(ll_q ^ hl_q ^ ml_q, lh_q ^ hh_q ^ mh_q, lm_q ^ hm_q ^ mm_q);
      word3_q <= gcm_pkg::part_high(hl_q, hh_q, hm_q);
    end
  end

  // -------------------------------------------------------------------------------------------- stage 3

  // Shifted by one bit, so that x^0 stands in bit 63 of the highest word.
  logic [63:0] z0, z1, spill;
  assign z0    = {word0_q[62:0], 1'b0};
  assign z1    = {word1_q[62:0], word0_q[63]};
  assign spill = gcm_pkg::reduce_spill(z1, z0);
  always_ff @(posedge clk_i) begin
    if (valid_q[1]) begin
      p_o <= {gcm_pkg::reduce_high({word3_q[62:0], word2_q[63]}, spill),
              gcm_pkg::reduce_low({word2_q[62:0], word1_q[63]}, spill, z0)};
    end
  end

  logic unused_top;
  assign unused_top = word3_q[63];

endmodule

`default_nettype wire
