// SPDX-License-Identifier: Apache-2.0
//
// One's complement sum (RFC 1071, without the final complement) of everything in the outer IPv4 header that an
// outbound SA's record alone determines, so that few words are left to add for each packet: version and header length,
// protocol (ESP or UDP), of the total length the part that does not depend on the packet (IPv4 header, UDP header, ESP
// header, IV, ICV), and in tunnel mode TTL and addresses.
//
// `record_i` must stay; the result belongs to the record of 3 cycles ago.
//
// Latency: 3 cycles.

`default_nettype none

module sa_out_sum (
  input  wire                               clk_i,
  input  wire  headend_tables_pkg::sa_out_t record_i,
  output logic [15:0]                       sum_o
);

  localparam logic [15:0] VersionIhl = 16'h4500;
  localparam logic [15:0] ProtoEsp   = 16'd50;
  localparam logic [15:0] ProtoUdp   = 16'd17;

  logic [6:0]  fixed_len;     // 20 IPv4, [8 UDP,] 8 ESP, 8 IV, ICV
  logic [16:0] src_q;
  logic [16:0] dst_q;
  logic [15:0] rest_q;
  logic [7:0]  ttl_q;
  logic [18:0] total_q;
  logic [15:0] sum_q;
  assign fixed_len = (record_i.udp ? 7'd44 : 7'd36) + 7'(record_i.gcm.icv_len);
  assign sum_o     = sum_q;

  always_ff @(posedge clk_i) begin
    src_q   <= record_i.tunnel ? 17'(record_i.src[31:16]) + 17'(record_i.src[15:0]) : 17'd0;
    dst_q   <= record_i.tunnel ? 17'(record_i.dst[31:16]) + 17'(record_i.dst[15:0]) : 17'd0;
    rest_q  <= VersionIhl + (record_i.udp ? ProtoUdp : ProtoEsp) + 16'(fixed_len);
    ttl_q   <= record_i.tunnel ? record_i.ttl : 8'd0;
    total_q <= 19'(src_q) + 19'(dst_q) + 19'(rest_q) + 19'({ttl_q, 8'd0});
    sum_q   <= wide_pkg::fold(total_q);
  end

  // The rest of the record goes elsewhere.
  logic unused;
  assign unused = ^record_i;

endmodule

`default_nettype wire
