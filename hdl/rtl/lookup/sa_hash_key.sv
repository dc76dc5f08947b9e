// SPDX-License-Identifier: Apache-2.0
//
// Rows of the inbound SA hash for one key. Combinational.
//
// The key is the 24-byte little-endian string of the 192-bit number
//   [15:0] FVRF   [23:16] protocol   [31:24] 1 for IPv6, else 0   [63:32] SPI   [191:64] destination.
// crcA is its CRC-32 (reflected polynomial 0xEDB88320, initial value and final XOR all ones), crcB its
// CRC-32C (0x82F63B78, the same way). Row of way 0 = crcA[15:0], way 1 = crcA[31:16], way 2 = crcB[15:0],
// way 3 = crcB[31:16], each modulo SaHashRows.
//
// A CRC is linear: each bit is the parity of the key under a constant mask, computed at elaboration.

`default_nettype none

module sa_hash_key #(
    localparam int unsigned RowW = $clog2(headend_tables_pkg::SaHashRows)
) (
    input  logic [191:0]           key_i,
    output logic [3:0][RowW-1:0]   row_o
);

  if ((1 << RowW) != headend_tables_pkg::SaHashRows || RowW > 16) begin : gen_check_rows
    $error("sa_hash_key: SaHashRows must be a power of two up to 65536");
  end

  localparam logic [31:0] PolyA = 32'hedb8_8320;
  localparam logic [31:0] PolyB = 32'h82f6_3b78;

  // Key bits that CRC bit `pos` depends on.
  function automatic logic [191:0] crc_mask(input logic [31:0] poly, input logic [4:0] pos);
    logic [31:0] p;
    p = poly;
    crc_mask = '0;
    for (int k = 191; k >= 0; k--) begin
      crc_mask[k] = p[pos];
      p = {1'b0, p[31:1]} ^ (p[0] ? poly : 32'd0);
    end
  endfunction

  // CRC of the all-zero key.
  function automatic logic [31:0] crc_zero(input logic [31:0] poly);
    crc_zero = '1;
    for (int k = 0; k < 192; k++) begin
      crc_zero = {1'b0, crc_zero[31:1]} ^ (crc_zero[0] ? poly : 32'd0);
    end
    crc_zero = ~crc_zero;
  endfunction

  localparam logic [31:0] ZeroA = crc_zero(PolyA);
  localparam logic [31:0] ZeroB = crc_zero(PolyB);

  for (genvar i = 0; i < RowW; i++) begin : gen_bit
    localparam logic [191:0] Mask0 = crc_mask(PolyA, 5'(i));
    localparam logic [191:0] Mask1 = crc_mask(PolyA, 5'(16 + i));
    localparam logic [191:0] Mask2 = crc_mask(PolyB, 5'(i));
    localparam logic [191:0] Mask3 = crc_mask(PolyB, 5'(16 + i));
    assign row_o[0][i] = ^(key_i & Mask0) ^ ZeroA[i];
    assign row_o[1][i] = ^(key_i & Mask1) ^ ZeroA[16+i];
    assign row_o[2][i] = ^(key_i & Mask2) ^ ZeroB[i];
    assign row_o[3][i] = ^(key_i & Mask3) ^ ZeroB[16+i];
  end

  if (RowW < 16) begin : gen_unused
    logic unused_zero;
    assign unused_zero = ^{ZeroA[15:RowW], ZeroA[31:16+RowW], ZeroB[15:RowW], ZeroB[31:16+RowW]};
  end

endmodule

`default_nettype wire
