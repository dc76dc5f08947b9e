// SPDX-License-Identifier: Apache-2.0
//
// Counts every drop of every stage and turns some of them, and what else is worth telling, into events.
//
// Counting: each drop site has a counter bank of its own (64 reasons), so drops of all stages of all pipelines in
// one cycle all count; a read adds the banks up.
//
// Events:
//   Drop      at most one per `interval_i` cycles (the lowest-numbered site wins a tie)
//   Acquire   for SaOutInvalid of an encap site: each SA at most one per interval, however many SAs: a bit for each
//             says that it was told (an interval begins with the first such event and lasts `interval_i` cycles; an
//             index of SaDepth or more counts as the one that it equals modulo SaDepth)
//   SaSoft, SaHard   a limit of an SA (`sa_evt_*`: inbound, outbound); taken when it has its place in the FIFO, so
//             that none is lost; Drop and Acquire leave SaRoom places of the FIFO for them
//   Link      a port's link changed (info bits 7:0 = port, bit 8 = up)
//   DmaError  a refused access (info = ring, addr = address)
// Drops that are held back, or find the FIFO full, add to `lost` of the next event written. Link and DmaError wait for
// room instead; a further refused access meanwhile is `lost`.
//
// Latency: counters 2 cycles; 4 cycles from a drop to `m_valid_o`, 5 for Acquire; a read takes Sites + 2 cycles. Event data: byte 0
// of the packet in bits 7:0.

