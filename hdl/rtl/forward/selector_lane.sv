// SPDX-License-Identifier: Apache-2.0
//
// Inbound selector check of decrypted packets (RFC 4301 5.2), for one pipeline. Latency 3 cycles, one header per
// cycle. row_*: read port of the selectors, {generation, valid, selector} one cycle after row_re_o.
//
// Only packets with op = FORWARD and decrypted = 1 are looked at; the first line that applies:
//   malformed                                     drop InnerMalformed
//   header checksum wrong                         drop InnerChecksum
//   SA not valid any more, or another generation  drop SelectorMismatch
//   selector `any`                                pass
//   IP version differs from the selector's; protocol differs (0: any); source or destination outside its
//   prefix                                        drop SelectorMismatch
// A prefix length beyond 32 (IPv4) or 128 (IPv6) counts as that length.

`default_nettype none

module selector_lane #(
    localparam int unsigned RowW  = headend_tables_pkg::SELECTOR_W + 9,
    localparam int unsigned AddrW = $clog2(headend_tables_pkg::SaDepth)
) (
    input  logic                        clk_i,
    input  logic                        rst_ni,

    output logic                        row_re_o,
    output logic [AddrW-1:0]            row_raddr_o,
    input  logic [RowW-1:0]             row_i,

    input  logic                        valid_i,
    input  headend_tables_pkg::meta_t   meta_i,
    output logic                        valid_o,
    output headend_tables_pkg::meta_t   meta_o
);

  // Do the first `len` bits of 128 differ, and in which 16? len 0 to 128. Bit k from the left is compared when k < len,
  // decoded by the upper and the lower half of len.
  function automatic logic [7:0] differ(input logic [127:0] a, input logic [127:0] b, input logic [7:0] len);
    logic [15:0] low;  // low[j]: j < len modulo 16
    logic [15:0] mask;
    low = ~(16'hffff >> len[3:0]);
    for (int g = 0; g < 8; g++) begin
      mask = (len[7:4] > 4'(g)) ? 16'hffff : (len[7:4] == 4'(g)) ? low : 16'd0;
      differ[g] = ((a[127-16*g-:16] ^ b[127-16*g-:16]) & mask) != 16'd0;
    end
  endfunction

  // Prefix length of a 128-bit number: IPv4 addresses are its last 32 bits, behind 96 zeros.
  function automatic logic [7:0] clamped(input logic ipv6, input logic [7:0] len);
    if (len >= (ipv6 ? 8'd128 : 8'd32)) clamped = 8'd128;
    else clamped = ipv6 ? len : {3'b011, len[4:0]};
  endfunction

  // ------------------------------------------------------------------ cycle 0: read
  logic check, s1_check_q;
  assign check = valid_i && (meta_i.op == headend_tables_pkg::OP_FORWARD) && meta_i.decrypted;
  assign row_re_o = check;
  assign row_raddr_o = meta_i.sa_in[AddrW-1:0];

  // What the comparison needs of the packet.
  headend_tables_pkg::parsed_t s1_p_q;
  logic [7:0] s1_gen_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) s1_check_q <= 1'b0;
    else s1_check_q <= check;
    if (check) begin
      s1_p_q   <= meta_i.parsed;
      s1_gen_q <= meta_i.sa_in_gen;
    end
  end

  // ------------------------------------------------------------------ cycle 1: compare
  headend_tables_pkg::selector_t sel;
  logic row_valid;
  logic [7:0] row_gen;
  assign {row_gen, row_valid, sel} = row_i;

  logic s2_check_q, s2_current_q, s2_any_q, s2_kind_q;
  logic [15:0] s2_differ_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) s2_check_q <= 1'b0;
    else s2_check_q <= s1_check_q;
    if (s1_check_q) begin
      s2_current_q <= row_valid && (row_gen == s1_gen_q);
      s2_any_q     <= sel.any;
      s2_kind_q    <= (sel.ipv6 ? s1_p_q.is_ipv6 : s1_p_q.is_ipv4)
                      && ((sel.proto == 8'd0) || (sel.proto == s1_p_q.proto));
      s2_differ_q  <= {differ(s1_p_q.src, sel.src, clamped(sel.ipv6, sel.src_len)),
                       differ(s1_p_q.dst, sel.dst, clamped(sel.ipv6, sel.dst_len))};
    end
  end

  // ------------------------------------------------------------------ cycle 2: verdict
  logic s2_valid_q;
  headend_tables_pkg::meta_t s2_meta_q;
  hdr_delay #(
      .Width (headend_tables_pkg::META_W),
      .Cycles(2)
  ) u_meta (
      .clk_i,
      .rst_ni,
      .valid_i,
      .d_i    (meta_i),
      .valid_o(s2_valid_q),
      .q_o    (s2_meta_q)
  );

  logic [headend_tables_pkg::DROP_REASON_W-1:0] drop;
  always_comb begin
    drop = headend_tables_pkg::DROP_REASON_NONE;
    if (s2_meta_q.parsed.malformed) drop = headend_tables_pkg::DROP_REASON_INNER_MALFORMED;
    else if (s2_meta_q.parsed.csum_bad) drop = headend_tables_pkg::DROP_REASON_INNER_CHECKSUM;
    else if (!s2_current_q || (!s2_any_q && !(s2_kind_q && (s2_differ_q == 16'd0)))) drop = headend_tables_pkg::DROP_REASON_SELECTOR_MISMATCH;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_o <= 1'b0;
    else valid_o <= s2_valid_q;
    if (s2_valid_q) begin
      meta_o <= s2_meta_q;
      if (s2_check_q && (drop != headend_tables_pkg::DROP_REASON_NONE)) begin
        meta_o.op   <= headend_tables_pkg::OP_DROP;
        meta_o.drop <= drop;
      end
    end
  end

  logic unused_bits;
  assign unused_bits = ^{s1_p_q, sel};

endmodule

`default_nettype wire
