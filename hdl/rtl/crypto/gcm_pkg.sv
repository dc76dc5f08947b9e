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

  // Carry-less product of two words, bit 63 zero: XOR of masked shifts.
  function automatic logic [63:0] clmul32(input logic [31:0] a_i, input logic [31:0] b_i);
    clmul32 = 64'd0;
    for (int i = 0; i < 32; i++) begin
      clmul32 = clmul32 ^ ({64{a_i[i]}} & ({32'd0, b_i} << i));
    end
  endfunction

  // Reduces 256 coefficients (bit 255: x^0) by x^128 + x^7 + x^2 + x + 1.
  function automatic logic [127:0] gf_reduce(input logic [255:0] z_i);
    logic [63:0] hi, lo;
    lo = z_i[63:0];
    hi = z_i[127:64] ^ (lo << 63) ^ (lo << 62) ^ (lo << 57);
    gf_reduce = {z_i[255:192] ^ hi ^ (hi >> 1) ^ (hi >> 2) ^ (hi >> 7),
                 z_i[191:128] ^ lo ^ ((lo >> 1) | (hi << 63)) ^ ((lo >> 2) | (hi << 62)) ^ ((lo >> 7) | (hi << 57))};
  endfunction

  // Square of an element. Squaring is linear: coefficient i moves to 2i, then the upper half is reduced.
  function automatic logic [127:0] gf_square(input logic [127:0] x_i);
    logic [255:0] wide;
    wide = 256'd0;
    for (int i = 0; i < 128; i++) begin
      wide[2*i+1] = x_i[i];
    end
    gf_square = gf_reduce(wide);
  endfunction

endpackage

`default_nettype wire
