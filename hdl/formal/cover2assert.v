// SPDX-License-Identifier: Apache-2.0
// Turns each cover statement into an assertion that it never happens: the solver's counterexample is the cover.
(* techmap_celltype = "$cover" *)
module cover2assert (
  input A,
  input EN
);
  \$assert _TECHMAP_REPLACE_ (.A(!A), .EN(EN));
endmodule
