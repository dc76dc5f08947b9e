// SPDX-License-Identifier: Apache-2.0
//
// Header pipeline of segment 1: parse, classify, sa_lookup. Latency 12 cycles, one header per cycle.
// Owns tables Intf, SaHash and SaIn (without selectors). Table bus: acknowledge one cycle after the request.

`default_nettype none

module outer_lookup (
    input  logic                           clk_i,
    input  logic                           rst_ni,

    input  logic                           tbl_req_i,
    input  logic                           tbl_we_i,
    input  logic [7:0]                     tbl_sel_i,
    input  logic [31:0]                    tbl_index_i,
    input  logic [headend_tables_pkg::RecordBits-1:0]                  tbl_wdata_i,
    output logic                           tbl_ack_o,
    output logic [headend_tables_pkg::RecordBits-1:0]                  tbl_rdata_o,

    output logic [15:0]                    seq_top_raddr_o,
    input  logic [63:0]                    seq_top_rdata_i,

    input  logic                           valid_i,
    input  logic [1023:0]                  window_i,
    input  headend_tables_pkg::meta_t      meta_i,
    output logic                           valid_o,
    output headend_tables_pkg::meta_t      meta_o,
    output headend_tables_pkg::gcm_ctx_t   ctx_o
);

  logic parse_valid, class_valid, iv_valid;
  headend_tables_pkg::meta_t parse_meta, class_meta;
  logic [127:0] l4;
  logic [63:0] iv;
  logic [1:0] ack;
  logic [1:0][headend_tables_pkg::RecordBits-1:0] rdata;

  parse u_parse (
      .clk_i,
      .rst_ni,
      .valid_i,
      .window_i,
      .meta_i,
      .valid_o(parse_valid),
      .meta_o (parse_meta),
      .l4_o   (l4)
  );

  classify u_classify (
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

  hdr_delay #(
      .Width (64),
      .Cycles(2)
  ) u_iv (
      .clk_i,
      .rst_ni,
      .valid_i(parse_valid),
      .d_i    (l4[127:64]),
      .valid_o(iv_valid),
      .q_o    (iv)
  );

  sa_lookup u_sa_lookup (
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
      .iv_i       (iv),
      .valid_o,
      .meta_o,
      .ctx_o
  );

  assign tbl_ack_o   = ack != '0;
  assign tbl_rdata_o = rdata[0] | rdata[1];

  logic unused_bits;
  assign unused_bits = ^{l4[63:0], iv_valid};

endmodule

`default_nettype wire
