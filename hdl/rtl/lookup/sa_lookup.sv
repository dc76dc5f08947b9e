// SPDX-License-Identifier: Apache-2.0
//
// Finds the inbound SA of ESP packets and prepares decryption, by the rules of sa_lookup_lane. Owns tables SaHash and
// SaIn; of SaIn it keeps everything but the selector, which selector_check keeps: a request for SaIn is done when
// both have acknowledged it, and a read gives the OR of both. Secret fields read back as zero.
// Latency 6 cycles, one header per cycle and pipeline. Comes right after `classify`.

`default_nettype none

module sa_lookup #(
    parameter int unsigned NumPipes = 1
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

    output logic [NumPipes-1:0][15:0]                              seq_top_raddr_o,
    input  logic [NumPipes-1:0][63:0]                              seq_top_rdata_i,

    input  logic [NumPipes-1:0]                                    valid_i,
    input  logic [NumPipes-1:0][headend_tables_pkg::META_W-1:0]    meta_i,
    input  logic [NumPipes-1:0][63:0]                              iv_i,
    output logic [NumPipes-1:0]                                    valid_o,
    output logic [NumPipes-1:0][headend_tables_pkg::META_W-1:0]    meta_o,
    output logic [NumPipes-1:0][headend_tables_pkg::GCM_CTX_W-1:0] ctx_o
);

  localparam int unsigned CoreW = headend_tables_pkg::SA_IN_W - headend_tables_pkg::SELECTOR_W;
  localparam int unsigned HashW = headend_tables_pkg::SA_HASH_W;
  localparam int unsigned AddrW = $clog2(headend_tables_pkg::SaDepth);

  // ------------------------------------------------------------------ lanes
  logic [NumPipes-1:0] key_valid, key_ipv6, hit, core_re;
  logic [NumPipes-1:0][11:0] key_fvrf;
  logic [NumPipes-1:0][31:0] key_spi;
  logic [NumPipes-1:0][127:0] key_dst;
  logic [NumPipes-1:0][15:0] sa;
  logic [NumPipes-1:0][AddrW-1:0] core_raddr;
  logic [NumPipes-1:0][CoreW-1:0] core;

  for (genvar p = 0; p < NumPipes; p++) begin : gen_lane
    sa_lookup_lane u_lane (
        .clk_i,
        .rst_ni,
        .key_valid_o    (key_valid[p]),
        .key_ipv6_o     (key_ipv6[p]),
        .key_fvrf_o     (key_fvrf[p]),
        .key_spi_o      (key_spi[p]),
        .key_dst_o      (key_dst[p]),
        .hit_i          (hit[p]),
        .sa_i           (sa[p]),
        .core_re_o      (core_re[p]),
        .core_raddr_o   (core_raddr[p]),
        .core_i         (core[p]),
        .seq_top_raddr_o(seq_top_raddr_o[p]),
        .seq_top_rdata_i(seq_top_rdata_i[p]),
        .valid_i        (valid_i[p]),
        .meta_i         (meta_i[p]),
        .iv_i           (iv_i[p]),
        .valid_o        (valid_o[p]),
        .meta_o         (meta_o[p]),
        .ctx_o          (ctx_o[p])
    );
  end

  // ------------------------------------------------------------------ tables
  logic hash_ack, core_ack;
  logic [HashW-1:0] hash_rdata;
  logic [CoreW-1:0] core_rdata;

  sa_match #(
      .NumPipes(NumPipes)
  ) u_match (
      .clk_i,
      .rst_ni,
      .tbl_req_i,
      .tbl_we_i,
      .tbl_sel_i,
      .tbl_index_i,
      .tbl_wdata_i(tbl_wdata_i[HashW-1:0]),
      .tbl_ack_o  (hash_ack),
      .tbl_rdata_o(hash_rdata),
      .valid_i    (key_valid),
      .ipv6_i     (key_ipv6),
      .fvrf_i     (key_fvrf),
      .spi_i      (key_spi),
      .dst_i      (key_dst),
      .hit_o      (hit),
      .sa_o       (sa)
  );

  table_ram #(
      .NumPipes(NumPipes),
      .Table   (headend_tables_pkg::TABLE_SA_IN),
      .Depth   (headend_tables_pkg::SaDepth),
      .Width   (CoreW)
  ) u_sa_in (
      .clk_i,
      .rst_ni,
      .tbl_req_i,
      .tbl_we_i,
      .tbl_sel_i,
      .tbl_index_i,
      .tbl_wdata_i(tbl_wdata_i[CoreW-1:0]),
      .tbl_ack_o  (core_ack),
      .tbl_rdata_o(core_rdata),
      .re_i       (core_re),
      .raddr_i    (core_raddr),
      .rdata_o    (core)
  );

  // ------------------------------------------------------------------ answer
  headend_tables_pkg::sa_in_t bus_rec;
  always_comb begin
    bus_rec = {{headend_tables_pkg::SELECTOR_W{1'b0}}, core_rdata};
    bus_rec.gcm.key = '0;
    bus_rec.gcm.salt = '0;
    bus_rec.gcm.h1 = '0;
    bus_rec.gcm.h2 = '0;
    bus_rec.gcm.h3 = '0;
    bus_rec.gcm.h4 = '0;
    bus_rec.gcm.hfb = '0;
  end
  assign tbl_ack_o   = hash_ack || core_ack;
  assign tbl_rdata_o = {{(headend_tables_pkg::RecordBits - headend_tables_pkg::SA_IN_W) {1'b0}}, bus_rec}
                       | {{(headend_tables_pkg::RecordBits - HashW) {1'b0}}, hash_rdata};

  logic unused_bits;
  assign unused_bits = ^tbl_wdata_i[headend_tables_pkg::RecordBits-1:CoreW];

endmodule

`default_nettype wire
