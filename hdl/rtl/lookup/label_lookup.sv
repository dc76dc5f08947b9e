// SPDX-License-Identifier: Apache-2.0
//
// Decides how packets' next hops are found, by the rules of label_lane. Owns table Label, in memory twice: a lookup reads
// the top label's record and the one below in the same cycle; the pipelines share both copies.
// Latency 2 cycles, one header per cycle and pipeline. Comes right after `selector_check`.

`default_nettype none

module label_lookup #(
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
    output logic [NumPipes-1:0][headend_tables_pkg::META_W-1:0] meta_o,
    output logic [NumPipes-1:0]                                 route_o,
    output logic [NumPipes-1:0]                                 adj_valid_o,
    output logic [NumPipes-1:0]                                 swap_o,
    output logic [NumPipes-1:0][15:0]                           adj_o
);

  localparam int unsigned LabelW = headend_tables_pkg::LABEL_W;
  localparam int unsigned AddrW  = $clog2(headend_tables_pkg::LabelDepth);

  logic [NumPipes-1:0] re;
  logic [NumPipes-1:0][1:0][AddrW-1:0] raddr;
  logic [NumPipes-1:0][1:0][LabelW-1:0] record;
  for (genvar p = 0; p < NumPipes; p++) begin : gen_lane
    label_lane u_lane (
        .clk_i,
        .rst_ni,
        .label_re_o   (re[p]),
        .label_raddr_o(raddr[p]),
        .label_i      (record[p]),
        .valid_i      (valid_i[p]),
        .meta_i       (meta_i[p]),
        .valid_o      (valid_o[p]),
        .meta_o       (meta_o[p]),
        .route_o      (route_o[p]),
        .adj_valid_o  (adj_valid_o[p]),
        .swap_o       (swap_o[p]),
        .adj_o        (adj_o[p])
    );
  end

  // Both copies are read in the same cycles, so they take the bus in the same cycle.
  logic [1:0] ack;
  logic [1:0][LabelW-1:0] bus_record;
  logic [1:0][NumPipes-1:0][AddrW-1:0] copy_raddr;
  logic [1:0][NumPipes-1:0][LabelW-1:0] copy_record;
  for (genvar k = 0; k < 2; k++) begin : gen_copy
    for (genvar p = 0; p < NumPipes; p++) begin : gen_port
      assign copy_raddr[k][p] = raddr[p][k];
      assign record[p][k] = copy_record[k][p];
    end

    table_ram #(
        .NumPipes(NumPipes),
        .Table   (headend_tables_pkg::TABLE_LABEL),
        .Depth   (headend_tables_pkg::LabelDepth),
        .Width   (LabelW)
    ) u_ram (
        .clk_i,
        .rst_ni,
        .tbl_req_i,
        .tbl_we_i,
        .tbl_sel_i,
        .tbl_index_i,
        .tbl_wdata_i(tbl_wdata_i[LabelW-1:0]),
        .tbl_ack_o  (ack[k]),
        .tbl_rdata_o(bus_record[k]),
        .re_i       (re),
        .raddr_i    (copy_raddr[k]),
        .rdata_o    (copy_record[k])
    );
  end
  assign tbl_ack_o   = ack[0];
  assign tbl_rdata_o = {{(headend_tables_pkg::RecordBits - LabelW) {1'b0}}, bus_record[0]};

  logic unused_bits;
  assign unused_bits = ^{tbl_wdata_i[headend_tables_pkg::RecordBits-1:LabelW], ack[1], bus_record[1]};

endmodule

`default_nettype wire
