// SPDX-License-Identifier: Apache-2.0
//
// The S-box and MixColumns of aes_pkg against FIPS-197, for all inputs: the S-box is the inverse in GF(2^8) followed by the
// affine map (5.1.1), MixColumns multiplies by 2, 3, 1, 1 (5.1.3). The specification is written from the standard, byte by
// byte: shift-and-add products, the inverse as x^254, which is shown to be the inverse.

`default_nettype none

module aes_sbox_proof (
  input wire [7:0]  byte_i,
  input wire [31:0] column_i
);

  // ---------------------------------------------------------------------------------- specification
  function automatic logic [7:0] xtime(input logic [7:0] x_i);
    xtime = {x_i[6:0], 1'b0} ^ (x_i[7] ? 8'h1b : 8'h00);
  endfunction

  function automatic logic [7:0] times(input logic [7:0] x_i, input logic [7:0] y_i);
    logic [7:0] power;
    power = x_i;
    times = 8'h00;
    for (int i = 0; i < 8; i++) begin
      times = times ^ (y_i[i] ? power : 8'h00);
      power = xtime(power);
    end
  endfunction

  function automatic logic [7:0] inverse(input logic [7:0] x_i);
    logic [7:0] square;
    square  = times(x_i, x_i);
    inverse = square;
    for (int i = 0; i < 6; i++) begin
      square  = times(square, square);
      inverse = times(inverse, square);
    end
  endfunction

  function automatic logic [7:0] spec_sub(input logic [7:0] x_i);
    logic [7:0] b;
    b = inverse(x_i);
    for (int i = 0; i < 8; i++) begin
      spec_sub[i] = b[i] ^ b[(i+4)%8] ^ b[(i+5)%8] ^ b[(i+6)%8] ^ b[(i+7)%8];
    end
    spec_sub = spec_sub ^ 8'h63;
  endfunction

  function automatic logic [31:0] spec_mix(input logic [31:0] a_i);
    for (int r = 0; r < 4; r++) begin
      spec_mix[8*r +: 8] = times(a_i[8*r +: 8], 8'h02) ^ times(a_i[8*((r+1)%4) +: 8], 8'h03) ^
                           a_i[8*((r+2)%4) +: 8] ^ a_i[8*((r+3)%4) +: 8];
    end
  endfunction

  // ---------------------------------------------------------------------------------- S-box, MixColumns
  always_comb begin
    assert (aes_pkg::sub_byte(byte_i) == spec_sub(byte_i));
    assert (aes_pkg::mix_column(column_i) == spec_mix(column_i));
    if (byte_i != 8'h00) assert (times(byte_i, inverse(byte_i)) == 8'h01);
  end

endmodule

`default_nettype wire
