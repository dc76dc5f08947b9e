// SPDX-License-Identifier: Apache-2.0
//
// Inbound selector check of decrypted packets, by the rules of selector_lane. Keeps the selectors of table SaIn and, to
// recognise the SA, its generation; sa_lookup keeps the rest. A request for SaIn is done when both have acknowledged
// it, and a read gives the OR of both: here the selector alone.
// Latency 3 cycles, one header per cycle and pipeline. Comes right after the second `parse`.

`default_nettype none

module selector_check #(
    parameter int unsigned NumPipes = 1
) (
    input  logic                                                clk_i,
    input  logic                                                rst_ni,

    input  logic                                                tbl_req_i,
    input  logic                                                tbl_we_i,
    input  logic [7:0]                                          tbl_sel_i,
    input  logic [31:0]                                         tbl_index_i,
    input  logic [headend_tables_pkg::RecordBits-1:0]           tbl_wdata_i,
    output logic                                                tbl_ack_o,
    output logic [headend_tables_pkg::RecordBits-1:0]           tbl_rdata_o,

    input  logic [NumPipes-1:0]                                 valid_i,
    input  logic [NumPipes-1:0][headend_tables_pkg::META_W-1:0] meta_i,
    output logic [NumPipes-1:0]                                 valid_o,
    output logic [NumPipes-1:0][headend_tables_pkg::META_W-1:0] meta_o
);

  localparam int unsigned SaInW = headend_tables_pkg::SA_IN_W;
  localparam int unsigned SelW  = headend_tables_pkg::SELECTOR_W;
  localparam int unsigned RowW  = SelW + 9;  // {generation, valid, selector}
  localparam int unsigned AddrW = $clog2(headend_tables_pkg::SaDepth);

  headend_tables_pkg::sa_in_t wrec;
  logic [NumPipes-1:0] re;
  logic [NumPipes-1:0][AddrW-1:0] raddr;
  logic [NumPipes-1:0][RowW-1:0] row;
  logic [RowW-1:0] bus_row;
  assign wrec = tbl_wdata_i[SaInW-1:0];

  table_ram #(
      .NumPipes(NumPipes),
      .Table   (headend_tables_pkg::TABLE_SA_IN),
      .Depth   (headend_tables_pkg::SaDepth),
      .Width   (RowW)
  ) u_selectors (
      .clk_i,
      .rst_ni,
      .tbl_req_i,
      .tbl_we_i,
      .tbl_sel_i,
      .tbl_index_i,
      .tbl_wdata_i({wrec.gen, wrec.valid, wrec.sel}),
      .tbl_ack_o,
      .tbl_rdata_o(bus_row),
      .re_i       (re),
      .raddr_i    (raddr),
      .rdata_o    (row)
  );
  assign tbl_rdata_o = {{(headend_tables_pkg::RecordBits - SaInW) {1'b0}}, bus_row[SelW-1:0], {(SaInW - SelW) {1'b0}}};

  for (genvar p = 0; p < NumPipes; p++) begin : gen_lane
    selector_lane u_lane (
        .clk_i,
        .rst_ni,
        .row_re_o   (re[p]),
        .row_raddr_o(raddr[p]),
        .row_i      (row[p]),
        .valid_i    (valid_i[p]),
        .meta_i     (meta_i[p]),
        .valid_o    (valid_o[p]),
        .meta_o     (meta_o[p])
    );
  end

  logic unused_bits;
  assign unused_bits = ^{tbl_wdata_i, wrec, bus_row[RowW-1:SelW]};

endmodule

`default_nettype wire
