// SPDX-License-Identifier: Apache-2.0
//
// First decision about a packet, by the rules of classify_lane. Owns table Intf. Latency 2 cycles, one header per
// cycle and pipeline. Comes right after `parse`.

`default_nettype none

module classify #(
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

  localparam int unsigned IntfW = headend_tables_pkg::INTF_W;
  localparam int unsigned AddrW = $clog2(headend_tables_pkg::IntfDepth);

  logic [NumPipes-1:0] re;
  logic [NumPipes-1:0][AddrW-1:0] raddr;
  logic [NumPipes-1:0][IntfW-1:0] intf;
  logic [IntfW-1:0] tbl_rdata;

  table_ram #(
      .NumPipes(NumPipes),
      .Table   (headend_tables_pkg::TABLE_INTF),
      .Depth   (headend_tables_pkg::IntfDepth),
      .Width   (IntfW)
  ) u_intf (
      .clk_i,
      .rst_ni,
      .tbl_req_i,
      .tbl_we_i,
      .tbl_sel_i,
      .tbl_index_i,
      .tbl_wdata_i(tbl_wdata_i[IntfW-1:0]),
      .tbl_ack_o,
      .tbl_rdata_o(tbl_rdata),
      .re_i       (re),
      .raddr_i    (raddr),
      .rdata_o    (intf)
  );
  assign tbl_rdata_o = {{(headend_tables_pkg::RecordBits - IntfW) {1'b0}}, tbl_rdata};

  for (genvar p = 0; p < NumPipes; p++) begin : gen_lane
    classify_lane u_lane (
        .clk_i,
        .rst_ni,
        .intf_re_o   (re[p]),
        .intf_raddr_o(raddr[p]),
        .intf_i      (intf[p]),
        .valid_i     (valid_i[p]),
        .meta_i      (meta_i[p]),
        .valid_o     (valid_o[p]),
        .meta_o      (meta_o[p])
    );
  end

  logic unused_bits;
  assign unused_bits = ^tbl_wdata_i[headend_tables_pkg::RecordBits-1:IntfW];

endmodule

`default_nettype wire
