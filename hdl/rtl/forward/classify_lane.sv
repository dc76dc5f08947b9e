// SPDX-License-Identifier: Apache-2.0
//
// First decision about a packet, for one pipeline: interface, MAC filter, and what the frame is. Latency 2 cycles, one
// header per cycle. intf_*: read port of table Intf, record one cycle after intf_re_o.
//
// Packets with op != FORWARD (DIRECT from the host) and packets with starts_l3 (ROUTE from the host) pass
// untouched. All others get vrf = vrf of interface meta.intf, and the first line that applies decides:
//
//    1  interface not valid                          drop IntfDown
//    2  frame ends inside Ethernet header or tags    drop OuterMalformed
//    3  unicast, and not the interface's MAC         drop MacNotOurs
//    4  ethertype ARP                                host Arp
//    5  group MAC                                    host MulticastMac
//    6  802.1Q tag                                   host VlanUnknown
//    7  MPLS: interface without mpls                 drop MplsDisabled
//       MPLS: else                                   forward (everything else is checked after the labels)
//    8  ethertype neither IPv4 nor IPv6              host UnknownEthertype
//       IPv6: ESP                                    line 14
//       IPv6: next header AH                         host Ah
//       IPv6: extension header (parsed.ip6_ext)      host Ipv6Extension
//       IPv6: anything else, malformed too           host UnknownEthertype
//    9  IPv4 malformed                               drop OuterMalformed
//   10  header checksum wrong                        drop OuterChecksum
//   11  options                                      host IpOptions
//   12  protocol AH                                  host Ah
//   13  fragment, protocol ESP                       host Fragment
//   14  ESP with less than 8 bytes of payload        drop EspTooShort (there is no SPI to look up)
//   15  everything else                              forward

