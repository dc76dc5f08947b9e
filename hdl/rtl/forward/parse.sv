// SPDX-License-Identifier: Apache-2.0
//
// Header parser. Latency 4 cycles, one header per cycle.
//
// In:  the first 128 bytes of a packet (byte 0 in bits 7:0, zero past the end) with meta.len and
//      meta.starts_l3. Out: meta with `parsed` filled; all other fields as they came. iv_o: the 8 bytes behind the
//      ESP header (byte 0 in bits 7:0), meaningful when parsed.is_esp is 1.
//
// Numbers in `parsed` are plain integers (network order undone).
//
//   Ethernet   up to two tags 0x8100/0x88a8 are skipped; a third one stays in `ethertype`. dmac, ethertype and
//              vid0 are read from the window even when the frame ends inside them. With starts_l3 all of them
//              are zero.
//   MPLS       ethertype 0x8847: is_mpls, also when no whole entry is there. Whole entries up to the bottom
//              of stack are recorded, 4 at most; four without bottom: stack_too_deep. A stack cut off by the
//              end of the packet is malformed.
//   IP         ethertype 0x0800 sets is_ipv4, 0x86dd is_ipv6, whatever the version nibble says; below labels
//              and with starts_l3 the nibble decides and must be 4 or 6.
//   malformed  frame ends inside Ethernet header or tags; stack cut off; wrong version; IPv4: fewer than 20
//              bytes, IHL < 5, header longer than the packet, total length < header or > bytes present;
//              IPv6: fewer than 40 bytes or payload length > bytes present.
//   When malformed, or without IP header, csum_bad, has_options, is_fragment, df, is_esp, is_ah, udp_encap, ip6_ext
//   and all fields from l4_off on (l4_off, ip_len, src ... seq) are zero. l3_off is always Ethernet + tags +
//   recorded labels.
//   is_esp     IPv4, protocol 50, no fragment; or IPv6 with next header 50 in the IPv6 header. spi and seq come from
//              l4_off then, however short the payload. Or ESP in UDP (RFC 3948): IPv4, no fragment, UDP to port
//              NattPort, at least 16 bytes of IP payload, the 4 bytes behind the UDP header not all zero (that
//              is IKE). Then udp_encap is set, l4_off is the offset of the ESP header, proto stays 17; the
//              UDP length and checksum are not looked at.
//   is_ah      protocol or next header 51.
//   ip6_ext    next header 0 (hop-by-hop), 43 (routing), 44 (fragment), 60 (destination options), 135 (mobility).
//   ip_id      IPv4 identification or IPv6 flow label.
//   sport, dport  TCP or UDP (IPv4 and directly below IPv6), no fragment, at least 4 bytes of payload.

