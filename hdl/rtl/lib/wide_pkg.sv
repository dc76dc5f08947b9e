// SPDX-License-Identifier: Apache-2.0
//
// Arithmetic on wide counters in few logic levels: short carry chains side by side instead of one long chain.

`default_nettype none

package wide_pkg;

  // a + 1. At most 5 levels.
  function automatic logic [63:0] inc64(input logic [63:0] a);
    inc64[15:0]  = a[15:0] + 16'd1;
    inc64[31:16] = (&a[15:0]) ? a[31:16] + 16'd1 : a[31:16];
    inc64[47:32] = (&a[31:0]) ? a[47:32] + 16'd1 : a[47:32];
    inc64[63:48] = (&a[47:0]) ? a[63:48] + 16'd1 : a[63:48];
  endfunction

  // a + b. At most 6 levels.
  function automatic logic [63:0] add64(input logic [63:0] a, input logic [15:0] b);
    logic [16:0] low;
    low          = {1'b0, a[15:0]} + {1'b0, b};
    add64[15:0]  = low[15:0];
    add64[31:16] = low[16] ? a[31:16] + 16'd1 : a[31:16];
    add64[47:32] = (low[16] && (&a[31:16])) ? a[47:32] + 16'd1 : a[47:32];
    add64[63:48] = (low[16] && (&a[47:16])) ? a[63:48] + 16'd1 : a[63:48];
  endfunction

  // a > b (bit 1) and a = b (bit 0) of three bits each; one level.
  function automatic logic [1:0] order3(input logic [2:0] a, input logic [2:0] b);
    logic [2:0] gt;
    logic [2:0] eq;
    gt     = a & ~b;
    eq     = ~(a ^ b);
    order3 = {gt[2] | (eq[2] & gt[1]) | (eq[2] & eq[1] & gt[0]), &eq};
  endfunction

  // The same of three such pairs, the most significant one first; one level.
  function automatic logic [1:0] order_join(input logic [1:0] high, input logic [1:0] mid, input logic [1:0] low);
    order_join = {high[1] | (high[0] & mid[1]) | (high[0] & mid[0] & low[1]), high[0] & mid[0] & low[0]};
  endfunction

  // a >= b. 5 levels.
  function automatic logic ge64(input logic [63:0] a, input logic [63:0] b);
    logic [80:0]      wide_a;
    logic [80:0]      wide_b;
    logic [26:0][1:0] first;
    logic [8:0][1:0]  second;
    logic [2:0][1:0]  third;
    logic [1:0]       all;
    wide_a = 81'(a);
    wide_b = 81'(b);
    for (int i = 0; i < 27; i++) begin
      first[i] = order3(wide_a[3*i +: 3], wide_b[3*i +: 3]);
    end
    for (int i = 0; i < 9; i++) begin
      second[i] = order_join(first[3*i+2], first[3*i+1], first[3*i]);
    end
    for (int i = 0; i < 3; i++) begin
      third[i] = order_join(second[3*i+2], second[3*i+1], second[3*i]);
    end
    all  = order_join(third[2], third[1], third[0]);
    ge64 = |all;
  endfunction

  // The 16-bit one's complement sum (RFC 1071) of a sum of at most 8 words, without the final complement. 5 levels.
  function automatic logic [15:0] fold(input logic [18:0] a);
    logic [16:0] plain;
    plain = {1'b0, a[15:0]} + 17'(a[18:16]);
    fold  = plain[16] ? a[15:0] + 16'(a[18:16]) + 16'd1 : plain[15:0];
  endfunction

  // One level of carry-save addition: the sum of three words as the sum of two.
  function automatic logic [18:0] save_sum(input logic [18:0] a, input logic [18:0] b, input logic [18:0] c);
    save_sum = a ^ b ^ c;
  endfunction
  function automatic logic [18:0] save_carry(input logic [17:0] a, input logic [17:0] b, input logic [17:0] c);
    save_carry = {(a & b) | (a & c) | (b & c), 1'b0};
  endfunction

endpackage

`default_nettype wire
