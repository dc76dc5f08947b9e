// SPDX-License-Identifier: Apache-2.0
//
// Final decision about packets, by the rules of adj_lane. Owns table Adj. Latency 2 cycles, one header per cycle and
// pipeline. Comes right after `fib_lookup`.

`default_nettype none

module adj_lookup #(
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
    input  logic [NumPipes-1:0]                                 adj_valid_i,
    input  logic [NumPipes-1:0]                                 swap_i,
    input  logic [NumPipes-1:0][15:0]                           adj_i,
    output logic [NumPipes-1:0]                                 valid_o,
    output logic [NumPipes-1:0][headend_tables_pkg::META_W-1:0] meta_o
);

  localparam int unsigned AdjW  = headend_tables_pkg::ADJ_W;
  localparam int unsigned AddrW = $clog2(headend_tables_pkg::AdjDepth);

  logic [NumPipes-1:0] re;
  logic [NumPipes-1:0][AddrW-1:0] raddr;
  logic [NumPipes-1:0][AdjW-1:0] record;
  logic [AdjW-1:0] bus_record;

  table_ram #(
      .NumPipes(NumPipes),
      .Table   (headend_tables_pkg::TABLE_ADJ),
      .Depth   (headend_tables_pkg::AdjDepth),
      .Width   (AdjW)
  ) u_adj (
      .clk_i,
      .rst_ni,
      .tbl_req_i,
      .tbl_we_i,
      .tbl_sel_i,
      .tbl_index_i,
      .tbl_wdata_i(tbl_wdata_i[AdjW-1:0]),
      .tbl_ack_o,
      .tbl_rdata_o(bus_record),
      .re_i       (re),
      .raddr_i    (raddr),
      .rdata_o    (record)
  );
  assign tbl_rdata_o = {{(headend_tables_pkg::RecordBits - AdjW) {1'b0}}, bus_record};

  for (genvar p = 0; p < NumPipes; p++) begin : gen_lane
    adj_lane u_lane (
        .clk_i,
        .rst_ni,
        .rec_re_o   (re[p]),
        .rec_raddr_o(raddr[p]),
        .rec_i      (record[p]),
        .valid_i    (valid_i[p]),
        .meta_i     (meta_i[p]),
        .adj_valid_i(adj_valid_i[p]),
        .swap_i     (swap_i[p]),
        .adj_i      (adj_i[p]),
        .valid_o    (valid_o[p]),
        .meta_o     (meta_o[p])
    );
  end

  logic unused_bits;
  assign unused_bits = ^tbl_wdata_i[headend_tables_pkg::RecordBits-1:AdjW];

endmodule

`default_nettype wire
