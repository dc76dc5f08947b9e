// SPDX-License-Identifier: Apache-2.0
//
// Arranges a packet's GHASH blocks, that is AAD, ciphertext and length block, four to a slot so that the length block falls into lane 3
// of the last slot: a lane then always needs the same power of H at the end of a packet. The lanes before the AAD block are zero.
//
// With n payload blocks the list has n + 2; lane l of slot k gets ciphertext block 4k + l - s, where s is 3, 2, 1, 4 for n modulo 4 of
// 0, 1, 2, 3. Block -1 is the AAD, so the AAD stands in for the last block of a slot before the first.
//
// Order: blocks in field order (gcm_pkg, byte 0 most significant), aad_i with byte 0 in bits 7:0.
// Latency: 1 cycle. Registers move only with valid slots.
`default_nettype none

module ghash_align (
  input  wire               clk_i,
  input  wire               rst_ni,
  input  wire               valid_i,      // slot has GHASH blocks
  input  wire               first_i,      // first slot of its packet
  input  wire               last_i,       // slot with the length block
  input  wire  [1:0]        blocks_mod_i, // n modulo 4
  input  wire  [3:0][127:0] cipher_i,     // zero past the packet's payload
  input  wire  [95:0]       aad_i,
  input  wire               aad12_i,      // 12 bytes of AAD, else 8
  input  wire  [15:0]       len_i,        // payload bytes
  output logic              valid_o,
  output logic [3:0][127:0] blocks_o
);

  // Lanes of the slot before.
  logic [3:0][127:0] prev;
  logic [3:0][127:0] prev_q;

  always_comb begin
    prev = prev_q;
    if (first_i) begin
      prev    = '0;
      prev[3] = gcm_pkg::block_swap({32'd0, aad12_i ? aad_i[95:64] : 32'd0, aad_i[63:0]});
    end
  end

  logic [127:0] len_block;
  assign len_block = {57'd0, aad12_i ? 7'd96 : 7'd64, 45'd0, len_i, 3'b000};

  logic [3:0][127:0] blocks;
  always_comb begin
    case (blocks_mod_i)
      2'd0:    blocks = {cipher_i[0], prev[3], prev[2], prev[1]};
      2'd1:    blocks = {cipher_i[1], cipher_i[0], prev[3], prev[2]};
      2'd2:    blocks = {cipher_i[2], cipher_i[1], cipher_i[0], prev[3]};
      default: blocks = prev;
    endcase
    if (last_i) begin
      blocks[3] = len_block;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid_o <= 1'b0;
    end else begin
      valid_o <= valid_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      prev_q   <= cipher_i;
      blocks_o <= blocks;
    end
  end

endmodule

`default_nettype wire