`default_nettype none

module parse (
    input  logic                        clk_i,
    input  logic                        rst_ni,
    input  logic                        valid_i,
    input  logic [1023:0]               window_i,
    input  headend_tables_pkg::meta_t   meta_i,
    output logic                        valid_o,
    output headend_tables_pkg::meta_t   meta_o,
    output logic [63:0]                 iv_o
);

  localparam int unsigned Latency = 4;

  localparam logic [15:0] TypeVlan  = 16'h8100;
  localparam logic [15:0] TypeQinQ  = 16'h88a8;
  localparam logic [15:0] TypeArp   = 16'h0806;
  localparam logic [15:0] TypeIpv4  = 16'h0800;
  localparam logic [15:0] TypeIpv6  = 16'h86dd;
  localparam logic [15:0] TypeMpls  = 16'h8847;
  localparam logic [7:0]  ProtoTcp  = 8'd6;
  localparam logic [7:0]  ProtoUdp  = 8'd17;
  localparam logic [7:0]  ProtoEsp  = 8'd50;
  localparam logic [7:0]  ProtoAh   = 8'd51;
  localparam logic [15:0] PortNatt  = 16'(headend_tables_pkg::NattPort);

  // Network order to number.
  function automatic logic [15:0] be16(input logic [15:0] x);
    be16 = {x[7:0], x[15:8]};
  endfunction
  function automatic logic [31:0] be32(input logic [31:0] x);
    be32 = {x[7:0], x[15:8], x[23:16], x[31:24]};
  endfunction
  function automatic logic [127:0] be128(input logic [127:0] x);
    be128 = {be32(x[31:0]), be32(x[63:32]), be32(x[95:64]), be32(x[127:96])};
  endfunction

  // ------------------------------------------------------------------ meta beside the stages
  headend_tables_pkg::meta_t meta_q;
  hdr_delay #(
      .Width (headend_tables_pkg::META_W),
      .Cycles(Latency)
  ) u_meta (
      .clk_i,
      .rst_ni,
      .valid_i,
      .d_i    (meta_i),
      .valid_o,
      .q_o    (meta_q)
  );

  logic s1_valid_q, s2_valid_q, s3_valid_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      s1_valid_q <= 1'b0;
      s2_valid_q <= 1'b0;
      s3_valid_q <= 1'b0;
    end else begin
      s1_valid_q <= valid_i;
      s2_valid_q <= s1_valid_q;
      s3_valid_q <= s2_valid_q;
    end
  end

  // ------------------------------------------------------------------ stage 1: Ethernet and tags
  // Index k: with k tags.
  logic tag0, tag1;
  logic [2:0][15:0] etype, left;
  logic [2:0] cut, is_mpls, is_arp, is_v4, is_v6;
  assign etype = {be16(window_i[8*20+:16]), be16(window_i[8*16+:16]), be16(window_i[8*12+:16])};
  assign tag0 = (etype[0] == TypeVlan) || (etype[0] == TypeQinQ);
  assign tag1 = tag0 && ((etype[1] == TypeVlan) || (etype[1] == TypeQinQ));
  for (genvar k = 0; k < 3; k++) begin : gen_tags
    assign is_mpls[k] = etype[k] == TypeMpls;
    assign is_arp[k] = etype[k] == TypeArp;
    assign is_v4[k] = etype[k] == TypeIpv4;
    assign is_v6[k] = etype[k] == TypeIpv6;
    assign cut[k] = meta_i.len < 16'(14 + 4 * k);
    assign left[k] = meta_i.len - 16'(14 + 4 * k);
  end

  logic [799:0] s1_win_q;  // from the end of Ethernet
  logic [15:0] s1_avail_q;  // bytes from there to the end of the packet
  logic [7:0] s1_l2_len_q;
  logic s1_trunc_q, s1_l3_q, s1_mpls_q, s1_arp_q, s1_v4_q, s1_v6_q;
  logic [15:0] s1_type_q;
  logic [47:0] s1_dmac_q;
  logic [11:0] s1_vid_q;
  logic [1:0] s1_tags_q;

  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      s1_l3_q   <= meta_i.starts_l3;
      s1_tags_q <= meta_i.starts_l3 ? 2'd0 : {tag1, tag0 && !tag1};
      if (meta_i.starts_l3) begin
        s1_l2_len_q <= 8'd0;
        s1_trunc_q  <= 1'b0;
        s1_avail_q  <= meta_i.len;
        s1_win_q    <= window_i[799:0];
        s1_type_q   <= 16'd0;
        s1_dmac_q   <= 48'd0;
        s1_vid_q    <= 12'd0;
        {s1_mpls_q, s1_arp_q, s1_v4_q, s1_v6_q} <= 4'd0;
      end else begin
        s1_dmac_q <= {be32(window_i[31:0]), be16(window_i[47:32])};
        s1_vid_q  <= tag0 ? {window_i[8*14+:4], window_i[8*15+:8]} : 12'd0;
        if (tag1) begin
          s1_l2_len_q <= 8'd22;
          s1_trunc_q  <= cut[2];
          s1_avail_q  <= cut[2] ? 16'd0 : left[2];
          s1_win_q    <= window_i[8*22+:800];
          s1_type_q   <= etype[2];
          {s1_mpls_q, s1_arp_q, s1_v4_q, s1_v6_q} <= {is_mpls[2], is_arp[2], is_v4[2], is_v6[2]};
        end else if (tag0) begin
          s1_l2_len_q <= 8'd18;
          s1_trunc_q  <= cut[1];
          s1_avail_q  <= cut[1] ? 16'd0 : left[1];
          s1_win_q    <= window_i[8*18+:800];
          s1_type_q   <= etype[1];
          {s1_mpls_q, s1_arp_q, s1_v4_q, s1_v6_q} <= {is_mpls[1], is_arp[1], is_v4[1], is_v6[1]};
        end else begin
          s1_l2_len_q <= 8'd14;
          s1_trunc_q  <= cut[0];
          s1_avail_q  <= cut[0] ? 16'd0 : left[0];
          s1_win_q    <= window_i[8*14+:800];
          s1_type_q   <= etype[0];
          {s1_mpls_q, s1_arp_q, s1_v4_q, s1_v6_q} <= {is_mpls[0], is_arp[0], is_v4[0], is_v6[0]};
        end
      end
    end
  end

  // ------------------------------------------------------------------ stage 2: label stack
  logic [3:0] present, bottom;  // entry k whole, with S bit
  logic [2:0] labels;
  logic stack_end;
  for (genvar k = 0; k < 4; k++) begin : gen_entry
    assign present[k] = s1_mpls_q && (s1_avail_q >= 16'(4 * (k + 1)));
    assign bottom[k]  = present[k] && s1_win_q[32*k+16];
  end
  always_comb begin
    if (bottom[0] || (present[0] && !present[1])) labels = 3'd1;
    else if (bottom[1] || (present[1] && !present[2])) labels = 3'd2;
    else if (bottom[2] || (present[2] && !present[3])) labels = 3'd3;
    else if (present[3]) labels = 3'd4;
    else labels = 3'd0;
  end
  assign stack_end = bottom != 4'd0;

  logic [671:0] s2_win_q;  // from the IP header
  logic [15:0] s2_avail_q;
  logic [7:0] s2_l3_off_q;
  logic s2_bad_q, s2_mpls_q, s2_arp_q, s2_v4_q, s2_v6_q, s2_too_deep_q, s2_nibble_q;
  logic [2:0] s2_labels_q;
  logic [127:0] s2_stack_q;
  logic [15:0] s2_type_q;
  logic [47:0] s2_dmac_q;
  logic [11:0] s2_vid_q;
  logic [1:0] s2_tags_q;

  always_ff @(posedge clk_i) begin
    if (s1_valid_q) begin
      s2_l3_off_q   <= s1_l2_len_q + {3'd0, labels, 2'd0};
      s2_avail_q    <= s1_avail_q - {11'd0, labels, 2'd0};
      s2_bad_q      <= s1_trunc_q || (s1_mpls_q && !stack_end && !present[3]);
      s2_mpls_q     <= s1_mpls_q;
      s2_arp_q      <= s1_arp_q;
      s2_v4_q       <= s1_v4_q;
      s2_v6_q       <= s1_v6_q;
      s2_too_deep_q <= present[3] && !stack_end;
      s2_nibble_q   <= s1_l3_q || stack_end;
      s2_labels_q   <= labels;
      s2_type_q     <= s1_type_q;
      s2_dmac_q     <= s1_dmac_q;
      s2_vid_q      <= s1_vid_q;
      s2_tags_q     <= s1_tags_q;
      unique case (labels)
        3'd0: begin
          s2_win_q   <= s1_win_q[671:0];
          s2_stack_q <= 128'd0;
        end
        3'd1: begin
          s2_win_q   <= s1_win_q[32+:672];
          s2_stack_q <= {96'd0, s1_win_q[31:0]};
        end
        3'd2: begin
          s2_win_q   <= s1_win_q[64+:672];
          s2_stack_q <= {64'd0, s1_win_q[63:0]};
        end
        3'd3: begin
          s2_win_q   <= s1_win_q[96+:672];
          s2_stack_q <= {32'd0, s1_win_q[95:0]};
        end
        default: begin
          s2_win_q   <= s1_win_q[128+:672];
          s2_stack_q <= s1_win_q[127:0];
        end
      endcase
    end
  end

  // ------------------------------------------------------------------ stage 3: IP lengths, checksum
  logic v4, v6, bad4, bad6, ihl_short;
  logic [3:0] version, ihl;
  logic [4:0] ihl_plus4;
  logic [15:0] tot_len, pay_len;
  assign version = s2_win_q[7:4];
  assign ihl = s2_win_q[3:0];
  assign tot_len = be16(s2_win_q[31:16]);
  assign pay_len = be16(s2_win_q[47:32]);
  assign v4 = s2_v4_q || (s2_nibble_q && (version == 4'd4));
  assign v6 = s2_v6_q || (s2_nibble_q && (version == 4'd6));
  assign ihl_short = !ihl[3] && (!ihl[2] || (ihl[1:0] == 2'd0));  // below 5
  assign ihl_plus4 = {ihl[3] && ihl[2], ihl[3] ^ ihl[2], !ihl[2], ihl[1:0]};
  assign bad4 = (version != 4'd4) || ihl_short || (s2_avail_q < {10'd0, ihl, 2'd0})
                || (tot_len < {10'd0, ihl, 2'd0}) || (tot_len > s2_avail_q);

  // IPv6: pay_len + 40 > avail, as a carry out of pay_len + 40 + ~avail in one addition
  logic [16:0] six_s, six_c, six_sum;
  assign six_s = {1'b0, pay_len ^ ~s2_avail_q ^ 16'd40};
  assign six_c = {(pay_len & ~s2_avail_q) | (16'd40 & (pay_len | ~s2_avail_q)), 1'b0};
  assign six_sum = {1'b0, six_s[15:0]} + {1'b0, six_c[15:0]};
  assign bad6 = (version != 4'd6) || (s2_avail_q < 16'd40) || six_c[16] || six_sum[16];

  // The header as 15 words of which the first IHL count, in ones' complement arithmetic of 32 bits, whose sums are
  // those of 16 bits modulo 65535. Six words become three of the same sum, bit by bit: a carry of weight 2^32 is
  // one of weight 1, so words of carries are rotated. A sum of words not all zero is never zero.
  function automatic logic [95:0] six_to_three(input logic [191:0] x);
    logic [31:0] s0, s1, c0, c1, k, w2, w4;
    s0 = x[31:0] ^ x[63:32] ^ x[95:64];
    s1 = x[127:96] ^ x[159:128] ^ x[191:160];
    c0 = (x[31:0] & x[63:32]) | (x[95:64] & (x[31:0] | x[63:32]));
    c1 = (x[127:96] & x[159:128]) | (x[191:160] & (x[127:96] | x[159:128]));
    k = s0 & s1;
    w2 = c0 ^ c1 ^ k;
    w4 = (c0 & c1) | (k & (c0 | c1));
    six_to_three = {w4[29:0], w4[31:30], w2[30:0], w2[31], s0 ^ s1};
  endfunction

  logic [479:0] words;
  // 9, 6, then 3 words; kept as they are, since each bit is one LUT6 of the step before
  (* keep *) logic [287:0] sum_a;
  (* keep *) logic [191:0] sum_b;
  logic [95:0] sum_c;
  for (genvar j = 0; j < 15; j++) begin : gen_word
    if (j < 5) begin : gen_always
      assign words[32*j+:32] = s2_win_q[32*j+:32];
    end else begin : gen_option
      localparam logic [15:0] Longer = 16'hffff << (j + 1);  // bit i: i > j
      assign words[32*j+:32] = Longer[ihl] ? s2_win_q[32*j+:32] : 32'd0;
    end
  end
  assign sum_a = {six_to_three({96'd0, words[479:384]}), six_to_three(words[383:192]), six_to_three(words[191:0])};
  assign sum_b = {six_to_three({96'd0, sum_a[287:192]}), six_to_three(sum_a[191:0])};
  assign sum_c = six_to_three(sum_b);

  logic [671:0] l4_shifted;
  assign l4_shifted = s2_win_q >> {v6 ? 4'd10 : ihl, 5'd0};

  logic [319:0] s3_hdr_q;
  logic [191:0] s3_l4_q;
  logic [95:0] s3_sum_q;
  logic s3_bad_q, s3_v4_q, s3_v6_q, s3_mpls_q, s3_arp_q, s3_too_deep_q, s3_pay4_q, s3_pay16_q;
  logic [15:0] s3_ip_len_q, s3_type_q;
  logic [7:0] s3_l3_off_q;
  logic [2:0] s3_labels_q;
  logic [127:0] s3_stack_q;
  logic [47:0] s3_dmac_q;
  logic [11:0] s3_vid_q;
  logic [1:0] s3_tags_q;

  always_ff @(posedge clk_i) begin
    if (s2_valid_q) begin
      s3_hdr_q      <= s2_win_q[319:0];
      s3_l4_q       <= l4_shifted[191:0];
      s3_sum_q      <= sum_c;
      s3_bad_q      <= s2_bad_q || (v4 && bad4) || (v6 && bad6) || (s2_nibble_q && !v4 && !v6);
      s3_v4_q       <= v4;
      s3_v6_q       <= v6;
      s3_ip_len_q   <= v6 ? pay_len + 16'd40 : tot_len;
      s3_pay4_q     <= v6 ? (pay_len >= 16'd4) : (tot_len[15:2] > {10'd0, ihl});
      s3_pay16_q    <= tot_len[15:2] >= {9'd0, ihl_plus4};
      s3_mpls_q     <= s2_mpls_q;
      s3_arp_q      <= s2_arp_q;
      s3_too_deep_q <= s2_too_deep_q;
      s3_l3_off_q   <= s2_l3_off_q;
      s3_labels_q   <= s2_labels_q;
      s3_stack_q    <= s2_stack_q;
      s3_type_q     <= s2_type_q;
      s3_dmac_q     <= s2_dmac_q;
      s3_vid_q      <= s2_vid_q;
      s3_tags_q     <= s2_tags_q;
    end
  end

  // ------------------------------------------------------------------ stage 4: fields
  // Six halves, then two words that must be each other's complement (or both all ones) for a sum of 0xffff.
  function automatic logic [47:0] halves_to_three(input logic [95:0] x);
    logic [15:0] s0, s1, c0, c1, k, w2, w4;
    s0 = x[15:0] ^ x[31:16] ^ x[47:32];
    s1 = x[63:48] ^ x[79:64] ^ x[95:80];
    c0 = (x[15:0] & x[31:16]) | (x[47:32] & (x[15:0] | x[31:16]));
    c1 = (x[63:48] & x[79:64]) | (x[95:80] & (x[63:48] | x[79:64]));
    k = s0 & s1;
    w2 = c0 ^ c1 ^ k;
    w4 = (c0 & c1) | (k & (c0 | c1));
    halves_to_three = {w4[13:0], w4[15:14], w2[14:0], w2[15], s0 ^ s1};
  endfunction

  logic [47:0] csum_three;
  logic [15:0] csum_maj, csum_s, csum_c;
  logic csum_good;
  assign csum_three = halves_to_three(s3_sum_q);
  assign csum_maj = (csum_three[15:0] & csum_three[31:16])
                    | (csum_three[47:32] & (csum_three[15:0] | csum_three[31:16]));
  assign csum_s = csum_three[15:0] ^ csum_three[31:16] ^ csum_three[47:32];
  assign csum_c = {csum_maj[14:0], csum_maj[15]};
  assign csum_good = ((csum_s ^ csum_c) == 16'hffff) || ((csum_s & csum_c) == 16'hffff);

  logic [7:0] proto, l4_plain;
  logic [15:0] frag;
  logic fragment, has_ports, natt, plain_esp;
  logic [63:0] esp_hdr;
  assign proto = s3_v6_q ? s3_hdr_q[8*6+:8] : s3_hdr_q[8*9+:8];
  assign l4_plain = s3_l3_off_q + (s3_v6_q ? 8'd40 : {2'd0, s3_hdr_q[3:0], 2'd0});
  assign frag = be16(s3_hdr_q[8*6+:16]);
  assign fragment = s3_v4_q && (frag[13:0] != 14'd0);
  assign has_ports = ((proto == ProtoTcp) || (proto == ProtoUdp)) && !fragment && s3_pay4_q;
  assign natt = s3_v4_q && !s3_v6_q && (s3_hdr_q[8*9+:8] == ProtoUdp) && (frag[13:0] == 14'd0) && s3_pay16_q
                && (s3_l4_q[31:16] == be16(PortNatt)) && (s3_l4_q[95:64] != 32'd0);
  assign plain_esp = (proto == ProtoEsp) && !fragment;
  assign esp_hdr = natt ? s3_l4_q[127:64] : s3_l4_q[63:0];

  headend_tables_pkg::parsed_t parsed_d, parsed_q;

  always_comb begin
    parsed_d = '0;
    parsed_d.malformed = s3_bad_q;
    parsed_d.is_ipv4 = s3_v4_q;
    parsed_d.is_ipv6 = s3_v6_q;
    parsed_d.is_arp = s3_arp_q;
    parsed_d.is_mpls = s3_mpls_q;
    parsed_d.mac_bcast = s3_dmac_q[40];
    parsed_d.vlan_count = s3_tags_q;
    parsed_d.label_count = s3_labels_q;
    parsed_d.stack_too_deep = s3_too_deep_q;
    parsed_d.l3_off = s3_l3_off_q;
    parsed_d.ethertype = s3_type_q;
    parsed_d.dmac = s3_dmac_q;
    parsed_d.vid0 = s3_vid_q;
    parsed_d.label0 = be32(s3_stack_q[31:0]);
    parsed_d.label1 = be32(s3_stack_q[63:32]);
    parsed_d.label2 = be32(s3_stack_q[95:64]);
    parsed_d.label3 = be32(s3_stack_q[127:96]);
    if (!s3_bad_q && (s3_v4_q || s3_v6_q)) begin
      parsed_d.l4_off = natt ? l4_plain + 8'd8 : l4_plain;
      parsed_d.ip_len = s3_ip_len_q;
      parsed_d.proto = proto;
      parsed_d.is_ah = proto == ProtoAh;
      parsed_d.udp_encap = natt;
      if (s3_v6_q) begin
        parsed_d.src = be128(s3_hdr_q[8*8+:128]);
        parsed_d.dst = be128(s3_hdr_q[8*24+:128]);
        parsed_d.ttl = s3_hdr_q[8*7+:8];
        parsed_d.tos = {s3_hdr_q[3:0], s3_hdr_q[15:12]};
        parsed_d.ip_id = {s3_hdr_q[11:8], s3_hdr_q[23:16], s3_hdr_q[31:24]};
        parsed_d.ip6_ext = (proto == 8'd0) || (proto == 8'd43) || (proto == 8'd44) || (proto == 8'd60)
                           || (proto == 8'd135);
      end else begin
        parsed_d.src = {96'd0, be32(s3_hdr_q[8*12+:32])};
        parsed_d.dst = {96'd0, be32(s3_hdr_q[8*16+:32])};
        parsed_d.ttl = s3_hdr_q[8*8+:8];
        parsed_d.tos = s3_hdr_q[15:8];
        parsed_d.ip_csum = be16(s3_hdr_q[8*10+:16]);
        parsed_d.ip_id = {4'd0, be16(s3_hdr_q[8*4+:16])};
        parsed_d.csum_bad = !csum_good;
        parsed_d.has_options = s3_hdr_q[3:0] != 4'd5;
        parsed_d.is_fragment = fragment;
        parsed_d.df = frag[14];
      end
      if (plain_esp || natt) begin
        parsed_d.is_esp = 1'b1;
        parsed_d.spi = be32(esp_hdr[31:0]);
        parsed_d.seq = be32(esp_hdr[63:32]);
      end
      if (has_ports) begin
        parsed_d.sport = be16(s3_l4_q[15:0]);
        parsed_d.dport = be16(s3_l4_q[31:16]);
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (s3_valid_q) begin
      parsed_q <= parsed_d;
      iv_o     <= natt ? s3_l4_q[191:128] : s3_l4_q[127:64];
    end
  end

  always_comb begin
    meta_o = meta_q;
    meta_o.parsed = parsed_q;
  end

  logic unused_bits;
  assign unused_bits = ^{window_i[1023:976], l4_shifted[671:192], s3_hdr_q, frag[15], meta_q.parsed, six_s[16],
                         six_sum[15:0]};

endmodule

`default_nettype wire
