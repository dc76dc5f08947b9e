// SPDX-License-Identifier: Apache-2.0
//
// Hard limits of the inbound SAs: what is left of them. Decides for the packet at stage X whether its SA has expired,
// and counts it there if it is good, so that the next packet, one cycle behind, meets the new state.
//
// A limit is kept as packets or bytes that are left. A packet that takes the rest or more than the rest is the last
// one; then `gone` is set and the number no longer matters.
//
// `p_*`: packet at stage P, its state is read. `x_*`: the same packet a cycle later. `set_*`: a new SA, while no packet
// is at P or X; a limit of 0 is none.
//
// Latency: 1 cycle from p_valid_i to x_expired_o.

`default_nettype none

module sa_in_expiry #(
  parameter int unsigned Depth = headend_tables_pkg::SaDepth,
  localparam int unsigned AddrW = $clog2(Depth)
) (
  input  wire              clk_i,
  input  wire              rst_ni,

  input  wire              p_valid_i,
  input  wire  [AddrW-1:0] p_sa_i,

  input  wire  [AddrW-1:0] x_sa_i,
  input  wire              x_good_i,            // count the packet
  input  wire  [15:0]      x_len_i,
  output logic             x_expired_o,         // before this packet
  output logic [1:0]       x_packets_gone_o,    // behind it: bit 1 if it is counted, bit 0 if not
  output logic [1:0]       x_bytes_gone_o,

  input  wire              set_i,
  input  wire  [AddrW-1:0] set_sa_i,
  input  wire  [47:0]      set_packets_i,
  input  wire  [47:0]      set_bytes_i
);

  typedef struct packed {
    logic        packets_on;
    logic        packets_gone;
    logic        bytes_on;
    logic        bytes_gone;
    logic [47:0] packets;
    logic [47:0] bytes;
  } left_t;
  localparam int unsigned LeftW = 4 + 48 + 48;

  left_t left;
  left_t left_next;
  left_t left_set;

  ram_1r1w #(.Width(LeftW), .Depth(Depth)) u_left (
    .clk_i, .rst_ni,
    .we_i(set_i || (rst_ni && x_good_i)), .waddr_i(set_i ? set_sa_i : x_sa_i),
    .wdata_i(set_i ? left_set : left_next),
    .re_i(p_valid_i), .raddr_i(p_sa_i), .rdata_o(left)
  );

  always_comb begin
    left_set            = '0;
    left_set.packets_on = (set_packets_i != '0);
    left_set.packets    = set_packets_i;
    left_set.bytes_on   = (set_bytes_i != '0);
    left_set.bytes      = set_bytes_i;
  end

  logic last_packet;
  logic last_bytes;
  assign last_packet = (left.packets[47:1] == '0);
  assign last_bytes  = (left.bytes[47:16] == '0) && (left.bytes[15:0] <= x_len_i);

  always_comb begin
    left_next               = left;
    left_next.packets       = left.packets - 48'd1;
    left_next.bytes         = left.bytes - 48'(x_len_i);
    left_next.packets_gone  = left.packets_gone || (left.packets_on && last_packet);
    left_next.bytes_gone    = left.bytes_gone || (left.bytes_on && last_bytes);
  end

  assign x_expired_o      = left.packets_gone || left.bytes_gone;
  assign x_packets_gone_o = {left_next.packets_gone, left.packets_gone};
  assign x_bytes_gone_o   = {left_next.bytes_gone, left.bytes_gone};

endmodule

`default_nettype wire
