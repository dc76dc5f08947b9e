// SPDX-License-Identifier: Apache-2.0
//
// Makes room for the table bus in a header pipeline. Where two pipelines share the tables, the bus uses the memory
// port of the last one, in a cycle in which that pipeline does not read (see table_ram). This module asks for one:
// from the cycle after a request for one of the pipeline's tables on, hold_o is 1 until a cycle without a header
// (valid_i = 0) has entered the pipeline, at or after the request. That gap travels down, and each owner with a
// request pending takes it. Whoever feeds the pipeline takes no header in a cycle with hold_o = 1.

`default_nettype none

module table_gap #(
    parameter logic [15:0] Tables = 16'd0  // bit n: table n is owned by the pipeline
) (
    input  logic       clk_i,
    input  logic       rst_ni,
    input  logic       tbl_req_i,
    input  logic [7:0] tbl_sel_i,
    input  logic       valid_i,
    output logic       hold_o
);

  logic owned;
  assign owned = tbl_req_i && (tbl_sel_i[7:4] == 4'd0) && Tables[tbl_sel_i[3:0]];

  always_ff @(posedge clk_i) begin
    if (!rst_ni) hold_o <= 1'b0;
    else hold_o <= (owned || hold_o) && valid_i;
  end

endmodule

`default_nettype wire
