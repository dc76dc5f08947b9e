// SPDX-License-Identifier: Apache-2.0
//
// For tests: sa_out_unit with an esp_encap in front of each of its two sides, and the ports of each by itself.

`default_nettype none

module esp_out_rig #(
  parameter int unsigned Depth = 16
) (
  input  wire                               clk_i,
  input  wire                               rst_ni,

  input  wire                               s0_valid_i,
  output logic                              s0_ready_o,
  input  wire  headend_tables_pkg::beat_t   s0_beat_i,
  input  wire  headend_tables_pkg::meta_t   s0_meta_i,
  output logic                              m0_valid_o,
  input  wire                               m0_ready_i,
  output headend_tables_pkg::beat_t         m0_beat_o,
  output headend_tables_pkg::meta_t         m0_meta_o,
  output headend_tables_pkg::gcm_ctx_t      m0_ctx_o,
  output headend_tables_pkg::outer_hdr_t    m0_hdr_o,
  output logic                              drop0_valid_o,
  output headend_tables_pkg::drop_record_t  drop0_o,
  output logic                              rel0_valid_o,
  output logic [1:0]                        rel0_egress_o,
  output logic [7:0]                        rel0_beats_o,

  input  wire                               s1_valid_i,
  output logic                              s1_ready_o,
  input  wire  headend_tables_pkg::beat_t   s1_beat_i,
  input  wire  headend_tables_pkg::meta_t   s1_meta_i,
  output logic                              m1_valid_o,
  input  wire                               m1_ready_i,
  output headend_tables_pkg::beat_t         m1_beat_o,
  output headend_tables_pkg::meta_t         m1_meta_o,
  output headend_tables_pkg::gcm_ctx_t      m1_ctx_o,
  output headend_tables_pkg::outer_hdr_t    m1_hdr_o,
  output logic                              drop1_valid_o,
  output headend_tables_pkg::drop_record_t  drop1_o,
  output logic                              rel1_valid_o,
  output logic [1:0]                        rel1_egress_o,
  output logic [7:0]                        rel1_beats_o,

  output logic [1:0]                        stage_in_o,
  output logic [1:0]                        stage_out_o,
  output logic [1:0]                        granted_o,      // a request was taken in this cycle, of which side

  input  wire                               tbl_req_i,
  input  wire                               tbl_we_i,
  input  wire  [7:0]                        tbl_sel_i,
  input  wire  [31:0]                       tbl_index_i,
  input  wire  [headend_tables_pkg::RecordBits-1:0] tbl_wdata_i,
  output logic                              tbl_ack_o,
  output logic [headend_tables_pkg::RecordBits-1:0] tbl_rdata_o,

  output logic                              evt_valid_o,
  input  wire                               evt_ready_i,
  output headend_tables_pkg::sa_event_t     evt_o
);

  logic [1:0]                        req_valid;
  logic [1:0]                        req_ready;
  logic [1:0][esp_out_pkg::ReqW-1:0] req;
  logic [1:0]                        res_valid;
  logic [1:0][esp_out_pkg::ResW-1:0] res;
  assign granted_o = req_valid & req_ready;

  esp_encap #(
    .IdStart(0),
    .IdStep (2)
  ) u_encap0 (
    .clk_i,
    .rst_ni,
    .s_valid_i   (s0_valid_i),
    .s_ready_o   (s0_ready_o),
    .s_beat_i    (s0_beat_i),
    .s_meta_i    (s0_meta_i),
    .m_valid_o   (m0_valid_o),
    .m_ready_i   (m0_ready_i),
    .m_beat_o    (m0_beat_o),
    .m_meta_o    (m0_meta_o),
    .m_ctx_o     (m0_ctx_o),
    .m_hdr_o     (m0_hdr_o),
    .req_valid_o (req_valid[0]),
    .req_ready_i (req_ready[0]),
    .req_o       (req[0]),
    .res_valid_i (res_valid[0]),
    .res_i       (res[0]),
    .drop_valid_o(drop0_valid_o),
    .drop_o      (drop0_o),
    .rel_valid_o (rel0_valid_o),
    .rel_egress_o(rel0_egress_o),
    .rel_beats_o (rel0_beats_o),
    .stage_in_o  (stage_in_o[0]),
    .stage_out_o (stage_out_o[0])
  );

  esp_encap #(
    .IdStart(1),
    .IdStep (2)
  ) u_encap1 (
    .clk_i,
    .rst_ni,
    .s_valid_i   (s1_valid_i),
    .s_ready_o   (s1_ready_o),
    .s_beat_i    (s1_beat_i),
    .s_meta_i    (s1_meta_i),
    .m_valid_o   (m1_valid_o),
    .m_ready_i   (m1_ready_i),
    .m_beat_o    (m1_beat_o),
    .m_meta_o    (m1_meta_o),
    .m_ctx_o     (m1_ctx_o),
    .m_hdr_o     (m1_hdr_o),
    .req_valid_o (req_valid[1]),
    .req_ready_i (req_ready[1]),
    .req_o       (req[1]),
    .res_valid_i (res_valid[1]),
    .res_i       (res[1]),
    .drop_valid_o(drop1_valid_o),
    .drop_o      (drop1_o),
    .rel_valid_o (rel1_valid_o),
    .rel_egress_o(rel1_egress_o),
    .rel_beats_o (rel1_beats_o),
    .stage_in_o  (stage_in_o[1]),
    .stage_out_o (stage_out_o[1])
  );

  sa_out_unit #(
    .NumPipes(2),
    .Depth   (Depth)
  ) u_unit (
    .clk_i,
    .rst_ni,
    .req_valid_i(req_valid),
    .req_ready_o(req_ready),
    .req_i      (req),
    .res_valid_o(res_valid),
    .res_o      (res),
    .tbl_req_i,
    .tbl_we_i,
    .tbl_sel_i,
    .tbl_index_i,
    .tbl_wdata_i,
    .tbl_ack_o,
    .tbl_rdata_o,
    .evt_valid_o,
    .evt_ready_i,
    .evt_o
  );

endmodule

`default_nettype wire
