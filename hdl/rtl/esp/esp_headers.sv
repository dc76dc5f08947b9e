// SPDX-License-Identifier: Apache-2.0
//
// Outer headers of a packet to protect: Ethernet, IPv4 or IPv6, [UDP,] ESP, IV.
//
// - Tunnel mode: addresses, TTL from the SA; DSCP of the SA or of the packet (`copy_dscp`); ECN of the packet, or 0 with
//   `no_ecn` (RFC 6040 4.1 normal and compatibility mode); DF by `df`, or with `copy_df` also when the packet has DF or
//   is IPv6; ID 0 with DF (RFC 6864), else the next of a counter that runs from IdStart in steps of IdStep over all SAs
//   of this pipeline; IPv6 flow label 0.
// - Transport mode: everything as it stood in the packet's own IP header (meta.parsed, TTL already decremented).
// - ESP in UDP (RFC 3948): ports of the SA, checksum 0. Header checksum over IPv4 only.
//
// `res_i` and `info_i` come with valid_i; byte 0 of `seal_o.hdr` is in bits 7:0.
//
// Latency: `seal_o` is computed in the second of 2 cycles (valid_o one cycle after valid_i), not yet registered.

`default_nettype none

module esp_headers #(
  parameter int unsigned IdStart = 0,
  parameter int unsigned IdStep  = 1
) (
  input  wire                           clk_i,
  input  wire                           rst_ni,
  input  wire                           valid_i,
  input  wire  [esp_out_pkg::ResW-1:0]  res_i,
  input  wire  [esp_out_pkg::InfoW-1:0] info_i,
  output logic                          valid_o,
  output logic [esp_out_pkg::SealW-1:0] seal_o
);

  localparam logic [15:0] EthertypeIpv4  = 16'h0800;
  localparam logic [15:0] EthertypeIpv6  = 16'h86dd;
  localparam logic [7:0]  ProtoEsp       = 8'd50;
  localparam logic [7:0]  ProtoUdp       = 8'd17;
  localparam logic [7:0]  NextHeaderIpv4 = 8'd4;
  localparam logic [7:0]  NextHeaderIpv6 = 8'd41;
  // Bytes in front of the payload: Ethernet, IP, [UDP,] ESP, IV.
  localparam logic [6:0]  BytesIpv4 = 7'd14 + 7'd20 + 7'd16;
  localparam logic [6:0]  BytesUdp  = 7'd14 + 7'd20 + 7'd8 + 7'd16;
  localparam logic [6:0]  BytesIpv6 = 7'd14 + 7'd40 + 7'd16;

  esp_out_pkg::res_t  res;
  esp_out_pkg::info_t info;
  headend_tables_pkg::gcm_key_t gcm;
  assign res  = res_i;
  assign gcm  = res.gcm;
  assign info = info_i;

  // ---------------------------------------------------------------------------------- first cycle: fields
  logic        ipv6;
  logic        df;
  logic [7:0]  tos;
  logic [15:0] id;
  logic [15:0] id_q;
  logic [6:0]  ip_over;     // what the length field of the IP header counts besides the encrypted bytes
  assign ipv6      = info.transport ? info.ipv6 : res.ipv6;
  assign df        = info.transport ? info.df : (res.df || (res.copy_df && (info.df || info.ipv6)));
  assign tos       = info.transport ? info.tos : {res.copy_dscp ? info.tos[7:2] : res.dscp,
                                                  res.no_ecn ? 2'b00 : info.tos[1:0]};
  assign id        = info.transport ? info.ip_id[15:0] : df ? 16'd0 : id_q;

  // Lengths: ESP header 8, IV 8, ICV, and in front of them UDP 8, IPv4 20. The 4 is the last word's.
  always_comb begin
    unique case ({ipv6, res.udp})
      2'b00:   ip_over = 7'd40;
      2'b01:   ip_over = 7'd48;
      default: ip_over = 7'd20;
    endcase
    ip_over = ip_over + 7'(gcm.icv_len);
  end

  logic [18:0] part_sum;
  logic [18:0] part_carry;
  logic [18:0] all_sum;
  logic [18:0] all_carry;
  logic [15:0] df_tos;
  assign df_tos     = {1'b0, df, 6'd0, tos};
  assign part_sum   = wide_pkg::save_sum(info.sum, 19'(res.sum), 19'(id));
  assign part_carry = wide_pkg::save_carry(info.sum[17:0], 18'(res.sum), 18'(id));
  assign all_sum    = wide_pkg::save_sum(part_sum, part_carry, 19'(df_tos));
  assign all_carry  = wide_pkg::save_carry(part_sum[17:0], part_carry[17:0], 18'(df_tos));

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      id_q <= 16'(IdStart);
    end else if (valid_i && res.ok && !info.transport && !ipv6 && !df) begin
      id_q <= id_q + 16'(IdStep);
    end
  end

  logic               valid_q;
  esp_out_pkg::res_t  res_q;
  esp_out_pkg::info_t info_q;     // addresses and TTL are those of the outer header
  logic               ipv6_q;
  logic               df_q;
  logic [7:0]         tos_q;
  logic [15:0]        id_out_q;
  logic [15:0]        ip_len_q;
  logic [15:0]        udp_len_q;
  logic [18:0]        sum_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid_q <= 1'b0;
    end else begin
      valid_q <= valid_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      res_q  <= res;
      info_q <= info;
      if (!info.transport) begin
        info_q.src   <= res.src;
        info_q.dst   <= res.dst;
        info_q.ttl   <= res.ttl;
        info_q.ip_id <= '0;
        info_q.proto <= info.ipv6 ? NextHeaderIpv6 : NextHeaderIpv4;
      end
      ipv6_q    <= ipv6;
      df_q      <= df;
      tos_q     <= tos;
      id_out_q  <= id;
      ip_len_q  <= {info.last_word, 2'b00} + 16'(ip_over);
      udp_len_q <= {info.last_word, 2'b00} + 16'd28 + 16'(gcm.icv_len);
      sum_q     <= all_sum + all_carry;
    end
  end

  // ---------------------------------------------------------------------------------- second cycle: bytes
  logic [15:0]  checksum;
  logic [111:0] ethernet;     // first byte in the top bits, as written in the RFCs
  logic [159:0] ipv4;
  logic [319:0] ipv6_bytes;
  logic [63:0]  udp;
  logic [127:0] esp;
  logic [767:0] outer;
  logic [767:0] outer_bytes;  // first byte in bits 7:0
  assign checksum   = ~wide_pkg::fold(sum_q);
  assign ethernet   = {info_q.dmac, info_q.smac, ipv6_q ? EthertypeIpv6 : EthertypeIpv4};
  assign ipv4       = {8'h45, tos_q, ip_len_q, id_out_q, 1'b0, df_q, 14'd0, info_q.ttl, res_q.udp ? ProtoUdp : ProtoEsp,
                       checksum, info_q.src[31:0], info_q.dst[31:0]};
  assign ipv6_bytes = {4'd6, tos_q, info_q.ip_id, ip_len_q, ProtoEsp, info_q.ttl, info_q.src, info_q.dst};
  assign udp        = {res_q.sport, res_q.dport, udp_len_q, 16'd0};
  assign esp        = {res_q.spi, res_q.seq[31:0], res_q.seq};

  esp_out_pkg::seal_t seal;
  always_comb begin
    if (ipv6_q) begin
      outer = {ethernet, ipv6_bytes, esp, 208'd0};
    end else if (res_q.udp) begin
      outer = {ethernet, ipv4, udp, esp, 304'd0};
    end else begin
      outer = {ethernet, ipv4, esp, 368'd0};
    end
    seal.ok          = res_q.ok;
    seal.reason      = res_q.reason;
    seal.seq         = res_q.seq;
    seal.spi         = res_q.spi;
    seal.esn         = res_q.esn;
    seal.last_word   = info_q.last_word;
    seal.pad         = info_q.pad;
    seal.next_header = info_q.proto;
    seal.hdr_len     = ipv6_q ? BytesIpv6 : res_q.udp ? BytesUdp : BytesIpv4;
    seal.hdr         = outer_bytes;
    seal.gcm         = res_q.gcm;
  end
  for (genvar i = 0; i < 96; i++) begin : gen_bytes
    assign outer_bytes[8*i +: 8] = outer[8*(95-i) +: 8];
  end
  assign valid_o = valid_q;
  assign seal_o  = seal;

  // Not everything of what came has a place in the headers.
  logic unused;
  assign unused = ^{res_q, info_q, gcm};

endmodule

`default_nettype wire
