// SPDX-License-Identifier: Apache-2.0
//
// For tests: inbound ESP of two pipelines, with the ports of each lane by itself. `taken*_o`: a request of that lane is
// taken.

`default_nettype none

module esp_in_rig #(
    parameter int unsigned Depth = 64
) (
    input  wire                                             clk_i,
    input  wire                                             rst_ni,

    input  wire                                             s0_valid_i,
    output logic                                            s0_ready_o,
    input  wire  headend_tables_pkg::beat_t                 s0_beat_i,
    input  wire  headend_tables_pkg::meta_t                 s0_meta_i,
    input  wire                                             tag0_valid_i,
    output logic                                            tag0_ready_o,
    input  wire  [127:0]                                    tag0_i,
    output logic                                            m0_valid_o,
    input  wire                                             m0_ready_i,
    output headend_tables_pkg::beat_t                       m0_beat_o,
    output headend_tables_pkg::meta_t                       m0_meta_o,
    output logic                                            drop0_valid_o,
    output headend_tables_pkg::drop_record_t                drop0_o,
    output logic                                            judged0_o,
    output logic                                            judged_drop0_o,
    output logic                                            stage_in0_o,
    output logic                                            stage_out0_o,
    output logic                                            taken0_o,

    input  wire                                             s1_valid_i,
    output logic                                            s1_ready_o,
    input  wire  headend_tables_pkg::beat_t                 s1_beat_i,
    input  wire  headend_tables_pkg::meta_t                 s1_meta_i,
    input  wire                                             tag1_valid_i,
    output logic                                            tag1_ready_o,
    input  wire  [127:0]                                    tag1_i,
    output logic                                            m1_valid_o,
    input  wire                                             m1_ready_i,
    output headend_tables_pkg::beat_t                       m1_beat_o,
    output headend_tables_pkg::meta_t                       m1_meta_o,
    output logic                                            drop1_valid_o,
    output headend_tables_pkg::drop_record_t                drop1_o,
    output logic                                            judged1_o,
    output logic                                            judged_drop1_o,
    output logic                                            stage_in1_o,
    output logic                                            stage_out1_o,
    output logic                                            taken1_o,

    input  wire                                             tbl_req_i,
    input  wire                                             tbl_we_i,
    input  wire  [7:0]                                      tbl_sel_i,
    input  wire  [31:0]                                     tbl_index_i,
    input  wire  [headend_tables_pkg::RecordBits-1:0]       tbl_wdata_i,
    output logic                                            tbl_ack_o,
    output logic [headend_tables_pkg::RecordBits-1:0]       tbl_rdata_o,
    input  wire  [15:0]                                     seq_top_raddr_i,
    output logic [63:0]                                     seq_top0_rdata_o,
    output logic [63:0]                                     seq_top1_rdata_o,
    output logic                                            evt_valid_o,
    input  wire                                             evt_ready_i,
    output headend_tables_pkg::sa_event_t                   evt_o
);

  localparam int unsigned BeatW = headend_tables_pkg::BEAT_W;
  localparam int unsigned MetaW = headend_tables_pkg::META_W;
  localparam int unsigned DropW = headend_tables_pkg::DROP_RECORD_W;

  logic [1:0]                              m_valid, drop_valid, judged, judged_drop, stage_in, stage_out;
  logic [1:0]                              s_valid, s_ready, tag_valid, tag_ready, m_ready;
  logic [1:0][BeatW-1:0]                   s_beat, m_beat;
  logic [1:0][MetaW-1:0]                   s_meta, m_meta;
  logic [1:0][127:0]                       tag;
  logic [1:0][DropW-1:0]                   drop;
  logic [1:0]                              req_valid, req_ready, res_valid;
  logic [1:0][esp_in_pkg::ReqW-1:0]        req;
  logic [1:0][esp_in_pkg::ResW-1:0]        res;
  assign s_valid   = {s1_valid_i, s0_valid_i};
  assign s_beat    = {s1_beat_i, s0_beat_i};
  assign s_meta    = {s1_meta_i, s0_meta_i};
  assign tag_valid = {tag1_valid_i, tag0_valid_i};
  assign tag       = {tag1_i, tag0_i};
  assign m_ready   = {m1_ready_i, m0_ready_i};
  assign {s1_ready_o, s0_ready_o}         = s_ready;
  assign {tag1_ready_o, tag0_ready_o}     = tag_ready;
  assign {m1_valid_o, m0_valid_o}         = m_valid;
  assign {m1_beat_o, m0_beat_o}           = m_beat;
  assign {m1_meta_o, m0_meta_o}           = m_meta;
  assign {drop1_valid_o, drop0_valid_o}   = drop_valid;
  assign {drop1_o, drop0_o}               = drop;
  assign {judged1_o, judged0_o}           = judged;
  assign {judged_drop1_o, judged_drop0_o} = judged_drop;
  assign {stage_in1_o, stage_in0_o}       = stage_in;
  assign {stage_out1_o, stage_out0_o}     = stage_out;
  assign {taken1_o, taken0_o}             = req_valid & req_ready;

  for (genvar n = 0; n < 2; n++) begin : gen_lane
    logic                            c_valid, c_ready;
    headend_tables_pkg::beat_t       c_beat;
    headend_tables_pkg::meta_t       c_meta;
    logic [esp_in_pkg::RestoreW-1:0] c_restore;
    esp_commit u_commit (
      .clk_i, .rst_ni,
      .s_valid_i(s_valid[n]), .s_ready_o(s_ready[n]), .s_beat_i(s_beat[n]), .s_meta_i(s_meta[n]),
      .tag_valid_i(tag_valid[n]), .tag_ready_o(tag_ready[n]), .tag_i(tag[n]),
      .req_valid_o(req_valid[n]), .req_ready_i(req_ready[n]), .req_o(req[n]),
      .res_valid_i(res_valid[n]), .res_i(res[n]),
      .m_valid_o(c_valid), .m_ready_i(c_ready), .m_beat_o(c_beat), .m_meta_o(c_meta), .m_restore_o(c_restore),
      .drop_valid_o(drop_valid[n]), .drop_o(drop[n]), .judged_o(judged[n]), .judged_drop_o(judged_drop[n]),
      .stage_in_o(stage_in[n]), .stage_out_o(stage_out[n])
    );
    esp_restore u_restore (
      .clk_i, .rst_ni,
      .s_valid_i(c_valid), .s_ready_o(c_ready), .s_beat_i(c_beat), .s_meta_i(c_meta), .s_restore_i(c_restore),
      .m_valid_o(m_valid[n]), .m_ready_i(m_ready[n]), .m_beat_o(m_beat[n]), .m_meta_o(m_meta[n])
    );
  end

  sa_in_unit #(
    .NumPipes(2),
    .Depth   (Depth)
  ) u_sas (
    .clk_i, .rst_ni,
    .req_valid_i(req_valid), .req_ready_o(req_ready), .req_i(req), .res_valid_o(res_valid), .res_o(res),
    .tbl_req_i, .tbl_we_i, .tbl_sel_i, .tbl_index_i, .tbl_wdata_i, .tbl_ack_o, .tbl_rdata_o,
    .seq_top_raddr_i({seq_top_raddr_i, seq_top_raddr_i}),
    .seq_top_rdata_o({seq_top1_rdata_o, seq_top0_rdata_o}),
    .evt_valid_o, .evt_ready_i, .evt_o
  );

endmodule

`default_nettype wire
