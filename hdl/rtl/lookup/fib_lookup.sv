// SPDX-License-Identifier: Apache-2.0
//
// Longest prefix match of (VRF, IPv4 destination). Owns tables FibNode and FibResult.
// Latency 19 cycles (2 per trie level, 1 for the result), one header per cycle and pipeline.
//
// Per header, exactly one of: route_i (look up meta.vrf, parsed.dst), adj_valid_i (adjacency adj_i is already
// known, from a label), none (nothing to do). adj_valid_o says that adj_o is the adjacency to use; it stays 0
// after a lookup without a match, with a result that is not valid, or of a VRF >= VrfDepth. swap_i passes.
//
// A write changes one record between two cycles; a lookup that started before may see the old record on one
// level and the new one on the next, which is right as long as the driver writes children before parents.

`default_nettype none

module fib_lookup #(
    parameter int unsigned NumPipes = 1
) (
    input  logic                                                clk_i,
    input  logic                                                rst_ni,

    input  logic                                                tbl_req_i,
    input  logic                                                tbl_we_i,
    input  logic [7:0]                                          tbl_sel_i,
    input  logic [31:0]                                         tbl_index_i,
    input  logic [headend_tables_pkg::RecordBits-1:0]           tbl_wdata_i,
    output logic                                                tbl_ack_o,
    output logic [headend_tables_pkg::RecordBits-1:0]           tbl_rdata_o,

    input  logic [NumPipes-1:0]                                 valid_i,
    input  logic [NumPipes-1:0][headend_tables_pkg::META_W-1:0] meta_i,
    input  logic [NumPipes-1:0]                                 route_i,
    input  logic [NumPipes-1:0]                                 adj_valid_i,
    input  logic [NumPipes-1:0]                                 swap_i,
    input  logic [NumPipes-1:0][15:0]                           adj_i,
    output logic [NumPipes-1:0]                                 valid_o,
    output logic [NumPipes-1:0][headend_tables_pkg::META_W-1:0] meta_o,
    output logic [NumPipes-1:0]                                 adj_valid_o,
    output logic [NumPipes-1:0]                                 swap_o,
    output logic [NumPipes-1:0][15:0]                           adj_o
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

  // ------------------------------------------------------------------ levels
  // Index l: state of the lookups as they enter level l.
  logic [Levels:0][NumPipes-1:0] lvl_valid, lvl_active, lvl_found;
  logic [Levels:0][NumPipes-1:0][23:0] lvl_index, lvl_result;
  logic [Levels:0][NumPipes-1:0][3:0] lvl_offset;
  logic [Levels:0][NumPipes-1:0][31:0] lvl_addr;
  logic [Levels-1:0] lvl_ack;
  logic [Levels-1:0][NodeW-1:0] lvl_bus;

  for (genvar l = 0; l < Levels; l++) begin : gen_level
    fib_level #(
        .NumPipes(NumPipes),
        .Level   (l),
        .Depth   ((l == 0) ? headend_tables_pkg::VrfDepth : headend_tables_pkg::FibNodeDepth)
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
        .offset_i   (lvl_offset[l]),
        .valid_o    (lvl_valid[l+1]),
        .active_o   (lvl_active[l+1]),
        .index_o    (lvl_index[l+1]),
        .addr_o     (lvl_addr[l+1]),
        .found_o    (lvl_found[l+1]),
        .result_o   (lvl_result[l+1]),
        .offset_o   (lvl_offset[l+1])
    );
  end

  // ------------------------------------------------------------------ result
  // The last level's node holds one prefix: offset 0.
  logic res_ack;
  logic [ResultW-1:0] res_bus;
  logic [NumPipes-1:0] res_re;
  logic [NumPipes-1:0][ResultAddrW-1:0] res_raddr;
  logic [NumPipes-1:0][ResultW-1:0] res_rdata;

  table_ram #(
      .NumPipes(NumPipes),
      .Table   (headend_tables_pkg::TABLE_FIB_RESULT),
      .Depth   (headend_tables_pkg::FibResultDepth),
      .Width   (ResultW)
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
      .raddr_i    (res_raddr),
      .rdata_o    (res_rdata)
  );

  for (genvar p = 0; p < NumPipes; p++) begin : gen_lane
    headend_tables_pkg::meta_t meta;
    assign meta = meta_i[p];
    assign lvl_valid[0][p]  = valid_i[p] && route_i[p];
    assign lvl_active[0][p] = 1'b1;
    assign lvl_found[0][p]  = 1'b0;
    assign lvl_index[0][p]  = {12'd0, meta.vrf};
    assign lvl_result[0][p] = 24'd0;
    assign lvl_offset[0][p] = 4'd0;
    assign lvl_addr[0][p]   = meta.parsed.dst[31:0];

    assign res_re[p] = lvl_valid[Levels][p] && lvl_found[Levels][p]
                       && ({8'd0, lvl_result[Levels][p]} < headend_tables_pkg::FibResultDepth);
    assign res_raddr[p] = lvl_result[Levels][p][ResultAddrW-1:0];

    // what passes beside the trie
    logic given;
    logic [15:0] given_adj;
    hdr_delay #(
        .Width (MetaW + 18),
        .Cycles(Latency)
    ) u_meta (
        .clk_i,
        .rst_ni,
        .valid_i(valid_i[p]),
        .d_i    ({meta_i[p], adj_valid_i[p], swap_i[p], adj_i[p]}),
        .valid_o(valid_o[p]),
        .q_o    ({meta_o[p], given, swap_o[p], given_adj})
    );

    logic found_q;
    headend_tables_pkg::fib_result_t res;
    assign res = res_rdata[p];
    always_ff @(posedge clk_i) begin
      if (!rst_ni) found_q <= 1'b0;
      else found_q <= res_re[p];
    end
    assign adj_valid_o[p] = given || (found_q && res.valid);
    assign adj_o[p]       = given ? given_adj : (found_q && res.valid) ? res.adj : 16'd0;

    logic unused_bits;
    assign unused_bits = ^{meta, res.rsvd};
  end

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
                         lvl_addr[Levels], lvl_offset[Levels]};

endmodule

`default_nettype wire
