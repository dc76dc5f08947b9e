// SPDX-License-Identifier: Apache-2.0
//
// One pipeline of the data path, without the tables: streams in, one universal way, a stream per egress out. Every
// packet takes this way in order, encrypted or not, so order is kept by construction.
//
//   s_* (ports, host) -> ingress_arb -> segment 1 -+-> esp_strip -> gcm_engine (decrypt) -> esp_commit -> esp_restore -.
//                                          ^ |     |                    '---- tag -----------^  ^ |                    |
//                                  outer_* | v     '-> express_lane                        in_* | v                    |
//                                                          |                                                           |
//     .----------------------------------------------------+-----------------------------------------------------------'
//     '-> segment 2 -> rewrite -> qos -> esp_encap -> gcm_engine (encrypt) -> esp_finish -> egress_demux -> m_*
//            ^ |                            ^ |              '---- tag ----------^
//    inner_* | v                      out_* | v
//
// express_lane lets packets that need no decryption pass by it while no packet is in it.
//
// What several pipelines share stands outside: header lookups (outer_*, inner_*: fixed latency, no waiting) and the
// state of the SAs (in_*, out_*: requests wait their turn, answers come in order).
//
// Metadata rides beside the beats through the engines as opaque side bits, the outer headers with it through
// the second one.
//
// Fence: fence_drain answers when what is in the lookup stages has left them.
//
// Counting pulses and drops: classify, commit, forward, qos, encap, in this order from bit 0.
//
// Latency: the sum of the parts, hdl/README.md has the table. Byte 0 of a packet in bits 7:0 of its first beat.

