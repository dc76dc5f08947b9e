// SPDX-License-Identifier: Apache-2.0
//
// One AES round (FIPS-197, 5.1) of one lane, with its output register: SubBytes, ShiftRows, MixColumns (not in the last round),
// AddRoundKey. With `pass_i` the state is only handed on: AES-128 does so in the first four of the fourteen rounds.
//
// Byte order: byte 0 in bits 7:0 of the `lo` half, byte 8 in bits 7:0 of the `hi` half.
// Latency: 1 cycle. The register moves only while `valid_i`.
`default_nettype none

module aes_round #(
  parameter bit Last    = 1'b0,
  parameter bit CanPass = 1'b0
) (
  input  wire         clk_i,
  input  wire         valid_i,
  input  wire         pass_i,
  input  wire  [63:0] lo_i,
  input  wire  [63:0] hi_i,
  input  wire  [63:0] key_lo_i,
  input  wire  [63:0] key_hi_i,
  output logic [63:0] lo_o,
  output logic [63:0] hi_o
);

  // SubBytes and ShiftRows: row r of column c comes from column c + r mod 4.
  logic [63:0] sub_lo;
  logic [63:0] sub_hi;
  assign sub_lo = {aes_pkg::sub_byte(lo_i[31:24]), aes_pkg::sub_byte(hi_i[55:48]),
                   aes_pkg::sub_byte(hi_i[15:8]),  aes_pkg::sub_byte(lo_i[39:32]),
                   aes_pkg::sub_byte(hi_i[63:56]), aes_pkg::sub_byte(hi_i[23:16]),
                   aes_pkg::sub_byte(lo_i[47:40]), aes_pkg::sub_byte(lo_i[7:0])};
  assign sub_hi = {aes_pkg::sub_byte(hi_i[31:24]), aes_pkg::sub_byte(lo_i[55:48]),
                   aes_pkg::sub_byte(lo_i[15:8]),  aes_pkg::sub_byte(hi_i[39:32]),
                   aes_pkg::sub_byte(lo_i[63:56]), aes_pkg::sub_byte(lo_i[23:16]),
                   aes_pkg::sub_byte(hi_i[47:40]), aes_pkg::sub_byte(hi_i[7:0])};

  logic [63:0] mix_lo;
  logic [63:0] mix_hi;
  if (Last) begin : gen_last
    assign mix_lo = sub_lo;
    assign mix_hi = sub_hi;
  end else begin : gen_inner
    assign mix_lo = aes_pkg::mix_columns(sub_lo);
    assign mix_hi = aes_pkg::mix_columns(sub_hi);
  end

  if (CanPass) begin : gen_pass
    always_ff @(posedge clk_i) begin
      if (valid_i) begin
        if (pass_i) begin
          lo_o <= lo_i;
          hi_o <= hi_i;
        end else begin
          lo_o <= mix_lo ^ key_lo_i;
          hi_o <= mix_hi ^ key_hi_i;
        end
      end
    end
  end else begin : gen_no_pass
    logic unused_pass;
    assign unused_pass = pass_i;
    always_ff @(posedge clk_i) begin
      if (valid_i) begin
        lo_o <= mix_lo ^ key_lo_i;
        hi_o <= mix_hi ^ key_hi_i;
      end
    end
  end

endmodule

`default_nettype wire
