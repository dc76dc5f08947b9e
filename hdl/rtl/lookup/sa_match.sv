// SPDX-License-Identifier: Apache-2.0
//
// Exact match of an ESP packet in the inbound SA hash and its stash. Owns table SaHash.
// Latency 3 cycles from valid_i to hit_o/sa_o, one key per cycle; hit_o is 0 in cycles without a key.
//
// Should several entries match (the driver never installs such), the lowest way wins, the stash is last.

`default_nettype none

module sa_match (
    input  logic          clk_i,
    input  logic          rst_ni,

    input  logic          tbl_req_i,
    input  logic          tbl_we_i,
    input  logic [7:0]    tbl_sel_i,
    input  logic [31:0]   tbl_index_i,
    input  logic [headend_tables_pkg::RecordBits-1:0] tbl_wdata_i,
    output logic          tbl_ack_o,
    output logic [headend_tables_pkg::SA_HASH_W-1:0] tbl_rdata_o,

    input  logic          valid_i,
    input  logic [11:0]   fvrf_i,
    input  logic [31:0]   spi_i,
    input  logic [127:0]  dst_i,
    output logic          hit_o,
    output logic [15:0]   sa_o
);

  localparam int unsigned Ways  = headend_tables_pkg::SaHashWays;
  localparam int unsigned Rows  = headend_tables_pkg::SaHashRows;
  localparam int unsigned Stash = headend_tables_pkg::SaStashDepth;
  localparam int unsigned RowW  = $clog2(Rows);
  localparam int unsigned EntryW = headend_tables_pkg::SA_HASH_W;
  localparam logic [7:0] ProtoEsp = 8'd50;

  if (Ways != 4) begin : gen_check_ways
    $error("sa_match: the hash defines four ways");
  end

  // An entry as it must look to match; `sa` is left out of the comparison.
  headend_tables_pkg::sa_hash_t want;
  always_comb begin
    want = '0;
    want.valid = 1'b1;
    want.proto = ProtoEsp;
    want.fvrf = fvrf_i;
    want.spi = spi_i;
    want.dst = dst_i;
  end

  // ------------------------------------------------------------------ cycle 0: hash
  logic [3:0][RowW-1:0] row;
  sa_hash_key u_hash (
      .key_i({dst_i, spi_i, 8'd0, ProtoEsp, 4'd0, fvrf_i}),
      .row_o(row)
  );

  logic s1_valid_q, s2_valid_q;
  logic [3:0][RowW-1:0] s1_row_q;
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
      s1_row_q  <= row;
      s1_want_q <= want;
    end
    if (s1_valid_q) s2_want_q <= s1_want_q;
  end

  // ------------------------------------------------------------------ cycle 1: read the ways
  logic [Ways-1:0] way_ack;
  logic [Ways-1:0][EntryW-1:0] way_bus, way_entry;
  for (genvar w = 0; w < Ways; w++) begin : gen_way
    table_ram #(
        .Table(headend_tables_pkg::TABLE_SA_HASH),
        .Base (w * Rows),
        .Depth(Rows),
        .Width(EntryW)
    ) u_ram (
        .clk_i,
        .rst_ni,
        .tbl_req_i,
        .tbl_we_i,
        .tbl_sel_i,
        .tbl_index_i,
        .tbl_wdata_i(tbl_wdata_i[EntryW-1:0]),
        .tbl_ack_o  (way_ack[w]),
        .tbl_rdata_o(way_bus[w]),
        .re_i       (s1_valid_q),
        .raddr_i    (s1_row_q[w]),
        .rdata_o    (way_entry[w])
    );
  end

  // ------------------------------------------------------------------ stash: registers
  localparam int unsigned StashW = $clog2(Stash);
  logic [Stash-1:0][EntryW-1:0] stash_q;
  logic [31:0] stash_index;
  logic stash_sel, stash_ack_q;
  logic [EntryW-1:0] stash_bus_q;
  assign stash_index = tbl_index_i - Ways * Rows;
  assign stash_sel = tbl_req_i && (tbl_sel_i == headend_tables_pkg::TABLE_SA_HASH)
                     && (stash_index < Stash);

  always_ff @(posedge clk_i) begin
    if (stash_sel && tbl_we_i) stash_q[stash_index[StashW-1:0]] <= tbl_wdata_i[EntryW-1:0];
    if (!rst_ni) begin
      stash_ack_q <= 1'b0;
      stash_bus_q <= '0;
    end else begin
      stash_ack_q <= stash_sel;
      if (stash_sel && !tbl_we_i) stash_bus_q <= stash_q[stash_index[StashW-1:0]];
      else if (stash_ack_q) stash_bus_q <= '0;
    end
  end
  initial stash_q = '0;

  assign tbl_ack_o   = (way_ack != '0) || stash_ack_q;
  assign tbl_rdata_o = way_bus[0] | way_bus[1] | way_bus[2] | way_bus[3] | stash_bus_q;

  // ------------------------------------------------------------------ cycle 2: compare
  localparam int unsigned KeyW = EntryW - 16;  // all but `sa`
  logic [Ways-1:0] way_hit;
  logic [Stash-1:0] stash_hit;
  for (genvar w = 0; w < Ways; w++) begin : gen_way_hit
    assign way_hit[w] = way_entry[w][KeyW-1:0] == s2_want_q[KeyW-1:0];
  end
  for (genvar i = 0; i < Stash; i++) begin : gen_stash_hit
    assign stash_hit[i] = stash_q[i][KeyW-1:0] == s2_want_q[KeyW-1:0];
  end

  logic [15:0] way_sa, stash_sa;
  always_comb begin
    way_sa   = '0;
    stash_sa = '0;
    for (int w = Ways - 1; w >= 0; w--) if (way_hit[w]) way_sa = way_entry[w][EntryW-1:KeyW];
    for (int i = Stash - 1; i >= 0; i--) if (stash_hit[i]) stash_sa = stash_q[i][EntryW-1:KeyW];
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      hit_o <= 1'b0;
    end else begin
      hit_o <= s2_valid_q && ((way_hit != '0) || (stash_hit != '0));
    end
    if (s2_valid_q) sa_o <= (way_hit != '0) ? way_sa : stash_sa;
  end

  logic unused_bits;
  assign unused_bits = ^{tbl_wdata_i[headend_tables_pkg::RecordBits-1:EntryW], s2_want_q[EntryW-1:KeyW]};

endmodule

`default_nettype wire
