// SPDX-License-Identifier: Apache-2.0
//
// Counts every drop of every stage and turns some of them, and what else is worth telling, into events.
//
// Counting: each of the nine drop ports has a counter bank of its own (64 reasons), so drops of all stages in
// one cycle all count; a read adds the nine banks up.
//
// Events: Drop, at most one per `interval_i` cycles (the lowest-numbered port wins a tie); SaOutInvalid
// becomes Acquire and SeqExhausted an event of its own kind, each SA at most one of the two per interval, however many
// SAs: a bit for each says that it was told (an interval begins with the first such event and lasts `interval_i`
// cycles; an index of SaDepth or more counts as the one that it equals modulo SaDepth). Link when a port's link changes (info bits 7:0 = port, bit 8 = up); DmaError for a refused
// access (info = ring, addr = address). What is held back, or finds the FIFO full, adds to `lost` of the next
// event written. Link and DmaError wait for room instead; a further refused access meanwhile is `lost`.
//
// Latency: counters 2 cycles; 3 cycles from a drop to `m_valid_o`; a read takes 11 cycles. Event data: byte 0
// of the packet in bits 7:0.

`default_nettype none

module drop_monitor #(
  parameter int unsigned FifoDepth = 16,
  parameter int unsigned SaDepth   = headend_tables_pkg::SaDepth   // power of two
) (
  input  wire          clk_i,
  input  wire          rst_ni,

  input  wire  [63:0]  cycle_i,
  input  wire  [31:0]  interval_i,

  // Drops, in the order of `valid_i`: rx0, rx1, classify, commit, forward, qos, encap, hostrx, hosttx.
  input  wire  [8:0]   valid_i,
  input  wire  headend_tables_pkg::drop_record_t drop_rx0_i,
  input  wire  headend_tables_pkg::drop_record_t drop_rx1_i,
  input  wire  headend_tables_pkg::drop_record_t drop_classify_i,
  input  wire  headend_tables_pkg::drop_record_t drop_commit_i,
  input  wire  headend_tables_pkg::drop_record_t drop_forward_i,
  input  wire  headend_tables_pkg::drop_record_t drop_qos_i,
  input  wire  headend_tables_pkg::drop_record_t drop_encap_i,
  input  wire  headend_tables_pkg::drop_record_t drop_hostrx_i,
  input  wire  headend_tables_pkg::drop_record_t drop_hosttx_i,

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
  localparam int unsigned Sites    = 9;
  localparam int unsigned AtEncap  = 6;
  localparam int unsigned SaW      = $clog2(SaDepth);

  // ------------------------------------------------------------------------------------ counters
  logic [Sites-1:0][5:0]  reason;
  logic [Sites-1:0][63:0] count;

  assign reason = {drop_hosttx_i.reason, drop_hostrx_i.reason, drop_encap_i.reason, drop_qos_i.reason,
                   drop_forward_i.reason, drop_commit_i.reason, drop_classify_i.reason, drop_rx1_i.reason,
                   drop_rx0_i.reason};

  for (genvar n = 0; n < int'(Sites); n++) begin : gen_bank
    counter_bank #(
      .Depth(headend_tables_pkg::REG_DROP_COUNT_COUNT)
    ) u_bank (
      .clk_i,
      .rst_ni,
      .inc_i     (valid_i[n]),
      .index_i   (reason[n]),
      .rd_i,
      .rd_index_i(rd_reason_i),
      .count_o   (count[n])
    );
  end

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
  logic       is_acquire;       // the drop of the encap port has an event kind of its own
  logic       take_acquire;
  logic       told_acquire;     // its SA had an event in this interval
  logic [8:0] plain;            // drops that give Drop events
  logic       take_drop;
  logic [3:0] drops;            // in this cycle
  logic [3:0] missed;           // of them, without an event
  logic       acquire_q;        // captured, waiting for the FIFO
  logic       drop_q;
  logic       fifo_ready;
  logic       send_acquire;
  logic       send_drop;
  logic       send_dma;
  logic       send_link;

  logic [31:0] drop_hold_q;     // cycles until the next Drop event may be taken
  logic [31:0] acquire_age_q;   // cycles since the first Acquire of the interval
  logic        acquire_any_q;   // an interval is under way
  logic        acquire_end;     // its last cycle
  logic [SaDepth-1:0] told_q;   // SAs that had their event in it
  logic [SaW-1:0]     acquire_sa;

  headend_tables_pkg::drop_record_t acquire_rec_q;
  headend_tables_pkg::drop_record_t drop_rec_q;
  headend_tables_pkg::drop_record_t drop_pick;

  assign is_acquire   = valid_i[AtEncap]
                     && ((drop_encap_i.reason == headend_tables_pkg::DROP_REASON_SA_OUT_INVALID)
                      || (drop_encap_i.reason == headend_tables_pkg::DROP_REASON_SEQ_EXHAUSTED));
  assign acquire_sa   = drop_encap_i.sa[SaW-1:0];
  assign told_acquire = told_q[acquire_sa];
  assign take_acquire = is_acquire && !told_acquire && !acquire_q && fifo_ready;
  assign acquire_end  = acquire_any_q && (acquire_age_q >= interval_i);
  assign plain        = valid_i & ~(9'(is_acquire) << AtEncap);
  assign take_drop    = (plain != '0) && (drop_hold_q == '0) && !drop_q && fifo_ready;

  always_comb begin
    drops = '0;
    for (int i = 0; i < int'(Sites); i++) begin
      drops = drops + 4'(valid_i[i]);
    end
  end
  assign missed = drops - 4'(take_drop) - 4'(take_acquire);

  always_comb begin
    drop_pick = drop_hosttx_i;
    if (plain[0]) begin
      drop_pick = drop_rx0_i;
    end else if (plain[1]) begin
      drop_pick = drop_rx1_i;
    end else if (plain[2]) begin
      drop_pick = drop_classify_i;
    end else if (plain[3]) begin
      drop_pick = drop_commit_i;
    end else if (plain[4]) begin
      drop_pick = drop_forward_i;
    end else if (plain[5]) begin
      drop_pick = drop_qos_i;
    end else if (plain[6]) begin
      drop_pick = drop_encap_i;
    end else if (plain[7]) begin
      drop_pick = drop_hostrx_i;
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
      drop_rec_q <= drop_pick;
    end
    if (take_acquire) begin
      acquire_rec_q <= drop_encap_i;
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
  headend_tables_pkg::drop_record_t rec;
  headend_tables_pkg::event_entry_t entry;

  assign send_dma     = fifo_ready && dma_q;
  assign send_link    = fifo_ready && !dma_q && (link_differs != '0);
  assign send_acquire = fifo_ready && !dma_q && (link_differs == '0) && acquire_q;
  assign send_drop    = fifo_ready && !dma_q && (link_differs == '0) && !acquire_q && drop_q;
  assign send         = send_dma || send_link || send_acquire || send_drop;
  assign lost_now     = (send ? 17'd0 : {1'b0, lost_q}) + 17'(missed) + 17'(dma_missed);
  assign busy_o       = fifo_ready && (dma_q || acquire_q || drop_q || (link_differs != '0));

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      lost_q <= '0;
    end else begin
      lost_q <= lost_now[16] ? 16'hffff : lost_now[15:0];
    end
  end

  always_comb begin
    rec   = '0;
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
        if (rec.reason == headend_tables_pkg::DROP_REASON_SA_OUT_INVALID) begin
          entry.kind = headend_tables_pkg::EVENT_KIND_ACQUIRE;
        end
        if (rec.reason == headend_tables_pkg::DROP_REASON_SEQ_EXHAUSTED) begin
          entry.kind = headend_tables_pkg::EVENT_KIND_SEQ_EXHAUSTED;
        end
      end
    end
  end

  logic [$clog2(FifoDepth + 1)-1:0] fifo_count;
  logic                             unused;
  assign unused = ^fifo_count;

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
