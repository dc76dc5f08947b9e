// SPDX-License-Identifier: Apache-2.0
//
// The function gcm_pkg::gf_square as a netlist, for anf.py.

`default_nettype none

module gf_square_proof (
  input  wire  [127:0] x_i,
  output logic [127:0] p_o
);
  assign p_o = gcm_pkg::gf_square(x_i);
endmodule

`default_nettype wire
