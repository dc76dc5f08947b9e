// SPDX-License-Identifier: Apache-2.0
//
// One step of the AES key expansion (FIPS-197, 5.2), with its output registers: from the last two round keys to the next one.
//
// Step s (1 to 13) stands beside round s and makes the key of round s + 1. `newer_i` is the key that round s uses, `older_i` the one
// before. AES-256 makes a key in every step, from both; AES-128 makes its ten in steps 4 to 13, from `newer_i` alone, and holds its
// cipher key in steps 1 to 3 while the states of its packet wait (see aes_lanes). Four S-boxes.
//
// Byte order: byte 0 of the round key in bits 7:0.
// Latency: 1 cycle. The registers move only while `load_i`, that is once per packet.
`default_nettype none

module aes_key_step #(
  parameter int unsigned Step = 1
) (
  input  wire          clk_i,
  input  wire          load_i,
  input  wire          aes256_i,
  input  wire  [127:0] older_i,
  input  wire  [127:0] newer_i,
  output logic [127:0] older_o,
  output logic [127:0] newer_o
);

  // AES-256 round key Step + 1: in odd steps its index times 4 is a multiple of 8.
  localparam bit         Rotate256 = (Step % 2) == 1;
  localparam logic [7:0] Rcon256   = Rotate256 ? aes_pkg::rcon((Step + 1) / 2) : 8'h00;
  localparam logic [7:0] Rcon128   = (Step >= 4) ? aes_pkg::rcon(Step - 3) : 8'h00;

  // The word that is added to the first word of the base, and the new key: the prefix sums of the base's words.
  function automatic logic [31:0] mixed(input logic [31:0] word_i, input logic wide_i);
    logic [31:0] sub;
    sub   = aes_pkg::sub_word(word_i);
    mixed = ((wide_i && !Rotate256) ? sub : {sub[7:0], sub[31:8]}) ^ {24'h000000, wide_i ? Rcon256 : Rcon128};
  endfunction

  function automatic logic [127:0] next_key(input logic [127:0] base_i, input logic [31:0] mixed_i);
    logic [31:0] word0, word1, word2;
    word0    = base_i[31:0] ^ mixed_i;
    word1    = base_i[63:32] ^ word0;
    word2    = base_i[95:64] ^ word1;
    next_key = {base_i[127:96] ^ word2, word2, word1, word0};
  endfunction

  always_ff @(posedge clk_i) begin
    if (load_i) begin
      older_o <= newer_i;
      if (aes256_i) begin
        newer_o <= next_key(older_i, mixed(newer_i[127:96], 1'b1));
      end else if (Step >= 4) begin
        newer_o <= next_key(newer_i, mixed(newer_i[127:96], 1'b0));
      end else begin
        newer_o <= newer_i;
      end
    end
  end

endmodule

`default_nettype wire
