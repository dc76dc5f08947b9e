// SPDX-License-Identifier: Apache-2.0
//
// Decides how a packet's next hop is found: by route or by label, and checks the IP header on the way.
// Owns table Label. Latency 2 cycles, one header per cycle. Comes right after `selector_check`.
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

module label_lookup (
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
    output headend_tables_pkg::meta_t   meta_o,
    output logic                        route_o,
    output logic                        adj_valid_o,
    output logic                        swap_o,
    output logic [15:0]                 adj_o
);

  localparam int unsigned LabelW = headend_tables_pkg::LABEL_W;
  localparam int unsigned AddrW  = $clog2(headend_tables_pkg::LabelDepth);

  // ------------------------------------------------------------------ cycle 0: read both labels' records
  // Two copies of the table, one for the top label and one for the label below.
  logic [1:0][31:0] entry;
  logic [1:0][LabelW-1:0] rec_bits, bus_bits;
  logic [1:0] bus_ack;
  assign entry[0] = meta_i.parsed.label0;
  assign entry[1] = meta_i.parsed.label1;
  for (genvar k = 0; k < 2; k++) begin : gen_copy
    table_ram #(
        .Table(headend_tables_pkg::TABLE_LABEL),
        .Depth(headend_tables_pkg::LabelDepth),
        .Width(LabelW)
    ) u_ram (
        .clk_i,
        .rst_ni,
        .tbl_req_i,
        .tbl_we_i,
        .tbl_sel_i,
        .tbl_index_i,
        .tbl_wdata_i(tbl_wdata_i[LabelW-1:0]),
        .tbl_ack_o  (bus_ack[k]),
        .tbl_rdata_o(bus_bits[k]),
        .re_i       (valid_i && meta_i.parsed.is_mpls),
        .raddr_i    (entry[k][12+:AddrW]),
        .rdata_o    (rec_bits[k])
    );
  end
  assign tbl_ack_o   = bus_ack[0];
  assign tbl_rdata_o = {{(headend_tables_pkg::RecordBits - LabelW) {1'b0}}, bus_bits[0]};

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

  // ------------------------------------------------------------------ cycle 1: the label stack
  headend_tables_pkg::parsed_t p;
  headend_tables_pkg::label_t top, below;
  logic stack_end, top_known, below_known;
  logic [19:0] top_label, below_label;
  assign p = s1_meta_q.parsed;
  assign top_label = p.label0[31:12];
  assign below_label = p.label1[31:12];
  assign top_known = {12'd0, top_label} < headend_tables_pkg::LabelDepth;
  assign below_known = ({12'd0, below_label} < headend_tables_pkg::LabelDepth)
                       && (below_label >= 20'd16);
  assign top = top_known ? rec_bits[0] : '0;
  assign below = below_known ? rec_bits[1] : '0;
  // labels that are not recorded are zero
  assign stack_end = p.label0[8] || p.label1[8] || p.label2[8] || p.label3[8];

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
    else if (!stack_end && !p.stack_too_deep) drop = headend_tables_pkg::DROP_REASON_INNER_MALFORMED;
    else if ((top_label < 20'd16) && !((top_label == 20'd0) && p.label0[8])) host = headend_tables_pkg::HOST_REASON_ROUTER_ALERT;
    else if (p.stack_too_deep) drop = headend_tables_pkg::DROP_REASON_LABEL_STACK;
    else if (p.label0[7:0] <= 8'd1) host = headend_tables_pkg::HOST_REASON_MPLS_TTL;
    else if (top_label == 20'd0) ip = 1'b1;
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
  assign unused_bits = ^{tbl_wdata_i[headend_tables_pkg::RecordBits-1:LabelW], bus_ack[1], bus_bits[1], p, act, top, below, entry};

endmodule

`default_nettype wire
