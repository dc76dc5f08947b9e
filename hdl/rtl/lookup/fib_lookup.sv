// SPDX-License-Identifier: Apache-2.0
//
// Longest prefix match of (VRF, IPv4 destination). Owns tables FibNode and FibResult.
// Latency 19 cycles (2 per trie level, 1 for the result), one header per cycle.
//
// Per header, exactly one of: route_i (look up meta.vrf, parsed.dst), adj_valid_i (adjacency adj_i is already
// known, from a label), none (nothing to do). adj_valid_o says that adj_o is the adjacency to use; it stays 0
// after a lookup without a match, with a result that is not valid, or of a VRF >= VrfDepth. swap_i passes.
//
// A write changes one record between two cycles; a lookup that started before may see the old record on one
// level and the new one on the next, which is right as long as the driver writes children before parents.

`default_nettype none

module fib_lookup (
    input  logic                        clk_i,
    input  logic                        rst_ni,

    input  logic                        tbl_req_i,
    input  logic                        tbl_we_i,
    input  logic [7:0]                  tbl_sel_i,
    input  logic [31:0]                 tbl_index_i,
    input  logic [headend_tables_pkg::RecordBits-1:0]               tbl_wdata_i,
    output logic                        tbl_ack_o,
    output logic [headend_tables_pkg::RecordBits-1:0]               tbl_rdata_o,

    input  logic                        valid_i,
    input  headend_tables_pkg::meta_t   meta_i,
    input  logic                        route_i,
    input  logic                        adj_valid_i,
    input  logic                        swap_i,
    input  logic [15:0]                 adj_i,
    output logic                        valid_o,
    output headend_tables_pkg::meta_t   meta_o,
    output logic                        adj_valid_o,
    output logic                        swap_o,
    output logic [15:0]                 adj_o
);

  localparam int unsigned Levels  = headend_tables_pkg::FibLevels;
  localparam int unsigned Latency = 2 * Levels + 1;
  localparam int unsigned MetaW   = headend_tables_pkg::META_W;
  localparam int unsigned NodeW   = headend_tables_pkg::FIB_NODE_W;
  localparam int unsigned ResultW = headend_tables_pkg::FIB_RESULT_W;
  localparam int unsigned ResultAddrW = $clog2(headend_tables_pkg::FibResultDepth);

  if (Levels != 9) begin : gen_check_levels
    $error("fib_lookup: 32-bit addresses need 9 levels of stride 4");
  end

  // ------------------------------------------------------------------ what passes beside the trie
  logic given, given_swap;
  logic [15:0] given_adj;
  hdr_delay #(
      .Width (MetaW + 18),
      .Cycles(Latency)
  ) u_meta (
      .clk_i,
      .rst_ni,
      .valid_i,
      .d_i    ({meta_i, adj_valid_i, swap_i, adj_i}),
      .valid_o,
      .q_o    ({meta_o, given, given_swap, given_adj})
  );

  // ------------------------------------------------------------------ levels
  // Index l: state of a lookup as it enters level l.
  logic [Levels:0] lvl_valid, lvl_active, lvl_found;
  logic [Levels:0][23:0] lvl_index, lvl_result;
  logic [Levels:0][31:0] lvl_addr;
  logic [Levels-1:0] lvl_ack;
  logic [Levels-1:0][NodeW-1:0] lvl_bus;

  assign lvl_valid[0]  = valid_i && route_i;
  assign lvl_active[0] = 1'b1;
  assign lvl_found[0]  = 1'b0;
  assign lvl_index[0]  = {12'd0, meta_i.vrf};
  assign lvl_result[0] = 24'd0;
  assign lvl_addr[0]   = meta_i.parsed.dst[31:0];

  for (genvar l = 0; l < Levels; l++) begin : gen_level
    fib_level #(
        .Level(l),
        .Depth((l == 0) ? headend_tables_pkg::VrfDepth : headend_tables_pkg::FibNodeDepth)
    ) u_level (
        .clk_i,
        .rst_ni,
        .tbl_req_i,
        .tbl_we_i,
        .tbl_sel_i,
        .tbl_index_i,
        .tbl_wdata_i(tbl_wdata_i[NodeW-1:0]),
        .tbl_ack_o  (lvl_ack[l]),
        .tbl_rdata_o(lvl_bus[l]),
        .valid_i    (lvl_valid[l]),
        .active_i   (lvl_active[l]),
        .index_i    (lvl_index[l]),
        .addr_i     (lvl_addr[l]),
        .found_i    (lvl_found[l]),
        .result_i   (lvl_result[l]),
        .valid_o    (lvl_valid[l+1]),
        .active_o   (lvl_active[l+1]),
        .index_o    (lvl_index[l+1]),
        .addr_o     (lvl_addr[l+1]),
        .found_o    (lvl_found[l+1]),
        .result_o   (lvl_result[l+1])
    );
  end

  // ------------------------------------------------------------------ result
  logic res_re, res_ack, found_q;
  logic [ResultW-1:0] res_bus;
  headend_tables_pkg::fib_result_t res;
  assign res_re = lvl_valid[Levels] && lvl_found[Levels]
                  && ({8'd0, lvl_result[Levels]} < headend_tables_pkg::FibResultDepth);

  table_ram #(
      .Table(headend_tables_pkg::TABLE_FIB_RESULT),
      .Depth(headend_tables_pkg::FibResultDepth),
      .Width(ResultW)
  ) u_result (
      .clk_i,
      .rst_ni,
      .tbl_req_i,
      .tbl_we_i,
      .tbl_sel_i,
      .tbl_index_i,
      .tbl_wdata_i(tbl_wdata_i[ResultW-1:0]),
      .tbl_ack_o  (res_ack),
      .tbl_rdata_o(res_bus),
      .re_i       (res_re),
      .raddr_i    (lvl_result[Levels][ResultAddrW-1:0]),
      .rdata_o    (res)
  );

  always_ff @(posedge clk_i) begin
    if (!rst_ni) found_q <= 1'b0;
    else found_q <= res_re;
  end

  assign adj_valid_o = given || (found_q && res.valid);
  assign adj_o       = given ? given_adj : res.adj;
  assign swap_o      = given_swap;

  // ------------------------------------------------------------------ table bus
  logic [NodeW-1:0] node_bus;
  always_comb begin
    node_bus = {{(NodeW - ResultW) {1'b0}}, res_bus};
    for (int l = 0; l < Levels; l++) node_bus = node_bus | lvl_bus[l];
  end
  assign tbl_ack_o   = res_ack || (lvl_ack != '0);
  assign tbl_rdata_o = {{(headend_tables_pkg::RecordBits - NodeW) {1'b0}}, node_bus};

  logic unused_bits;
  assign unused_bits = ^{tbl_wdata_i[headend_tables_pkg::RecordBits-1:NodeW], lvl_active[Levels], lvl_index[Levels],
                         lvl_addr[Levels], res.rsvd};

endmodule

`default_nettype wire
