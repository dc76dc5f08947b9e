// SPDX-License-Identifier: Apache-2.0
//
// Finds the inbound SA of an ESP packet and prepares decryption. Owns tables SaHash and SaIn; of SaIn it keeps
// everything but the selector, which selector_check keeps and adds to reads (same bus latency: one cycle).
// Secret fields read back as zero. Latency 6 cycles, one header per cycle. Comes right after `classify`.
//
// A packet is looked up when op is FORWARD, it starts with Ethernet, is no MPLS and parsed.is_esp is set.
//
//   no matching entry, SA index out of range, or record not valid:  esp_miss = 1, nothing else changes
//   hit: sa_in, sa_in_gen, spi, icv_len and seq are set; then the first line that applies:
//     less than 16 bytes of IP payload, ciphertext (payload - 16 - icv_len) below 4 bytes
//       or not a multiple of 4                                                 drop EspTooShort
//     sequence number 0, with ESN the inferred 64-bit one                      drop EspSeqZero
//     else op = DECRYPT, strip = l4_off + 16, len = ciphertext + ICV, ctx_o filled
//
// meta.len of a DECRYPT packet is the length that esp_strip leaves; the stream still has the whole frame.
//
// seq is the 64-bit number inferred from the highest authenticated one (seq_top) by RFC 4303 appendix A2, with
// the SA's replay window, or ReplayWindowMax when the SA has none; without ESN it is the 32-bit field.
// seq_top_rdata_i answers seq_top_raddr_o one cycle later.
//
// iv_i: the 8 bytes behind the ESP header, byte 0 in bits 7:0, with valid_i. ctx_o is all zero when op is not
// DECRYPT.

