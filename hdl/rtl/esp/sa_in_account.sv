// SPDX-License-Identifier: Apache-2.0
//
// Counters and limit events of the inbound SAs, behind the verdicts.
//
//   W   lower halves of packets and bytes, failures     their carries
//   W2  upper halves                                    follow one cycle later
//   V   packets and bytes against the soft limits
//   E   what is reached and not yet told -> event FIFO; told is told
//
// An event counts as told when it is in the FIFO, which gives up its words to `evt_*` only, one by one. When the FIFO is
// full the SA's next packet that is good or comes after the hard limit tries again. A packet can raise up to three
// events: SaHard, SaSoft by packets, SaSoft by bytes, in this order.
//
// Each stage reads its memory the cycle before and writes it in its own: the memory returns what is being written, so
// packets of one SA may follow each other in every cycle. `x_valid_i` with `x_sa_i`: a packet comes to W next.
//
// `set_*`: a new SA; all its counters and flags become zero. `get_*`: read them, answer two cycles later. Both only
// while no packet is between X and E. In reset nothing is written: what the registers say at power-up is no packet.
//
// Latency: 5 cycles from w_valid_i to evt_valid_o.

`default_nettype none

module sa_in_account #(
  parameter int unsigned Depth      = headend_tables_pkg::SaDepth,
  parameter int unsigned EventDepth = 32,
  localparam int unsigned AddrW = $clog2(Depth)
) (
  input  wire                            clk_i,
  input  wire                            rst_ni,

  input  wire                            x_valid_i,
  input  wire  [AddrW-1:0]               x_sa_i,

  input  wire                            w_valid_i,
  input  wire  [15:0]                    w_sa_i,
  input  wire  [31:0]                    w_spi_i,
  input  wire  [63:0]                    w_seq_i,
  input  wire  [15:0]                    w_len_i,
  input  wire                            w_good_i,
  input  wire                            w_auth_fail_i,
  input  wire                            w_replay_fail_i,
  input  wire                            w_expired_i,        // came after the hard limit
  input  wire                            w_packets_gone_i,   // hard limit of packets reached, this one counted
  input  wire                            w_bytes_gone_i,

  input  wire                            set_i,
  input  wire  [AddrW-1:0]               set_sa_i,
  input  wire  [47:0]                    set_soft_packets_i,
  input  wire  [47:0]                    set_soft_bytes_i,

  input  wire                            get_i,
  input  wire  [AddrW-1:0]               get_sa_i,
  output headend_tables_pkg::sa_in_state_t get_state_o,      // seq_top is zero

  output logic                           evt_valid_o,
  input  wire                            evt_ready_i,
  output headend_tables_pkg::sa_event_t  evt_o
);

  typedef struct packed {
    logic [31:0] replay_fail;
    logic [31:0] auth_fail;
    logic [31:0] bytes;
    logic [31:0] packets;
  } lower_t;
  localparam int unsigned LowerW = 128;

  typedef struct packed {
    logic [31:0] bytes;
    logic [31:0] packets;
  } upper_t;
  localparam int unsigned UpperW = 64;

  typedef struct packed {
    logic [47:0] bytes;
    logic [47:0] packets;
  } limits_t;
  localparam int unsigned LimitsW = 96;

  typedef struct packed {
    logic hard;
    logic bytes;
    logic packets;
  } told_t;
  localparam int unsigned ToldW = 3;

  // ---------------------------------------------------------------------------------- W
  lower_t      lower;
  lower_t      lower_next;
  logic [32:0] packets_lower;
  logic [32:0] bytes_lower;
  assign packets_lower = {1'b0, lower.packets} + 33'd1;
  assign bytes_lower   = {1'b0, lower.bytes} + {17'd0, w_len_i};

  always_comb begin
    lower_next = lower;
    if (w_good_i) begin
      lower_next.packets = packets_lower[31:0];
      lower_next.bytes   = bytes_lower[31:0];
    end
    if (w_auth_fail_i) begin
      lower_next.auth_fail = lower.auth_fail + 32'd1;
    end
    if (w_replay_fail_i) begin
      lower_next.replay_fail = lower.replay_fail + 32'd1;
    end
  end

  logic w_we;
  assign w_we = rst_ni && w_valid_i && (w_good_i || w_auth_fail_i || w_replay_fail_i);

  ram_1r1w #(.Width(LowerW), .Depth(Depth)) u_lower (
    .clk_i, .rst_ni,
    .we_i(set_i || w_we), .waddr_i(set_i ? set_sa_i : w_sa_i[AddrW-1:0]), .wdata_i(set_i ? '0 : lower_next),
    .re_i(get_i || x_valid_i), .raddr_i(get_i ? get_sa_i : x_sa_i), .rdata_o(lower)
  );

  // What goes on behind W: packets that can raise an event.
  logic        w_counts;
  logic        w2_valid_q;
  logic        w2_good_q;
  logic [15:0] w2_sa_q;
  logic [31:0] w2_spi_q;
  logic [63:0] w2_seq_q;
  logic        w2_packets_gone_q;
  logic        w2_bytes_gone_q;
  logic [31:0] w2_packets_q;
  logic [31:0] w2_bytes_q;
  logic        w2_packets_carry_q;
  logic        w2_bytes_carry_q;
  assign w_counts = w_valid_i && (w_good_i || w_expired_i);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      w2_valid_q <= 1'b0;
    end else begin
      w2_valid_q <= w_counts;
    end
  end

  always_ff @(posedge clk_i) begin
    if (w_counts) begin
      w2_good_q          <= w_good_i;
      w2_sa_q            <= w_sa_i;
      w2_spi_q           <= w_spi_i;
      w2_seq_q           <= w_seq_i;
      w2_packets_gone_q  <= w_packets_gone_i;
      w2_bytes_gone_q    <= w_bytes_gone_i;
      w2_packets_q       <= lower_next.packets;
      w2_bytes_q         <= lower_next.bytes;
      w2_packets_carry_q <= w_good_i && packets_lower[32];
      w2_bytes_carry_q   <= w_good_i && bytes_lower[32];
    end
  end

  // ---------------------------------------------------------------------------------- W2
  upper_t upper;
  upper_t upper_next;
  assign upper_next.packets = upper.packets + 32'(w2_packets_carry_q);
  assign upper_next.bytes   = upper.bytes + 32'(w2_bytes_carry_q);

  logic             w2_we;
  logic [AddrW-1:0] w2_waddr;
  assign w2_we    = rst_ni && w2_valid_q && w2_good_q;
  assign w2_waddr = set_i ? set_sa_i : w2_sa_q[AddrW-1:0];

  ram_1r1w #(.Width(UpperW), .Depth(Depth)) u_upper (
    .clk_i, .rst_ni,
    .we_i(set_i || w2_we), .waddr_i(w2_waddr), .wdata_i(set_i ? '0 : upper_next),
    .re_i(get_i || w_counts), .raddr_i(get_i ? get_sa_i : w_sa_i[AddrW-1:0]), .rdata_o(upper)
  );

  limits_t limits;
  ram_1r1w #(.Width(LimitsW), .Depth(Depth)) u_limits (
    .clk_i, .rst_ni,
    .we_i(set_i), .waddr_i(set_sa_i), .wdata_i({set_soft_bytes_i, set_soft_packets_i}),
    .re_i(w2_valid_q), .raddr_i(w2_sa_q[AddrW-1:0]), .rdata_o(limits)
  );

  logic        v_valid_q;
  logic [15:0] v_sa_q;
  logic [31:0] v_spi_q;
  logic [63:0] v_seq_q;
  logic        v_packets_gone_q;
  logic        v_bytes_gone_q;
  logic [63:0] v_packets_q;
  logic [63:0] v_bytes_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      v_valid_q <= 1'b0;
    end else begin
      v_valid_q <= w2_valid_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (w2_valid_q) begin
      v_sa_q           <= w2_sa_q;
      v_spi_q          <= w2_spi_q;
      v_seq_q          <= w2_seq_q;
      v_packets_gone_q <= w2_packets_gone_q;
      v_bytes_gone_q   <= w2_bytes_gone_q;
      v_packets_q      <= {upper_next.packets, w2_packets_q};
      v_bytes_q        <= {upper_next.bytes, w2_bytes_q};
    end
  end

  // ---------------------------------------------------------------------------------- V
  logic v_packets_short;     // soft limit not reached
  logic v_bytes_short;
  assign v_packets_short = (limits.packets > v_packets_q[47:0]);
  assign v_bytes_short   = (limits.bytes > v_bytes_q[47:0]);

  logic        e_valid_q;
  logic [15:0] e_sa_q;
  logic [31:0] e_spi_q;
  logic [63:0] e_seq_q;
  logic        e_packets_gone_q;
  told_t       e_reached_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      e_valid_q <= 1'b0;
    end else begin
      e_valid_q <= v_valid_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (v_valid_q) begin
      e_sa_q              <= v_sa_q;
      e_spi_q             <= v_spi_q;
      e_seq_q             <= v_seq_q;
      e_packets_gone_q    <= v_packets_gone_q;
      e_reached_q.hard    <= v_packets_gone_q || v_bytes_gone_q;
      e_reached_q.packets <= (limits.packets != '0) && (!v_packets_short || v_packets_q[63:48] != '0);
      e_reached_q.bytes   <= (limits.bytes != '0) && (!v_bytes_short || v_bytes_q[63:48] != '0);
    end
  end

  // ---------------------------------------------------------------------------------- E
  localparam int unsigned EntryW = ToldW + 1 + 16 + 32 + 64;

  told_t                told;
  told_t                due;
  logic                 tell;
  logic                 e_we;
  logic                 fifo_ready;
  logic                 head_valid;
  logic                 head_done;
  logic [EntryW-1:0]    head;
  logic [$clog2(EventDepth+1)-1:0] unused_count;
  assign due  = e_reached_q & ~told;
  assign tell = e_valid_q && (due != '0);
  assign e_we = rst_ni && tell && fifo_ready;

  ram_1r1w #(.Width(ToldW), .Depth(Depth)) u_told (
    .clk_i, .rst_ni,
    .we_i(set_i || e_we), .waddr_i(set_i ? set_sa_i : e_sa_q[AddrW-1:0]),
    .wdata_i(set_i ? '0 : (told | e_reached_q)),
    .re_i(get_i || v_valid_q), .raddr_i(get_i ? get_sa_i : v_sa_q[AddrW-1:0]), .rdata_o(told)
  );

  fifo_sync #(
    .Width(EntryW),
    .Depth(EventDepth)
  ) u_events (
    .clk_i,
    .rst_ni,
    .s_valid_i(tell),
    .s_ready_o(fifo_ready),
    .s_data_i ({due, e_packets_gone_q, e_sa_q, e_spi_q, e_seq_q}),
    .m_valid_o(head_valid),
    .m_ready_i(head_done),
    .m_data_o (head),
    .count_o  (unused_count)
  );

  // The events of one entry leave one by one.
  told_t head_due;
  told_t left;
  told_t sent_q;
  told_t send;
  logic  head_packets_gone;
  assign {head_due, head_packets_gone} = head[EntryW-1:112];
  assign left        = head_due & ~sent_q;
  assign send        = left.hard ? 3'b100 : (left.packets ? 3'b001 : 3'b010);
  assign head_done   = evt_valid_o && evt_ready_i && ((left & ~send) == '0);
  assign evt_valid_o = head_valid;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      sent_q <= '0;
    end else if (evt_valid_o && evt_ready_i) begin
      sent_q <= head_done ? '0 : (sent_q | send);
    end
  end

  always_comb begin
    evt_o      = '0;
    evt_o.hard = left.hard;
    if (left.hard ? head_packets_gone : left.packets) begin
      evt_o.limit = headend_tables_pkg::SA_LIMIT_PACKETS;
    end else begin
      evt_o.limit = headend_tables_pkg::SA_LIMIT_BYTES;
    end
    {evt_o.sa, evt_o.spi, evt_o.seq} = head[111:0];
  end

  // ---------------------------------------------------------------------------------- read by the host
  logic get_q;
  always_ff @(posedge clk_i) begin
    get_q <= get_i;
    if (get_q) begin
      get_state_o             <= '0;
      get_state_o.packets     <= {upper.packets, lower.packets};
      get_state_o.bytes       <= {upper.bytes, lower.bytes};
      get_state_o.auth_fail   <= lower.auth_fail;
      get_state_o.replay_fail <= lower.replay_fail;
      get_state_o.soft_done   <= {1'b0, told.bytes, told.packets};
      get_state_o.hard_done   <= told.hard;
    end
  end

endmodule

`default_nettype wire
