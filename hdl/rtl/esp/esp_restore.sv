// SPDX-License-Identifier: Apache-2.0
//
// Makes a whole IP packet of what esp_commit releases, as `s_restore_i` (esp_in_pkg, valid with the first beat) says:
//
//   ecn_v4, ecn_v6   tunnel mode: writes the combined ECN field into the inner header, and its checksum (RFC 6040 4.2)
//   header           transport mode: puts the IP header back in front, of 20 or 40 bytes, made from `meta.parsed`; protocol,
//                    length and checksum are those that belong to the packet without ESP
//   none             all other packets pass unchanged
//
// `meta.len` counts the header. Byte 0 is in bits 7:0. One beat per cycle in or out, whichever is more.
//
// Latency: 1 cycle.

`default_nettype none

module esp_restore (
  input  wire                                clk_i,
  input  wire                                rst_ni,

  input  wire                                s_valid_i,
  output logic                               s_ready_o,
  input  wire  headend_tables_pkg::beat_t    s_beat_i,
  input  wire  headend_tables_pkg::meta_t    s_meta_i,
  input  wire  [esp_in_pkg::RestoreW-1:0]    s_restore_i,

  output logic                               m_valid_o,
  input  wire                                m_ready_i,
  output headend_tables_pkg::beat_t          m_beat_o,
  output headend_tables_pkg::meta_t          m_meta_o
);

  localparam int unsigned BeatW = headend_tables_pkg::BEAT_W;
  localparam int unsigned MetaW = headend_tables_pkg::META_W;
  localparam int unsigned V4W   = 20 * 8;
  localparam int unsigned V6W   = 40 * 8;

  function automatic logic [15:0] swap16(input logic [15:0] x);
    swap16 = {x[7:0], x[15:8]};
  endfunction
  function automatic logic [31:0] swap32(input logic [31:0] x);
    swap32 = {x[7:0], x[15:8], x[23:16], x[31:24]};
  endfunction
  function automatic logic [127:0] swap128(input logic [127:0] x);
    swap128 = {swap32(x[31:0]), swap32(x[63:32]), swap32(x[95:64]), swap32(x[127:96])};
  endfunction

  // ---------------------------------------------------------------------------------- plan of the first beat
  esp_in_pkg::restore_t        restore;
  headend_tables_pkg::parsed_t parsed;
  logic                        add_v4;
  logic                        add_v6;
  assign restore = s_restore_i;
  assign parsed  = s_meta_i.parsed;
  assign add_v4  = restore.header && !parsed.is_ipv6;
  assign add_v6  = restore.header && parsed.is_ipv6;

  logic [V4W-1:0] header_v4;
  logic [V6W-1:0] header_v6;
  assign header_v4 = {swap32(parsed.dst[31:0]), swap32(parsed.src[31:0]), swap16(restore.csum), restore.next_header,
                      parsed.ttl, 8'd0, 1'b0, parsed.df, 6'd0, swap16(parsed.ip_id[15:0]), swap16(restore.len),
                      parsed.tos, 8'h45};
  assign header_v6 = {swap128(parsed.dst), swap128(parsed.src), parsed.ttl, restore.next_header, swap16(restore.len),
                      swap32({4'd6, parsed.tos, parsed.ip_id})};

  headend_tables_pkg::meta_t meta;
  always_comb begin
    meta = s_meta_i;
    if (add_v4) begin
      meta.len = s_meta_i.len + 16'd20;
    end else if (add_v6) begin
      meta.len = s_meta_i.len + 16'd40;
    end
  end

  // ---------------------------------------------------------------------------------- move the bytes
  logic           v4_q;            // header of the packet under way
  logic           v6_q;
  logic           v4;
  logic           v6;
  logic [V6W-1:0] carry_q;         // bytes that did not fit the previous beat
  logic           flush_q;         // they are the last ones of their packet
  logic [6:0]     flush_bytes_q;
  logic           out_ready;
  logic           accept;
  logic [7:0]     total;
  logic           spill;
  assign s_ready_o = out_ready && !flush_q;
  assign accept    = s_valid_i && s_ready_o;
  assign v4        = s_beat_i.sop ? add_v4 : v4_q;
  assign v6        = s_beat_i.sop ? add_v6 : v6_q;
  assign total     = {1'b0, s_beat_i.bytes} + (v4 ? 8'd20 : (v6 ? 8'd40 : 8'd0));
  assign spill     = s_beat_i.eop && (total > 8'd64);

  headend_tables_pkg::beat_t out;
  always_comb begin
    out       = s_beat_i;
    out.eop   = s_beat_i.eop && !spill;
    out.bytes = (total > 8'd64) ? 7'd64 : total[6:0];
    if (flush_q) begin
      out.sop   = 1'b0;
      out.eop   = 1'b1;
      out.bytes = flush_bytes_q;
      out.data  = 512'(carry_q);
    end else if (v4) begin
      out.data  = {s_beat_i.data[511-V4W:0], s_beat_i.sop ? header_v4 : carry_q[V4W-1:0]};
    end else if (v6) begin
      out.data  = {s_beat_i.data[511-V6W:0], s_beat_i.sop ? header_v6 : carry_q};
    end else if (s_beat_i.sop && restore.ecn_v4) begin
      out.data[9:8]   = restore.ecn;
      out.data[95:80] = swap16(restore.csum);
    end else if (s_beat_i.sop && restore.ecn_v6) begin
      out.data[13:12] = restore.ecn;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      flush_q <= 1'b0;
    end else if (out_ready) begin
      flush_q <= accept && spill;
    end
  end

  always_ff @(posedge clk_i) begin
    if (accept) begin
      v4_q          <= v4;
      v6_q          <= v6;
      flush_bytes_q <= total[6:0] - 7'd64;
      if (v4) begin
        carry_q <= V6W'(s_beat_i.data[511 -: V4W]);
      end else if (v6) begin
        carry_q <= s_beat_i.data[511 -: V6W];
      end
    end
  end

  // Two buffers that move in step: the wide words are never put together, which costs simulation time.
  skid_buffer #(
    .Width(BeatW)
  ) u_out (
    .clk_i,
    .rst_ni,
    .s_valid_i(flush_q || s_valid_i),
    .s_ready_o(out_ready),
    .s_data_i (out),
    .m_valid_o,
    .m_ready_i,
    .m_data_o (m_beat_o)
  );

  logic unused_meta_ready;
  logic unused_meta_valid;
  skid_buffer #(
    .Width(MetaW)
  ) u_out_meta (
    .clk_i,
    .rst_ni,
    .s_valid_i(flush_q || s_valid_i),
    .s_ready_o(unused_meta_ready),
    .s_data_i (meta),
    .m_valid_o(unused_meta_valid),
    .m_ready_i,
    .m_data_o (m_meta_o)
  );

  logic unused;
  assign unused = ^{parsed};

endmodule

`default_nettype wire
