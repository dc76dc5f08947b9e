// SPDX-License-Identifier: Apache-2.0
//
// First decision about a packet: interface, MAC filter, and what the frame is. Owns table Intf.
// Latency 2 cycles, one header per cycle. Comes right after `parse`.
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
//    8  ethertype not IPv4                           host UnknownEthertype
//    9  IPv4 malformed                               drop OuterMalformed
//   10  header checksum wrong                        drop OuterChecksum
//   11  options                                      host IpOptions
//   12  protocol AH                                  host Ah
//   13  fragment, protocol ESP                       host Fragment
//   14  ESP with less than 8 bytes of payload        drop EspTooShort (there is no SPI to look up)
//   15  everything else                              forward

`default_nettype none

module classify (
    input  logic                        clk_i,
    input  logic                        rst_ni,

    input  logic                        tbl_req_i,
    input  logic                        tbl_we_i,
    input  logic [7:0]                  tbl_sel_i,
    input  logic [31:0]                 tbl_index_i,
    input  logic [headend_tables_pkg::RecordBits-1:0]               tbl_wdata_i,
    output logic                        tbl_ack_o,
    output logic [headend_tables_pkg::RecordBits-1:0]               tbl_rdata_o,

    input  logic                        valid_i,
    input  headend_tables_pkg::meta_t   meta_i,
    output logic                        valid_o,
    output headend_tables_pkg::meta_t   meta_o
);

  localparam logic [7:0] ProtoEsp = 8'd50;
  localparam logic [15:0] TypeIpv4 = 16'h0800;
  localparam int unsigned IntfW = headend_tables_pkg::INTF_W;
  localparam int unsigned AddrW = $clog2(headend_tables_pkg::IntfDepth);

  // ------------------------------------------------------------------ cycle 0: read the interface
  headend_tables_pkg::intf_t intf;
  logic [IntfW-1:0] tbl_rdata;

  table_ram #(
      .Table(headend_tables_pkg::TABLE_INTF),
      .Depth(headend_tables_pkg::IntfDepth),
      .Width(IntfW)
  ) u_intf (
      .clk_i,
      .rst_ni,
      .tbl_req_i,
      .tbl_we_i,
      .tbl_sel_i,
      .tbl_index_i,
      .tbl_wdata_i(tbl_wdata_i[IntfW-1:0]),
      .tbl_ack_o,
      .tbl_rdata_o(tbl_rdata),
      .re_i       (valid_i),
      .raddr_i    (meta_i.intf[AddrW-1:0]),
      .rdata_o    (intf)
  );
  assign tbl_rdata_o = {{(headend_tables_pkg::RecordBits - IntfW) {1'b0}}, tbl_rdata};

  logic s1_valid_q;
  headend_tables_pkg::meta_t s1_meta_q;
  hdr_delay #(
      .Width (headend_tables_pkg::META_W),
      .Cycles(1)
  ) u_meta (
      .clk_i,
      .rst_ni,
      .valid_i,
      .d_i    (meta_i),
      .valid_o(s1_valid_q),
      .q_o    (s1_meta_q)
  );

  // ------------------------------------------------------------------ cycle 1: decide
  headend_tables_pkg::parsed_t p;
  logic intf_up, short_l2, short_esp;
  logic [15:0] l2_len;
  assign p = s1_meta_q.parsed;
  assign intf_up = intf.valid && ({16'd0, s1_meta_q.intf} < headend_tables_pkg::IntfDepth);
  assign l2_len = 16'd14 + {12'd0, p.vlan_count, 2'd0};
  assign short_l2 = s1_meta_q.len < l2_len;
  assign short_esp = p.ip_len - {8'd0, p.l4_off - p.l3_off} < 16'd8;

  logic [headend_tables_pkg::DROP_REASON_W-1:0] drop;
  logic [headend_tables_pkg::HOST_REASON_W-1:0] host;

  always_comb begin
    drop = headend_tables_pkg::DROP_REASON_NONE;
    host = headend_tables_pkg::HOST_REASON_NONE;
    if (!intf_up) drop = headend_tables_pkg::DROP_REASON_INTF_DOWN;
    else if (short_l2) drop = headend_tables_pkg::DROP_REASON_OUTER_MALFORMED;
    else if (!p.mac_bcast && (p.dmac != intf.mac)) drop = headend_tables_pkg::DROP_REASON_MAC_NOT_OURS;
    else if (p.is_arp) host = headend_tables_pkg::HOST_REASON_ARP;
    else if (p.mac_bcast) host = headend_tables_pkg::HOST_REASON_MULTICAST_MAC;
    else if (p.vlan_count != 2'd0) host = headend_tables_pkg::HOST_REASON_VLAN_UNKNOWN;
    else if (p.is_mpls) begin
      if (!intf.mpls) drop = headend_tables_pkg::DROP_REASON_MPLS_DISABLED;
    end
    else if (p.ethertype != TypeIpv4) host = headend_tables_pkg::HOST_REASON_UNKNOWN_ETHERTYPE;
    else if (p.malformed) drop = headend_tables_pkg::DROP_REASON_OUTER_MALFORMED;
    else if (p.csum_bad) drop = headend_tables_pkg::DROP_REASON_OUTER_CHECKSUM;
    else if (p.has_options) host = headend_tables_pkg::HOST_REASON_IP_OPTIONS;
    else if (p.is_ah) host = headend_tables_pkg::HOST_REASON_AH;
    else if (p.is_fragment && (p.proto == ProtoEsp)) host = headend_tables_pkg::HOST_REASON_FRAGMENT;
    else if (p.is_esp && short_esp) drop = headend_tables_pkg::DROP_REASON_ESP_TOO_SHORT;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_o <= 1'b0;
    else valid_o <= s1_valid_q;
    if (s1_valid_q) begin
      meta_o <= s1_meta_q;
      if ((s1_meta_q.op == headend_tables_pkg::OP_FORWARD) && !s1_meta_q.starts_l3) begin
        meta_o.vrf  <= intf.vrf;
        meta_o.drop <= drop;
        meta_o.host <= host;
        if (drop != headend_tables_pkg::DROP_REASON_NONE) meta_o.op <= headend_tables_pkg::OP_DROP;
        else if (host != headend_tables_pkg::HOST_REASON_NONE) meta_o.op <= headend_tables_pkg::OP_HOST;
      end
    end
  end

  logic unused_bits;
  assign unused_bits = ^{tbl_wdata_i[headend_tables_pkg::RecordBits-1:IntfW], intf.rsvd0, intf.rsvd1, p};

endmodule

`default_nettype wire
