// SPDX-License-Identifier: Apache-2.0
//
// Inbound selector check of decrypted packets (RFC 4301 5.2). Keeps the selectors of table SaIn; sa_lookup keeps
// the rest and acknowledges, this module adds its bits to the read data in the same cycle (one after the
// request). Latency 3 cycles, one header per cycle. Comes right after the second `parse`.
//
// Only packets with op = FORWARD and decrypted = 1 are looked at; the first line that applies:
//   malformed                                     drop InnerMalformed
//   header checksum wrong                         drop InnerChecksum
//   SA not valid any more, or another generation  drop SelectorMismatch
//   selector `any`                                pass
//   IP version differs from the selector's; protocol differs (0: any); source or destination outside its
//   prefix                                        drop SelectorMismatch
// A prefix length beyond 32 (IPv4) or 128 (IPv6) counts as that length.

`default_nettype none

module selector_check (
    input  logic                        clk_i,
    input  logic                        rst_ni,

    input  logic                        tbl_req_i,
    input  logic                        tbl_we_i,
    input  logic [7:0]                  tbl_sel_i,
    input  logic [31:0]                 tbl_index_i,
    input  logic [headend_tables_pkg::RecordBits-1:0]               tbl_wdata_i,
    output logic [headend_tables_pkg::RecordBits-1:0]               tbl_rdata_o,

    input  logic                        valid_i,
    input  headend_tables_pkg::meta_t   meta_i,
    output logic                        valid_o,
    output headend_tables_pkg::meta_t   meta_o
);

  localparam int unsigned SaInW = headend_tables_pkg::SA_IN_W;
  localparam int unsigned SelW  = headend_tables_pkg::SELECTOR_W;
  localparam int unsigned AddrW = $clog2(headend_tables_pkg::SaDepth);
  localparam int unsigned Width = SelW + 9;  // {generation, valid, selector}

  // Does `addr` lie in prefix/len? Numbers of `bits` bits, right aligned.
  function automatic logic in_prefix(input logic [127:0] addr, input logic [127:0] prefix,
                                     input logic [7:0] len, input logic [7:0] bits);
    logic [7:0] host_bits;
    logic [127:0] diff;
    host_bits = (len >= bits) ? 8'd0 : bits - len;
    diff = (addr ^ prefix) >> host_bits;
    in_prefix = diff == 128'd0;
  endfunction

  // ------------------------------------------------------------------ cycle 0: read
  logic check, s1_check_q;
  assign check = valid_i && (meta_i.op == headend_tables_pkg::OP_FORWARD) && meta_i.decrypted;

  headend_tables_pkg::sa_in_t wrec;
  assign wrec = tbl_wdata_i[SaInW-1:0];

  logic [Width-1:0] row, bus_row;
  logic bus_ack;
  table_ram #(
      .Table(headend_tables_pkg::TABLE_SA_IN),
      .Depth(headend_tables_pkg::SaDepth),
      .Width(Width)
  ) u_sel (
      .clk_i,
      .rst_ni,
      .tbl_req_i,
      .tbl_we_i,
      .tbl_sel_i,
      .tbl_index_i,
      .tbl_wdata_i({wrec.gen, wrec.valid, wrec.sel}),
      .tbl_ack_o  (bus_ack),
      .tbl_rdata_o(bus_row),
      .re_i       (check),
      .raddr_i    (meta_i.sa_in[AddrW-1:0]),
      .rdata_o    (row)
  );
  assign tbl_rdata_o = {{(headend_tables_pkg::RecordBits - SaInW) {1'b0}}, bus_row[SelW-1:0], {(SaInW - SelW) {1'b0}}};

  // What the comparison needs of the packet.
  headend_tables_pkg::parsed_t s1_p_q;
  logic [7:0] s1_gen_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) s1_check_q <= 1'b0;
    else s1_check_q <= check;
    if (check) begin
      s1_p_q   <= meta_i.parsed;
      s1_gen_q <= meta_i.sa_in_gen;
    end
  end

  // ------------------------------------------------------------------ cycle 1: compare
  headend_tables_pkg::selector_t sel;
  logic row_valid;
  logic [7:0] row_gen, bits;
  assign {row_gen, row_valid, sel} = row;
  assign bits = sel.ipv6 ? 8'd128 : 8'd32;

  logic s2_check_q, s2_current_q, s2_any_q, s2_kind_q, s2_src_q, s2_dst_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) s2_check_q <= 1'b0;
    else s2_check_q <= s1_check_q;
    if (s1_check_q) begin
      s2_current_q <= row_valid && (row_gen == s1_gen_q);
      s2_any_q     <= sel.any;
      s2_kind_q    <= (sel.ipv6 ? s1_p_q.is_ipv6 : s1_p_q.is_ipv4)
                      && ((sel.proto == 8'd0) || (sel.proto == s1_p_q.proto));
      s2_src_q     <= in_prefix(s1_p_q.src, sel.src, sel.src_len, bits);
      s2_dst_q     <= in_prefix(s1_p_q.dst, sel.dst, sel.dst_len, bits);
    end
  end

  // ------------------------------------------------------------------ cycle 2: verdict
  logic s2_valid_q;
  headend_tables_pkg::meta_t s2_meta_q;
  hdr_delay #(
      .Width (headend_tables_pkg::META_W),
      .Cycles(2)
  ) u_meta (
      .clk_i,
      .rst_ni,
      .valid_i,
      .d_i    (meta_i),
      .valid_o(s2_valid_q),
      .q_o    (s2_meta_q)
  );

  logic [headend_tables_pkg::DROP_REASON_W-1:0] drop;
  always_comb begin
    drop = headend_tables_pkg::DROP_REASON_NONE;
    if (s2_meta_q.parsed.malformed) drop = headend_tables_pkg::DROP_REASON_INNER_MALFORMED;
    else if (s2_meta_q.parsed.csum_bad) drop = headend_tables_pkg::DROP_REASON_INNER_CHECKSUM;
    else if (!s2_current_q || (!s2_any_q && !(s2_kind_q && s2_src_q && s2_dst_q))) drop = headend_tables_pkg::DROP_REASON_SELECTOR_MISMATCH;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_o <= 1'b0;
    else valid_o <= s2_valid_q;
    if (s2_valid_q) begin
      meta_o <= s2_meta_q;
      if (s2_check_q && (drop != headend_tables_pkg::DROP_REASON_NONE)) begin
        meta_o.op   <= headend_tables_pkg::OP_DROP;
        meta_o.drop <= drop;
      end
    end
  end

  logic unused_bits;
  assign unused_bits = ^{tbl_wdata_i, wrec, s1_p_q, sel, bus_ack, bus_row[Width-1:SelW]};

endmodule

`default_nettype wire
