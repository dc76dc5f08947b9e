// SPDX-License-Identifier: Apache-2.0
//
// Final decision: reads the adjacency and fills in everything that rewrite, qos and esp_encap need.
// Owns table Adj. Latency 2 cycles, one header per cycle. Comes right after `fib_lookup`.
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
//    7  parsed.ip_len > mtu                                          host TooBig
//    8  the frame to send would be longer than MaxFrameBytes         host TooBig
//    9  Ip, Mpls, Protect: forward
//
// The frame to send: Ethernet header, pushed labels and what rewrite keeps; for Protect Ethernet, outer IPv4 and
// ESP header, IV, the packet with padding and trailer, and an ICV of 16 bytes, even if the SA's is shorter.
//
// Forward: egress, adj_kind, dmac, smac from the adjacency, sa_out and sa_out_gen its SA (Protect; else 0).
//   no swap  strip = l3_off, patch_ttl = 1
//   swap     strip = Ethernet header and top label, patch_ttl = 0
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

module adj_lookup (
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
    input  logic                        adj_valid_i,
    input  logic                        swap_i,
    input  logic [15:0]                 adj_i,
    output logic                        valid_o,
    output headend_tables_pkg::meta_t   meta_o
);

  localparam int unsigned AdjW  = headend_tables_pkg::ADJ_W;
  localparam int unsigned AddrW = $clog2(headend_tables_pkg::AdjDepth);

  // ------------------------------------------------------------------ cycle 0: read
  headend_tables_pkg::adj_t adj;
  logic [AdjW-1:0] adj_bus;
  table_ram #(
      .Table(headend_tables_pkg::TABLE_ADJ),
      .Depth(headend_tables_pkg::AdjDepth),
      .Width(AdjW)
  ) u_adj (
      .clk_i,
      .rst_ni,
      .tbl_req_i,
      .tbl_we_i,
      .tbl_sel_i,
      .tbl_index_i,
      .tbl_wdata_i(tbl_wdata_i[AdjW-1:0]),
      .tbl_ack_o,
      .tbl_rdata_o(adj_bus),
      .re_i       (valid_i && adj_valid_i),
      .raddr_i    (adj_i[AddrW-1:0]),
      .rdata_o    (adj)
  );
  assign tbl_rdata_o = {{(headend_tables_pkg::RecordBits - AdjW) {1'b0}}, adj_bus};

  // Whether the frame to send is short enough: with 0 to 3 labels, and with ESP.
  localparam int unsigned MaxFrame   = headend_tables_pkg::MaxFrameBytes;
  localparam int unsigned EspBytes   = 14 + 20 + 8 + 8 + 16;                  // but for padding and trailer
  localparam int unsigned EspLongest = (MaxFrame - EspBytes) / 4 * 4 - 2;
  headend_tables_pkg::parsed_t in_p;
  logic [7:0] in_strip;
  logic [16:0] in_keep;
  logic [3:0] in_fits_labels, fits_labels;
  logic in_fits_esp, fits_esp;
  assign in_p = meta_i.parsed;
  assign in_strip = swap_i ? 8'd18 + {4'd0, in_p.vlan_count, 2'd0} : in_p.l3_off;
  assign in_keep = (!swap_i || ((in_p.is_ipv4 || in_p.is_ipv6) && !in_p.malformed))
                   ? {1'b0, in_p.ip_len} + {9'd0, in_p.l3_off - in_strip}
                   : {1'b0, meta_i.len - {8'd0, in_strip}};
  for (genvar k = 0; k < 4; k++) begin : gen_fits
    assign in_fits_labels[k] = in_keep <= 17'(MaxFrame - 14 - 4 * k);
  end
  assign in_fits_esp = {16'd0, in_p.ip_len} <= EspLongest;

  logic s1_valid_q, known, swap, in_range;
  headend_tables_pkg::meta_t s1_meta_q;
  hdr_delay #(
      .Width (headend_tables_pkg::META_W + 8),
      .Cycles(1)
  ) u_meta (
      .clk_i,
      .rst_ni,
      .valid_i,
      .d_i    ({meta_i, in_fits_labels, in_fits_esp, adj_valid_i, swap_i,
                {16'd0, adj_i} < headend_tables_pkg::AdjDepth}),
      .valid_o(s1_valid_q),
      .q_o    ({s1_meta_q, fits_labels, fits_esp, known, swap, in_range})
  );

  // ------------------------------------------------------------------ cycle 1: verdict
  headend_tables_pkg::parsed_t p;
  logic is_mpls, is_protect, kind_ok, fits;
  assign p = s1_meta_q.parsed;
  assign is_mpls = adj.kind == headend_tables_pkg::ADJ_KIND_MPLS;
  assign is_protect = adj.kind == headend_tables_pkg::ADJ_KIND_PROTECT;
  assign fits = is_protect ? fits_esp : fits_labels[is_mpls ? adj.label_count : 2'd0];
  assign kind_ok = ({30'd0, adj.egress} < headend_tables_pkg::NumPorts)
                   && ((is_mpls && (adj.label_count != 2'd0))
                       || (!swap && ((adj.kind == headend_tables_pkg::ADJ_KIND_IP)
                                     || is_protect)));

  logic [headend_tables_pkg::DROP_REASON_W-1:0] drop;
  logic [headend_tables_pkg::HOST_REASON_W-1:0] host;
  always_comb begin
    drop = headend_tables_pkg::DROP_REASON_NONE;
    host = headend_tables_pkg::HOST_REASON_NONE;
    if (!known) drop = headend_tables_pkg::DROP_REASON_NO_ROUTE;
    else if (!in_range || !adj.valid) drop = headend_tables_pkg::DROP_REASON_ADJ_INVALID;
    else if (adj.kind == headend_tables_pkg::ADJ_KIND_DROP) drop = headend_tables_pkg::DROP_REASON_ROUTE_DROP;
    else if (adj.kind == headend_tables_pkg::ADJ_KIND_HOST) begin
      if (s1_meta_q.esp_miss) drop = headend_tables_pkg::DROP_REASON_SA_NOT_FOUND;
      else if (s1_meta_q.ingress == headend_tables_pkg::INGRESS_HOST) drop = headend_tables_pkg::DROP_REASON_ADJ_LOOP;
      else host = headend_tables_pkg::HOST_REASON_LOCAL_ADDRESS;
    end
    else if (!kind_ok) drop = headend_tables_pkg::DROP_REASON_ADJ_INVALID;
    else if (!swap && (p.ttl <= 8'd1)) host = headend_tables_pkg::HOST_REASON_TTL_EXPIRED;
    else if ((p.ip_len > adj.mtu) || !fits) host = headend_tables_pkg::HOST_REASON_TOO_BIG;
  end

  // ------------------------------------------------------------------ cycle 1: labels
  logic [7:0] base_ttl, outer_ttl;  // outer: every pushed entry but the one that replaces a swapped label
  logic [2:0] base_tc, outer_tc;
  logic [2:0][19:0] label;
  logic [2:0][31:0] push;
  assign label[0] = adj.label0;
  assign label[1] = adj.label1;
  assign label[2] = adj.label2;
  assign base_ttl = (swap ? p.label0[7:0] : p.ttl) - 8'd1;
  assign base_tc = swap ? p.label0[11:9] : p.tos[7:5];
  assign outer_ttl = (adj.label_ttl == 8'd0) ? base_ttl : adj.label_ttl;
  assign outer_tc = adj.copy_exp ? base_tc : adj.label_exp;

  for (genvar k = 0; k < 3; k++) begin : gen_push
    logic innermost;
    assign innermost = adj.label_count == 2'(k + 1);
    assign push[k] = !(is_mpls && (adj.label_count > 2'(k))) ? 32'd0
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
        meta_d.strip = swap ? 8'd18 + {4'd0, p.vlan_count, 2'd0} : p.l3_off;
        meta_d.patch_ttl = !swap;
        meta_d.adj_kind = adj.kind;
        meta_d.egress = adj.egress;
        meta_d.sa_out = is_protect ? adj.sa : 16'd0;
        meta_d.sa_out_gen = is_protect ? adj.sa_gen : 8'd0;
        meta_d.dmac = adj.dmac;
        meta_d.smac = adj.smac;
        meta_d.push_count = is_mpls ? adj.label_count : 2'd0;
        meta_d.push0 = push[0];
        meta_d.push1 = push[1];
        meta_d.push2 = push[2];
        meta_d.push_ethertype = is_mpls ? 16'h8847 : 16'h0800;
      end
    end
    if (meta_d.op == headend_tables_pkg::OP_HOST) begin
      meta_d.egress = headend_tables_pkg::EGRESS_HOST;
      meta_d.adj_kind = headend_tables_pkg::ADJ_KIND_HOST;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_o <= 1'b0;
    else valid_o <= s1_valid_q;
    if (s1_valid_q) meta_o <= meta_d;
  end

  logic unused_bits;
  assign unused_bits = ^{tbl_wdata_i[headend_tables_pkg::RecordBits-1:AdjW], p, in_p, adj};

endmodule

`default_nettype wire
