// SPDX-License-Identifier: Apache-2.0
//
// Final decision, for one pipeline: reads the adjacency and fills in everything that rewrite, qos and esp_encap
// need. Latency 2 cycles, one header per cycle. rec_*: read port of table Adj, one cycle.
//
// op HOST: egress = HOST, adj_kind = Host. op DROP, DIRECT: pass untouched. op FORWARD, first line that applies:
//
//    1  no adjacency known (adj_valid_i = 0)                         drop NoRoute
//    2  index >= AdjDepth, or not valid                              drop AdjInvalid
//    3  kind Drop                                                    drop RouteDrop
//    4  kind Host: esp_miss                                          drop SaNotFound
//       kind Host: from the host ring                                drop AdjLoop
//       kind Host: else                                              host LocalAddress
//    5  kind unknown; egress not a port; Mpls with label_count 0; label swap with a kind other than Mpls
//                                                                    drop AdjInvalid
//    6  not a swap, IP TTL 0 or 1                                    host TtlExpired
//    7  Protect in transport mode (adj.transport):
//       nothing behind the IP header                                 drop InnerMalformed
//       fragment                                                     host Fragment
//       IPv6 extension header (parsed.ip6_ext)                       host Ipv6Extension
//    8  parsed.ip_len > mtu                                          host TooBig
//    9  the frame to send would be longer than MaxFrameBytes         host TooBig
//   10  Ip, Mpls, Protect: forward
//
// The frame to send: Ethernet header, pushed labels and what rewrite keeps; for Protect the longer of ip_len and
// tfc_len and the most that encapsulation ever adds: Ethernet 14, IPv6 40, UDP 8, ESP header and IV 16, trailer 5,
// ICV 16 bytes.
//
// Forward: egress, adj_kind, dmac, smac from the adjacency; with Protect sa_out and sa_out_gen its SA, transport its
// mode, tfc_len (tunnel mode only) its padding; else all of these are 0.
//   no swap  strip = l3_off, patch_ttl = 1; in transport mode strip includes the IP header, of 20 or 40 bytes
//   swap     strip = Ethernet header and top label, patch_ttl = 0
//   len      what rewrite keeps of the bytes behind `strip`: those that the IP header accounts for, so Ethernet padding
//            ends there; all if there is no well-formed IP header (label swap)
// Host: len of a decrypted packet is the length of the IP packet, so that traffic flow confidentiality padding ends
// there. The stream still has all bytes: rewrite cuts it to len.
//
//   Ip       push_ethertype 0x0800. Protect: the same, no Ethernet header is built before encryption.
//   Mpls     push_ethertype 0x8847, push_count = label_count, push0 outermost; an unused push* is zero.
//            no swap: S on the innermost only; TTL = label_ttl, or IP TTL - 1 when that is 0;
//                     TC = IP precedence when copy_exp, else label_exp
//            swap:    the innermost has S and TC of the incoming label and its TTL - 1; the others have S = 0,
//                     TTL = label_ttl, or incoming TTL - 1 when that is 0, TC = incoming when copy_exp, else label_exp
// ip_len of a packet below a swapped label is known (and checked against the mtu) only if it is well-formed IP.
//
// Popping is always the pipe model of RFC 3443: the TTL of a popped label, which only has to be above 1, never
// goes back into the IP header, also when the labels that this module pushes copy the IP TTL.

