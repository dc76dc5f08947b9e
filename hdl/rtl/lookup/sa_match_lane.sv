// SPDX-License-Identifier: Apache-2.0
//
// Exact match of an ESP packet in the inbound SA hash and its stash, for one pipeline. The key is (SPI, destination,
// ESP, IP version, FVRF); sa_hash_key says where its entry may be. Latency 3 cycles from valid_i to hit_o/sa_o, one
// key per cycle; hit_o is 0 in cycles without a key. row_o and entry_i: read ports of the ways, one cycle.
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

  // ------------------------------------------------------------------ cycle 0: hash
  logic [3:0][RowW-1:0] row;
  sa_hash_key u_hash (
      .key_i({dst_i, spi_i, 7'd0, ipv6_i, ProtoEsp, 4'd0, fvrf_i}),
      .row_o(row)
  );

  logic s1_valid_q, s2_valid_q;
  headend_tables_pkg::sa_hash_t s1_want_q, s2_want_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      s1_valid_q <= 1'b0;
      s2_valid_q <= 1'b0;
    end else begin
      s1_valid_q <= valid_i;
      s2_valid_q <= s1_valid_q;
    end
    if (valid_i) begin
      row_o     <= row;
      s1_want_q <= want;
    end
    if (s1_valid_q) s2_want_q <= s1_want_q;
  end
  assign re_o = s1_valid_q;

  // ------------------------------------------------------------------ cycle 2: compare
  localparam int unsigned KeyW = EntryW - 16;  // all but `sa`
  logic [Ways-1:0] way_hit;
  logic [Stash-1:0] stash_hit;
  for (genvar w = 0; w < Ways; w++) begin : gen_way_hit
    assign way_hit[w] = entry_i[w][KeyW-1:0] == s2_want_q[KeyW-1:0];
  end
  for (genvar i = 0; i < Stash; i++) begin : gen_stash_hit
    assign stash_hit[i] = stash_i[i][KeyW-1:0] == s2_want_q[KeyW-1:0];
  end

  logic [15:0] way_sa, stash_sa;
  always_comb begin
    way_sa   = '0;
    stash_sa = '0;
    for (int w = Ways - 1; w >= 0; w--) if (way_hit[w]) way_sa = entry_i[w][EntryW-1:KeyW];
    for (int i = Stash - 1; i >= 0; i--) if (stash_hit[i]) stash_sa = stash_i[i][EntryW-1:KeyW];
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) hit_o <= 1'b0;
    else hit_o <= s2_valid_q && ((way_hit != '0) || (stash_hit != '0));
    if (s2_valid_q) sa_o <= (way_hit != '0) ? way_sa : stash_sa;
  end

  logic unused_bits;
  assign unused_bits = ^s2_want_q[EntryW-1:KeyW];

endmodule

`default_nettype wire
