// SPDX-License-Identifier: Apache-2.0
//
// AES against FIPS-197, for all inputs:
//   - aes_round in its three forms is SubBytes, ShiftRows, MixColumns (not in the last), AddRoundKey (5.1);
//   - each of the 13 steps of the key expansion makes the words that 5.2 defines, for AES-128 and AES-256.
//
// The S-box is the RTL's, which aes_sbox_proof ties to the standard; all else is written from the standard, byte by byte.

`default_nettype none

module aes_proof (
  input wire         clk_i,
  input wire         pass_i,
  input wire         aes256_i,
  input wire [127:0] state_i,
  input wire [127:0] key_i,
  input wire [127:0] older_i
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

  function automatic logic [31:0] spec_mix(input logic [31:0] a_i);
    for (int r = 0; r < 4; r++) begin
      spec_mix[8*r +: 8] = times(a_i[8*r +: 8], 8'h02) ^ times(a_i[8*((r+1)%4) +: 8], 8'h03) ^
                           a_i[8*((r+2)%4) +: 8] ^ a_i[8*((r+3)%4) +: 8];
    end
  endfunction

  // ---------------------------------------------------------------------------------- round
  // Byte r + 4c is row r
  // of column c (FIPS-197 3.4).
  logic [127:0] shifted;
  logic [127:0] mixed;
  always_comb begin
    for (int c = 0; c < 4; c++) begin
      for (int r = 0; r < 4; r++) begin
        shifted[8*(r+4*c) +: 8] = aes_pkg::sub_byte(state_i[8*(r+4*((c+r)%4)) +: 8]);
      end
    end
    for (int c = 0; c < 4; c++) begin
      mixed[32*c +: 32] = spec_mix(shifted[32*c +: 32]);
    end
  end

  logic         known_q = 1'b0;
  logic         pass_q;
  logic         aes256_q;
  logic [127:0] state_q;
  logic [127:0] shifted_q;
  logic [127:0] mixed_q;
  logic [127:0] key_q;
  logic [127:0] older_q;
  always_ff @(posedge clk_i) begin
    known_q   <= 1'b1;
    pass_q    <= pass_i;
    aes256_q  <= aes256_i;
    state_q   <= state_i;
    shifted_q <= shifted;
    mixed_q   <= mixed;
    key_q     <= key_i;
    older_q   <= older_i;
  end

  wire [127:0] inner, passing, last;
  aes_round u_inner (
    .clk_i, .valid_i(1'b1), .pass_i, .lo_i(state_i[63:0]), .hi_i(state_i[127:64]),
    .key_lo_i(key_i[63:0]), .key_hi_i(key_i[127:64]), .lo_o(inner[63:0]), .hi_o(inner[127:64])
  );
  aes_round #(.CanPass(1'b1)) u_passing (
    .clk_i, .valid_i(1'b1), .pass_i, .lo_i(state_i[63:0]), .hi_i(state_i[127:64]),
    .key_lo_i(key_i[63:0]), .key_hi_i(key_i[127:64]), .lo_o(passing[63:0]), .hi_o(passing[127:64])
  );
  aes_round #(.Last(1'b1)) u_last (
    .clk_i, .valid_i(1'b1), .pass_i, .lo_i(state_i[63:0]), .hi_i(state_i[127:64]),
    .key_lo_i(key_i[63:0]), .key_hi_i(key_i[127:64]), .lo_o(last[63:0]), .hi_o(last[127:64])
  );

  always_comb begin
    if (known_q) begin
      assert (inner == (mixed_q ^ key_q));
      assert (passing == (pass_q ? state_q : mixed_q ^ key_q));
      assert (last == (shifted_q ^ key_q));
    end
    cover (known_q && pass_q && passing == state_q);
    cover (known_q && !pass_q && inner == 128'd1 && passing == 128'd1);
  end

  // ---------------------------------------------------------------------------------- key expansion
  // Words w[i-8..i-5] are `older`, w[i-4..i-1] are the newer key; the round key made is w[i..i+3] with
  // i = 4 (Step + 1) for AES-256 (Nk = 8), i = 4 (Step - 3) for AES-128 (Nk = 4).
  function automatic logic [31:0] spec_subword(input logic [31:0] w_i);
    for (int b = 0; b < 4; b++) spec_subword[8*b +: 8] = aes_pkg::sub_byte(w_i[8*b +: 8]);
  endfunction

  function automatic logic [7:0] spec_rcon(input int index_i);
    spec_rcon = 8'h01;
    for (int i = 1; i < 16; i++) spec_rcon = (i < index_i) ? xtime(spec_rcon) : spec_rcon;
  endfunction

  logic [31:0] sub_q;
  always_ff @(posedge clk_i) sub_q <= spec_subword(key_i[127:96]);
  wire [31:0] rot_sub = {sub_q[7:0], sub_q[31:8]};      // SubWord(RotWord(w)) = RotWord(SubWord(w)), row 0 lowest

  for (genvar s = 1; s <= 13; s++) begin : gen_step
    wire [127:0] older, newer;
    aes_key_step #(.Step(s)) u_step (
      .clk_i, .load_i(1'b1), .aes256_i, .older_i, .newer_i(key_i), .older_o(older), .newer_o(newer)
    );

    logic [127:0] expect256, expect128;
    logic [31:0]  temp;
    always_comb begin
      // i = 4 (s + 1): i mod 8 is 0 for odd s, 4 for even s.
      temp = (s % 2 == 1) ? rot_sub ^ {24'd0, spec_rcon((s + 1) / 2)} : sub_q;
      for (int w = 0; w < 4; w++) begin
        temp = older_q[32*w +: 32] ^ temp;
        expect256[32*w +: 32] = temp;
      end
      // i = 4 (s - 3): i mod 4 is 0.
      temp = rot_sub ^ {24'd0, spec_rcon(s - 3)};
      for (int w = 0; w < 4; w++) begin
        temp = key_q[32*w +: 32] ^ temp;
        expect128[32*w +: 32] = temp;
      end
    end
    always_comb begin
      if (known_q) begin
        assert (older == key_q);
        if (aes256_q) assert (newer == expect256);
        if (!aes256_q && s >= 4) assert (newer == expect128);
        if (!aes256_q && s < 4) assert (newer == key_q);
      end
    end
  end

endmodule

`default_nettype wire
