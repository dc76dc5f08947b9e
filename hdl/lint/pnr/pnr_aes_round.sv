// SPDX-License-Identifier: Apache-2.0
//
// One inner aes_round between registers and three pins, for placement and routing: state and key come in bit by bit, the state leaves
// bit by bit. The shift registers have one level of logic, so the clock that the router reports is the round's.
`default_nettype none

module pnr_aes_round (
  input  wire  clk_i,
  input  wire  bit_i,
  input  wire  load_i,
  output logic bit_o
);

  logic [255:0] operands_q;
  logic [127:0] state;
  logic [127:0] state_q;
  logic [1:0]   load_q;

  aes_round u_round (
    .clk_i,
    .valid_i (load_q[0]),
    .pass_i  (1'b0),
    .lo_i    (operands_q[63:0]),
    .hi_i    (operands_q[127:64]),
    .key_lo_i(operands_q[191:128]),
    .key_hi_i(operands_q[255:192]),
    .lo_o    (state[63:0]),
    .hi_o    (state[127:64])
  );

  always_ff @(posedge clk_i) begin
    load_q     <= {load_q[0], load_i};
    operands_q <= {operands_q[254:0], bit_i};
    state_q    <= load_q[1] ? state : {1'b0, state_q[127:1]};
    bit_o      <= state_q[0];
  end

endmodule

`default_nettype wire