`default_nettype none

module adj_lane #(
    localparam int unsigned AddrW = $clog2(headend_tables_pkg::AdjDepth)
) (
    input  logic                        clk_i,
    input  logic                        rst_ni,

    output logic                        rec_re_o,
    output logic [AddrW-1:0]            rec_raddr_o,
    input  headend_tables_pkg::adj_t    rec_i,

    input  logic                        valid_i,
    input  headend_tables_pkg::meta_t   meta_i,
    input  logic                        adj_valid_i,
    input  logic                        swap_i,
    input  logic [15:0]                 adj_i,
    output logic                        valid_o,
    output headend_tables_pkg::meta_t   meta_o
);

  localparam int unsigned MaxFrame   = headend_tables_pkg::MaxFrameBytes;
  localparam int unsigned MaxProtect = MaxFrame - (14 + 40 + 8 + 16 + 5 + 16);

  // ------------------------------------------------------------------ cycle 0: read; lengths, TTL
  assign rec_re_o = valid_i && adj_valid_i;
  assign rec_raddr_o = adj_i[AddrW-1:0];

  // What rewrite strips and keeps: from the top label's end (swap), the IP header, or in transport mode from behind it.
  headend_tables_pkg::parsed_t in_p;
  logic [7:0] in_strip;
  logic in_ip;
  logic [7:0] in_ip_hdr;
  logic [16:0] in_keep;
  logic [15:0] in_payload, in_host_len;
  assign in_p = meta_i.parsed;
  assign in_strip = swap_i ? 8'd18 + {4'd0, in_p.vlan_count, 2'd0} : in_p.l3_off;
  assign in_ip = (in_p.is_ipv4 || in_p.is_ipv6) && !in_p.malformed;
  assign in_keep = !swap_i ? {1'b0, in_p.ip_len}
                   : in_ip ? {1'b0, in_p.ip_len} + {9'd0, in_p.l3_off} - {9'd0, in_strip}
                           : {1'b0, meta_i.len} - {9'd0, in_strip};

  assign in_ip_hdr = in_p.is_ipv6 ? 8'd40 : 8'd20;
  assign in_payload = in_p.ip_len - {8'd0, in_ip_hdr};
  assign in_host_len = (meta_i.decrypted && in_ip) ? in_p.ip_len + {8'd0, in_p.l3_off} : meta_i.len;

  // Facts that need no adjacency.
  logic in_fits_esp, in_ttl_out, in_no_payload, in_range;
  logic [7:0] in_base_ttl;
  assign in_fits_esp = {16'd0, in_p.ip_len} <= MaxProtect;
  assign in_ttl_out = !swap_i && (in_p.ttl <= 8'd1);
  assign in_no_payload = in_p.ip_len == {8'd0, in_ip_hdr};
  assign in_range = {16'd0, adj_i} < headend_tables_pkg::AdjDepth;
  assign in_base_ttl = (swap_i ? in_p.label0[7:0] : in_p.ttl) - 8'd1;

  logic s1_valid_q, known, swap, range_ok, fits_esp, ttl_out, no_payload;
  logic [7:0] strip, strip_hdr, base_ttl;
  logic [16:0] keep;
  logic [15:0] payload, host_len;
  headend_tables_pkg::meta_t s1_meta_q;
  hdr_delay #(
      .Width (headend_tables_pkg::META_W + 79),
      .Cycles(1)
  ) u_meta (
      .clk_i,
      .rst_ni,
      .valid_i,
      .d_i    ({meta_i, adj_valid_i, swap_i, in_range, in_fits_esp, in_ttl_out, in_no_payload, in_strip,
                in_strip + in_ip_hdr, in_base_ttl, in_keep, in_payload, in_host_len}),
      .valid_o(s1_valid_q),
      .q_o    ({s1_meta_q, known, swap, range_ok, fits_esp, ttl_out, no_payload, strip, strip_hdr, base_ttl, keep,
                payload, host_len})
  );

  // ------------------------------------------------------------------ cycle 1: verdict
  headend_tables_pkg::parsed_t p;
  logic is_mpls, is_protect, kind_ok, fits, transport;
  logic [3:0] fits_labels;
  assign p = s1_meta_q.parsed;
  assign is_mpls = rec_i.kind == headend_tables_pkg::ADJ_KIND_MPLS;
  assign is_protect = rec_i.kind == headend_tables_pkg::ADJ_KIND_PROTECT;
  assign transport = is_protect && rec_i.transport;
  for (genvar k = 0; k < 4; k++) begin : gen_fits
    assign fits_labels[k] = keep <= 17'(MaxFrame - 14 - 4 * k);
  end
  assign fits = is_protect ? fits_esp && (rec_i.transport || ({16'd0, rec_i.tfc_len} <= MaxProtect))
                           : fits_labels[is_mpls ? rec_i.label_count : 2'd0];
  assign kind_ok = ({30'd0, rec_i.egress} < headend_tables_pkg::NumPorts)
                   && ((is_mpls && (rec_i.label_count != 2'd0))
                       || (!swap && ((rec_i.kind == headend_tables_pkg::ADJ_KIND_IP) || is_protect)));

  logic [headend_tables_pkg::DROP_REASON_W-1:0] drop;
  logic [headend_tables_pkg::HOST_REASON_W-1:0] host;
  always_comb begin
    drop = headend_tables_pkg::DROP_REASON_NONE;
    host = headend_tables_pkg::HOST_REASON_NONE;
    if (!known) drop = headend_tables_pkg::DROP_REASON_NO_ROUTE;
    else if (!range_ok || !rec_i.valid) drop = headend_tables_pkg::DROP_REASON_ADJ_INVALID;
    else if (rec_i.kind == headend_tables_pkg::ADJ_KIND_DROP) drop = headend_tables_pkg::DROP_REASON_ROUTE_DROP;
    else if (rec_i.kind == headend_tables_pkg::ADJ_KIND_HOST) begin
      if (s1_meta_q.esp_miss) drop = headend_tables_pkg::DROP_REASON_SA_NOT_FOUND;
      else if (s1_meta_q.ingress == headend_tables_pkg::INGRESS_HOST) drop = headend_tables_pkg::DROP_REASON_ADJ_LOOP;
      else host = headend_tables_pkg::HOST_REASON_LOCAL_ADDRESS;
    end
    else if (!kind_ok) drop = headend_tables_pkg::DROP_REASON_ADJ_INVALID;
    else if (ttl_out) host = headend_tables_pkg::HOST_REASON_TTL_EXPIRED;
    else if (transport && no_payload) drop = headend_tables_pkg::DROP_REASON_INNER_MALFORMED;
    else if (transport && p.is_fragment) host = headend_tables_pkg::HOST_REASON_FRAGMENT;
    else if (transport && p.ip6_ext) host = headend_tables_pkg::HOST_REASON_IPV6_EXTENSION;
    else if ((p.ip_len > rec_i.mtu) || !fits) host = headend_tables_pkg::HOST_REASON_TOO_BIG;
  end

  // ------------------------------------------------------------------ cycle 1: labels
  logic [7:0] outer_ttl;  // outer: every pushed entry but the one that replaces a swapped label
  logic [2:0] base_tc, outer_tc;
  logic [2:0][19:0] label;
  logic [2:0][31:0] push;
  assign label[0] = rec_i.label0;
  assign label[1] = rec_i.label1;
  assign label[2] = rec_i.label2;
  assign base_tc = swap ? p.label0[11:9] : p.tos[7:5];
  assign outer_ttl = (rec_i.label_ttl == 8'd0) ? base_ttl : rec_i.label_ttl;
  assign outer_tc = rec_i.copy_exp ? base_tc : rec_i.label_exp;

  for (genvar k = 0; k < 3; k++) begin : gen_push
    logic innermost;
    assign innermost = rec_i.label_count == 2'(k + 1);
    assign push[k] = !(is_mpls && (rec_i.label_count > 2'(k))) ? 32'd0
                     : (innermost && swap) ? {label[k], base_tc, p.label0[8], base_ttl}
                     : {label[k], outer_tc, innermost, outer_ttl};
  end

  logic forward;
  assign forward = s1_meta_q.op == headend_tables_pkg::OP_FORWARD;

  headend_tables_pkg::meta_t meta_d;
  always_comb begin
    meta_d = s1_meta_q;
    if (forward) begin
      meta_d.drop = drop;
      meta_d.host = host;
      if (drop != headend_tables_pkg::DROP_REASON_NONE) meta_d.op = headend_tables_pkg::OP_DROP;
      else if (host != headend_tables_pkg::HOST_REASON_NONE) meta_d.op = headend_tables_pkg::OP_HOST;
      else begin
        meta_d.strip = transport ? strip_hdr : strip;
        meta_d.len = transport ? payload : keep[15:0];
        meta_d.patch_ttl = !swap;
        meta_d.adj_kind = rec_i.kind;
        meta_d.egress = rec_i.egress;
        meta_d.sa_out = is_protect ? rec_i.sa : 16'd0;
        meta_d.sa_out_gen = is_protect ? rec_i.sa_gen : 8'd0;
        meta_d.transport = transport;
        meta_d.tfc_len = (is_protect && !rec_i.transport) ? rec_i.tfc_len : 16'd0;
        meta_d.dmac = rec_i.dmac;
        meta_d.smac = rec_i.smac;
        meta_d.push_count = is_mpls ? rec_i.label_count : 2'd0;
        meta_d.push0 = push[0];
        meta_d.push1 = push[1];
        meta_d.push2 = push[2];
        meta_d.push_ethertype = is_mpls ? 16'h8847 : 16'h0800;
      end
    end
    if (meta_d.op == headend_tables_pkg::OP_HOST) begin
      meta_d.egress = headend_tables_pkg::EGRESS_HOST;
      meta_d.adj_kind = headend_tables_pkg::ADJ_KIND_HOST;
      meta_d.len = host_len;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_o <= 1'b0;
    else valid_o <= s1_valid_q;
    if (s1_valid_q) meta_o <= meta_d;
  end

  logic unused_bits;
  assign unused_bits = ^{p, in_p};

endmodule

`default_nettype wire
