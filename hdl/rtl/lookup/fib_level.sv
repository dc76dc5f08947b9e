// SPDX-License-Identifier: Apache-2.0
//
// One level of the forwarding trie: its nodes, shared by the pipelines, each of which takes its steps in a fib_walk.
// Latency 2 cycles, one lookup per cycle and pipeline.

`default_nettype none

module fib_level #(
    parameter int unsigned NumPipes = 1,
    parameter int unsigned Level    = 0,
    parameter int unsigned Depth    = 4096,
    localparam int unsigned AddrW = $clog2(Depth),
    localparam int unsigned NodeW = headend_tables_pkg::FIB_NODE_W
) (
    input  logic                      clk_i,
    input  logic                      rst_ni,

    input  logic                      tbl_req_i,
    input  logic                      tbl_we_i,
    input  logic [7:0]                tbl_sel_i,
    input  logic [31:0]               tbl_index_i,
    input  logic [NodeW-1:0]          tbl_wdata_i,
    output logic                      tbl_ack_o,
    output logic [NodeW-1:0]          tbl_rdata_o,

    input  logic [NumPipes-1:0]       valid_i,
    input  logic [NumPipes-1:0]       active_i,
    input  logic [NumPipes-1:0][23:0] index_i,
    input  logic [NumPipes-1:0][31:0] addr_i,
    input  logic [NumPipes-1:0]       found_i,
    input  logic [NumPipes-1:0][23:0] result_i,
    input  logic [NumPipes-1:0][3:0]  offset_i,

    output logic [NumPipes-1:0]       valid_o,
    output logic [NumPipes-1:0]       active_o,
    output logic [NumPipes-1:0][23:0] index_o,
    output logic [NumPipes-1:0][31:0] addr_o,
    output logic [NumPipes-1:0]       found_o,
    output logic [NumPipes-1:0][23:0] result_o,
    output logic [NumPipes-1:0][3:0]  offset_o
);

  logic [NumPipes-1:0] re;
  logic [NumPipes-1:0][AddrW-1:0] raddr;
  logic [NumPipes-1:0][NodeW-1:0] node;

  table_ram #(
      .NumPipes(NumPipes),
      .Table   (headend_tables_pkg::TABLE_FIB_NODE),
      .Base    (Level * headend_tables_pkg::FibNodeDepth),
      .Depth   (Depth),
      .Span    (headend_tables_pkg::FibNodeDepth),
      .Width   (NodeW)
  ) u_nodes (
      .clk_i,
      .rst_ni,
      .tbl_req_i,
      .tbl_we_i,
      .tbl_sel_i,
      .tbl_index_i,
      .tbl_wdata_i,
      .tbl_ack_o,
      .tbl_rdata_o,
      .re_i       (re),
      .raddr_i    (raddr),
      .rdata_o    (node)
  );

  for (genvar p = 0; p < NumPipes; p++) begin : gen_lane
    fib_walk #(
        .Level(Level),
        .Depth(Depth)
    ) u_walk (
        .clk_i,
        .rst_ni,
        .node_re_o   (re[p]),
        .node_raddr_o(raddr[p]),
        .node_i      (node[p]),
        .valid_i     (valid_i[p]),
        .active_i    (active_i[p]),
        .index_i     (index_i[p]),
        .addr_i      (addr_i[p]),
        .found_i     (found_i[p]),
        .result_i    (result_i[p]),
        .offset_i    (offset_i[p]),
        .valid_o     (valid_o[p]),
        .active_o    (active_o[p]),
        .index_o     (index_o[p]),
        .addr_o      (addr_o[p]),
        .found_o     (found_o[p]),
        .result_o    (result_o[p]),
        .offset_o    (offset_o[p])
    );
  end

endmodule

`default_nettype wire
