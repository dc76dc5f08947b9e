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
  localparam logic [15:0] TypeIpv4 = 16'h0800;
  localparam logic [15:0] TypeIpv6 = 16'h86dd;

  // ------------------------------------------------------------------ cycle 0: read the interface, judge lengths
  headend_tables_pkg::parsed_t in_p;
  logic short_l2, short_esp, type4, type6;
  assign intf_re_o = valid_i;
  assign intf_raddr_o = meta_i.intf[AddrW-1:0];
  assign in_p = meta_i.parsed;
  assign short_l2 = meta_i.len < 16'd14 + {12'd0, in_p.vlan_count, 2'd0};
  assign short_esp = in_p.ip_len - {8'd0, in_p.l4_off - in_p.l3_off} < 16'd8;
  assign type4 = in_p.ethertype == TypeIpv4;
  assign type6 = in_p.ethertype == TypeIpv6;

  logic s1_valid_q, s1_short_l2, s1_short_esp, s1_type4, s1_type6;
  headend_tables_pkg::meta_t s1_meta_q;
  hdr_delay #(
      .Width (headend_tables_pkg::META_W + 4),
      .Cycles(1)
  ) u_meta (
      .clk_i,
      .rst_ni,
      .valid_i,
      .d_i    ({meta_i, short_l2, short_esp, type4, type6}),
      .valid_o(s1_valid_q),
      .q_o    ({s1_meta_q, s1_short_l2, s1_short_esp, s1_type4, s1_type6})
  );

  // ------------------------------------------------------------------ cycle 1: decide
  headend_tables_pkg::parsed_t p;
  logic intf_up;
  assign p = s1_meta_q.parsed;
  assign intf_up = intf_i.valid && ({16'd0, s1_meta_q.intf} < headend_tables_pkg::IntfDepth);

  logic [headend_tables_pkg::DROP_REASON_W-1:0] drop;
  logic [headend_tables_pkg::HOST_REASON_W-1:0] host;

  always_comb begin
    drop = headend_tables_pkg::DROP_REASON_NONE;
    host = headend_tables_pkg::HOST_REASON_NONE;
    if (!intf_up) drop = headend_tables_pkg::DROP_REASON_INTF_DOWN;
    else if (s1_short_l2) drop = headend_tables_pkg::DROP_REASON_OUTER_MALFORMED;
    else if (!p.mac_bcast && (p.dmac != intf_i.mac)) drop = headend_tables_pkg::DROP_REASON_MAC_NOT_OURS;
    else if (p.is_arp) host = headend_tables_pkg::HOST_REASON_ARP;
    else if (p.mac_bcast) host = headend_tables_pkg::HOST_REASON_MULTICAST_MAC;
    else if (p.vlan_count != 2'd0) host = headend_tables_pkg::HOST_REASON_VLAN_UNKNOWN;
    else if (p.is_mpls) begin
      if (!intf_i.mpls) drop = headend_tables_pkg::DROP_REASON_MPLS_DISABLED;
    end
    else if (s1_type6 && p.is_esp) begin
      if (s1_short_esp) drop = headend_tables_pkg::DROP_REASON_ESP_TOO_SHORT;
    end
    else if (s1_type6 && p.is_ah) host = headend_tables_pkg::HOST_REASON_AH;
    else if (s1_type6 && p.ip6_ext) host = headend_tables_pkg::HOST_REASON_IPV6_EXTENSION;
    else if (!s1_type4) host = headend_tables_pkg::HOST_REASON_UNKNOWN_ETHERTYPE;
    else if (p.malformed) drop = headend_tables_pkg::DROP_REASON_OUTER_MALFORMED;
    else if (p.csum_bad) drop = headend_tables_pkg::DROP_REASON_OUTER_CHECKSUM;
    else if (p.has_options) host = headend_tables_pkg::HOST_REASON_IP_OPTIONS;
    else if (p.is_ah) host = headend_tables_pkg::HOST_REASON_AH;
    else if (p.is_fragment && (p.proto == ProtoEsp)) host = headend_tables_pkg::HOST_REASON_FRAGMENT;
    else if (p.is_esp && s1_short_esp) drop = headend_tables_pkg::DROP_REASON_ESP_TOO_SHORT;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_o <= 1'b0;
    else valid_o <= s1_valid_q;
    if (s1_valid_q) begin
      meta_o <= s1_meta_q;
      if ((s1_meta_q.op == headend_tables_pkg::OP_FORWARD) && !s1_meta_q.starts_l3) begin
        meta_o.vrf  <= intf_i.vrf;
        meta_o.drop <= drop;
        meta_o.host <= host;
        if (drop != headend_tables_pkg::DROP_REASON_NONE) meta_o.op <= headend_tables_pkg::OP_DROP;
        else if (host != headend_tables_pkg::HOST_REASON_NONE) meta_o.op <= headend_tables_pkg::OP_HOST;
      end
    end
  end

  logic unused_bits;
  assign unused_bits = ^{intf_i.rsvd0, intf_i.rsvd1, p, in_p};

endmodule

`default_nettype wire
