// SPDX-License-Identifier: Apache-2.0
//
// Packets of all pipelines on their way to the host: a buffer per pipeline, whole packets out in turn. Of the
// metadata only what the host side looks at is kept; all other fields leave as zero.
//
// `free_o[p]`: free beats of buffer p, for the QoS scheduler of pipeline p. Byte 0 in bits 7:0.
//
// Latency: 3 cycles from the last beat in to the first beat out.

`default_nettype none

module host_merge #(
  parameter int unsigned NumPipes = headend_tables_pkg::NumPipes,
  parameter int unsigned Depth    = 256,
  localparam int unsigned BeatW = headend_tables_pkg::BEAT_W,
  localparam int unsigned MetaW = headend_tables_pkg::META_W
) (
  input  wire                             clk_i,
  input  wire                             rst_ni,

  input  wire  [NumPipes-1:0]             s_valid_i,
  output logic [NumPipes-1:0]             s_ready_o,
  input  wire  [NumPipes-1:0][BeatW-1:0]  s_beat_i,
  input  wire  [NumPipes-1:0][MetaW-1:0]  s_meta_i,
  output logic [NumPipes-1:0][15:0]       free_o,

  output logic                            m_valid_o,
  input  wire                             m_ready_i,
  output headend_tables_pkg::beat_t       m_beat_o,
  output headend_tables_pkg::meta_t       m_meta_o
);
  localparam int unsigned SideW = 1 + 1 + headend_tables_pkg::HOST_REASON_W + headend_tables_pkg::INGRESS_W + 12
                                + 16 + 16 + 64 + 32;

  logic [NumPipes-1:0][SideW-1:0] side;
  for (genvar p = 0; p < int'(NumPipes); p++) begin : gen_side
    wire headend_tables_pkg::meta_t meta = s_meta_i[p];
    assign side[p] = {meta.decrypted, meta.starts_l3, meta.host, meta.ingress, meta.vrf, meta.sa_in, meta.intf,
                      meta.cycle, meta.spi};
    logic unused;
    assign unused = ^meta;
  end

  logic                      valid;
  logic                      ready;
  headend_tables_pkg::beat_t beat;
  logic [SideW-1:0]          about;
  frame_merge #(
    .Sources  (NumPipes),
    .SideWidth(SideW),
    .Depth    (Depth)
  ) u_merge (
    .clk_i,
    .rst_ni,
    .s_valid_i,
    .s_ready_o,
    .s_beat_i,
    .s_side_i (side),
    .free_o,
    .m_valid_o(valid),
    .m_ready_i(ready),
    .m_beat_o (beat),
    .m_side_o (about)
  );

  logic [SideW-1:0] about_out;
  skid_buffer #(
    .Width(BeatW + SideW)
  ) u_out (
    .clk_i,
    .rst_ni,
    .s_valid_i(valid),
    .s_ready_o(ready),
    .s_data_i ({beat, about}),
    .m_valid_o,
    .m_ready_i,
    .m_data_o ({m_beat_o, about_out})
  );

  always_comb begin
    m_meta_o = '0;
    {m_meta_o.decrypted, m_meta_o.starts_l3, m_meta_o.host, m_meta_o.ingress, m_meta_o.vrf, m_meta_o.sa_in,
     m_meta_o.intf, m_meta_o.cycle, m_meta_o.spi} = about_out;
  end

endmodule

`default_nettype wire
