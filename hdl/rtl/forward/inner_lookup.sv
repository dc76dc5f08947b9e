// SPDX-License-Identifier: Apache-2.0
//
// Header pipeline of segment 2: parse, selector_check, label_lookup, fib_lookup, adj_lookup. Latency 30 cycles,
// one header per cycle. Owns tables Label, FibNode, FibResult, Adj and the selectors of SaIn (whose reads
// outer_lookup acknowledges). Table bus: acknowledge one cycle after the request.

`default_nettype none

module inner_lookup #(
    parameter int unsigned NumPipes = headend_tables_pkg::NumPipes
) (
    input  logic                        clk_i,
    input  logic                        rst_ni,

    input  logic                        tbl_req_i,
    input  logic                        tbl_we_i,
    input  logic [7:0]                  tbl_sel_i,
    input  logic [31:0]                 tbl_index_i,
    input  logic [headend_tables_pkg::RecordBits-1:0]               tbl_wdata_i,
    output logic                        tbl_ack_o,
    output logic [headend_tables_pkg::RecordBits-1:0]               tbl_rdata_o,

    output logic                        hold_o,

    input  logic [NumPipes-1:0]         valid_i,
    input  logic [NumPipes-1:0][1023:0] window_i,
    input  logic [NumPipes-1:0][headend_tables_pkg::META_W-1:0]     meta_i,
    output logic [NumPipes-1:0]         valid_o,
    output logic [NumPipes-1:0][headend_tables_pkg::META_W-1:0]     meta_o
);

  logic [NumPipes-1:0] lane_ack;
  logic [NumPipes-1:0][headend_tables_pkg::RecordBits-1:0] lane_rdata;
  for (genvar p = 0; p < NumPipes; p++) begin : gen_lane
  logic parse_valid, sel_valid, label_valid, fib_valid;
  headend_tables_pkg::meta_t parse_meta, sel_meta, label_meta, fib_meta;
  logic [127:0] unused_l4;
  logic label_route, label_adj_valid, label_swap, fib_adj_valid, fib_swap;
  logic [15:0] label_adj, fib_adj;
  logic [2:0] ack;
  logic [3:0][headend_tables_pkg::RecordBits-1:0] rdata;

  parse u_parse (
      .clk_i,
      .rst_ni,
      .valid_i (valid_i[p]),
      .window_i(window_i[p]),
      .meta_i  (meta_i[p]),
      .valid_o(parse_valid),
      .meta_o (parse_meta),
      .l4_o   (unused_l4)
  );

  selector_check u_selector_check (
      .clk_i,
      .rst_ni,
      .tbl_req_i,
      .tbl_we_i,
      .tbl_sel_i,
      .tbl_index_i,
      .tbl_wdata_i,
      .tbl_rdata_o(rdata[3]),
      .valid_i    (parse_valid),
      .meta_i     (parse_meta),
      .valid_o    (sel_valid),
      .meta_o     (sel_meta)
  );

  label_lookup u_label_lookup (
      .clk_i,
      .rst_ni,
      .tbl_req_i,
      .tbl_we_i,
      .tbl_sel_i,
      .tbl_index_i,
      .tbl_wdata_i,
      .tbl_ack_o  (ack[0]),
      .tbl_rdata_o(rdata[0]),
      .valid_i    (sel_valid),
      .meta_i     (sel_meta),
      .valid_o    (label_valid),
      .meta_o     (label_meta),
      .route_o    (label_route),
      .adj_valid_o(label_adj_valid),
      .swap_o     (label_swap),
      .adj_o      (label_adj)
  );

  fib_lookup u_fib_lookup (
      .clk_i,
      .rst_ni,
      .tbl_req_i,
      .tbl_we_i,
      .tbl_sel_i,
      .tbl_index_i,
      .tbl_wdata_i,
      .tbl_ack_o  (ack[1]),
      .tbl_rdata_o(rdata[1]),
      .valid_i    (label_valid),
      .meta_i     (label_meta),
      .route_i    (label_route),
      .adj_valid_i(label_adj_valid),
      .swap_i     (label_swap),
      .adj_i      (label_adj),
      .valid_o    (fib_valid),
      .meta_o     (fib_meta),
      .adj_valid_o(fib_adj_valid),
      .swap_o     (fib_swap),
      .adj_o      (fib_adj)
  );

  adj_lookup u_adj_lookup (
      .clk_i,
      .rst_ni,
      .tbl_req_i,
      .tbl_we_i,
      .tbl_sel_i,
      .tbl_index_i,
      .tbl_wdata_i,
      .tbl_ack_o  (ack[2]),
      .tbl_rdata_o(rdata[2]),
      .valid_i    (fib_valid),
      .meta_i     (fib_meta),
      .adj_valid_i(fib_adj_valid),
      .swap_i     (fib_swap),
      .adj_i      (fib_adj),
      .valid_o    (valid_o[p]),
      .meta_o     (meta_o[p])
  );


    assign lane_ack[p] = ack != '0;
    assign lane_rdata[p] = rdata[0] | rdata[1] | rdata[2] | rdata[3];
  end

  assign hold_o = 1'b0;
  assign tbl_ack_o   = lane_ack[0];
  assign tbl_rdata_o = lane_rdata[0];
  logic unused_bus;
  assign unused_bus = ^{lane_ack, lane_rdata};

endmodule

`default_nettype wire
