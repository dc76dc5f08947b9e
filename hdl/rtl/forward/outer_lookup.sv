// SPDX-License-Identifier: Apache-2.0
//
// Header pipeline of segment 1: parse, classify, sa_lookup. Latency 12 cycles, one header per cycle.
// Owns tables Intf, SaHash and SaIn (without selectors). Table bus: acknowledge one cycle after the request.

`default_nettype none

module outer_lookup #(
    parameter int unsigned NumPipes = headend_tables_pkg::NumPipes
) (
    input  logic                           clk_i,
    input  logic                           rst_ni,

    input  logic                           tbl_req_i,
    input  logic                           tbl_we_i,
    input  logic [7:0]                     tbl_sel_i,
    input  logic [31:0]                    tbl_index_i,
    input  logic [headend_tables_pkg::RecordBits-1:0]                  tbl_wdata_i,
    output logic                           tbl_ack_o,
    output logic [headend_tables_pkg::RecordBits-1:0]                  tbl_rdata_o,

    output logic                           hold_o,

    output logic [NumPipes-1:0][15:0]      seq_top_raddr_o,
    input  logic [NumPipes-1:0][63:0]      seq_top_rdata_i,

    input  logic [NumPipes-1:0]            valid_i,
    input  logic [NumPipes-1:0][1023:0]    window_i,
    input  logic [NumPipes-1:0][headend_tables_pkg::META_W-1:0]     meta_i,
    output logic [NumPipes-1:0]            valid_o,
    output logic [NumPipes-1:0][headend_tables_pkg::META_W-1:0]     meta_o,
    output logic [NumPipes-1:0][headend_tables_pkg::GCM_CTX_W-1:0]  ctx_o
);

  logic [NumPipes-1:0] lane_ack;
  logic [NumPipes-1:0][headend_tables_pkg::RecordBits-1:0] lane_rdata;
  for (genvar p = 0; p < NumPipes; p++) begin : gen_lane
  logic parse_valid, class_valid, iv_valid;
  headend_tables_pkg::meta_t parse_meta, class_meta;
  logic [127:0] l4;
  logic [63:0] iv;
  logic [1:0] ack;
  logic [1:0][headend_tables_pkg::RecordBits-1:0] rdata;

  parse u_parse (
      .clk_i,
      .rst_ni,
      .valid_i (valid_i[p]),
      .window_i(window_i[p]),
      .meta_i  (meta_i[p]),
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
      .seq_top_raddr_o(seq_top_raddr_o[p]),
      .seq_top_rdata_i(seq_top_rdata_i[p]),
      .valid_i    (class_valid),
      .meta_i     (class_meta),
      .iv_i       (iv),
      .valid_o    (valid_o[p]),
      .meta_o     (meta_o[p]),
      .ctx_o      (ctx_o[p])
  );


    assign lane_ack[p] = ack != '0;
    assign lane_rdata[p] = rdata[0] | rdata[1];
    logic unused_bits;
    assign unused_bits = ^{l4[63:0], iv_valid};
  end

  assign hold_o = 1'b0;
  assign tbl_ack_o   = lane_ack[0];
  assign tbl_rdata_o = lane_rdata[0];
  logic unused_bus;
  assign unused_bus = ^{lane_ack, lane_rdata};

endmodule

`default_nettype wire