`default_nettype none

module classify_lane #(
    localparam int unsigned AddrW = $clog2(headend_tables_pkg::IntfDepth)
) (
    input  logic                        clk_i,
    input  logic                        rst_ni,

    output logic                        intf_re_o,
    output logic [AddrW-1:0]            intf_raddr_o,
    input  headend_tables_pkg::intf_t   intf_i,

    input  logic                        valid_i,
    input  headend_tables_pkg::meta_t   meta_i,
    output logic                        valid_o,
    output headend_tables_pkg::meta_t   meta_o
);

  localparam logic [7:0] ProtoEsp = 8'd50;

  // ------------------------------------------------------------------ cycle 0: read the interface; lines 4 to 15
  headend_tables_pkg::parsed_t in_p;
  // modulo 2^17, with what turns ~l4_off into -l4_off: 1 - 2^8
  localparam logic [16:0] MinusEight = 17'h1fef9;
  logic [16:0] len_s, len_c, len_s2, len_c2, len_diff;
  logic short_l2, short_esp, type4, type6, mpls_line;
  logic [headend_tables_pkg::DROP_REASON_W-1:0] later_drop;
  logic [headend_tables_pkg::HOST_REASON_W-1:0] later_host;
  logic [headend_tables_pkg::OP_W-1:0] later_op;
  assign intf_re_o = valid_i;
  assign intf_raddr_o = meta_i.intf[AddrW-1:0];
  assign in_p = meta_i.parsed;
  assign short_l2 = meta_i.len < 16'd14 + {12'd0, in_p.vlan_count, 2'd0};
  // ip_len - (l4_off - l3_off) < 8: the sign of ip_len + l3_off - l4_off - 8, of three terms and a constant
  assign len_s = {1'b0, in_p.ip_len} ^ {9'd0, in_p.l3_off} ^ {9'd0, ~in_p.l4_off};
  assign len_c = ({1'b0, in_p.ip_len} & {9'd0, in_p.l3_off | ~in_p.l4_off}) | {9'd0, in_p.l3_off & ~in_p.l4_off};
  assign len_s2 = len_s ^ {len_c[15:0], 1'b0} ^ MinusEight;
  assign len_c2 = (len_s & ({len_c[15:0], 1'b0} | MinusEight)) | ({len_c[15:0], 1'b0} & MinusEight);
  assign len_diff = len_s2 + {len_c2[15:0], 1'b0};
  assign short_esp = len_diff[16];
  // without labels is_ipv4 and is_ipv6 are what the ethertype says
  assign type4 = in_p.is_ipv4;
  assign type6 = in_p.is_ipv6;

  always_comb begin
    later_drop = headend_tables_pkg::DROP_REASON_NONE;
    later_host = headend_tables_pkg::HOST_REASON_NONE;
    mpls_line  = 1'b0;
    if (in_p.is_arp) later_host = headend_tables_pkg::HOST_REASON_ARP;
    else if (in_p.mac_bcast) later_host = headend_tables_pkg::HOST_REASON_MULTICAST_MAC;
    else if (in_p.vlan_count != 2'd0) later_host = headend_tables_pkg::HOST_REASON_VLAN_UNKNOWN;
    else if (in_p.is_mpls) mpls_line = 1'b1;
    else if (type6 && in_p.is_esp) begin
      if (short_esp) later_drop = headend_tables_pkg::DROP_REASON_ESP_TOO_SHORT;
    end
    else if (type6 && in_p.is_ah) later_host = headend_tables_pkg::HOST_REASON_AH;
    else if (type6 && in_p.ip6_ext) later_host = headend_tables_pkg::HOST_REASON_IPV6_EXTENSION;
    else if (!type4) later_host = headend_tables_pkg::HOST_REASON_UNKNOWN_ETHERTYPE;
    else if (in_p.malformed) later_drop = headend_tables_pkg::DROP_REASON_OUTER_MALFORMED;
    else if (in_p.csum_bad) later_drop = headend_tables_pkg::DROP_REASON_OUTER_CHECKSUM;
    else if (in_p.has_options) later_host = headend_tables_pkg::HOST_REASON_IP_OPTIONS;
    else if (in_p.is_ah) later_host = headend_tables_pkg::HOST_REASON_AH;
    else if (in_p.is_fragment && (in_p.proto == ProtoEsp)) later_host = headend_tables_pkg::HOST_REASON_FRAGMENT;
    else if (in_p.is_esp && short_esp) later_drop = headend_tables_pkg::DROP_REASON_ESP_TOO_SHORT;

    if (later_drop != headend_tables_pkg::DROP_REASON_NONE) later_op = headend_tables_pkg::OP_DROP;
    else if (later_host != headend_tables_pkg::HOST_REASON_NONE) later_op = headend_tables_pkg::OP_HOST;
    else later_op = headend_tables_pkg::OP_FORWARD;
  end

  localparam int unsigned VerdictW = headend_tables_pkg::OP_W + headend_tables_pkg::DROP_REASON_W
                                     + headend_tables_pkg::HOST_REASON_W;
  logic s1_valid_q, s1_short_l2, s1_mpls_line, s1_judge;
  logic [VerdictW-1:0] s1_later;
  headend_tables_pkg::meta_t s1_meta_q;
  hdr_delay #(
      .Width (headend_tables_pkg::META_W + VerdictW + 3),
      .Cycles(1)
  ) u_meta (
      .clk_i,
      .rst_ni,
      .valid_i,
      .d_i    ({meta_i, later_op, later_drop, later_host, short_l2, mpls_line,
                (meta_i.op == headend_tables_pkg::OP_FORWARD) && !meta_i.starts_l3}),
      .valid_o(s1_valid_q),
      .q_o    ({s1_meta_q, s1_later, s1_short_l2, s1_mpls_line, s1_judge})
  );

  // ------------------------------------------------------------------ cycle 1: lines 1 to 3, the interface's MPLS
  // Whether the MAC is ours is known last: everything else is decided beside it.
  headend_tables_pkg::parsed_t p;
  logic intf_up, foreign;
  logic [15:0] mac_differs;
  assign p = s1_meta_q.parsed;
  assign intf_up = intf_i.valid && ({16'd0, s1_meta_q.intf} < headend_tables_pkg::IntfDepth);
  for (genvar k = 0; k < 16; k++) begin : gen_mac
    assign mac_differs[k] = p.dmac[3*k+:3] != intf_i.mac[3*k+:3];
  end
  assign foreign = !p.mac_bcast && intf_up && !s1_short_l2 && (mac_differs != 16'd0);

  function automatic logic [VerdictW-1:0] dropped(input logic [headend_tables_pkg::DROP_REASON_W-1:0] reason);
    dropped = {headend_tables_pkg::OP_DROP, reason, headend_tables_pkg::HOST_REASON_NONE};
  endfunction

  logic [VerdictW-1:0] beside, verdict;
  always_comb begin
    if (!intf_up) beside = dropped(headend_tables_pkg::DROP_REASON_INTF_DOWN);
    else if (s1_short_l2) beside = dropped(headend_tables_pkg::DROP_REASON_OUTER_MALFORMED);
    else if (s1_mpls_line && !intf_i.mpls) beside = dropped(headend_tables_pkg::DROP_REASON_MPLS_DISABLED);
    else beside = s1_later;
    verdict = foreign ? dropped(headend_tables_pkg::DROP_REASON_MAC_NOT_OURS) : beside;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_o <= 1'b0;
    else valid_o <= s1_valid_q;
    if (s1_valid_q) begin
      meta_o <= s1_meta_q;
      if (s1_judge) begin
        meta_o.vrf <= intf_i.vrf;
        {meta_o.op, meta_o.drop, meta_o.host} <= verdict;
      end
    end
  end

  logic unused_bits;
  assign unused_bits = ^{intf_i.rsvd0, intf_i.rsvd1, p, in_p, len_c[16], len_c2[16], len_diff[15:0]};

endmodule

`default_nettype wire
