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

  // ShiftRows: row r of column c comes from column c + r mod 4.
  logic [63:0] row_lo;
  logic [63:0] row_hi;
  assign row_lo = {lo_i[31:24], hi_i[55:48], hi_i[15:8], lo_i[39:32], hi_i[63:56], hi_i[23:16], lo_i[47:40], lo_i[7:0]};
  assign row_hi = {hi_i[31:24], lo_i[55:48], lo_i[15:8], hi_i[39:32], lo_i[63:56], lo_i[23:16], hi_i[47:40], hi_i[7:0]};

  // The work stands inside the clocked blocks so that a simulator does none of it for an empty stage.
  if (Last) begin : gen_last
    logic unused_pass;
    assign unused_pass = pass_i;
    always_ff @(posedge clk_i) begin
      if (valid_i) begin
        lo_o <= aes_pkg::sub_half(row_lo) ^ key_lo_i;
        hi_o <= aes_pkg::sub_half(row_hi) ^ key_hi_i;
      end
    end
  end else if (CanPass) begin : gen_pass
    always_ff @(posedge clk_i) begin
      if (valid_i) begin
        if (pass_i) begin
          lo_o <= lo_i;
          hi_o <= hi_i;
        end else begin
          lo_o <= aes_pkg::mix_columns(aes_pkg::sub_half(row_lo)) ^ key_lo_i;
          hi_o <= aes_pkg::mix_columns(aes_pkg::sub_half(row_hi)) ^ key_hi_i;
        end
      end
    end
  end else begin : gen_inner
    logic unused_pass;
    assign unused_pass = pass_i;
    always_ff @(posedge clk_i) begin
      if (valid_i) begin
        lo_o <= aes_pkg::mix_columns(aes_pkg::sub_half(row_lo)) ^ key_lo_i;
        hi_o <= aes_pkg::mix_columns(aes_pkg::sub_half(row_hi)) ^ key_hi_i;
      end
    end
  end

endmodule

`default_nettype wire
