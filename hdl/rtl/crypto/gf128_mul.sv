// SPDX-License-Identifier: Apache-2.0
//
// Pipelined multiplier in GF(2^128) of GCM: p = a * b, a new pair every cycle.
//
//   stage 1  two levels of Karatsuba: the words of the operands and their sums, nine pairs
//   stage 2  nine carry-less products of 32-bit words, each by a third level (gcm_pkg::clmul32)
//   stage 3  the nine are added up to 255 coefficients and these reduced modulo x^128 + x^7 + x^2 + x + 1
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

  // Words, and the sums that Karatsuba's middle products take. First letter: low half, high half, sum of the halves; second letter: the
  // same within.
  logic [31:0] all_q, alh_q, alm_q, ahl_q, ahh_q, ahm_q, aml_q, amh_q, amm_q;
  logic [31:0] bll_q, blh_q, blm_q, bhl_q, bhh_q, bhm_q, bml_q, bmh_q, bmm_q;
  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      all_q <= a_i[31:0];
      alh_q <= a_i[63:32];
      alm_q <= a_i[31:0] ^ a_i[63:32];
      ahl_q <= a_i[95:64];
      ahh_q <= a_i[127:96];
      ahm_q <= a_i[95:64] ^ a_i[127:96];
      aml_q <= a_i[31:0] ^ a_i[95:64];
      amh_q <= a_i[63:32] ^ a_i[127:96];
      amm_q <= a_i[31:0] ^ a_i[63:32] ^ a_i[95:64] ^ a_i[127:96];
      bll_q <= b_i[31:0];
      blh_q <= b_i[63:32];
      blm_q <= b_i[31:0] ^ b_i[63:32];
      bhl_q <= b_i[95:64];
      bhh_q <= b_i[127:96];
      bhm_q <= b_i[95:64] ^ b_i[127:96];
      bml_q <= b_i[31:0] ^ b_i[95:64];
      bmh_q <= b_i[63:32] ^ b_i[127:96];
      bmm_q <= b_i[31:0] ^ b_i[63:32] ^ b_i[95:64] ^ b_i[127:96];
    end
  end

  // -------------------------------------------------------------------------------------------- stage 2

  logic [63:0] ll_q, lh_q, lm_q, hl_q, hh_q, hm_q, ml_q, mh_q, mm_q;
  always_ff @(posedge clk_i) begin
    if (valid_q[0]) begin
      ll_q <= gcm_pkg::clmul32(all_q, bll_q);
      lh_q <= gcm_pkg::clmul32(alh_q, blh_q);
      lm_q <= gcm_pkg::clmul32(alm_q, blm_q);
      hl_q <= gcm_pkg::clmul32(ahl_q, bhl_q);
      hh_q <= gcm_pkg::clmul32(ahh_q, bhh_q);
      hm_q <= gcm_pkg::clmul32(ahm_q, bhm_q);
      ml_q <= gcm_pkg::clmul32(aml_q, bml_q);
      mh_q <= gcm_pkg::clmul32(amh_q, bmh_q);
      mm_q <= gcm_pkg::clmul32(amm_q, bmm_q);
    end
  end

  // -------------------------------------------------------------------------------------------- stage 3

  // Words of the product of 255 coefficients, x^254 in bit 0 of word 0; shifted by one bit, so that x^0 stands in bit 63 of the highest
  // word, they are reduced.
  function automatic logic [127:0] finish(
    input logic [63:0] ll_i, input logic [63:0] lh_i, input logic [63:0] lm_i,
    input logic [63:0] hl_i, input logic [63:0] hh_i, input logic [63:0] hm_i,
    input logic [63:0] ml_i, input logic [63:0] mh_i, input logic [63:0] mm_i
  );
    logic [63:0] low, high, word1, word2, spill;
    low    = gcm_pkg::part_low(ll_i, lh_i, lm_i);
    high   = gcm_pkg::part_high(hl_i, hh_i, hm_i);
    word1  = gcm_pkg::part_high(ll_i, lh_i, lm_i) ^ gcm_pkg::part_low(ll_i ^ hl_i ^ ml_i, lh_i ^ hh_i ^ mh_i, lm_i ^ hm_i ^ mm_i);
    word2  = gcm_pkg::part_low(hl_i, hh_i, hm_i) ^ gcm_pkg::part_high(ll_i ^ hl_i ^ ml_i, lh_i ^ hh_i ^ mh_i, lm_i ^ hm_i ^ mm_i);
    high   = (high << 1) | (word2 >> 63);
    word2  = (word2 << 1) | (word1 >> 63);
    word1  = (word1 << 1) | (low >> 63);
    low    = low << 1;
    spill  = gcm_pkg::reduce_spill(word1, low);
    finish = {gcm_pkg::reduce_high(high, spill), gcm_pkg::reduce_low(word2, spill, low)};
  endfunction

  always_ff @(posedge clk_i) begin
    if (valid_q[1]) begin
      p_o <= finish(ll_q, lh_q, lm_q, hl_q, hh_q, hm_q, ml_q, mh_q, mm_q);
    end
  end

endmodule

`default_nettype wire
