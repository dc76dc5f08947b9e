// SPDX-License-Identifier: Apache-2.0
//
// Sequence numbers and counters of the outbound SAs: the memory behind SaOutState, and the one place where a number is
// taken. No number is given out twice between two installs of an SA, whatever the order of requests.
//
//   cycle 0   re_i, addr_i: the state is read
//   cycle 1   it arrives, or is taken from an access that has not reached the memory yet
//   cycle 2   use_i and what belongs to it: the state is judged and, if go_o, counted; next access of the same SA
//             already sees the result
//   cycle 3   after_o: the state after the access; written at the end of this cycle
//
// install_i and seq_i belong to cycle 1: the state becomes sequence `seq_i`, counters zero. An access with neither leaves
// the state alone. One access per cycle, of any SAs.
//
// To compare in cycle 2 would take too long, so the outcome is part of the state: whether the hard limit of bytes is
// reached is the sign of a second byte counter that starts at minus that limit; for packets and for the last number a
// bit is set by the access that reaches it.
//
// Power-up: see ram_1r1w.

`default_nettype none

module sa_out_count #(
  parameter int unsigned Depth = headend_tables_pkg::SaDepth,
  localparam int unsigned AddrW = $clog2(Depth)
) (
  input  wire              clk_i,
  input  wire              rst_ni,

  // cycle 0
  input  wire              re_i,
  input  wire  [AddrW-1:0] addr_i,
  // cycle 1
  input  wire              install_i,
  input  wire  [63:0]      seq_i,
  input  wire              used_up_i,         // it is the last number or behind it
  input  wire  [48:0]      minus_bytes_i,     // two's complement of the hard limit of bytes
  // cycle 2
  input  wire              use_i,             // a packet of this SA
  input  wire  [15:0]      len_i,             // its bytes
  input  wire              esn_i,
  input  wire              limit_packets_i,   // there is a hard limit of packets,
  input  wire  [47:0]      last_packet_i,     // and this is it, less one
  input  wire              limit_bytes_i,
  output logic             expired_o,         // a hard limit had been reached before
  output logic             go_o,              // the packet gets seq_o
  output logic [63:0]      seq_o,             // without go_o: the last number used
  // cycle 3
  output logic [63:0]      after_seq_o,
  output logic [63:0]      after_packets_o,
  output logic [63:0]      after_bytes_o,
  output logic             after_packets_hit_o, // the hard limit of packets is reached
  output logic             after_bytes_hit_o, // the hard limit of bytes, if there is one, is reached
  output logic             after_used_up_o    // the last number is used
);

  localparam int unsigned StateW = 3 * 64 + 52;
  typedef struct packed {
    logic        used_up;    // no number left
    logic        packets_hit;
    logic [49:0] over;       // bytes less hard limit, signed
    logic [63:0] bytes;
    logic [63:0] packets;
    logic [63:0] seq;
  } count_t;

  logic             read_valid_q;
  logic [AddrW-1:0] read_addr_q;
  logic             calc_valid_q;
  logic [AddrW-1:0] calc_addr_q;
  logic             write_valid_q;
  logic [AddrW-1:0] write_addr_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      read_valid_q  <= 1'b0;
      calc_valid_q  <= 1'b0;
      write_valid_q <= 1'b0;
    end else begin
      read_valid_q  <= re_i;
      calc_valid_q  <= read_valid_q;
      write_valid_q <= calc_valid_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (re_i) begin
      read_addr_q <= addr_i;
    end
    calc_addr_q  <= read_addr_q;
    write_addr_q <= calc_addr_q;
  end

  // ---------------------------------------------------------------------------------- memory
  count_t stored;
  count_t calc_q;       // before the access
  count_t next;         // if it is counted
  count_t after;
  count_t write_q;

  ram_1r1w #(
    .Width(StateW),
    .Depth(Depth)
  ) u_states (
    .clk_i,
    .rst_ni,
    .we_i   (write_valid_q),
    .waddr_i(write_addr_q),
    .wdata_i(write_q),
    .re_i,
    .raddr_i(addr_i),
    .rdata_o(stored)
  );

  // ---------------------------------------------------------------------------------- cycle 1
  // The two accesses in front of this one are not in the memory yet. The nearer one counts.
  logic   same_calc;
  logic   same_write;
  count_t other;
  assign same_calc  = calc_valid_q && (calc_addr_q == read_addr_q) && !install_i;
  assign same_write = write_valid_q && (write_addr_q == read_addr_q);
  always_comb begin
    other = same_write ? write_q : stored;
    if (install_i) begin
      other         = '0;
      other.seq     = seq_i;
      other.used_up = used_up_i;
      other.over    = {minus_bytes_i[48], minus_bytes_i};
    end
  end

  always_ff @(posedge clk_i) begin
    if (read_valid_q) begin
      calc_q <= same_calc ? after : other;
    end
  end

  // ---------------------------------------------------------------------------------- cycle 2
  logic        bytes_hit;
  logic [63:0] next_over;
  assign bytes_hit   = limit_bytes_i && !calc_q.over[49];
  assign expired_o   = calc_q.packets_hit || bytes_hit;
  assign go_o        = use_i && !calc_q.packets_hit && !bytes_hit && !calc_q.used_up;
  assign seq_o       = go_o ? next.seq : calc_q.seq;

  assign next.seq         = wide_pkg::inc64(calc_q.seq);
  assign next.packets     = wide_pkg::inc64(calc_q.packets);
  assign next.bytes       = wide_pkg::add64(calc_q.bytes, len_i);
  assign next_over        = wide_pkg::add64({14'd0, calc_q.over}, len_i);
  assign next.over        = next_over[49:0];
  assign next.packets_hit = limit_packets_i && (calc_q.packets == 64'(last_packet_i));
  assign next.used_up     = (calc_q.seq[31:0] == 32'hffff_fffe) && (!esn_i || (&calc_q.seq[63:32]));
  assign after            = go_o ? next : calc_q;

  always_ff @(posedge clk_i) begin
    if (calc_valid_q) begin
      write_q <= after;
    end
  end

  assign after_seq_o         = write_q.seq;
  assign after_packets_o     = write_q.packets;
  assign after_bytes_o       = write_q.bytes;
  assign after_packets_hit_o = write_q.packets_hit;
  assign after_bytes_hit_o   = !write_q.over[49];
  assign after_used_up_o     = write_q.used_up;

  logic unused;
  assign unused = ^next_over[63:50];

endmodule

`default_nettype wire
