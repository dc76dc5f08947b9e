// SPDX-License-Identifier: Apache-2.0
//
// Constants and GF(2^128) arithmetic of the GCM engine (NIST SP 800-38D, 6.3).
//
// Field elements are held as the standard prints them: byte 0 of a block is the most significant byte, and the most significant bit is
// the coefficient of x^0. Blocks on the stream have byte 0 in bits 7:0; `block_swap` converts, which is wiring. In this order no bit
// is ever reversed: a carry-less product of two elements is the element product's 255 coefficients shifted right by one.
`default_nettype none

package gcm_pkg;

  // Cycles from one GHASH block to the block that may use its product in the same lane; also the number of phases. An SA record
  // holds H^(4 * GhashLatency).
  localparam int unsigned GhashLatency = 4;

  // Cycles of gf128_mul.
  localparam int unsigned MulLatency = GhashLatency - 1;

  // What one slot of the engine's pipeline does. A packet takes one slot per beat, and one more when its GHASH blocks need it.
  typedef struct packed {
    logic [4:0] packet;     // row of the per-packet memory (processed packets only)
    logic       crypt;      // packet is processed
    logic       first;      // first slot of its packet
    logic       has_beat;   // carries a beat of the stream
    logic       sop;        // of that beat
    logic       eop;        // of that beat
    logic [6:0] count;      // bytes to encrypt or decrypt in this beat, 0 to 64
    logic       has_j0;     // one lane makes E(J0)
    logic [1:0] j0_lane;    // that lane
    logic       hash;       // has four GHASH blocks
    logic [1:0] blocks_mod; // payload blocks of the packet modulo 4: alignment of the GHASH blocks
    logic       no_sum;     // among the first GhashLatency: nothing to add
    logic       terminal;   // among the last GhashLatency: multiplied by H^4..H^1, not fed back
    logic       term_first; // first of these
    logic [1:0] to_end;     // GHASH slots that follow, modulo 4
    logic [1:0] phase;      // slot number modulo 4
    logic       tag;        // the packet's tag comes out of this slot
  } slot_t;
  localparam int unsigned SlotBits = 31;

  // Byte order of the stream <-> byte order of the field, 16 bytes.
  function automatic logic [63:0] half_swap(input logic [63:0] x_i);
    half_swap = {x_i[7:0], x_i[15:8], x_i[23:16], x_i[31:24], x_i[39:32], x_i[47:40], x_i[55:48], x_i[63:56]};
  endfunction

  function automatic logic [127:0] block_swap(input logic [127:0] x_i);
    block_swap = {half_swap(x_i[63:0]), half_swap(x_i[127:64])};
  endfunction

  // Carry-less product of two 16-bit words, bit 31 zero: XOR of masked shifts, three at a time because three products of two bits fit one
  // 6-input table.
  function automatic logic [31:0] clmul3(input logic [2:0] a_i, input logic [31:0] b_i);
    clmul3 = ({32{a_i[0]}} & b_i) ^ ({32{a_i[1]}} & (b_i << 1)) ^ ({32{a_i[2]}} & (b_i << 2));
  endfunction

  function automatic logic [31:0] clmul16(input logic [15:0] a_i, input logic [15:0] b_i);
    logic [31:0] b;
    b       = {16'd0, b_i};
    clmul16 = (clmul3(a_i[2:0], b) ^ clmul3(a_i[5:3], b << 3) ^ clmul3(a_i[8:6], b << 6)) ^
              (clmul3(a_i[11:9], b << 9) ^ clmul3(a_i[14:12], b << 12) ^ ({32{a_i[15]}} & (b << 15)));
  endfunction

  // Carry-less product of two 32-bit words, bit 63 zero, from three of 16-bit words (Karatsuba).
  function automatic logic [63:0] clmul32(input logic [31:0] a_i, input logic [31:0] b_i);
    logic [31:0] low, high, middle;
    low     = clmul16(a_i[15:0], b_i[15:0]);
    high    = clmul16(a_i[31:16], b_i[31:16]);
    middle  = clmul16(a_i[15:0] ^ a_i[31:16], b_i[15:0] ^ b_i[31:16]) ^ low ^ high;
    clmul32 = {high, low} ^ {16'd0, middle, 16'd0};
  endfunction

  // Words of a 128-bit product of two 64-bit words from their three 32-bit products (Karatsuba): of the low words, of the high words,
  // of the sums.
  function automatic logic [63:0] part_low(input logic [63:0] l_i, input logic [63:0] h_i, input logic [63:0] m_i);
    part_low = l_i ^ ((l_i ^ h_i ^ m_i) << 32);
  endfunction

  function automatic logic [63:0] part_high(input logic [63:0] l_i, input logic [63:0] h_i, input logic [63:0] m_i);
    part_high = h_i ^ ((l_i ^ h_i ^ m_i) >> 32);
  endfunction

  // Reduction by x^128 + x^7 + x^2 + x + 1 of coefficients z3 (x^0 in bit 63), z2, z1, z0 (x^255 in bit 0): first what the lowest word
  // moves into z1, then the two words of the result.
  function automatic logic [63:0] reduce_spill(input logic [63:0] z1_i, input logic [63:0] z0_i);
    reduce_spill = z1_i ^ (z0_i << 63) ^ (z0_i << 62) ^ (z0_i << 57);
  endfunction

  function automatic logic [63:0] reduce_high(input logic [63:0] z3_i, input logic [63:0] spill_i);
    reduce_high = z3_i ^ spill_i ^ (spill_i >> 1) ^ (spill_i >> 2) ^ (spill_i >> 7);
  endfunction

  function automatic logic [63:0] reduce_low(input logic [63:0] z2_i, input logic [63:0] spill_i, input logic [63:0] z0_i);
    reduce_low = z2_i ^ z0_i ^ ((z0_i >> 1) | (spill_i << 63)) ^ ((z0_i >> 2) | (spill_i << 62)) ^
                 ((z0_i >> 7) | (spill_i << 57));
  endfunction

  // Square of an element. Squaring is linear: coefficient i moves to 2i, then the upper half is reduced.
  function automatic logic [63:0] spread(input logic [31:0] x_i);
    spread = 64'd0;
    for (int i = 0; i < 32; i++) begin
      spread[2*i+1] = x_i[i];
    end
  endfunction

  function automatic logic [127:0] gf_square(input logic [127:0] x_i);
    logic [63:0] z0, spill;
    z0        = spread(x_i[31:0]);
    spill     = reduce_spill(spread(x_i[63:32]), z0);
    gf_square = {reduce_high(spread(x_i[127:96]), spill), reduce_low(spread(x_i[95:64]), spill, z0)};
  endfunction

endpackage

`default_nettype wire
