// SPDX-License-Identifier: Apache-2.0
//
// Decides how a packet's next hop is found: by route or by label, and checks the IP header on the way; for one
// pipeline. Latency 2 cycles, one header per cycle. label_*: read ports of table Label, one cycle; port 0 for the
// top label, port 1 for the one below.
//
// Packets with op != FORWARD pass with route_o = adj_valid_o = 0. Else the first line that applies:
//
//   MPLS (parsed.is_mpls):
//    1  stack cut off by the end of the packet                       drop InnerMalformed
//    2  top label 1 to 15, or 0 that is not the bottom               host RouterAlert
//    3  four labels without bottom                                   drop LabelStack
//    4  TTL of the top label 0 or 1                                  host MplsTtl
//    5  top label 0 (explicit null): pop, keep vrf, go on with IP
//    6  label >= LabelDepth or not installed                         drop NoLabel
//    7  Swap: adjacency of the label, swap_o = 1; nothing below is looked at
//    8  PopVrf, PopAdj at the bottom of the stack: take it, go on with IP
//    9  PopVrf, PopAdj above another label: that one must be the bottom, 16 or more, and itself PopVrf or
//       PopAdj; it decides and both are popped                       else drop LabelStack
//
//   IP:
//   10  malformed                                                    drop InnerMalformed
//   11  header checksum wrong                                        drop InnerChecksum
//   12  IPv6                                                         host UnknownEthertype
//   13  destination >= 224.0.0.0, decrypted or from MPLS             drop Multicast
//   14  options                                                      host IpOptions
//   15  PopAdj: the label's adjacency; all others: route_o = 1, look up (vrf, destination); PopVrf sets vrf
//
// A label is popped by the pipe model of RFC 3443: its TTL is checked (line 4, the top label's only) and goes;
// the IP TTL stays what it was.

