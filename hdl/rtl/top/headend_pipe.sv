// SPDX-License-Identifier: Apache-2.0
//
// The data path: ports and host streams in, one universal pipeline, ports and host stream out. Every packet
// takes this one way in order, encrypted or not, so order is kept by construction.
//
//   rx_port 0,1 --.
//   host (s_*) ---+-> ingress_arb -> segment 1 {outer_lookup} -> esp_strip -> gcm_engine (decrypt) -> esp_commit
//                                                                                  '---- tag ------------^
//     -> segment 2 {inner_lookup} -> rewrite -> qos -> esp_encap -> gcm_engine (encrypt) -> esp_finish
//                                                                        '---- tag -----------^
//     -> egress_demux -+-> tx_port 0,1
//                      '-> host (m_*)
//
// Metadata rides beside the beats through the engines as opaque side bits, the outer headers with it through
// the second one.
//
// Table bus: one request reaches every owner; each answers only for its tables. The answers are merged here
// in one register stage.
//
// Fence: fence_drain answers when what is in the lookup stages has left them.
//
// Latency: the sum of the parts, hdl/README.md has the table. Byte 0 of a packet in bits 7:0 of its first beat.

`default_nettype none

module headend_pipe (
  input  wire           clk_i,
  input  wire           rst_ni,

  input  wire           enable_i,
  input  wire  [63:0]   cycle_i,

  // Ports: AXI-Stream.
  input  wire  [1:0]          s_axis_tvalid,
  output logic [1:0]          s_axis_tready,
  input  wire  [1:0][511:0]   s_axis_tdata,
  input  wire  [1:0][63:0]    s_axis_tkeep,
  input  wire  [1:0]          s_axis_tlast,
  input  wire  [1:0]          s_axis_tuser,
  output logic [1:0]          m_axis_tvalid,
  input  wire  [1:0]          m_axis_tready,
  output logic [1:0][511:0]   m_axis_tdata,
  output logic [1:0][63:0]    m_axis_tkeep,
  output logic [1:0]          m_axis_tlast,

  // Host streams.
  input  wire           s_valid_i,
  output logic          s_ready_o,
  input  wire  headend_tables_pkg::beat_t s_beat_i,
  input  wire  headend_tables_pkg::meta_t s_meta_i,
  output logic          m_valid_o,
  input  wire           m_ready_i,
  output headend_tables_pkg::beat_t m_beat_o,
  output headend_tables_pkg::meta_t m_meta_o,
  input  wire  [15:0]   free_i,            // free beats of the host's buffer

  // Table bus.
  input  wire           tbl_req_i,
  input  wire           tbl_we_i,
  input  wire  [7:0]    tbl_sel_i,
  input  wire  [31:0]   tbl_index_i,
  input  wire  [headend_tables_pkg::RecordBits-1:0] tbl_wdata_i,
  output logic          tbl_ack_o,
  output logic [headend_tables_pkg::RecordBits-1:0] tbl_rdata_o,
  input  wire           fence_i,           // pulses
  output logic          fence_done_o,

  // What happened; stages in the order of the stage enum, without the host's two.
  output logic [6:0]       stage_in_o,
  output logic [6:0]       stage_out_o,
  output logic [1:0]       rx_frame_o,
  output logic [1:0][15:0] rx_bytes_o,
  output logic [1:0]       tx_frame_o,
  output logic [1:0][15:0] tx_bytes_o,
  output logic [6:0]       drop_valid_o,
  output headend_tables_pkg::drop_record_t drop_rx0_o,
  output headend_tables_pkg::drop_record_t drop_rx1_o,
  output headend_tables_pkg::drop_record_t drop_classify_o,
  output headend_tables_pkg::drop_record_t drop_commit_o,
  output headend_tables_pkg::drop_record_t drop_forward_o,
  output headend_tables_pkg::drop_record_t drop_qos_o,
  output headend_tables_pkg::drop_record_t drop_encap_o
);
  localparam int unsigned BeatW = headend_tables_pkg::BEAT_W;
  localparam int unsigned MetaW = headend_tables_pkg::META_W;
  localparam int unsigned CtxW  = headend_tables_pkg::GCM_CTX_W;
  localparam int unsigned HdrW  = headend_tables_pkg::OUTER_HDR_W;
  localparam int unsigned DropW = headend_tables_pkg::DROP_RECORD_W;

  localparam int unsigned AtClassify = 32'(headend_tables_pkg::STAGE_CLASSIFY);
  localparam int unsigned AtCommit   = 32'(headend_tables_pkg::STAGE_COMMIT);
  localparam int unsigned AtForward  = 32'(headend_tables_pkg::STAGE_FORWARD);
  localparam int unsigned AtQos      = 32'(headend_tables_pkg::STAGE_QOS);
  localparam int unsigned AtEncap    = 32'(headend_tables_pkg::STAGE_ENCAP);

  // ------------------------------------------------------------------------------------ ports in
  logic [2:0]            in_valid;
  logic [2:0]            in_ready;
  logic [2:0][BeatW-1:0] in_beat;
  logic [2:0][MetaW-1:0] in_meta;
  logic [1:0][DropW-1:0] rx_drop;

  for (genvar p = 0; p < 2; p++) begin : gen_rx
    rx_port #(
      .Port(p)
    ) u_rx_port (
      .clk_i,
      .rst_ni,
      .s_axis_tvalid(s_axis_tvalid[p]),
      .s_axis_tready(s_axis_tready[p]),
      .s_axis_tdata (s_axis_tdata[p]),
      .s_axis_tkeep (s_axis_tkeep[p]),
      .s_axis_tlast (s_axis_tlast[p]),
      .s_axis_tuser (s_axis_tuser[p]),
      .enable_i,
      .cycle_i,
      .m_valid_o    (in_valid[p]),
      .m_ready_i    (in_ready[p]),
      .m_beat_o     (in_beat[p]),
      .m_meta_o     (in_meta[p]),
      .rx_frame_o   (rx_frame_o[p]),
      .rx_bytes_o   (rx_bytes_o[p]),
      .stage_out_o  (stage_out_o[p]),
      .drop_valid_o (drop_valid_o[p]),
      .drop_o       (rx_drop[p])
    );
  end

  assign stage_in_o[1:0] = rx_frame_o;
  assign drop_rx0_o      = rx_drop[0];
  assign drop_rx1_o      = rx_drop[1];
  assign in_valid[2]     = s_valid_i;
  assign in_beat[2]      = s_beat_i;
  assign in_meta[2]      = s_meta_i;
  assign s_ready_o       = in_ready[2];

  logic                      arb_valid;
  logic                      arb_ready;
  headend_tables_pkg::beat_t arb_beat;
  headend_tables_pkg::meta_t arb_meta;

  ingress_arb u_ingress_arb (
    .clk_i,
    .rst_ni,
    .s_valid_i(in_valid),
    .s_ready_o(in_ready),
    .s_beat_i (in_beat),
    .s_meta_i (in_meta),
    .m_valid_o(arb_valid),
    .m_ready_i(arb_ready),
    .m_beat_o (arb_beat),
    .m_meta_o (arb_meta)
  );

  // ------------------------------------------------------------------------------------ segment 1: outer headers
  logic                           outer_hdr_valid;
  logic [1023:0]                  outer_hdr_window;
  headend_tables_pkg::meta_t      outer_hdr_meta;
  logic                           outer_res_valid;
  headend_tables_pkg::meta_t      outer_res_meta;
  headend_tables_pkg::gcm_ctx_t   outer_res_ctx;
  logic                           outer_ack;
  logic [headend_tables_pkg::RecordBits-1:0]                  outer_rdata;
  logic [15:0]                    seq_top_addr;
  logic [63:0]                    seq_top_data;

  logic                           seg1_valid;
  logic                           seg1_ready;
  headend_tables_pkg::beat_t      seg1_beat;
  headend_tables_pkg::meta_t      seg1_meta;
  headend_tables_pkg::gcm_ctx_t   seg1_ctx;

  segment #(
    .ExtraWidth(CtxW),
    .Stage     (headend_tables_pkg::STAGE_CLASSIFY)
  ) u_segment1 (
    .clk_i,
    .rst_ni,
    .s_valid_i   (arb_valid),
    .s_ready_o   (arb_ready),
    .s_beat_i    (arb_beat),
    .s_meta_i    (arb_meta),
    .hdr_valid_o (outer_hdr_valid),
    .hdr_window_o(outer_hdr_window),
    .hdr_meta_o  (outer_hdr_meta),
    .res_valid_i (outer_res_valid),
    .res_meta_i  (outer_res_meta),
    .res_extra_i (outer_res_ctx),
    .m_valid_o   (seg1_valid),
    .m_ready_i   (seg1_ready),
    .m_beat_o    (seg1_beat),
    .m_meta_o    (seg1_meta),
    .m_extra_o   (seg1_ctx),
    .drop_valid_o(drop_valid_o[AtClassify]),
    .drop_o      (drop_classify_o),
    .stage_in_o  (stage_in_o[AtClassify]),
    .stage_out_o (stage_out_o[AtClassify])
  );

  outer_lookup u_outer_lookup (
    .clk_i,
    .rst_ni,
    .tbl_req_i,
    .tbl_we_i,
    .tbl_sel_i,
    .tbl_index_i,
    .tbl_wdata_i,
    .tbl_ack_o      (outer_ack),
    .tbl_rdata_o    (outer_rdata),
    .seq_top_raddr_o(seq_top_addr),
    .seq_top_rdata_i(seq_top_data),
    .valid_i        (outer_hdr_valid),
    .window_i       (outer_hdr_window),
    .meta_i         (outer_hdr_meta),
    .valid_o        (outer_res_valid),
    .meta_o         (outer_res_meta),
    .ctx_o          (outer_res_ctx)
  );

  // ------------------------------------------------------------------------------------ decryption
  logic                         strip_valid;
  logic                         strip_ready;
  headend_tables_pkg::beat_t    strip_beat;
  headend_tables_pkg::meta_t    strip_meta;
  headend_tables_pkg::gcm_ctx_t strip_ctx;

  esp_strip u_esp_strip (
    .clk_i,
    .rst_ni,
    .s_valid_i(seg1_valid),
    .s_ready_o(seg1_ready),
    .s_beat_i (seg1_beat),
    .s_meta_i (seg1_meta),
    .s_ctx_i  (seg1_ctx),
    .m_valid_o(strip_valid),
    .m_ready_i(strip_ready),
    .m_beat_o (strip_beat),
    .m_meta_o (strip_meta),
    .m_ctx_o  (strip_ctx)
  );

  logic                      dec_valid;
  logic                      dec_ready;
  headend_tables_pkg::beat_t dec_beat;
  headend_tables_pkg::meta_t dec_meta;
  logic                      dec_tag_valid;
  logic                      dec_tag_ready;
  logic [127:0]              dec_tag;

  gcm_engine #(
    .Encrypt  (1'b0),
    .SideWidth(MetaW)
  ) u_decrypt (
    .clk_i,
    .rst_ni,
    .s_valid_i  (strip_valid),
    .s_ready_o  (strip_ready),
    .s_beat_i   (strip_beat),
    .s_side_i   (strip_meta),
    .s_ctx_i    (strip_ctx),
    .m_valid_o  (dec_valid),
    .m_ready_i  (dec_ready),
    .m_beat_o   (dec_beat),
    .m_side_o   (dec_meta),
    .tag_valid_o(dec_tag_valid),
    .tag_ready_i(dec_tag_ready),
    .tag_o      (dec_tag)
  );

  logic                      com_valid;
  logic                      com_ready;
  headend_tables_pkg::beat_t com_beat;
  headend_tables_pkg::meta_t com_meta;
  logic                      com_ack;
  logic [headend_tables_pkg::RecordBits-1:0]             com_rdata;

  esp_commit u_esp_commit (
    .clk_i,
    .rst_ni,
    .s_valid_i      (dec_valid),
    .s_ready_o      (dec_ready),
    .s_beat_i       (dec_beat),
    .s_meta_i       (dec_meta),
    .tag_valid_i    (dec_tag_valid),
    .tag_ready_o    (dec_tag_ready),
    .tag_i          (dec_tag),
    .m_valid_o      (com_valid),
    .m_ready_i      (com_ready),
    .m_beat_o       (com_beat),
    .m_meta_o       (com_meta),
    .tbl_req_i,
    .tbl_we_i,
    .tbl_sel_i,
    .tbl_index_i,
    .tbl_wdata_i,
    .tbl_ack_o      (com_ack),
    .tbl_rdata_o    (com_rdata),
    .seq_top_raddr_i(seq_top_addr),
    .seq_top_rdata_o(seq_top_data),
    .drop_valid_o   (drop_valid_o[AtCommit]),
    .drop_o         (drop_commit_o),
    .stage_in_o     (stage_in_o[AtCommit]),
    .stage_out_o    (stage_out_o[AtCommit])
  );

  // ------------------------------------------------------------------------------------ segment 2: inner headers
  logic                      inner_hdr_valid;
  logic [1023:0]             inner_hdr_window;
  headend_tables_pkg::meta_t inner_hdr_meta;
  logic                      inner_res_valid;
  headend_tables_pkg::meta_t inner_res_meta;
  logic                      inner_ack;
  logic [headend_tables_pkg::RecordBits-1:0]             inner_rdata;

  logic                      seg2_valid;
  logic                      seg2_ready;
  headend_tables_pkg::beat_t seg2_beat;
  headend_tables_pkg::meta_t seg2_meta;
  logic                      seg2_extra;
  logic                      unused_extra;
  assign unused_extra = seg2_extra;

  segment #(
    .ExtraWidth(1),
    .Stage     (headend_tables_pkg::STAGE_FORWARD)
  ) u_segment2 (
    .clk_i,
    .rst_ni,
    .s_valid_i   (com_valid),
    .s_ready_o   (com_ready),
    .s_beat_i    (com_beat),
    .s_meta_i    (com_meta),
    .hdr_valid_o (inner_hdr_valid),
    .hdr_window_o(inner_hdr_window),
    .hdr_meta_o  (inner_hdr_meta),
    .res_valid_i (inner_res_valid),
    .res_meta_i  (inner_res_meta),
    .res_extra_i (1'b0),
    .m_valid_o   (seg2_valid),
    .m_ready_i   (seg2_ready),
    .m_beat_o    (seg2_beat),
    .m_meta_o    (seg2_meta),
    .m_extra_o   (seg2_extra),
    .drop_valid_o(drop_valid_o[AtForward]),
    .drop_o      (drop_forward_o),
    .stage_in_o  (stage_in_o[AtForward]),
    .stage_out_o (stage_out_o[AtForward])
  );

  inner_lookup u_inner_lookup (
    .clk_i,
    .rst_ni,
    .tbl_req_i,
    .tbl_we_i,
    .tbl_sel_i,
    .tbl_index_i,
    .tbl_wdata_i,
    .tbl_ack_o  (inner_ack),
    .tbl_rdata_o(inner_rdata),
    .valid_i    (inner_hdr_valid),
    .window_i   (inner_hdr_window),
    .meta_i     (inner_hdr_meta),
    .valid_o    (inner_res_valid),
    .meta_o     (inner_res_meta)
  );

  // ------------------------------------------------------------------------------------ rewrite and queues
  logic                      rew_valid;
  logic                      rew_ready;
  headend_tables_pkg::beat_t rew_beat;
  headend_tables_pkg::meta_t rew_meta;

  rewrite u_rewrite (
    .clk_i,
    .rst_ni,
    .s_valid_i(seg2_valid),
    .s_ready_o(seg2_ready),
    .s_beat_i (seg2_beat),
    .s_meta_i (seg2_meta),
    .m_valid_o(rew_valid),
    .m_ready_i(rew_ready),
    .m_beat_o (rew_beat),
    .m_meta_o (rew_meta)
  );

  logic                      qos_valid;
  logic                      qos_ready;
  headend_tables_pkg::beat_t qos_beat;
  headend_tables_pkg::meta_t qos_meta;
  logic [2:0][15:0]          free;
  logic                      rel0_valid;
  logic [1:0]                rel0_egress;
  logic [7:0]                rel0_beats;
  logic                      rel1_valid;
  logic [1:0]                rel1_egress;
  logic [7:0]                rel1_beats;
  assign free[2] = free_i;

  qos u_qos (
    .clk_i,
    .rst_ni,
    .s_valid_i    (rew_valid),
    .s_ready_o    (rew_ready),
    .s_beat_i     (rew_beat),
    .s_meta_i     (rew_meta),
    .m_valid_o    (qos_valid),
    .m_ready_i    (qos_ready),
    .m_beat_o     (qos_beat),
    .m_meta_o     (qos_meta),
    .free_i       (free),
    .rel0_valid_i (rel0_valid),
    .rel0_egress_i(rel0_egress),
    .rel0_beats_i (rel0_beats),
    .rel1_valid_i (rel1_valid),
    .rel1_egress_i(rel1_egress),
    .rel1_beats_i (rel1_beats),
    .drop_valid_o (drop_valid_o[AtQos]),
    .drop_o       (drop_qos_o),
    .stage_in_o   (stage_in_o[AtQos]),
    .stage_out_o  (stage_out_o[AtQos])
  );

  // ------------------------------------------------------------------------------------ encryption
  logic                           enc_valid;
  logic                           enc_ready;
  headend_tables_pkg::beat_t      enc_beat;
  headend_tables_pkg::meta_t      enc_meta;
  headend_tables_pkg::gcm_ctx_t   enc_ctx;
  headend_tables_pkg::outer_hdr_t enc_hdr;
  logic                           enc_ack;
  logic [headend_tables_pkg::RecordBits-1:0]                  enc_rdata;

  esp_encap u_esp_encap (
    .clk_i,
    .rst_ni,
    .s_valid_i   (qos_valid),
    .s_ready_o   (qos_ready),
    .s_beat_i    (qos_beat),
    .s_meta_i    (qos_meta),
    .m_valid_o   (enc_valid),
    .m_ready_i   (enc_ready),
    .m_beat_o    (enc_beat),
    .m_meta_o    (enc_meta),
    .m_ctx_o     (enc_ctx),
    .m_hdr_o     (enc_hdr),
    .tbl_req_i,
    .tbl_we_i,
    .tbl_sel_i,
    .tbl_index_i,
    .tbl_wdata_i,
    .tbl_ack_o   (enc_ack),
    .tbl_rdata_o (enc_rdata),
    .drop_valid_o(drop_valid_o[AtEncap]),
    .drop_o      (drop_encap_o),
    .rel_valid_o (rel1_valid),
    .rel_egress_o(rel1_egress),
    .rel_beats_o (rel1_beats),
    .stage_in_o  (stage_in_o[AtEncap]),
    .stage_out_o (stage_out_o[AtEncap])
  );

  logic                           ct_valid;
  logic                           ct_ready;
  headend_tables_pkg::beat_t      ct_beat;
  headend_tables_pkg::meta_t      ct_meta;
  headend_tables_pkg::outer_hdr_t ct_hdr;
  logic                           ct_tag_valid;
  logic                           ct_tag_ready;
  logic [127:0]                   ct_tag;

  gcm_engine #(
    .Encrypt  (1'b1),
    .SideWidth(MetaW + HdrW)
  ) u_encrypt (
    .clk_i,
    .rst_ni,
    .s_valid_i  (enc_valid),
    .s_ready_o  (enc_ready),
    .s_beat_i   (enc_beat),
    .s_side_i   ({enc_hdr, enc_meta}),
    .s_ctx_i    (enc_ctx),
    .m_valid_o  (ct_valid),
    .m_ready_i  (ct_ready),
    .m_beat_o   (ct_beat),
    .m_side_o   ({ct_hdr, ct_meta}),
    .tag_valid_o(ct_tag_valid),
    .tag_ready_i(ct_tag_ready),
    .tag_o      (ct_tag)
  );

  logic                      fin_valid;
  logic                      fin_ready;
  headend_tables_pkg::beat_t fin_beat;
  headend_tables_pkg::meta_t fin_meta;

  esp_finish u_esp_finish (
    .clk_i,
    .rst_ni,
    .s_valid_i  (ct_valid),
    .s_ready_o  (ct_ready),
    .s_beat_i   (ct_beat),
    .s_meta_i   (ct_meta),
    .s_hdr_i    (ct_hdr),
    .tag_valid_i(ct_tag_valid),
    .tag_ready_o(ct_tag_ready),
    .tag_i      (ct_tag),
    .m_valid_o  (fin_valid),
    .m_ready_i  (fin_ready),
    .m_beat_o   (fin_beat),
    .m_meta_o   (fin_meta)
  );

  // ------------------------------------------------------------------------------------ ports out
  logic [2:0] out_valid;
  logic [2:0] out_ready;
  assign m_valid_o    = out_valid[2];
  assign out_ready[2] = m_ready_i;

  egress_demux u_egress_demux (
    .clk_i,
    .rst_ni,
    .s_valid_i   (fin_valid),
    .s_ready_o   (fin_ready),
    .s_beat_i    (fin_beat),
    .s_meta_i    (fin_meta),
    .m_valid_o   (out_valid),
    .m_ready_i   (out_ready),
    .m_beat_o,
    .m_meta_o,
    .rel_valid_o (rel0_valid),
    .rel_egress_o(rel0_egress),
    .rel_beats_o (rel0_beats)
  );

  for (genvar p = 0; p < 2; p++) begin : gen_tx
    tx_port u_tx_port (
      .clk_i,
      .rst_ni,
      .enable_i,
      .s_valid_i    (out_valid[p]),
      .s_ready_o    (out_ready[p]),
      .s_beat_i     (m_beat_o),
      .free_o       (free[p]),
      .m_axis_tvalid(m_axis_tvalid[p]),
      .m_axis_tready(m_axis_tready[p]),
      .m_axis_tdata (m_axis_tdata[p]),
      .m_axis_tkeep (m_axis_tkeep[p]),
      .m_axis_tlast (m_axis_tlast[p]),
      .tx_frame_o   (tx_frame_o[p]),
      .tx_bytes_o   (tx_bytes_o[p])
    );
  end

  // ------------------------------------------------------------------------------------ table bus
  logic any_ack;
  assign any_ack = outer_ack || com_ack || inner_ack || enc_ack;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      tbl_ack_o <= 1'b0;
    end else begin
      tbl_ack_o <= any_ack;
    end
  end

  // Owners that do not answer in this cycle drive zero; the selectors of SaIn come beside the outer answer.
  always_ff @(posedge clk_i) begin
    if (any_ack) begin
      tbl_rdata_o <= outer_rdata | com_rdata | inner_rdata | enc_rdata;
    end
  end

  // ------------------------------------------------------------------------------------ fence
  // The verdict stage takes a packet with its tag: exactly one for each, encrypted or not.
  fence_drain u_fence_drain (
    .clk_i,
    .rst_ni,
    .admitted_i       (stage_in_o[AtClassify]),
    .classified_i     (stage_out_o[AtClassify]),
    .classified_drop_i(drop_valid_o[AtClassify]),
    .judged_i         (dec_tag_valid && dec_tag_ready),
    .judged_drop_i    (drop_valid_o[AtCommit]),
    .forwarded_i      (stage_out_o[AtForward]),
    .forwarded_drop_i (drop_valid_o[AtForward]),
    .start_i          (fence_i),
    .done_o           (fence_done_o)
  );

endmodule

`default_nettype wire
