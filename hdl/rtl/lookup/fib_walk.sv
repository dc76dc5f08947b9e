// SPDX-License-Identifier: Apache-2.0
//
// One step of one pipeline through the forwarding trie: a tree-bitmap node of stride 4 (see fib_node in
// tables.toml). Latency 2 cycles, one lookup per cycle: cycle 0 reads node index_i, cycle 1 looks at nibble `Level` of
// the address (nibble 0 is the most significant) and hands on the child's index and the best result so far.
// node_*: read port of the level's nodes, one cycle.
//
// active_i: the path reaches this level; found_i, result_i, offset_i: longest match of the levels above, its result
// being number result_i + offset_i (the sum is left to the next level, which has time for it). The last level has no
// nibble left: only internal bit 0 (the whole address) counts.

`default_nettype none

module fib_walk #(
    parameter int unsigned Level = 0,
    parameter int unsigned Depth = 4096,
    localparam int unsigned AddrW = $clog2(Depth)
) (
    input  logic                             clk_i,
    input  logic                             rst_ni,

    output logic                             node_re_o,
    output logic [AddrW-1:0]                 node_raddr_o,
    input  headend_tables_pkg::fib_node_t    node_i,

    input  logic                             valid_i,
    input  logic                             active_i,
    input  logic [23:0]                      index_i,
    input  logic [31:0]                      addr_i,
    input  logic                             found_i,
    input  logic [23:0]                      result_i,
    input  logic [3:0]                       offset_i,

    output logic                             valid_o,
    output logic                             active_o,
    output logic [23:0]                      index_o,
    output logic [31:0]                      addr_o,
    output logic                             found_o,
    output logic [23:0]                      result_o,
    output logic [3:0]                       offset_o
);

  localparam bit Last = (Level == headend_tables_pkg::FibLevels - 1);

  // ------------------------------------------------------------------ cycle 0: read, decode the nibble
  logic [3:0] nib;
  if (Last) begin : gen_no_nibble
    assign nib = 4'd0;
  end else begin : gen_nibble
    assign nib = addr_i[31-4*Level-:4];
  end
  assign node_re_o = valid_i && active_i;
  assign node_raddr_o = index_i[AddrW-1:0];

  logic s1_valid_q, s1_active_q, s1_found_q;
  logic [31:0] s1_addr_q;
  logic [23:0] s1_result_q;
  logic [15:0] s1_child_q, s1_below_q;  // one-hot nibble, and the nibbles below it
  always_ff @(posedge clk_i) begin
    if (!rst_ni) s1_valid_q <= 1'b0;
    else s1_valid_q <= valid_i;
    if (valid_i) begin
      s1_active_q <= active_i && (index_i < 24'(Depth));
      s1_addr_q   <= addr_i;
      s1_found_q  <= found_i;
      s1_result_q <= result_i + {20'd0, offset_i};
      s1_child_q  <= Last ? 16'd0 : 16'd1 << nib;
      s1_below_q  <= ~(16'hffff << nib);
    end
  end

  // ------------------------------------------------------------------ cycle 1: walk
  // Prefixes of length n end in the internal bits from 2^n - 1 on; which one is told by the pairs, fours and eights
  // of the one-hot nibble. Below it stand those of its own length to the left and all shorter ones.
  logic [15:0] child;
  logic [14:0] internal;
  logic [7:0] at3, below3;
  logic [3:0] at2, below2;
  logic [1:0] at1;
  logic below1, match3, match2, match1;
  assign child = s1_child_q;
  assign internal = node_i.internal;
  for (genvar k = 0; k < 8; k++) begin : gen_pair
    assign at3[k] = child[2*k] || child[2*k+1];
    assign below3[k] = s1_below_q[2*k+1];
  end
  for (genvar k = 0; k < 4; k++) begin : gen_four
    assign at2[k] = child[4*k+:4] != 4'd0;
    assign below2[k] = s1_below_q[4*k+3];
  end
  assign at1 = {child[15:8] != 8'd0, child[7:0] != 8'd0};
  assign below1 = s1_below_q[7];
  assign match3 = (internal[14:7] & at3) != 8'd0;
  assign match2 = (internal[6:3] & at2) != 4'd0;
  assign match1 = (internal[2:1] & at1) != 2'd0;

  logic [4:0] count3, count2, children;
  logic [1:0] count1;
  assign count3 = count_pkg::ones16({1'b0, internal[14:7] & below3, internal[6:0]});
  assign count2 = {2'd0, count_pkg::ones6({internal[5:3] & below2[2:0], internal[2:0]})};
  assign count1 = {internal[0] && internal[1] && below1, internal[0] ^ (internal[1] && below1)};
  assign children = count_pkg::ones16(node_i.external & s1_below_q);

  logic match;
  logic [3:0] offset;
  always_comb begin
    match = 1'b1;
    if (match3) offset = count3[3:0];
    else if (match2) offset = count2[3:0];
    else if (match1) offset = {2'd0, count1};
    else begin
      offset = 4'd0;
      match  = internal[0];
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_o <= 1'b0;
    else valid_o <= s1_valid_q;
    if (s1_valid_q) begin
      active_o <= s1_active_q && ((node_i.external & child) != 16'd0);
      addr_o   <= s1_addr_q;
      found_o  <= s1_found_q || (s1_active_q && match);
      result_o <= (s1_active_q && match) ? node_i.result_base : s1_result_q;
      offset_o <= (s1_active_q && match) ? offset : 4'd0;
      index_o  <= node_i.child_base + {19'd0, children};
    end
  end

  logic unused_bits;
  assign unused_bits = ^{node_i.rsvd, index_i, below3[7], below2[3], count3[4], count2[4]};

endmodule

`default_nettype wire
