// SPDX-License-Identifier: Apache-2.0
//
// Keystream onto data: the first `count_i` bytes of the beat are encrypted (or decrypted), the rest passes. Also gives the ciphertext
// for GHASH, with everything past `count_i` zero: the output when encrypting, the input when decrypting.
//
// Byte order: byte 0 in bits 7:0. Latency: 0 (combinational).
`default_nettype none

module gcm_mix #(
  parameter bit Encrypt = 1'b1
) (
  input  wire  [6:0]   count_i,
  input  wire  [511:0] data_i,
  input  wire  [511:0] stream_i,
  output logic [511:0] data_o,
  output logic [511:0] cipher_o
);

  for (genvar w = 0; w < 8; w++) begin : gen_word
    // Bytes of this word to process: all, none, or the first few.
    logic [63:0] mask;
    always_comb begin
      if (count_i >= 7'(8 * w + 8)) begin
        mask = '1;
      end else if (count_i <= 7'(8 * w)) begin
        mask = '0;
      end else begin
        mask = {64{1'b1}} >> {3'd0 - count_i[2:0], 3'b000};
      end
    end
    assign data_o[64*w+:64]   = data_i[64*w+:64] ^ (stream_i[64*w+:64] & mask);
    assign cipher_o[64*w+:64] = (Encrypt ? data_i[64*w+:64] ^ stream_i[64*w+:64] : data_i[64*w+:64]) & mask;
  end

endmodule

`default_nettype wire
