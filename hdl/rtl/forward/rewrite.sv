// SPDX-License-Identifier: Apache-2.0
//
// Carries out the decision of adj_lookup on the bytes of the packet. Latency 3 cycles for a packet of one
// beat that grows into one beat; one beat per cycle in or out, whichever is more.
//
// op FORWARD:
//   cut     `strip` bytes from the front; then meta.len bytes are kept, as adj_lookup has decided. In transport mode
//           (Protect with meta.transport) the IP header is among the stripped; esp_encap makes a new one from `parsed`.
//   patch   with patch_ttl the IPv4 TTL is decremented and the checksum updated (RFC 1624, equation 3). In transport
//           mode parsed.ttl is decremented instead.
//   prepend Ip, Mpls: dmac, smac, push_ethertype and push_count label stack entries. Protect: nothing, the
//           stream starts with the IP header, or with what it carried (starts_l3 = 1).
// op HOST: cut to meta.len bytes (decrypted packets lose their padding). All other packets pass unchanged.
// meta.len is the new length; the rest of meta stays as it was.

`default_nettype none

module rewrite (
    input  logic                        clk_i,
    input  logic                        rst_ni,

    input  logic                        s_valid_i,
    output logic                        s_ready_o,
    input  headend_tables_pkg::beat_t   s_beat_i,
    input  headend_tables_pkg::meta_t   s_meta_i,

    output logic                        m_valid_o,
    input  logic                        m_ready_i,
    output headend_tables_pkg::beat_t   m_beat_o,
    output headend_tables_pkg::meta_t   m_meta_o
);

  localparam int unsigned MetaW    = headend_tables_pkg::META_W;
  localparam int unsigned MaxBytes = 14 + 4 * headend_tables_pkg::MaxPushLabels;
  localparam int unsigned LenW     = $clog2(MaxBytes + 1);

  function automatic logic [31:0] swap32(input logic [31:0] x);
    swap32 = {x[7:0], x[15:8], x[23:16], x[31:24]};
  endfunction
  function automatic logic [47:0] swap48(input logic [47:0] x);
    swap48 = {x[7:0], x[15:8], x[23:16], x[31:24], x[39:32], x[47:40]};
  endfunction

  // ------------------------------------------------------------------ plan, with the first beat
  headend_tables_pkg::parsed_t p;
  logic edits, transport;
  logic [LenW-1:0] ins_len;
  assign p = s_meta_i.parsed;
  assign edits = s_meta_i.op == headend_tables_pkg::OP_FORWARD;
  assign transport = edits && s_meta_i.transport && (s_meta_i.adj_kind == headend_tables_pkg::ADJ_KIND_PROTECT);
  assign ins_len = (!edits || (s_meta_i.adj_kind == headend_tables_pkg::ADJ_KIND_PROTECT)) ? '0
                   : LenW'(14) + {{(LenW - 4) {1'b0}}, s_meta_i.push_count, 2'd0};

  // RFC 1624, equation 3: HC' = ~(~HC + ~m + m'), m the word of TTL and protocol. m' = m - 0x100 without
  // borrow (the TTL is at least 2), so ~m + m' is 0xfeff whatever the packet.
  logic [16:0] csum_sum;
  logic [15:0] new_csum;
  assign csum_sum = {1'b0, ~p.ip_csum} + 17'h0feff;
  assign new_csum = ~(csum_sum[15:0] + {15'd0, csum_sum[16]});

  headend_tables_pkg::meta_t plan_meta;
  always_comb begin
    plan_meta = s_meta_i;
    plan_meta.len = s_meta_i.len + {{(16 - LenW) {1'b0}}, ins_len};
    if (edits) plan_meta.starts_l3 = ins_len == '0;
    if (transport) plan_meta.parsed.ttl = p.ttl - 8'd1;
  end

  // ------------------------------------------------------------------ cut
  logic cut_valid, cut_ready, cut_patch;
  headend_tables_pkg::beat_t cut_beat;
  headend_tables_pkg::meta_t cut_meta;
  logic [LenW-1:0] cut_ins_len;
  logic [7:0] cut_ttl;
  logic [15:0] cut_csum;

  stream_trim #(
      .SideWidth(MetaW + LenW + 25)
  ) u_trim (
      .clk_i,
      .rst_ni,
      .s_valid_i,
      .s_ready_o,
      .s_beat_i,
      .del_i    (edits ? s_meta_i.strip : 8'd0),
      .len_i    (s_meta_i.len),
      .side_i   ({plan_meta, ins_len, edits && s_meta_i.patch_ttl && !transport, p.ttl - 8'd1, new_csum}),
      .m_valid_o(cut_valid),
      .m_ready_i(cut_ready),
      .m_beat_o (cut_beat),
      .side_o   ({cut_meta, cut_ins_len, cut_patch, cut_ttl, cut_csum})
  );

  // ------------------------------------------------------------------ patch
  headend_tables_pkg::beat_t patched;
  always_comb begin
    patched = cut_beat;
    if (cut_beat.sop && cut_patch) begin
      patched.data[8*8+:8]   = cut_ttl;
      patched.data[8*10+:16] = {cut_csum[7:0], cut_csum[15:8]};
    end
  end

  // ------------------------------------------------------------------ prepend
  logic [15:0] ethertype;
  logic [MaxBytes*8-1:0] ins_data;
  assign ethertype = cut_meta.push_ethertype;
  assign ins_data = {swap32(cut_meta.push2), swap32(cut_meta.push1), swap32(cut_meta.push0),
                     ethertype[7:0], ethertype[15:8], swap48(cut_meta.smac), swap48(cut_meta.dmac)};

  stream_prepend #(
      .MaxBytes (MaxBytes),
      .SideWidth(MetaW)
  ) u_prepend (
      .clk_i,
      .rst_ni,
      .s_valid_i (cut_valid),
      .s_ready_o (cut_ready),
      .s_beat_i  (patched),
      .ins_len_i (cut_ins_len),
      .ins_data_i(ins_data),
      .side_i    (cut_meta),
      .m_valid_o,
      .m_ready_i,
      .m_beat_o,
      .side_o    (m_meta_o)
  );

  logic unused_bits;
  assign unused_bits = ^{p};

endmodule

`default_nettype wire