`default_nettype none

module label_lane #(
    localparam int unsigned AddrW = $clog2(headend_tables_pkg::LabelDepth)
) (
    input  logic                        clk_i,
    input  logic                        rst_ni,

    output logic                        label_re_o,
    output logic [1:0][AddrW-1:0]       label_raddr_o,
    input  logic [1:0][headend_tables_pkg::LABEL_W-1:0]             label_i,

    input  logic                        valid_i,
    input  headend_tables_pkg::meta_t   meta_i,
    output logic                        valid_o,
    output headend_tables_pkg::meta_t   meta_o,
    output logic                        route_o,
    output logic                        adj_valid_o,
    output logic                        swap_o,
    output logic [15:0]                 adj_o
);

  // ------------------------------------------------------------------ cycle 0: read both labels' records
  // and judge what needs none of them
  headend_tables_pkg::parsed_t in_p;
  logic [19:0] in_top, in_below;
  logic stack_end, top_zero, top_reserved, top_known, below_known, ttl_out;
  assign in_p = meta_i.parsed;
  assign in_top = in_p.label0[31:12];
  assign in_below = in_p.label1[31:12];
  assign label_re_o = valid_i && in_p.is_mpls;
  assign label_raddr_o = {in_below[AddrW-1:0], in_top[AddrW-1:0]};
  // labels that are not recorded are zero
  assign stack_end = in_p.label0[8] || in_p.label1[8] || in_p.label2[8] || in_p.label3[8];
  assign top_zero = in_top == 20'd0;
  assign top_reserved = (in_top < 20'd16) && !(top_zero && in_p.label0[8]);
  assign top_known = {12'd0, in_top} < headend_tables_pkg::LabelDepth;
  assign below_known = ({12'd0, in_below} < headend_tables_pkg::LabelDepth) && (in_below >= 20'd16);
  assign ttl_out = in_p.label0[7:0] <= 8'd1;

  logic s1_valid_q, s1_stack_end, s1_top_zero, s1_top_reserved, s1_top_known, s1_below_known, s1_ttl_out;
  headend_tables_pkg::meta_t s1_meta_q;
  hdr_delay #(
      .Width (headend_tables_pkg::META_W + 6),
      .Cycles(1)
  ) u_meta (
      .clk_i,
      .rst_ni,
      .valid_i,
      .d_i    ({meta_i, stack_end, top_zero, top_reserved, top_known, below_known, ttl_out}),
      .valid_o(s1_valid_q),
      .q_o    ({s1_meta_q, s1_stack_end, s1_top_zero, s1_top_reserved, s1_top_known, s1_below_known, s1_ttl_out})
  );

  // ------------------------------------------------------------------ cycle 1: the label stack
  headend_tables_pkg::parsed_t p;
  headend_tables_pkg::label_t top, below;
  assign p = s1_meta_q.parsed;
  assign top = s1_top_known ? label_i[0] : '0;
  assign below = s1_below_known ? label_i[1] : '0;

  logic [headend_tables_pkg::DROP_REASON_W-1:0] drop;
  logic [headend_tables_pkg::HOST_REASON_W-1:0] host;
  logic ip;  // go on with the IP header
  logic route, adj_valid, swap;
  logic [15:0] adj;
  logic [11:0] vrf;
  headend_tables_pkg::label_t act;  // record that decides

  always_comb begin
    drop = headend_tables_pkg::DROP_REASON_NONE;
    host = headend_tables_pkg::HOST_REASON_NONE;
    ip = 1'b0;
    swap = 1'b0;
    act = '0;
    if (!p.is_mpls) ip = 1'b1;
    else if (!s1_stack_end && !p.stack_too_deep) drop = headend_tables_pkg::DROP_REASON_INNER_MALFORMED;
    else if (s1_top_reserved) host = headend_tables_pkg::HOST_REASON_ROUTER_ALERT;
    else if (p.stack_too_deep) drop = headend_tables_pkg::DROP_REASON_LABEL_STACK;
    else if (s1_ttl_out) host = headend_tables_pkg::HOST_REASON_MPLS_TTL;
    else if (s1_top_zero) ip = 1'b1;
    else if (top.op == headend_tables_pkg::LABEL_OP_INVALID) drop = headend_tables_pkg::DROP_REASON_NO_LABEL;
    else if (top.op == headend_tables_pkg::LABEL_OP_SWAP) begin
      act  = top;
      swap = 1'b1;
    end else if (p.label0[8]) begin
      act = top;
      ip  = 1'b1;
    end else if (p.label1[8] && ((below.op == headend_tables_pkg::LABEL_OP_POP_VRF)
                                 || (below.op == headend_tables_pkg::LABEL_OP_POP_ADJ))) begin
      act = below;
      ip  = 1'b1;
    end else drop = headend_tables_pkg::DROP_REASON_LABEL_STACK;

    // the IP header
    if (ip) begin
      if (p.malformed) drop = headend_tables_pkg::DROP_REASON_INNER_MALFORMED;
      else if (p.csum_bad) drop = headend_tables_pkg::DROP_REASON_INNER_CHECKSUM;
      else if (p.is_ipv6) host = headend_tables_pkg::HOST_REASON_UNKNOWN_ETHERTYPE;
      else if ((p.dst[31:29] == 3'b111) && (s1_meta_q.decrypted || p.is_mpls)) drop = headend_tables_pkg::DROP_REASON_MULTICAST;
      else if (p.has_options) host = headend_tables_pkg::HOST_REASON_IP_OPTIONS;
    end

    vrf = (act.op == headend_tables_pkg::LABEL_OP_POP_VRF) ? act.vrf : s1_meta_q.vrf;
    adj = act.adj;
    adj_valid = (swap || (act.op == headend_tables_pkg::LABEL_OP_POP_ADJ));
    route = ip && !adj_valid;
  end

  logic forward, decided;
  assign forward = s1_meta_q.op == headend_tables_pkg::OP_FORWARD;
  assign decided = (drop != headend_tables_pkg::DROP_REASON_NONE)
                   || (host != headend_tables_pkg::HOST_REASON_NONE);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_o <= 1'b0;
    else valid_o <= s1_valid_q;
    if (s1_valid_q) begin
      meta_o      <= s1_meta_q;
      route_o     <= forward && !decided && route;
      adj_valid_o <= forward && !decided && adj_valid;
      swap_o      <= forward && !decided && swap;
      adj_o       <= adj;
      if (forward) begin
        meta_o.vrf  <= vrf;
        meta_o.drop <= drop;
        meta_o.host <= host;
        if (drop != headend_tables_pkg::DROP_REASON_NONE) meta_o.op <= headend_tables_pkg::OP_DROP;
        else if (decided) meta_o.op <= headend_tables_pkg::OP_HOST;
      end
    end
  end

  logic unused_bits;
  assign unused_bits = ^{in_p, p, act, top, below};

endmodule

`default_nettype wire
