// SPDX-License-Identifier: Apache-2.0
//
// Exact match of ESP packets in the inbound SA hash and its stash, by sa_match_lane. Owns table SaHash: a RAM for
// each way, shared by the pipelines, and registers for the stash.
// Latency 3 cycles from valid_i to hit_o/sa_o, one key per cycle and pipeline.

`default_nettype none

module sa_match #(
    parameter int unsigned NumPipes = 1
) (
    input  logic                                          clk_i,
    input  logic                                          rst_ni,

    input  logic                                          tbl_req_i,
    input  logic                                          tbl_we_i,
    input  logic [7:0]                                    tbl_sel_i,
    input  logic [31:0]                                   tbl_index_i,
    input  logic [headend_tables_pkg::SA_HASH_W-1:0]      tbl_wdata_i,
    output logic                                          tbl_ack_o,
    output logic [headend_tables_pkg::SA_HASH_W-1:0]      tbl_rdata_o,

    input  logic [NumPipes-1:0]                           valid_i,
    input  logic [NumPipes-1:0]                           ipv6_i,
    input  logic [NumPipes-1:0][11:0]                     fvrf_i,
    input  logic [NumPipes-1:0][31:0]                     spi_i,
    input  logic [NumPipes-1:0][127:0]                    dst_i,
    output logic [NumPipes-1:0]                           hit_o,
    output logic [NumPipes-1:0][15:0]                     sa_o
);

  localparam int unsigned Ways   = headend_tables_pkg::SaHashWays;
  localparam int unsigned Rows   = headend_tables_pkg::SaHashRows;
  localparam int unsigned Stash  = headend_tables_pkg::SaStashDepth;
  localparam int unsigned RowW   = $clog2(Rows);
  localparam int unsigned EntryW = headend_tables_pkg::SA_HASH_W;

  if (Ways != 4) begin : gen_check_ways
    $error("sa_match: the hash defines four ways");
  end

  // ------------------------------------------------------------------ lanes
  logic [NumPipes-1:0] read;
  logic [NumPipes-1:0][Ways-1:0][RowW-1:0] row;
  logic [NumPipes-1:0][Ways-1:0][EntryW-1:0] entry;
  logic [Stash-1:0][EntryW-1:0] stash_q;

  for (genvar p = 0; p < NumPipes; p++) begin : gen_lane
    sa_match_lane u_lane (
        .clk_i,
        .rst_ni,
        .valid_i(valid_i[p]),
        .ipv6_i (ipv6_i[p]),
        .fvrf_i (fvrf_i[p]),
        .spi_i  (spi_i[p]),
        .dst_i  (dst_i[p]),
        .re_o   (read[p]),
        .row_o  (row[p]),
        .entry_i(entry[p]),
        .stash_i(stash_q),
        .hit_o  (hit_o[p]),
        .sa_o   (sa_o[p])
    );
  end

  // ------------------------------------------------------------------ ways
  logic [Ways-1:0] way_ack;
  logic [Ways-1:0][EntryW-1:0] way_bus;
  logic [Ways-1:0][NumPipes-1:0][RowW-1:0] way_row;
  logic [Ways-1:0][NumPipes-1:0][EntryW-1:0] way_entry;
  for (genvar w = 0; w < Ways; w++) begin : gen_way
    for (genvar p = 0; p < NumPipes; p++) begin : gen_port
      assign way_row[w][p] = row[p][w];
      assign entry[p][w] = way_entry[w][p];
    end

    table_ram #(
        .NumPipes(NumPipes),
        .Table   (headend_tables_pkg::TABLE_SA_HASH),
        .Base    (w * Rows),
        .Depth   (Rows),
        .Width   (EntryW)
    ) u_ram (
        .clk_i,
        .rst_ni,
        .tbl_req_i,
        .tbl_we_i,
        .tbl_sel_i,
        .tbl_index_i,
        .tbl_wdata_i,
        .tbl_ack_o  (way_ack[w]),
        .tbl_rdata_o(way_bus[w]),
        .re_i       (read),
        .raddr_i    (way_row[w]),
        .rdata_o    (way_entry[w])
    );
  end

  // ------------------------------------------------------------------ stash
  localparam int unsigned StashW = $clog2(Stash);
  logic [31:0] stash_index;
  logic stash_sel, stash_ack_q;
  logic [EntryW-1:0] stash_bus_q;
  assign stash_index = tbl_index_i - Ways * Rows;
  assign stash_sel = tbl_req_i && (tbl_sel_i == headend_tables_pkg::TABLE_SA_HASH)
                     && (stash_index < Stash);

  always_ff @(posedge clk_i) begin
    if (stash_sel && tbl_we_i) stash_q[stash_index[StashW-1:0]] <= tbl_wdata_i;
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

endmodule

`default_nettype wire
