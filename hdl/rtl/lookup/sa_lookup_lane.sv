// SPDX-License-Identifier: Apache-2.0
//
// Finds the inbound SA of an ESP packet and prepares decryption, for one pipeline. Latency 6 cycles, one header per
// cycle. key_*: the key to match in cycle 0, hit_i and sa_i three cycles later; core_*: read port of SaIn without
// selectors, one cycle.
//
// A packet is looked up when op is FORWARD, it starts with Ethernet, is no MPLS and parsed.is_esp is set.
//
//   no matching entry, SA index out of range, or record not valid:  esp_miss = 1, nothing else changes
//   hit: sa_in, sa_in_gen, spi, icv_len and seq are set; then the first line that applies:
//     ESP in UDP and the SA without udp, or the other way round                drop EspEncap
//     less than 16 bytes from the ESP header on, ciphertext (those - 16 - icv_len) below 4 bytes
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

module sa_lookup_lane #(
    localparam int unsigned CoreW = headend_tables_pkg::SA_IN_W - headend_tables_pkg::SELECTOR_W,
    localparam int unsigned AddrW = $clog2(headend_tables_pkg::SaDepth)
) (
    input  logic                           clk_i,
    input  logic                           rst_ni,

    output logic                           key_valid_o,
    output logic                           key_ipv6_o,
    output logic [11:0]                    key_fvrf_o,
    output logic [31:0]                    key_spi_o,
    output logic [127:0]                   key_dst_o,
    input  logic                           hit_i,
    input  logic [15:0]                    sa_i,
    output logic                           core_re_o,
    output logic [AddrW-1:0]               core_raddr_o,
    input  logic [CoreW-1:0]               core_i,
    output logic [15:0]                    seq_top_raddr_o,
    input  logic [63:0]                    seq_top_rdata_i,

    input  logic                           valid_i,
    input  headend_tables_pkg::meta_t      meta_i,
    input  logic [63:0]                    iv_i,
    output logic                           valid_o,
    output headend_tables_pkg::meta_t      meta_o,
    output headend_tables_pkg::gcm_ctx_t   ctx_o
);

  function automatic logic [31:0] swap32(input logic [31:0] x);
    swap32 = {x[7:0], x[15:8], x[23:16], x[31:24]};
  endfunction

  // ------------------------------------------------------------------ cycle 0: key, and what the length allows
  headend_tables_pkg::parsed_t in_p;
  logic candidate, no_iv;
  logic [15:0] sealed;  // ciphertext and ICV
  assign in_p = meta_i.parsed;
  assign candidate = (meta_i.op == headend_tables_pkg::OP_FORWARD) && !meta_i.starts_l3
                     && !in_p.is_mpls && in_p.is_esp;
  assign key_valid_o = valid_i && candidate;
  assign key_ipv6_o = in_p.is_ipv6;
  assign key_fvrf_o = meta_i.vrf;
  assign key_spi_o = in_p.spi;
  assign key_dst_o = in_p.dst;
  assign {no_iv, sealed} = {1'b0, in_p.ip_len} - {9'd0, in_p.l4_off - in_p.l3_off + 8'd16};

  logic s5_valid_q, s5_candidate, s5_no_iv;
  logic [15:0] s5_sealed;
  headend_tables_pkg::meta_t s5_meta_q;
  logic [63:0] s5_iv_q;
  hdr_delay #(
      .Width (headend_tables_pkg::META_W + 82),
      .Cycles(5)
  ) u_meta (
      .clk_i,
      .rst_ni,
      .valid_i,
      .d_i    ({meta_i, iv_i, candidate, no_iv, sealed}),
      .valid_o(s5_valid_q),
      .q_o    ({s5_meta_q, s5_iv_q, s5_candidate, s5_no_iv, s5_sealed})
  );

  // ------------------------------------------------------------------ cycle 3: read the record
  assign core_re_o = hit_i && ({16'd0, sa_i} < headend_tables_pkg::SaDepth);
  assign core_raddr_o = sa_i[AddrW-1:0];
  assign seq_top_raddr_o = sa_i;

  // ------------------------------------------------------------------ cycle 4: window arithmetic
  logic s4_hit_q, s4_live;
  logic [15:0] s4_sa_q;
  headend_tables_pkg::sa_in_t rec;
  assign rec = {{headend_tables_pkg::SELECTOR_W{1'b0}}, core_i};
  always_ff @(posedge clk_i) begin
    if (!rst_ni) s4_hit_q <= 1'b0;
    else s4_hit_q <= core_re_o;
    if (core_re_o) s4_sa_q <= sa_i;
  end
  assign s4_live = s4_hit_q && rec.valid;

  // RFC 4303 A2: W the window, T the highest number, Tl and Th its halves; bottom = Tl - W + 1 modulo 2^32. With
  // Tl < W - 1 (case B: the subtraction borrows) the window reaches into the previous subspace.
  logic [11:0] window;
  logic [31:0] top_lo, top_hi, bottom;
  logic borrow;
  if (headend_tables_pkg::ReplayWindowMax != 1024) begin : gen_check_window
    $error("sa_lookup: a window of 0 stands for one of 1024 here");
  end
  assign window = {rec.replay_window[11], rec.replay_window[10] || (rec.replay_window == 12'd0),
                   rec.replay_window[9:0]};
  assign {top_hi, top_lo} = seq_top_rdata_i;
  // Tl + 1 - W, with Tl + 1 from a carry-save addition of Tl, ~W and 2
  logic [32:0] sub_s, sub_c;
  logic [33:0] diff;
  assign sub_s = {1'b1, top_lo ^ {20'hfffff, ~window} ^ 32'd2};
  assign sub_c = {(top_lo & {20'hfffff, ~window}) | (32'd2 & (top_lo | {20'hfffff, ~window})), 1'b0};
  assign diff = {1'b0, sub_s} + {1'b0, sub_c};
  assign bottom = diff[31:0];
  assign borrow = diff[32];

  logic s5_hit_q, s5_borrow_q;
  logic [15:0] s5_sa_q;
  logic [31:0] s5_bottom_q;
  logic [2:0][31:0] s5_hi_q;  // Th - 1, Th, Th + 1
  logic [2:0] s5_hi_zero_q;
  headend_tables_pkg::sa_in_t s5_rec_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) s5_hit_q <= 1'b0;
    else s5_hit_q <= s4_live;
    if (s4_live) begin
      s5_sa_q      <= s4_sa_q;
      s5_rec_q     <= rec;
      s5_bottom_q  <= bottom;
      s5_borrow_q  <= borrow;
      s5_hi_q      <= {top_hi + 32'd1, top_hi, top_hi - 32'd1};
      s5_hi_zero_q <= {top_hi == 32'hffff_ffff, top_hi == 32'd0, top_hi == 32'd1};
    end
  end

  // ------------------------------------------------------------------ cycle 5: decide
  headend_tables_pkg::parsed_t p;
  logic [15:0] icv_len;
  logic [31:0] seq_hi;
  logic [1:0] which;
  logic in_window, too_short, wrong_encap, seq_zero, hi_zero;
  assign p = s5_meta_q.parsed;
  assign icv_len = {11'd0, s5_rec_q.gcm.icv_len};
  assign wrong_encap = s5_rec_q.udp != p.udp_encap;
  assign too_short = s5_no_iv || ((s5_sealed[15:6] == 10'd0) && (s5_sealed[5:0] < icv_len[5:0] + 6'd4))
                     || (s5_sealed[1:0] != icv_len[1:0]);
  assign in_window = p.seq >= s5_bottom_q;
  assign which = {!in_window && !s5_borrow_q, in_window != s5_borrow_q};  // 0: Th - 1, 1: Th, 2: Th + 1
  always_comb begin
    if (!s5_rec_q.esn) begin
      seq_hi  = 32'd0;
      hi_zero = 1'b1;
    end else if (which[1]) begin
      seq_hi  = s5_hi_q[2];
      hi_zero = s5_hi_zero_q[2];
    end else if (which[0]) begin
      seq_hi  = s5_hi_q[1];
      hi_zero = s5_hi_zero_q[1];
    end else begin
      seq_hi  = s5_hi_q[0];
      hi_zero = s5_hi_zero_q[0];
    end
  end
  assign seq_zero = hi_zero && (p.seq == 32'd0);

  headend_tables_pkg::meta_t meta_d;
  headend_tables_pkg::gcm_ctx_t ctx_d;
  always_comb begin
    meta_d = s5_meta_q;
    ctx_d  = '0;
    if (s5_candidate && !s5_hit_q) meta_d.esp_miss = 1'b1;
    if (s5_hit_q) begin
      meta_d.sa_in = s5_sa_q;
      meta_d.sa_in_gen = s5_rec_q.gen;
      meta_d.spi = p.spi;
      meta_d.seq = {seq_hi, p.seq};
      meta_d.icv_len = s5_rec_q.gcm.icv_len;
      if (wrong_encap || too_short || seq_zero) begin
        meta_d.op   = headend_tables_pkg::OP_DROP;
        meta_d.drop = wrong_encap ? headend_tables_pkg::DROP_REASON_ESP_ENCAP
                      : too_short ? headend_tables_pkg::DROP_REASON_ESP_TOO_SHORT
                                  : headend_tables_pkg::DROP_REASON_ESP_SEQ_ZERO;
      end else begin
        meta_d.op = headend_tables_pkg::OP_DECRYPT;
        meta_d.strip = p.l4_off + 8'd16;
        meta_d.len = s5_sealed;
        ctx_d.crypt = 1'b1;
        ctx_d.gcm = s5_rec_q.gcm;
        ctx_d.iv = s5_iv_q;
        ctx_d.aad12 = s5_rec_q.esn;
        ctx_d.aad = s5_rec_q.esn ? {swap32(p.seq), swap32(seq_hi), swap32(p.spi)}
                                 : {32'd0, swap32(p.seq), swap32(p.spi)};
        ctx_d.len = s5_sealed - icv_len;
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
  assign unused_bits = ^{p, in_p, s5_rec_q, rec, diff[33]};

endmodule

`default_nettype wire
