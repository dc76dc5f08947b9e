// SPDX-License-Identifier: Apache-2.0
//
// Completes an encrypted packet: appends the ICV (the first `icv_len` bytes of the engine's tag) and puts
// the outer headers in front. Every packet brings one tag and one `outer_hdr`; a packet that was not
// encrypted has both lengths 0 and passes unchanged. `meta.len` leaves as the length of the result.
//
// The tag comes after the packet's last beat. Beats wait in a FIFO, so that the engine can go on with the
// next packet meanwhile; only the last beat of a packet waits for its tag. Depth must cover the engine's
// latency from last beat to tag for full throughput.
//
// Byte 0 is in bits 7:0. One output beat per cycle.
//
// Latency: 4 cycles; the last beat waits for its tag.

`default_nettype none

module esp_finish #(
  parameter int unsigned Depth = 64
) (
  input  wire                                  clk_i,
  input  wire                                  rst_ni,

  input  wire                                  s_valid_i,
  output logic                                 s_ready_o,
  input  wire  headend_tables_pkg::beat_t      s_beat_i,
  input  wire  headend_tables_pkg::meta_t      s_meta_i,
  input  wire  headend_tables_pkg::outer_hdr_t s_hdr_i,

  input  wire                                  tag_valid_i,
  output logic                                 tag_ready_o,
  input  wire  [127:0]                         tag_i,

  output logic                                 m_valid_o,
  input  wire                                  m_ready_i,
  output headend_tables_pkg::beat_t            m_beat_o,
  output headend_tables_pkg::meta_t            m_meta_o
);

  localparam int unsigned BeatW = headend_tables_pkg::BEAT_W;
  localparam int unsigned MetaW = headend_tables_pkg::META_W;
  localparam int unsigned HdrW  = headend_tables_pkg::OUTER_HDR_W;
  localparam int unsigned CntW  = $clog2(Depth + 1);
  localparam int unsigned HdrBytes = 96;

  // ------------------------------------------------------------------------------ FIFOs
  logic                           beat_ready;
  logic                           side_ready;
  logic                           push;
  logic                           beat_valid;
  logic                           side_valid;
  logic                           valid;
  logic                           take;
  headend_tables_pkg::beat_t      beat;
  headend_tables_pkg::meta_t      meta;
  headend_tables_pkg::outer_hdr_t hdr;
  logic [CntW-1:0]                unused_beat_count;
  logic [CntW-1:0]                unused_side_count;

  assign s_ready_o = beat_ready && side_ready;
  assign push      = s_valid_i && s_ready_o;

  fifo_sync #(
    .Width(BeatW),
    .Depth(Depth)
  ) u_beats (
    .clk_i,
    .rst_ni,
    .s_valid_i(push),
    .s_ready_o(beat_ready),
    .s_data_i (s_beat_i),
    .m_valid_o(beat_valid),
    .m_ready_i(take),
    .m_data_o (beat),
    .count_o  (unused_beat_count)
  );

  fifo_sync #(
    .Width(MetaW + HdrW),
    .Depth(Depth)
  ) u_sides (
    .clk_i,
    .rst_ni,
    .s_valid_i(push && s_beat_i.sop),
    .s_ready_o(side_ready),
    .s_data_i ({s_meta_i, s_hdr_i}),
    .m_valid_o(side_valid),
    .m_ready_i(take && beat.eop),
    .m_data_o ({meta, hdr}),
    .count_o  (unused_side_count)
  );

  // ------------------------------------------------------------------------------ append the ICV
  headend_tables_pkg::meta_t meta_out;
  always_comb begin
    meta_out     = meta;
    meta_out.len = meta.len + 16'(hdr.icv_len) + 16'(hdr.len);
  end

  logic app_ready;
  assign valid       = beat_valid && side_valid && (!beat.eop || tag_valid_i);
  assign take        = valid && app_ready;
  assign tag_ready_o = take && beat.eop;

  logic                           app_valid;
  logic                           pre_ready;
  headend_tables_pkg::beat_t      app_beat;
  headend_tables_pkg::meta_t      app_meta;
  headend_tables_pkg::outer_hdr_t app_hdr;

  stream_append #(
    .MaxBytes (16),
    .SideWidth(MetaW + HdrW)
  ) u_append (
    .clk_i,
    .rst_ni,
    .s_valid_i (valid),
    .s_ready_o (app_ready),
    .s_beat_i  (beat),
    .app_len_i (hdr.icv_len),
    .app_data_i(tag_i),
    .side_i    ({meta_out, hdr}),
    .m_valid_o (app_valid),
    .m_ready_i (pre_ready),
    .m_beat_o  (app_beat),
    .side_o    ({app_meta, app_hdr})
  );

  // ------------------------------------------------------------------------------ prepend the headers
  stream_prepend #(
    .MaxBytes (HdrBytes),
    .SideWidth(MetaW)
  ) u_prepend (
    .clk_i,
    .rst_ni,
    .s_valid_i (app_valid),
    .s_ready_o (pre_ready),
    .s_beat_i  (app_beat),
    .ins_len_i (app_hdr.len[6:0]),
    .ins_data_i(app_hdr.data),
    .side_i    (app_meta),
    .m_valid_o,
    .m_ready_i,
    .m_beat_o,
    .side_o    (m_meta_o)
  );

  logic unused;
  assign unused = ^{app_hdr.icv_len, app_hdr.len[7]};

endmodule

`default_nettype wire