`default_nettype none

module headend_pipe #(
  parameter int unsigned Sources = headend_tables_pkg::NumPorts + 1,
  parameter int unsigned IdStart = 0,    // IPv4 identification: no two pipelines give out the same
  parameter int unsigned IdStep  = 1,
  localparam int unsigned BeatW  = headend_tables_pkg::BEAT_W,
  localparam int unsigned MetaW  = headend_tables_pkg::META_W,
  localparam int unsigned DropW  = headend_tables_pkg::DROP_RECORD_W,
  localparam int unsigned Stages = 5
) (
  input  wire           clk_i,
  input  wire           rst_ni,

  // Packets in, and out: ports 0 and 1, host; beat and meta are shared by the outputs.
  input  wire  [Sources-1:0]            s_valid_i,
  output logic [Sources-1:0]            s_ready_o,
  input  wire  [Sources-1:0][BeatW-1:0] s_beat_i,
  input  wire  [Sources-1:0][MetaW-1:0] s_meta_i,
  output logic [2:0]                    m_valid_o,
  input  wire  [2:0]                    m_ready_i,
  output headend_tables_pkg::beat_t     m_beat_o,
  output headend_tables_pkg::meta_t     m_meta_o,
  input  wire  [2:0][15:0]              free_i,           // free beats of the buffers behind the outputs

  // Lookup of outer headers.
  input  wire                               outer_hold_i,
  output logic                              outer_valid_o,
  output logic [1023:0]                     outer_window_o,
  output headend_tables_pkg::meta_t         outer_meta_o,
  input  wire                               outer_valid_i,
  input  wire  headend_tables_pkg::meta_t    outer_meta_i,
  input  wire  headend_tables_pkg::gcm_ctx_t outer_ctx_i,

  // Lookup of inner headers.
  input  wire                               inner_hold_i,
  output logic                              inner_valid_o,
  output logic [1023:0]                     inner_window_o,
  output headend_tables_pkg::meta_t         inner_meta_o,
  input  wire                               inner_valid_i,
  input  wire  headend_tables_pkg::meta_t    inner_meta_i,

  // State of inbound and outbound SAs.
  output logic                              in_req_valid_o,
  input  wire                               in_req_ready_i,
  output logic [esp_in_pkg::ReqW-1:0]       in_req_o,
  input  wire                               in_res_valid_i,
  input  wire  [esp_in_pkg::ResW-1:0]       in_res_i,
  output logic                              out_req_valid_o,
  input  wire                               out_req_ready_i,
  output logic [esp_out_pkg::ReqW-1:0]      out_req_o,
  input  wire                               out_res_valid_i,
  input  wire  [esp_out_pkg::ResW-1:0]      out_res_i,

  input  wire                               fence_i,      // pulses
  output logic                              fence_done_o,

  output logic [Stages-1:0]                 stage_in_o,
  output logic [Stages-1:0]                 stage_out_o,
  output logic [Stages-1:0]                 drop_valid_o,
  output logic [Stages-1:0][DropW-1:0]      drop_o
);
  localparam int unsigned CtxW = headend_tables_pkg::GCM_CTX_W;
  localparam int unsigned HdrW = headend_tables_pkg::OUTER_HDR_W;

  localparam int unsigned AtClassify = 0;
  localparam int unsigned AtCommit   = 1;
  localparam int unsigned AtForward  = 2;
  localparam int unsigned AtQos      = 3;
  localparam int unsigned AtEncap    = 4;

  // ------------------------------------------------------------------------------------ segment 1: outer headers
  logic                         arb_valid;
  logic                         arb_ready;
  headend_tables_pkg::beat_t    arb_beat;
  headend_tables_pkg::meta_t    arb_meta;
  logic                         seg1_valid;
  logic                         seg1_ready;
  headend_tables_pkg::beat_t    seg1_beat;
  headend_tables_pkg::meta_t    seg1_meta;
  headend_tables_pkg::gcm_ctx_t seg1_ctx;

  ingress_arb #(
    .Sources(Sources)
  ) u_ingress_arb (
    .clk_i,
    .rst_ni,
    .s_valid_i,
    .s_ready_o,
    .s_beat_i,
    .s_meta_i,
    .m_valid_o(arb_valid),
    .m_ready_i(arb_ready),
    .m_beat_o (arb_beat),
    .m_meta_o (arb_meta)
  );

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
    .hold_i      (outer_hold_i),
    .hdr_valid_o (outer_valid_o),
    .hdr_window_o(outer_window_o),
    .hdr_meta_o  (outer_meta_o),
    .res_valid_i (outer_valid_i),
    .res_meta_i  (outer_meta_i),
    .res_extra_i (outer_ctx_i),
    .m_valid_o   (seg1_valid),
    .m_ready_i   (seg1_ready),
    .m_beat_o    (seg1_beat),
    .m_meta_o    (seg1_meta),
    .m_extra_o   (seg1_ctx),
    .drop_valid_o(drop_valid_o[AtClassify]),
    .drop_o      (drop_o[AtClassify]),
    .stage_in_o  (stage_in_o[AtClassify]),
    .stage_out_o (stage_out_o[AtClassify])
  );

  // ------------------------------------------------------------------------------------ decryption
  logic                         long_valid;
  logic                         long_ready;
  logic                         strip_valid;
  logic                         strip_ready;
  headend_tables_pkg::beat_t    strip_beat;
  headend_tables_pkg::meta_t    strip_meta;
  headend_tables_pkg::gcm_ctx_t strip_ctx;

  esp_strip u_esp_strip (
    .clk_i,
    .rst_ni,
    .s_valid_i(long_valid),
    .s_ready_o(long_ready),
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

  logic                            com_valid;
  logic                            com_ready;
  headend_tables_pkg::beat_t       com_beat;
  headend_tables_pkg::meta_t       com_meta;
  logic [esp_in_pkg::RestoreW-1:0] com_restore;
  logic                      commit_in;
  logic                      commit_out;
  logic                      judged;
  logic                      judged_drop;

  esp_commit u_esp_commit (
    .clk_i,
    .rst_ni,
    .s_valid_i    (dec_valid),
    .s_ready_o    (dec_ready),
    .s_beat_i     (dec_beat),
    .s_meta_i     (dec_meta),
    .tag_valid_i  (dec_tag_valid),
    .tag_ready_o  (dec_tag_ready),
    .tag_i        (dec_tag),
    .req_valid_o  (in_req_valid_o),
    .req_ready_i  (in_req_ready_i),
    .req_o        (in_req_o),
    .res_valid_i  (in_res_valid_i),
    .res_i        (in_res_i),
    .m_valid_o    (com_valid),
    .m_ready_i    (com_ready),
    .m_beat_o     (com_beat),
    .m_meta_o     (com_meta),
    .m_restore_o  (com_restore),
    .judged_o     (judged),
    .judged_drop_o(judged_drop),
    .drop_valid_o (drop_valid_o[AtCommit]),
    .drop_o       (drop_o[AtCommit]),
    .stage_in_o   (commit_in),
    .stage_out_o  (commit_out)
  );

  logic                      res_valid;
  logic                      res_ready;
  headend_tables_pkg::beat_t res_beat;
  headend_tables_pkg::meta_t res_meta;

  esp_restore u_esp_restore (
    .clk_i,
    .rst_ni,
    .s_valid_i  (com_valid),
    .s_ready_o  (com_ready),
    .s_beat_i   (com_beat),
    .s_meta_i   (com_meta),
    .s_restore_i(com_restore),
    .m_valid_o  (res_valid),
    .m_ready_i  (res_ready),
    .m_beat_o   (res_beat),
    .m_meta_o   (res_meta)
  );

  logic                      lane_valid;
  logic                      lane_ready;
  headend_tables_pkg::beat_t lane_beat;
  headend_tables_pkg::meta_t lane_meta;
  logic                      passed_in;
  logic                      passed_out;

  express_lane u_express_lane (
    .clk_i,
    .rst_ni,
    .s_valid_i   (seg1_valid),
    .s_ready_o   (seg1_ready),
    .s_beat_i    (seg1_beat),
    .s_meta_i    (seg1_meta),
    .l_valid_o   (long_valid),
    .l_ready_i   (long_ready),
    .refused_i   (judged && judged_drop),
    .b_valid_i   (res_valid),
    .b_ready_o   (res_ready),
    .b_beat_i    (res_beat),
    .b_meta_i    (res_meta),
    .m_valid_o   (lane_valid),
    .m_ready_i   (lane_ready),
    .m_beat_o    (lane_beat),
    .m_meta_o    (lane_meta),
    .passed_in_o (passed_in),
    .passed_out_o(passed_out)
  );

  // Packets that pass by count as the stage's too; the pulses never meet.
  assign stage_in_o[AtCommit]  = commit_in || passed_in;
  assign stage_out_o[AtCommit] = commit_out || passed_out;

  // ------------------------------------------------------------------------------------ segment 2: inner headers
  logic                      seg2_valid;
  logic                      seg2_ready;
  headend_tables_pkg::beat_t seg2_beat;
  headend_tables_pkg::meta_t seg2_meta;
  logic                      unused_extra;

  segment #(
    .ExtraWidth(1),
    .Stage     (headend_tables_pkg::STAGE_FORWARD)
  ) u_segment2 (
    .clk_i,
    .rst_ni,
    .s_valid_i   (lane_valid),
    .s_ready_o   (lane_ready),
    .s_beat_i    (lane_beat),
    .s_meta_i    (lane_meta),
    .hold_i      (inner_hold_i),
    .hdr_valid_o (inner_valid_o),
    .hdr_window_o(inner_window_o),
    .hdr_meta_o  (inner_meta_o),
    .res_valid_i (inner_valid_i),
    .res_meta_i  (inner_meta_i),
    .res_extra_i (1'b0),
    .m_valid_o   (seg2_valid),
    .m_ready_i   (seg2_ready),
    .m_beat_o    (seg2_beat),
    .m_meta_o    (seg2_meta),
    .m_extra_o   (unused_extra),
    .drop_valid_o(drop_valid_o[AtForward]),
    .drop_o      (drop_o[AtForward]),
    .stage_in_o  (stage_in_o[AtForward]),
    .stage_out_o (stage_out_o[AtForward])
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
  logic                      rel0_valid;
  logic [1:0]                rel0_egress;
  logic [7:0]                rel0_beats;
  logic                      rel1_valid;
  logic [1:0]                rel1_egress;
  logic [7:0]                rel1_beats;

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
    .free_i,
    .rel0_valid_i (rel0_valid),
    .rel0_egress_i(rel0_egress),
    .rel0_beats_i (rel0_beats),
    .rel1_valid_i (rel1_valid),
    .rel1_egress_i(rel1_egress),
    .rel1_beats_i (rel1_beats),
    .drop_valid_o (drop_valid_o[AtQos]),
    .drop_o       (drop_o[AtQos]),
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

  esp_encap #(
    .IdStart(IdStart),
    .IdStep (IdStep)
  ) u_esp_encap (
    .clk_i,
    .rst_ni,
    .s_valid_i   (qos_valid),
    .s_ready_o   (qos_ready),
    .s_beat_i    (qos_beat),
    .s_meta_i    (qos_meta),
    .req_valid_o (out_req_valid_o),
    .req_ready_i (out_req_ready_i),
    .req_o       (out_req_o),
    .res_valid_i (out_res_valid_i),
    .res_i       (out_res_i),
    .m_valid_o   (enc_valid),
    .m_ready_i   (enc_ready),
    .m_beat_o    (enc_beat),
    .m_meta_o    (enc_meta),
    .m_ctx_o     (enc_ctx),
    .m_hdr_o     (enc_hdr),
    .drop_valid_o(drop_valid_o[AtEncap]),
    .drop_o      (drop_o[AtEncap]),
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

  egress_demux u_egress_demux (
    .clk_i,
    .rst_ni,
    .s_valid_i   (fin_valid),
    .s_ready_o   (fin_ready),
    .s_beat_i    (fin_beat),
    .s_meta_i    (fin_meta),
    .m_valid_o,
    .m_ready_i,
    .m_beat_o,
    .m_meta_o,
    .rel_valid_o (rel0_valid),
    .rel_egress_o(rel0_egress),
    .rel_beats_o (rel0_beats)
  );

  // ------------------------------------------------------------------------------------ fence
  fence_drain u_fence_drain (
    .clk_i,
    .rst_ni,
    .admitted_i       (stage_in_o[AtClassify]),
    .classified_i     (stage_out_o[AtClassify]),
    .classified_drop_i(drop_valid_o[AtClassify]),
    .judged_i         (judged || passed_in),
    .judged_drop_i    (judged_drop),
    .forwarded_i      (stage_out_o[AtForward]),
    .forwarded_drop_i (drop_valid_o[AtForward]),
    .start_i          (fence_i),
    .done_o           (fence_done_o)
  );

endmodule

`default_nettype wire
