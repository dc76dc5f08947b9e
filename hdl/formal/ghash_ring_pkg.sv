// SPDX-License-Identifier: Apache-2.0
//
// Squares of polynomials in H, for ghash_proof.

`default_nettype none

package ghash_ring_pkg;
  // The square of a polynomial in H.
  function automatic logic [127:0] square(input logic [127:0] x_i);
    square = 128'd0;
    for (int i = 0; i < 64; i++) square[2*i] = x_i[i];
  endfunction
endpackage

`default_nettype wire
