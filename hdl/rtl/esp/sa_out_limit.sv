// SPDX-License-Identifier: Apache-2.0
//
// Events of the limits of outbound SAs, each exactly once.
//
// After every packet that was judged (sent, or refused because its SA had reached a limit), each limit that the SA has
// reached and that has not been reported yet is reported: SaHard, once, for whichever hard limit comes first in the order
// packets, bytes, sequence; then SaSoft for each of these. What was reported stands in the flags that SaOutState shows. All
// events of a packet go into the event FIFO as one entry and only then are flagged; when the FIFO is full neither
// happens, and the SA's next packet tries again. An install clears the flags.
//
//   cycle 0   re_i, addr_i: flags are read
//   cycle 1   check_i, install_i and what belongs to them: counters against limits
//   cycle 2   flags against the result; flags_o: those before this access
//
// Events leave one per cycle at most, at the earliest in cycle 4.

`default_nettype none

module sa_out_limit #(
  parameter int unsigned Depth = headend_tables_pkg::SaDepth,
  localparam int unsigned AddrW = $clog2(Depth)
) (
  input  wire                                  clk_i,
  input  wire                                  rst_ni,

  // cycle 0
  input  wire                                  re_i,
  input  wire  [AddrW-1:0]                     addr_i,
  // cycle 1
  input  wire                                  check_i,
  input  wire                                  install_i,
  input  wire                                  used_up_i,        // the last sequence number is used
  input  wire  [31:0]                          spi_i,
  input  wire  [63:0]                          seq_i,
  input  wire  [63:0]                          packets_i,
  input  wire  [63:0]                          bytes_i,
  input  wire  [3:0]                           limits_i,         // there are: soft_packets, soft_bytes, soft_seq, hard_bytes
  input  wire  [47:0]                          soft_packets_i,
  input  wire  [47:0]                          soft_bytes_i,
  input  wire  [63:0]                          soft_seq_i,
  input  wire                                  packets_hit_i,    // the hard limit of packets is reached
  input  wire                                  bytes_hit_i,      // bytes_i has reached the hard limit, if there is one
  // cycle 2
  output logic [3:0]                           flags_o,   // hard_done, soft_done[2:0]

  output logic                                 evt_valid_o,
  input  wire                                  evt_ready_i,
  output headend_tables_pkg::sa_event_t        evt_o
);

  localparam int unsigned FifoDepth = 16;
  localparam int unsigned EntryW    = 4 + 2 + 16 + 32 + 64;

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

  // ---------------------------------------------------------------------------------- memory of the flags
  logic [3:0] stored;
  logic [3:0] flags_q;      // before the access
  logic [3:0] after;
  logic [3:0] write_q;

  ram_1r1w #(
    .Width(4),
    .Depth(Depth)
  ) u_flags (
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
  logic [2:0]  hard;
  logic [3:0]  reached_q;
  logic [1:0]  hard_limit_q;
  logic        check_q;
  logic [15:0] sa_q;
  logic [31:0] spi_q;
  logic [63:0] seq_q;
  assign hard[0] = packets_hit_i;
  assign hard[1] = limits_i[3] && bytes_hit_i;
  assign hard[2] = used_up_i;

  always_ff @(posedge clk_i) begin
    if (read_valid_q) begin
      if (install_i) begin
        flags_q <= '0;
      end else if (calc_valid_q && calc_addr_q == read_addr_q) begin
        flags_q <= after;
      end else if (write_valid_q && write_addr_q == read_addr_q) begin
        flags_q <= write_q;
      end else begin
        flags_q <= stored;
      end
      check_q      <= check_i;
      reached_q[0] <= limits_i[0] && wide_pkg::ge64(packets_i, 64'(soft_packets_i));
      reached_q[1] <= limits_i[1] && wide_pkg::ge64(bytes_i, 64'(soft_bytes_i));
      reached_q[2] <= limits_i[2] && wide_pkg::ge64(seq_i, soft_seq_i);
      reached_q[3] <= |hard;
      hard_limit_q <= hard[0] ? headend_tables_pkg::SA_LIMIT_PACKETS :
                      hard[1] ? headend_tables_pkg::SA_LIMIT_BYTES : headend_tables_pkg::SA_LIMIT_SEQUENCE;
      sa_q         <= 16'(read_addr_q);
      spi_q        <= spi_i;
      seq_q        <= seq_i;
    end
  end

  // ---------------------------------------------------------------------------------- cycle 2
  logic [3:0] fire;
  logic       push;
  logic       room;
  assign fire    = (calc_valid_q && check_q) ? reached_q & ~flags_q : 4'd0;
  assign push    = |fire;
  assign after   = room ? flags_q | fire : flags_q;
  assign flags_o = flags_q;

  always_ff @(posedge clk_i) begin
    if (calc_valid_q) begin
      write_q <= after;
    end
  end

  // ---------------------------------------------------------------------------------- events
  logic                           entry_valid;
  logic                           entry_take;
  logic [3:0]                     entry_mask;
  logic [1:0]                     entry_limit;
  logic [15:0]                    entry_sa;
  logic [31:0]                    entry_spi;
  logic [63:0]                    entry_seq;
  logic [$clog2(FifoDepth+1)-1:0] unused_count;

  fifo_sync #(
    .Width(EntryW),
    .Depth(FifoDepth)
  ) u_events (
    .clk_i,
    .rst_ni,
    .s_valid_i(push),
    .s_ready_o(room),
    .s_data_i ({fire, hard_limit_q, sa_q, spi_q, seq_q}),
    .m_valid_o(entry_valid),
    .m_ready_i(entry_take),
    .m_data_o ({entry_mask, entry_limit, entry_sa, entry_spi, entry_seq}),
    .count_o  (unused_count)
  );

  logic [3:0] told_q;       // events of the entry that have left
  logic [3:0] left;
  logic [3:0] now;
  assign left       = entry_mask & ~told_q;
  assign now        = left[3] ? 4'b1000 : left & (~left + 4'd1);
  assign entry_take = evt_ready_i && (left == now);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      told_q <= '0;
    end else if (entry_valid && evt_ready_i) begin
      told_q <= entry_take ? '0 : told_q | now;
    end
  end

  assign evt_valid_o = entry_valid;
  always_comb begin
    evt_o      = '0;
    evt_o.hard = now[3];
    evt_o.out  = 1'b1;
    evt_o.sa   = entry_sa;
    evt_o.spi  = entry_spi;
    evt_o.seq  = entry_seq;
    unique case (1'b1)
      now[0]:  evt_o.limit = headend_tables_pkg::SA_LIMIT_PACKETS;
      now[1]:  evt_o.limit = headend_tables_pkg::SA_LIMIT_BYTES;
      now[2]:  evt_o.limit = headend_tables_pkg::SA_LIMIT_SEQUENCE;
      default: evt_o.limit = entry_limit;
    endcase
  end

endmodule

`default_nettype wire
