// SPDX-License-Identifier: Apache-2.0
//
// Header pipelines of segment 2: parse, selector_check, label_lookup, fib_lookup, adj_lookup. Latency 30 cycles, one header
// per cycle and pipeline; the pipelines work independently on tables that are in memory once.
//
// Owns tables Label, FibNode, FibResult, Adj and the selectors of SaIn (the rest of which outer_lookup owns: both
// acknowledge). Table bus: one request at a time, tbl_we_i to tbl_wdata_i stay until the acknowledge. With one pipeline
// it comes one cycle after the request; with two as soon as a gap between headers of the last pipeline, for which
// hold_o asks, has come past (see table_gap): within 34 cycles when hold_o stops the headers in the next cycle.

`default_nettype none

module inner_lookup #(
    parameter int unsigned NumPipes = headend_tables_pkg::NumPipes
) (
    input  logic                                                   clk_i,
    input  logic                                                   rst_ni,

    input  logic                                                   tbl_req_i,
    input  logic                                                   tbl_we_i,
    input  logic [7:0]                                             tbl_sel_i,
    input  logic [31:0]                                            tbl_index_i,
    input  logic [headend_tables_pkg::RecordBits-1:0]              tbl_wdata_i,
    output logic                                                   tbl_ack_o,
    output logic [headend_tables_pkg::RecordBits-1:0]              tbl_rdata_o,
    output logic                                                   hold_o,

    input  logic [NumPipes-1:0]                                    valid_i,
    input  logic [NumPipes-1:0][1023:0]                            window_i,
    input  logic [NumPipes-1:0][headend_tables_pkg::META_W-1:0]    meta_i,
    output logic [NumPipes-1:0]                                    valid_o,
    output logic [NumPipes-1:0][headend_tables_pkg::META_W-1:0]    meta_o
);

  localparam logic [15:0] Tables = (16'd1 << headend_tables_pkg::TABLE_SA_IN) | (16'd1 << headend_tables_pkg::TABLE_LABEL)
                                   | (16'd1 << headend_tables_pkg::TABLE_FIB_NODE)
                                   | (16'd1 << headend_tables_pkg::TABLE_FIB_RESULT)
                                   | (16'd1 << headend_tables_pkg::TABLE_ADJ);

  logic [NumPipes-1:0] parse_valid, sel_valid, label_valid, fib_valid;
  logic [NumPipes-1:0][headend_tables_pkg::META_W-1:0] parse_meta, sel_meta, label_meta, fib_meta;
  logic [NumPipes-1:0] label_route, label_adj_valid, label_swap, fib_adj_valid, fib_swap;
  logic [NumPipes-1:0][15:0] label_adj, fib_adj;
  logic [3:0] ack;
  logic [3:0][headend_tables_pkg::RecordBits-1:0] rdata;

  for (genvar p = 0; p < NumPipes; p++) begin : gen_lane
    logic [63:0] unused_iv;

    parse u_parse (
        .clk_i,
        .rst_ni,
        .valid_i (valid_i[p]),
        .window_i(window_i[p]),
        .meta_i  (meta_i[p]),
        .valid_o (parse_valid[p]),
        .meta_o  (parse_meta[p]),
        .iv_o    (unused_iv)
    );
  end

  selector_check #(
      .NumPipes(NumPipes)
  ) u_selector_check (
      .clk_i,
      .rst_ni,
      .tbl_req_i,
      .tbl_we_i,
      .tbl_sel_i,
      .tbl_index_i,
      .tbl_wdata_i,
      .tbl_ack_o  (ack[0]),
      .tbl_rdata_o(rdata[0]),
      .valid_i    (parse_valid),
      .meta_i     (parse_meta),
      .valid_o    (sel_valid),
      .meta_o     (sel_meta)
  );

  label_lookup #(
      .NumPipes(NumPipes)
  ) u_label_lookup (
      .clk_i,
      .rst_ni,
      .tbl_req_i,
      .tbl_we_i,
      .tbl_sel_i,
      .tbl_index_i,
      .tbl_wdata_i,
      .tbl_ack_o  (ack[1]),
      .tbl_rdata_o(rdata[1]),
      .valid_i    (sel_valid),
      .meta_i     (sel_meta),
      .valid_o    (label_valid),
      .meta_o     (label_meta),
      .route_o    (label_route),
      .adj_valid_o(label_adj_valid),
      .swap_o     (label_swap),
      .adj_o      (label_adj)
  );

  fib_lookup #(
      .NumPipes(NumPipes)
  ) u_fib_lookup (
      .clk_i,
      .rst_ni,
      .tbl_req_i,
      .tbl_we_i,
      .tbl_sel_i,
      .tbl_index_i,
      .tbl_wdata_i,
      .tbl_ack_o  (ack[2]),
      .tbl_rdata_o(rdata[2]),
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

  adj_lookup #(
      .NumPipes(NumPipes)
  ) u_adj_lookup (
      .clk_i,
      .rst_ni,
      .tbl_req_i,
      .tbl_we_i,
      .tbl_sel_i,
      .tbl_index_i,
      .tbl_wdata_i,
      .tbl_ack_o  (ack[3]),
      .tbl_rdata_o(rdata[3]),
      .valid_i    (fib_valid),
      .meta_i     (fib_meta),
      .adj_valid_i(fib_adj_valid),
      .swap_i     (fib_swap),
      .adj_i      (fib_adj),
      .valid_o,
      .meta_o
  );

  if (NumPipes == 1) begin : gen_own_port
    assign hold_o = 1'b0;
  end else begin : gen_gap
    table_gap #(
        .Tables(Tables)
    ) u_gap (
        .clk_i,
        .rst_ni,
        .tbl_req_i,
        .tbl_sel_i,
        .valid_i(valid_i[NumPipes-1]),
        .hold_o
    );
  end

  assign tbl_ack_o   = ack != '0;
  assign tbl_rdata_o = rdata[0] | rdata[1] | rdata[2] | rdata[3];

endmodule

`default_nettype wire