`default_nettype none

module drop_monitor #(
  parameter int unsigned NumPipes  = headend_tables_pkg::NumPipes,
  parameter int unsigned FifoDepth = 16,
  parameter int unsigned SaRoom    = 4,
  parameter int unsigned SaDepth   = headend_tables_pkg::SaDepth,  // power of two
  localparam int unsigned PipeSites = 5,
  localparam int unsigned Sites     = 4 + PipeSites * NumPipes,
  localparam int unsigned DropW     = headend_tables_pkg::DROP_RECORD_W,
  localparam int unsigned SaEventW  = headend_tables_pkg::SA_EVENT_W
) (
  input  wire          clk_i,
  input  wire          rst_ni,

  input  wire  [63:0]  cycle_i,
  input  wire  [31:0]  interval_i,

  // Drop sites: rx0, rx1, hostrx, hosttx, then classify, commit, forward, qos, encap of each pipeline.
  input  wire  [Sites-1:0]            valid_i,
  input  wire  [Sites-1:0][DropW-1:0] drop_i,

  // Limits of SAs: inbound, outbound.
  input  wire  [1:0]               sa_evt_valid_i,
  output logic [1:0]               sa_evt_ready_o,
  input  wire  [1:0][SaEventW-1:0] sa_evt_i,

  input  wire  [1:0]   link_up_i,

  // Refused DMA accesses: [0] reads, [1] writes.
  input  wire  [1:0]       dma_err_i,
  input  wire  [1:0][2:0]  dma_ring_i,
  input  wire  [1:0][63:0] dma_addr_i,

  output logic         m_valid_o,
  input  wire          m_ready_i,
  output headend_tables_pkg::event_entry_t m_event_o,

  input  wire          rd_i,         // pulse
  input  wire  [5:0]   rd_reason_i,
  output logic         rd_done_o,    // pulse
  output logic [63:0]  rd_data_o,

  output logic         busy_o
);
  localparam int unsigned FirstPipe = 4;    // its site
  localparam int unsigned AtEncap   = 4;    // of a pipeline's sites
  localparam int unsigned SaW       = $clog2(SaDepth);
  localparam int unsigned CountW    = $clog2(Sites + 1);

  // ------------------------------------------------------------------------------------ counters
  logic [Sites-1:0][63:0] count;

  for (genvar n = 0; n < int'(Sites); n++) begin : gen_bank
    wire headend_tables_pkg::drop_record_t site = drop_i[n];
    logic unused_site;
    assign unused_site = ^site;

    counter_bank #(
      .Depth(headend_tables_pkg::REG_DROP_COUNT_COUNT)
    ) u_bank (
      .clk_i,
      .rst_ni,
      .inc_i     (valid_i[n]),
      .index_i   (site.reason),
      .rd_i,
      .rd_index_i(rd_reason_i),
      .count_o   (count[n])
    );
  end

  logic [$clog2(FifoDepth + 1)-1:0] fifo_count;
  logic        walk_q;
  logic [3:0]  site_q;
  logic [63:0] sum_q;
  assign rd_data_o = sum_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      walk_q    <= 1'b0;
      site_q    <= '0;
      rd_done_o <= 1'b0;
    end else begin
      rd_done_o <= 1'b0;
      if (rd_i) begin
        walk_q <= 1'b1;
        site_q <= '0;
      end else if (walk_q) begin
        site_q <= site_q + 4'd1;
        if (site_q == 4'(Sites - 1)) begin
          walk_q    <= 1'b0;
          rd_done_o <= 1'b1;
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (rd_i) begin
      sum_q <= '0;
    end else if (walk_q) begin
      sum_q <= sum_q + count[site_q];
    end
  end

  // ------------------------------------------------------------------------------------ which drops become events
  logic [Sites-1:0]  acquires;     // drops that give Acquire events
  logic [Sites-1:0]  plain;        // drops that give Drop events
  logic              take_acquire;
  logic              take_drop;
  logic [CountW-1:0] drops;        // in this cycle
  logic [CountW-1:0] drops_q;      // in the last one
  logic [CountW-1:0] untold_q;     // of them, not candidates for an event, or without one
  logic [1:0]        refused_q;    // candidates that became none
  logic              any_plain_q;  // candidates of the last cycle: one for each kind of event
  logic              any_acquire_q;
  logic              asked_q;      // the Acquire candidate, with the word whether its SA was told
  logic              told_now_q;
  logic              acquire_q;    // captured, waiting for the FIFO
  logic              drop_q;
  logic              fifo_ready;
  logic              fifo_room;    // for drops: more than SaRoom places
  logic              send_acquire;
  logic              send_drop;
  logic              send_dma;
  logic              send_link;
  logic [1:0]        send_sa;

  logic [31:0] drop_hold_q;     // cycles until the next Drop event may be taken
  logic [31:0] acquire_age_q;   // cycles since the first Acquire of the interval
  logic        acquire_any_q;   // an interval is under way
  logic        acquire_end;     // its last cycle
  logic [SaDepth-1:0] told_q;   // SAs that had their event in it
  logic [SaW-1:0]     acquire_sa;
  logic [SaW-1:0]     pick_sa;

  headend_tables_pkg::drop_record_t acquire_rec_q;
  headend_tables_pkg::drop_record_t drop_rec_q;
  headend_tables_pkg::drop_record_t drop_pick;
  headend_tables_pkg::drop_record_t drop_pick_q;
  headend_tables_pkg::drop_record_t acquire_pick;
  headend_tables_pkg::drop_record_t acquire_pick_q;
  headend_tables_pkg::drop_record_t asked_rec_q;
  logic [Sites-1:0]                 first_plain;     // one-hot: the candidates
  logic [Sites-1:0]                 first_acquire;

  for (genvar n = 0; n < int'(Sites); n++) begin : gen_kind
    if (n >= int'(FirstPipe) && (n - int'(FirstPipe)) % int'(PipeSites) == int'(AtEncap)) begin : gen_encap
      wire headend_tables_pkg::drop_record_t site = drop_i[n];
      assign acquires[n] = valid_i[n] && (site.reason == headend_tables_pkg::DROP_REASON_SA_OUT_INVALID);
      logic unused_site;
      assign unused_site = ^site;
    end else begin : gen_plain
      assign acquires[n] = 1'b0;
    end
  end

  assign pick_sa       = acquire_pick_q.sa[SaW-1:0];
  assign plain         = valid_i & ~acquires;
  assign first_plain   = plain & (~plain + Sites'(1));
  assign first_acquire = acquires & (~acquires + Sites'(1));
  assign acquire_sa    = asked_rec_q.sa[SaW-1:0];
  assign take_acquire  = asked_q && !told_now_q && !acquire_q && fifo_room;
  assign acquire_end   = acquire_any_q && (acquire_age_q >= interval_i);
  assign take_drop     = any_plain_q && (drop_hold_q == '0) && !drop_q && fifo_room;

  always_comb begin
    drops = '0;
    for (int n = 0; n < int'(Sites); n++) begin
      drops = drops + CountW'(valid_i[n]);
    end
  end

  always_comb begin
    drop_pick    = '0;
    acquire_pick = '0;
    for (int n = 0; n < int'(Sites); n++) begin
      if (first_plain[n]) begin
        drop_pick = drop_pick | drop_i[n];
      end
      if (first_acquire[n]) begin
        acquire_pick = acquire_pick | drop_i[n];
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      drops_q       <= '0;
      untold_q      <= '0;
      refused_q     <= '0;
      any_plain_q   <= 1'b0;
      any_acquire_q <= 1'b0;
      asked_q       <= 1'b0;
      told_now_q    <= 1'b0;
    end else begin
      drops_q       <= drops;
      untold_q      <= drops_q - CountW'(any_plain_q) - CountW'(any_acquire_q);
      refused_q     <= 2'(any_plain_q && !take_drop) + 2'(asked_q && !take_acquire);
      any_plain_q   <= (plain != '0);
      any_acquire_q <= (acquires != '0);
      asked_q       <= any_acquire_q;
      // Also told: by the candidate ahead, in this cycle. A new interval knows of none.
      told_now_q    <= !acquire_end && (told_q[pick_sa] || (take_acquire && (interval_i != '0) && (acquire_sa == pick_sa)));
    end
  end

  always_ff @(posedge clk_i) begin
    if (plain != '0) begin
      drop_pick_q <= drop_pick;
    end
    if (acquires != '0) begin
      acquire_pick_q <= acquire_pick;
    end
    if (any_acquire_q) begin
      asked_rec_q <= acquire_pick_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      acquire_q     <= 1'b0;
      drop_q        <= 1'b0;
      drop_hold_q   <= '0;
      acquire_any_q <= 1'b0;
      acquire_age_q <= '0;
      told_q        <= '0;
    end else begin
      if (drop_hold_q != '0) begin
        drop_hold_q <= drop_hold_q - 32'd1;
      end
      // In its last cycle an interval may give way to the next one.
      if (acquire_end || !acquire_any_q) begin
        acquire_any_q <= take_acquire && (interval_i != '0);
        acquire_age_q <= 32'd1;
      end else begin
        acquire_age_q <= acquire_age_q + 32'd1;
      end
      if (acquire_end) begin
        told_q <= '0;
      end
      if (take_acquire && (interval_i != '0)) begin
        told_q[acquire_sa] <= 1'b1;
      end
      if (take_drop) begin
        drop_q      <= 1'b1;
        drop_hold_q <= (interval_i == '0) ? '0 : interval_i - 32'd1;
      end else if (send_drop) begin
        drop_q <= 1'b0;
      end
      if (take_acquire) begin
        acquire_q <= 1'b1;
      end else if (send_acquire) begin
        acquire_q <= 1'b0;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (take_drop) begin
      drop_rec_q <= drop_pick_q;
    end
    if (take_acquire) begin
      acquire_rec_q <= asked_rec_q;
    end
  end

  // ------------------------------------------------------------------------------------ link and DMA errors
  logic [1:0]  link_q;          // state last told
  logic [1:0]  link_differs;
  logic        link_port;
  logic        dma_q;
  logic [2:0]  dma_ring_q;
  logic [63:0] dma_addr_q;
  logic        take_dma;
  logic [1:0]  dma_missed;

  assign link_differs = link_up_i ^ link_q;
  assign link_port    = !link_differs[0];
  assign take_dma     = (dma_err_i != '0) && !dma_q;
  assign dma_missed   = 2'(dma_err_i[0]) + 2'(dma_err_i[1]) - 2'(take_dma);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      link_q <= '0;
      dma_q  <= 1'b0;
    end else begin
      if (send_link) begin
        link_q[link_port] <= link_up_i[link_port];
      end
      if (take_dma) begin
        dma_q <= 1'b1;
      end else if (send_dma) begin
        dma_q <= 1'b0;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (take_dma) begin
      dma_ring_q <= dma_err_i[0] ? dma_ring_i[0] : dma_ring_i[1];
      dma_addr_q <= dma_err_i[0] ? dma_addr_i[0] : dma_addr_i[1];
    end
  end

  // ------------------------------------------------------------------------------------ one event per cycle
  logic        send;
  logic [15:0] lost_q;
  logic [16:0] lost_now;
  logic        above;           // an event that goes before drops
  logic        sa_turn;         // limits of SAs may go
  headend_tables_pkg::drop_record_t rec;
  headend_tables_pkg::sa_event_t    limit;
  headend_tables_pkg::event_entry_t entry;

  assign send_dma     = fifo_ready && dma_q;
  assign send_link    = fifo_ready && !dma_q && (link_differs != '0);
  assign sa_turn      = fifo_ready && !dma_q && (link_differs == '0);
  assign send_sa      = sa_evt_valid_i & sa_evt_ready_o;
  assign above        = dma_q || (link_differs != '0) || (sa_evt_valid_i != '0);
  assign send_acquire = fifo_ready && !above && acquire_q;
  assign send_drop    = fifo_ready && !above && !acquire_q && drop_q;
  assign send         = send_dma || send_link || (send_sa != '0) || send_acquire || send_drop;
  assign lost_now     = (send ? 17'd0 : {1'b0, lost_q}) + 17'(untold_q) + 17'(refused_q) + 17'(dma_missed);
  assign busy_o       = (drops_q != '0) || asked_q || (fifo_ready && (above || acquire_q || drop_q));

  // A limit is taken in the cycle in which it goes into the FIFO.
  assign sa_evt_ready_o = {sa_turn && !sa_evt_valid_i[0], sa_turn};
  // Room for both captured drops.
  assign fifo_room = (32'(fifo_count) + 32'd2 <= FifoDepth - SaRoom);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      lost_q <= '0;
    end else begin
      lost_q <= lost_now[16] ? 16'hffff : lost_now[15:0];
    end
  end

  always_comb begin
    rec   = '0;
    limit = '0;
    entry = '0;
    if (send) begin
      entry.lost  = lost_q;
      entry.sa    = 16'hffff;
      entry.cycle = cycle_i;
      if (send_dma) begin
        entry.kind = headend_tables_pkg::EVENT_KIND_DMA_ERROR;
        entry.info = 32'(dma_ring_q);
        entry.addr = dma_addr_q;
      end else if (send_link) begin
        entry.kind    = headend_tables_pkg::EVENT_KIND_LINK;
        entry.ingress = {1'b0, link_port};
        entry.info    = {23'd0, link_up_i[link_port], 7'd0, link_port};
      end else if (send_sa != '0) begin
        limit      = send_sa[0] ? sa_evt_i[0] : sa_evt_i[1];
        entry.kind = limit.hard ? headend_tables_pkg::EVENT_KIND_SA_HARD : headend_tables_pkg::EVENT_KIND_SA_SOFT;
        entry.info = {29'd0, limit.limit, limit.out};
        entry.sa   = limit.sa;
        entry.spi  = limit.spi;
        entry.addr = limit.seq;
      end else begin
        rec           = send_acquire ? acquire_rec_q : drop_rec_q;
        entry.kind    = headend_tables_pkg::EVENT_KIND_DROP;
        entry.stage   = rec.stage;
        entry.ingress = rec.ingress;
        entry.reason  = 8'(rec.reason);
        entry.len     = rec.len;
        entry.vrf     = 16'(rec.vrf);
        entry.sa      = rec.sa;
        entry.spi     = rec.spi;
        entry.addr    = rec.seq;
        entry.data    = rec.data;
        if (send_acquire) begin
          entry.kind = headend_tables_pkg::EVENT_KIND_ACQUIRE;
        end
      end
    end
  end

  fifo_sync #(
    .Width(headend_tables_pkg::EVENT_ENTRY_W),
    .Depth(FifoDepth)
  ) u_fifo (
    .clk_i,
    .rst_ni,
    .s_valid_i(send),
    .s_ready_o(fifo_ready),
    .s_data_i (entry),
    .m_valid_o,
    .m_ready_i,
    .m_data_o (m_event_o),
    .count_o  (fifo_count)
  );

endmodule

`default_nettype wire
