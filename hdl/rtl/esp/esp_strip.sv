// SPDX-License-Identifier: Apache-2.0
//
// Cuts a packet that will be decrypted down to ESP payload and ICV: removes the outer headers, ESP header
// and IV from its front (`meta.strip` bytes) and whatever follows the IP packet, so that `meta.len` bytes
// remain. All other packets pass unchanged. The GCM context travels beside the metadata.
//
// Byte 0 is in bits 7:0. One beat per cycle.
//
// Latency: 2 cycles (of stream_trim).

`default_nettype none

module esp_strip (
  input  wire                                clk_i,
  input  wire                                rst_ni,

  input  wire                                s_valid_i,
  output logic                               s_ready_o,
  input  wire  headend_tables_pkg::beat_t    s_beat_i,
  input  wire  headend_tables_pkg::meta_t    s_meta_i,
  input  wire  headend_tables_pkg::gcm_ctx_t s_ctx_i,

  output logic                               m_valid_o,
  input  wire                                m_ready_i,
  output headend_tables_pkg::beat_t          m_beat_o,
  output headend_tables_pkg::meta_t          m_meta_o,
  output headend_tables_pkg::gcm_ctx_t       m_ctx_o
);

  localparam int unsigned SideW = headend_tables_pkg::META_W + headend_tables_pkg::GCM_CTX_W;

  logic [7:0] del;
  assign del = (s_meta_i.op == headend_tables_pkg::OP_DECRYPT) ? s_meta_i.strip : 8'd0;

  stream_trim #(
    .SideWidth(SideW)
  ) u_trim (
    .clk_i,
    .rst_ni,
    .s_valid_i,
    .s_ready_o,
    .s_beat_i,
    .del_i (del),
    .len_i (s_meta_i.len),
    .side_i({s_meta_i, s_ctx_i}),
    .m_valid_o,
    .m_ready_i,
    .m_beat_o,
    .side_o({m_meta_o, m_ctx_o})
  );

endmodule

`default_nettype wire
