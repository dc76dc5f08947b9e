// SPDX-License-Identifier: Apache-2.0
//
// What a packet to protect brings to its outer headers, by itself, while sa_out_unit is asked: the length to encrypt
// (TFC padding and ESP trailer included) and the sum of those words of an outer IPv4 header that do not depend on the
// SA: that length, and in transport mode TTL and addresses too.
//
// `meta_i` is that of the packet's first beat. TFC padding is for tunnel mode only (RFC 4303 2.7: in transport mode the
// receiver could not find the end of the payload).
//
// Latency: `info_o` is computed in the second of 2 cycles (valid_o one cycle after valid_i), not yet registered.

`default_nettype none

module esp_info (
  input  wire                             clk_i,
  input  wire                             rst_ni,
  input  wire                             valid_i,
  input  wire  headend_tables_pkg::meta_t meta_i,
  output logic                            valid_o,
  output logic [esp_out_pkg::InfoW-1:0]   info_o
);

  // The shortest multiple of 4 that holds `len` bytes, pad length and next header.
  logic [15:0] len_room;
  logic [15:0] tfc_room;
  logic        tfc;
  assign len_room = meta_i.len + 16'd5;
  assign tfc_room = meta_i.tfc_len + 16'd5;
  assign tfc      = !meta_i.transport && (meta_i.tfc_len > meta_i.len);

  logic               valid_q;
  logic [13:0]        words_q;
  logic [16:0]        src_sum_q;
  logic [16:0]        dst_sum_q;
  logic [15:0]        ttl_word_q;
  esp_out_pkg::info_t info_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid_q <= 1'b0;
    end else begin
      valid_q <= valid_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      words_q          <= tfc ? tfc_room[15:2] : len_room[15:2];
      src_sum_q        <= 17'(meta_i.parsed.src[31:16]) + 17'(meta_i.parsed.src[15:0]);
      dst_sum_q        <= 17'(meta_i.parsed.dst[31:16]) + 17'(meta_i.parsed.dst[15:0]);
      ttl_word_q       <= {meta_i.parsed.ttl, 8'd0};
      if (!meta_i.transport) begin
        src_sum_q  <= '0;
        dst_sum_q  <= '0;
        ttl_word_q <= '0;
      end
      info_q.sum       <= '0;
      info_q.last_word <= '0;
      info_q.pad       <= 2'd2 - (tfc ? meta_i.tfc_len[1:0] : meta_i.len[1:0]);
      info_q.transport <= meta_i.transport;
      info_q.ipv6      <= meta_i.parsed.is_ipv6;
      info_q.df        <= meta_i.parsed.df;
      info_q.tos       <= meta_i.parsed.tos;
      info_q.ttl       <= meta_i.parsed.ttl;
      info_q.proto     <= meta_i.parsed.proto;
      info_q.ip_id     <= meta_i.parsed.ip_id;
      info_q.src       <= meta_i.parsed.src;
      info_q.dst       <= meta_i.parsed.dst;
      info_q.dmac      <= meta_i.dmac;
      info_q.smac      <= meta_i.smac;
    end
  end

  logic [18:0]        part_sum;     // of the addresses and the TTL, carry-save
  logic [18:0]        part_carry;
  logic [18:0]        all_sum;      // and the length
  logic [18:0]        all_carry;
  esp_out_pkg::info_t info;
  assign part_sum   = wide_pkg::save_sum(19'(src_sum_q), 19'(dst_sum_q), 19'(ttl_word_q));
  assign part_carry = wide_pkg::save_carry(18'(src_sum_q), 18'(dst_sum_q), 18'(ttl_word_q));
  assign all_sum    = wide_pkg::save_sum(part_sum, part_carry, 19'({words_q, 2'b00}));
  assign all_carry  = wide_pkg::save_carry(part_sum[17:0], part_carry[17:0], 18'({words_q, 2'b00}));
  always_comb begin
    info           = info_q;
    info.last_word = words_q - 14'd1;
    info.sum       = all_sum + all_carry;
  end
  assign valid_o = valid_q;
  assign info_o  = info;

  // The rest of the metadata goes another way.
  logic unused;
  assign unused = ^{meta_i, len_room[1:0], tfc_room[1:0]};

endmodule

`default_nettype wire