`default_nettype none

module sa_lookup (
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
    input  headend_tables_pkg::meta_t      meta_i,
    input  logic [63:0]                    iv_i,
    output logic                           valid_o,
    output headend_tables_pkg::meta_t      meta_o,
    output headend_tables_pkg::gcm_ctx_t   ctx_o
);

  localparam int unsigned MetaW = headend_tables_pkg::META_W;
  localparam int unsigned CoreW = headend_tables_pkg::SA_IN_W - headend_tables_pkg::SELECTOR_W;
  localparam int unsigned HashW = headend_tables_pkg::SA_HASH_W;
  localparam int unsigned AddrW = $clog2(headend_tables_pkg::SaDepth);

  function automatic logic [31:0] swap32(input logic [31:0] x);
    swap32 = {x[7:0], x[15:8], x[23:16], x[31:24]};
  endfunction

  // ------------------------------------------------------------------ cycles 0 to 2: hash, read, compare
  logic candidate, hit, hash_ack;
  logic [15:0] sa;
  logic [HashW-1:0] hash_rdata;
  assign candidate = valid_i && (meta_i.op == headend_tables_pkg::OP_FORWARD) && !meta_i.starts_l3
                     && !meta_i.parsed.is_mpls && meta_i.parsed.is_esp;

  sa_match u_match (
      .clk_i,
      .rst_ni,
      .tbl_req_i,
      .tbl_we_i,
      .tbl_sel_i,
      .tbl_index_i,
      .tbl_wdata_i,
      .tbl_ack_o  (hash_ack),
      .tbl_rdata_o(hash_rdata),
      .valid_i    (candidate),
      .fvrf_i     (meta_i.vrf),
      .spi_i      (meta_i.parsed.spi),
      .dst_i      (meta_i.parsed.dst),
      .hit_o      (hit),
      .sa_o       (sa)
  );

  // ------------------------------------------------------------------ cycle 3: read the record
  logic s3_hit, core_ack;
  logic [CoreW-1:0] core_rdata, core;
  assign s3_hit = hit && ({16'd0, sa} < headend_tables_pkg::SaDepth);
  assign seq_top_raddr_o = sa;

  table_ram #(
      .Table(headend_tables_pkg::TABLE_SA_IN),
      .Depth(headend_tables_pkg::SaDepth),
      .Width(CoreW)
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
      .re_i       (s3_hit),
      .raddr_i    (sa[AddrW-1:0]),
      .rdata_o    (core)
  );

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

  // ------------------------------------------------------------------ cycle 4: window arithmetic
  logic s4_hit_q, s4_live;
  logic [15:0] s4_sa_q;
  headend_tables_pkg::sa_in_t rec;
  assign rec = {{headend_tables_pkg::SELECTOR_W{1'b0}}, core};
  always_ff @(posedge clk_i) begin
    if (!rst_ni) s4_hit_q <= 1'b0;
    else s4_hit_q <= s3_hit;
    if (s3_hit) s4_sa_q <= sa;
  end
  assign s4_live = s4_hit_q && rec.valid;

  // RFC 4303 A2: W the window, T the highest number; bottom = Tl - W + 1 modulo 2^32. With Tl < W - 1
  // (case B) the window reaches into the previous subspace.
  logic [31:0] window, top_lo, top_hi;
  assign window = (rec.replay_window == 12'd0) ? headend_tables_pkg::ReplayWindowMax
                                               : {20'd0, rec.replay_window};
  assign {top_hi, top_lo} = seq_top_rdata_i;

  logic s5_hit_q;
  logic [15:0] s5_sa_q;
  logic [31:0] s5_bottom_q, s5_above_q, s5_below_q;
  headend_tables_pkg::sa_in_t s5_rec_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) s5_hit_q <= 1'b0;
    else s5_hit_q <= s4_live;
    if (s4_live) begin
      s5_sa_q     <= s4_sa_q;
      s5_rec_q    <= rec;
      s5_bottom_q <= top_lo - window + 32'd1;
      // high words for numbers at or above the bottom, and below it
      s5_above_q  <= (top_lo < window - 32'd1) ? top_hi - 32'd1 : top_hi;
      s5_below_q  <= (top_lo < window - 32'd1) ? top_hi : top_hi + 32'd1;
    end
  end

  // ------------------------------------------------------------------ cycle 5: decide
  logic s5_valid_q;
  headend_tables_pkg::meta_t s5_meta_q;
  logic [63:0] s5_iv_q;
  hdr_delay #(
      .Width (MetaW + 64),
      .Cycles(5)
  ) u_meta (
      .clk_i,
      .rst_ni,
      .valid_i,
      .d_i    ({meta_i, iv_i}),
      .valid_o(s5_valid_q),
      .q_o    ({s5_meta_q, s5_iv_q})
  );

  headend_tables_pkg::parsed_t p;
  logic [15:0] payload, sealed, icv_len;  // sealed: ciphertext and ICV
  logic [31:0] seq_hi;
  logic too_short, was_candidate;
  assign p = s5_meta_q.parsed;
  assign payload = p.ip_len - {8'd0, p.l4_off - p.l3_off};
  assign sealed = payload - 16'd16;
  assign icv_len = {11'd0, s5_rec_q.gcm.icv_len};
  assign too_short = (payload < 16'd16) || (sealed < icv_len + 16'd4)
                     || (sealed[1:0] != icv_len[1:0]);
  assign seq_hi = !s5_rec_q.esn ? 32'd0 : (p.seq >= s5_bottom_q) ? s5_above_q : s5_below_q;
  assign was_candidate = (s5_meta_q.op == headend_tables_pkg::OP_FORWARD) && !s5_meta_q.starts_l3
                         && !p.is_mpls && p.is_esp;

  headend_tables_pkg::meta_t meta_d;
  headend_tables_pkg::gcm_ctx_t ctx_d;
  always_comb begin
    meta_d = s5_meta_q;
    ctx_d  = '0;
    if (was_candidate && !s5_hit_q) meta_d.esp_miss = 1'b1;
    if (s5_hit_q) begin
      meta_d.sa_in = s5_sa_q;
      meta_d.sa_in_gen = s5_rec_q.gen;
      meta_d.spi = p.spi;
      meta_d.seq = {seq_hi, p.seq};
      meta_d.icv_len = s5_rec_q.gcm.icv_len;
      if (too_short) begin
        meta_d.op   = headend_tables_pkg::OP_DROP;
        meta_d.drop = headend_tables_pkg::DROP_REASON_ESP_TOO_SHORT;
      end else if ({seq_hi, p.seq} == 64'd0) begin
        meta_d.op   = headend_tables_pkg::OP_DROP;
        meta_d.drop = headend_tables_pkg::DROP_REASON_ESP_SEQ_ZERO;
      end else begin
        meta_d.op = headend_tables_pkg::OP_DECRYPT;
        meta_d.strip = p.l4_off + 8'd16;
        meta_d.len = sealed;
        ctx_d.crypt = 1'b1;
        ctx_d.gcm = s5_rec_q.gcm;
        ctx_d.iv = s5_iv_q;
        ctx_d.aad12 = s5_rec_q.esn;
        ctx_d.aad = s5_rec_q.esn ? {swap32(p.seq), swap32(seq_hi), swap32(p.spi)}
                                 : {32'd0, swap32(p.seq), swap32(p.spi)};
        ctx_d.len = sealed - icv_len;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_o <= 1'b0;
    else valid_o <= s5_valid_q;
    if (s5_valid_q) begin
      meta_o <= meta_d;
      ctx_o  <= ctx_d;
    end
  end

  logic unused_bits;
  assign unused_bits = ^{tbl_wdata_i, p, s5_rec_q, rec};

endmodule

`default_nettype wire
