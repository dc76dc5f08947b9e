// SPDX-License-Identifier: Apache-2.0
//
// Exact match of an ESP packet in the inbound SA hash and its stash, for one pipeline. The key is (SPI, destination,
// ESP, IP version, FVRF); sa_hash_key says where its entry may be. Latency 3 cycles from valid_i to hit_o/sa_o, one
// key per cycle; hit_o is 0 in cycles without a key. re_o, row_o and entry_i: read ports of the ways, one cycle.
//
// Should several entries match (the driver never installs such), the lowest way wins, the stash is last.

`default_nettype none

module sa_match_lane #(
    localparam int unsigned Ways   = headend_tables_pkg::SaHashWays,
    localparam int unsigned Stash  = headend_tables_pkg::SaStashDepth,
    localparam int unsigned RowW   = $clog2(headend_tables_pkg::SaHashRows),
    localparam int unsigned EntryW = headend_tables_pkg::SA_HASH_W
) (
    input  logic                          clk_i,
    input  logic                          rst_ni,

    input  logic                          valid_i,
    input  logic                          ipv6_i,
    input  logic [11:0]                   fvrf_i,
    input  logic [31:0]                   spi_i,
    input  logic [127:0]                  dst_i,

    output logic                          re_o,
    output logic [Ways-1:0][RowW-1:0]     row_o,
    input  logic [Ways-1:0][EntryW-1:0]   entry_i,
    input  logic [Stash-1:0][EntryW-1:0]  stash_i,

    output logic                          hit_o,
    output logic [15:0]                   sa_o
);

  localparam logic [7:0] ProtoEsp = 8'd50;

  // An entry as it must look to match; `sa` is left out of the comparison.
  headend_tables_pkg::sa_hash_t want;
  always_comb begin
    want = '0;
    want.valid = 1'b1;
    want.ipv6 = ipv6_i;
    want.proto = ProtoEsp;
    want.fvrf = fvrf_i;
    want.spi = spi_i;
    want.dst = dst_i;
  end

  // ------------------------------------------------------------------ cycle 0: hash, read the ways
  sa_hash_key u_hash (
      .key_i({dst_i, spi_i, 7'd0, ipv6_i, ProtoEsp, 4'd0, fvrf_i}),
      .row_o(row_o)
  );
  assign re_o = valid_i;

  logic s1_valid_q;
  headend_tables_pkg::sa_hash_t s1_want_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) s1_valid_q <= 1'b0;
    else s1_valid_q <= valid_i;
    if (valid_i) s1_want_q <= want;
  end

  // ------------------------------------------------------------------ cycle 1: compare
  localparam int unsigned KeyW    = EntryW - 16;  // all but `sa`
  localparam int unsigned Entries = Ways + Stash;
  logic [Entries-1:0][EntryW-1:0] entry;
  assign entry = {stash_i, entry_i};

  logic s2_valid_q;
  logic [Entries-1:0] s2_hit_q;
  logic [Entries-1:0][15:0] s2_sa_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) s2_valid_q <= 1'b0;
    else s2_valid_q <= s1_valid_q;
    if (s1_valid_q) begin
      for (int i = 0; i < Entries; i++) begin
        s2_hit_q[i] <= entry[i][KeyW-1:0] == s1_want_q[KeyW-1:0];
        s2_sa_q[i]  <= entry[i][EntryW-1:KeyW];
      end
    end
  end

  // ------------------------------------------------------------------ cycle 2: the first entry that matches
  logic [Entries-1:0] first;
  logic [15:0] sa;
  for (genvar i = 0; i < Entries; i++) begin : gen_first
    assign first[i] = s2_hit_q[i] && ((s2_hit_q & ((Entries'(1) << i) - Entries'(1))) == '0);
  end
  always_comb begin
    sa = '0;
    for (int i = 0; i < Entries; i++) sa = sa | (first[i] ? s2_sa_q[i] : 16'd0);
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) hit_o <= 1'b0;
    else hit_o <= s2_valid_q && (s2_hit_q != '0);
    if (s2_valid_q) sa_o <= sa;
  end

  logic unused_bits;
  assign unused_bits = ^s1_want_q[EntryW-1:KeyW];

endmodule

`default_nettype wire
