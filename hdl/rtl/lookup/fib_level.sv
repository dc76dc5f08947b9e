// SPDX-License-Identifier: Apache-2.0
//
// One level of the forwarding trie: a tree-bitmap node of stride 4 per lookup (see fib_node in tables.toml).
// Latency 2 cycles, one lookup per cycle: cycle 0 reads node index_i, cycle 1 looks at nibble `Level` of the
// address (nibble 0 is the most significant) and hands on the child's index and the best result so far.
//
// active_i: the path reaches this level; found_i/result_i: longest match of the levels above. The last level
// has no nibble left: only internal bit 0 (the whole address) counts.

`default_nettype none

module fib_level #(
    parameter int unsigned Level = 0,
    parameter int unsigned Depth = 4096,
    localparam int unsigned AddrW = $clog2(Depth),
    localparam int unsigned NodeW = headend_tables_pkg::FIB_NODE_W
) (
    input  logic             clk_i,
    input  logic             rst_ni,

    input  logic             tbl_req_i,
    input  logic             tbl_we_i,
    input  logic [7:0]       tbl_sel_i,
    input  logic [31:0]      tbl_index_i,
    input  logic [NodeW-1:0] tbl_wdata_i,
    output logic             tbl_ack_o,
    output logic [NodeW-1:0] tbl_rdata_o,

    input  logic             valid_i,
    input  logic             active_i,
    input  logic [23:0]      index_i,
    input  logic [31:0]      addr_i,
    input  logic             found_i,
    input  logic [23:0]      result_i,

    output logic             valid_o,
    output logic             active_o,
    output logic [23:0]      index_o,
    output logic [31:0]      addr_o,
    output logic             found_o,
    output logic [23:0]      result_o
);

  localparam bit Last = (Level == headend_tables_pkg::FibLevels - 1);

  // Number of ones.
  function automatic logic [4:0] ones16(input logic [15:0] x);
    logic [15:0] s;
    s = x - ((x >> 1) & 16'h5555);
    s = (s & 16'h3333) + ((s >> 2) & 16'h3333);
    s = (s + (s >> 4)) & 16'h0f0f;
    ones16 = s[4:0] + {1'b0, s[11:8]};
  endfunction

  // ------------------------------------------------------------------ cycle 0: read
  headend_tables_pkg::fib_node_t node;
  table_ram #(
      .Table(headend_tables_pkg::TABLE_FIB_NODE),
      .Base (Level * headend_tables_pkg::FibNodeDepth),
      .Depth(Depth),
      .Span (headend_tables_pkg::FibNodeDepth),
      .Width(NodeW)
  ) u_ram (
      .clk_i,
      .rst_ni,
      .tbl_req_i,
      .tbl_we_i,
      .tbl_sel_i,
      .tbl_index_i,
      .tbl_wdata_i,
      .tbl_ack_o,
      .tbl_rdata_o,
      .re_i       (valid_i && active_i),
      .raddr_i    (index_i[AddrW-1:0]),
      .rdata_o    (node)
  );

  logic s1_valid_q, s1_active_q, s1_found_q;
  logic [31:0] s1_addr_q;
  logic [23:0] s1_result_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) s1_valid_q <= 1'b0;
    else s1_valid_q <= valid_i;
    if (valid_i) begin
      s1_active_q <= active_i && (index_i < 24'(Depth));
      s1_addr_q   <= addr_i;
      s1_found_q  <= found_i;
      s1_result_q <= result_i;
    end
  end

  // ------------------------------------------------------------------ cycle 1: walk
  logic [3:0] nib;
  if (Last) begin : gen_no_nibble
    assign nib = 4'd0;
  end else begin : gen_nibble
    assign nib = s1_addr_q[31-4*Level-:4];
  end

  logic match;
  logic [3:0] bit_pos;  // internal bit of the longest match
  logic [15:0] internal_below, external_below;
  always_comb begin
    match = 1'b1;
    if (!Last && node.internal[4'd7+{1'b0, nib[3:1]}]) bit_pos = 4'd7 + {1'b0, nib[3:1]};
    else if (!Last && node.internal[4'd3+{2'd0, nib[3:2]}]) bit_pos = 4'd3 + {2'd0, nib[3:2]};
    else if (!Last && node.internal[4'd1+{3'd0, nib[3]}]) bit_pos = 4'd1 + {3'd0, nib[3]};
    else begin
      bit_pos = 4'd0;
      match   = node.internal[0];
    end
    internal_below = {1'b0, node.internal} & ~(16'hffff << bit_pos);
    external_below = node.external & ~(16'hffff << nib);
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_o <= 1'b0;
    else valid_o <= s1_valid_q;
    if (s1_valid_q) begin
      active_o <= s1_active_q && !Last && node.external[nib];
      addr_o   <= s1_addr_q;
      found_o  <= s1_found_q || (s1_active_q && match);
      result_o <= (s1_active_q && match) ? node.result_base + {19'd0, ones16(internal_below)}
                                         : s1_result_q;
      index_o  <= node.child_base + {19'd0, ones16(external_below)};
    end
  end

  logic unused_bits;
  assign unused_bits = ^{node.rsvd, index_i};

endmodule

`default_nettype wire
