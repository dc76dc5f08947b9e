// SPDX-License-Identifier: Apache-2.0
//
// Counting ones without carry chains: each output bit of a counter of six is a function of six inputs, one LUT6, so
// sixteen bits are counted in three logic levels.

`default_nettype none

package count_pkg;

  // Ones among six bits. Also six words at once, bit by bit, when called for each bit position.
  function automatic logic [2:0] ones6(input logic [5:0] x);
    logic s0, s1, c0, c1, k;
    s0 = x[0] ^ x[1] ^ x[2];
    s1 = x[3] ^ x[4] ^ x[5];
    c0 = (x[0] & x[1]) | (x[2] & (x[0] | x[1]));
    c1 = (x[3] & x[4]) | (x[5] & (x[3] | x[4]));
    k = s0 & s1;
    ones6 = {(c0 & c1) | (k & (c0 | c1)), c0 ^ c1 ^ k, s0 ^ s1};
  endfunction

  // a + 2 b for a, b up to 7 whose sum stays below 32.
  function automatic logic [4:0] plus2(input logic [2:0] a, input logic [2:0] b);
    logic c1, c2;
    c1 = a[1] & b[0];
    c2 = (a[2] & b[1]) | (c1 & (a[2] | b[1]));
    plus2 = {b[2] & c2, b[2] ^ c2, a[2] ^ b[1] ^ c1, a[1] ^ b[0], a[0]};
  endfunction

  // Ones among sixteen bits.
  function automatic logic [4:0] ones16(input logic [15:0] x);
    logic [4:0] s, c;  // five groups of three bits: sums and carries
    logic [4:0] a, b, d;
    a = x[4:0];
    b = x[9:5];
    d = x[14:10];
    s = a ^ b ^ d;
    c = (a & b) | (d & (a | b));
    ones16 = plus2(ones6({x[15], s}), ones6({1'b0, c}));
  endfunction

endpackage

`default_nettype wire
