// SPDX-License-Identifier: Apache-2.0
//
// Header pipelines of segment 1: parse, classify, sa_lookup. Latency 12 cycles, one header per cycle and pipeline; the
// pipelines work independently on tables that are in memory once.
//
// Owns tables Intf, SaHash and SaIn (without selectors). Table bus: one request at a time, tbl_we_i to tbl_wdata_i
// stay until the acknowledge. With one pipeline it comes one cycle after the request; with two as soon as a gap
// between headers of the last pipeline, for which hold_o asks, has come past (see table_gap): within 16 cycles when
// hold_o stops the headers in the next cycle.

`default_nettype none

module outer_lookup #(
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

    output logic [NumPipes-1:0][15:0]                              seq_top_raddr_o,
    input  logic [NumPipes-1:0][63:0]                              seq_top_rdata_i,

    input  logic [NumPipes-1:0]                                    valid_i,
    input  logic [NumPipes-1:0][1023:0]                            window_i,
    input  logic [NumPipes-1:0][headend_tables_pkg::META_W-1:0]    meta_i,
    output logic [NumPipes-1:0]                                    valid_o,
    output logic [NumPipes-1:0][headend_tables_pkg::META_W-1:0]    meta_o,
    output logic [NumPipes-1:0][headend_tables_pkg::GCM_CTX_W-1:0] ctx_o
);

  localparam logic [15:0] Tables = (16'd1 << headend_tables_pkg::TABLE_INTF) | (16'd1 << headend_tables_pkg::TABLE_SA_HASH)
                                   | (16'd1 << headend_tables_pkg::TABLE_SA_IN);

  logic [NumPipes-1:0] parse_valid, class_valid;
  logic [NumPipes-1:0][headend_tables_pkg::META_W-1:0] parse_meta, class_meta;
  logic [NumPipes-1:0][63:0] class_iv;
  logic [1:0] ack;
  logic [1:0][headend_tables_pkg::RecordBits-1:0] rdata;

  for (genvar p = 0; p < NumPipes; p++) begin : gen_lane
    logic [63:0] parse_iv;
    logic unused_iv_valid;  // is class_valid

    parse u_parse (
        .clk_i,
        .rst_ni,
        .valid_i (valid_i[p]),
        .window_i(window_i[p]),
        .meta_i  (meta_i[p]),
        .valid_o (parse_valid[p]),
        .meta_o  (parse_meta[p]),
        .iv_o    (parse_iv)
    );

    hdr_delay #(
        .Width (64),
        .Cycles(2)
    ) u_iv (
        .clk_i,
        .rst_ni,
        .valid_i(parse_valid[p]),
        .d_i    (parse_iv),
        .valid_o(unused_iv_valid),
        .q_o    (class_iv[p])
    );
  end

  classify #(
      .NumPipes(NumPipes)
  ) u_classify (
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
      .valid_o    (class_valid),
      .meta_o     (class_meta)
  );

  sa_lookup #(
      .NumPipes(NumPipes)
  ) u_sa_lookup (
      .clk_i,
      .rst_ni,
      .tbl_req_i,
      .tbl_we_i,
      .tbl_sel_i,
      .tbl_index_i,
      .tbl_wdata_i,
      .tbl_ack_o  (ack[1]),
      .tbl_rdata_o(rdata[1]),
      .seq_top_raddr_o,
      .seq_top_rdata_i,
      .valid_i    (class_valid),
      .meta_i     (class_meta),
      .iv_i       (class_iv),
      .valid_o,
      .meta_o,
      .ctx_o
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
  assign tbl_rdata_o = rdata[0] | rdata[1];

endmodule

`default_nettype wire
