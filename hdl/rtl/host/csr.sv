// SPDX-License-Identifier: Apache-2.0
//
// BAR0: AXI4-Lite slave with 32-bit registers, as docs/registers.md describes them. Every answer is OKAY:
// unmapped offsets read as zero and ignore writes. Byte strobes are honoured. A read of the low word of a
// 64-bit counter latches its high word; the next read of a high word (any offset with bit 2 set in a counter
// range) gives that latch.
//
// Ring registers: base, index address and sizes can be written only while the ring's enable reads 0. Enable
// reads 1 from the write of 1 until the ring has really stopped after a write of 0, so software polls it (or
// ring_status.running) after disabling. A write of 1 while the ring still stops is kept and starts it
// afresh afterwards. Doorbells are taken only while enabled and are cleared with the ring. soft_reset
// disables all rings, clears all their registers and reads 1 until every ring has stopped.
//
// Latency: a write takes 2 cycles, a read 3, a counter up to 20. Byte order: little endian, register bit 0
// in bit 0 of the data bus.

`default_nettype none

module csr #(
  parameter logic [31:0] Build        = '0,
  parameter int unsigned NumPipes     = headend_tables_pkg::NumPipes,
  parameter int unsigned GhashLatency = 4
) (
  input  wire               clk_i,
  input  wire               rst_ni,

  input  wire  [15:0]       s_axil_awaddr,
  input  wire  [2:0]        s_axil_awprot,
  input  wire               s_axil_awvalid,
  output logic              s_axil_awready,
  input  wire  [31:0]       s_axil_wdata,
  input  wire  [3:0]        s_axil_wstrb,
  input  wire               s_axil_wvalid,
  output logic              s_axil_wready,
  output logic [1:0]        s_axil_bresp,
  output logic              s_axil_bvalid,
  input  wire               s_axil_bready,
  input  wire  [15:0]       s_axil_araddr,
  input  wire  [2:0]        s_axil_arprot,
  input  wire               s_axil_arvalid,
  output logic              s_axil_arready,
  output logic [31:0]       s_axil_rdata,
  output logic [1:0]        s_axil_rresp,
  output logic              s_axil_rvalid,
  input  wire               s_axil_rready,
  output logic              axil_busy_o,     // a register access is under way

  // Card.
  output logic              enable_o,
  output logic [31:0]       interval_o,
  output logic [63:0]       cycle_o,
  input  wire               busy_i,
  input  wire  [1:0]        link_up_i,
  input  wire  [1:0]        dma_err_i,       // pulses

  // Rings, by ring number.
  output logic [3:0]        ring_enable_o,
  output logic [3:0]        ring_irq_enable_o,
  output logic [3:0][3:0]   ring_sq_log2_o,
  output logic [3:0][3:0]   ring_cq_log2_o,
  output logic [3:0][63:0]  ring_sq_base_o,
  output logic [3:0][63:0]  ring_cq_base_o,
  output logic [3:0][63:0]  ring_index_o,
  output logic [3:0][31:0]  ring_sq_tail_o,
  output logic [3:0][31:0]  ring_cq_head_o,
  input  wire  [3:0][31:0]  ring_sq_head_i,
  input  wire  [3:0][31:0]  ring_cq_tail_i,
  input  wire  [3:0]        ring_active_i,
  input  wire  [3:0][3:0]   ring_error_i,

  // Counters.
  output logic              stat_rd_o,
  output logic [15:0]       stat_addr_o,
  input  wire               stat_hit_i,
  input  wire  [63:0]       stat_data_i,
  output logic              drop_rd_o,
  output logic [5:0]        drop_reason_o,
  input  wire               drop_done_i,
  input  wire  [63:0]       drop_data_i
);
  localparam int unsigned Rings      = headend_tables_pkg::REG_RING_CONTROL_COUNT;
  localparam logic [15:0] RingBase   = headend_tables_pkg::REG_RING_CONTROL;
  localparam logic [15:0] RingStride = 16'(headend_tables_pkg::REG_RING_CONTROL_STRIDE);
  localparam logic [15:0] RingMask   = RingStride - 16'd1;
  localparam logic [15:0] RingEnd    = RingBase + 16'(Rings) * RingStride;

  localparam logic [15:0] OffControl  = 16'd0;
  localparam logic [15:0] OffStatus   = headend_tables_pkg::REG_RING_STATUS - RingBase;
  localparam logic [15:0] OffSqBaseLo = headend_tables_pkg::REG_RING_SQ_BASE_LO - RingBase;
  localparam logic [15:0] OffSqBaseHi = headend_tables_pkg::REG_RING_SQ_BASE_HI - RingBase;
  localparam logic [15:0] OffCqBaseLo = headend_tables_pkg::REG_RING_CQ_BASE_LO - RingBase;
  localparam logic [15:0] OffCqBaseHi = headend_tables_pkg::REG_RING_CQ_BASE_HI - RingBase;
  localparam logic [15:0] OffIndexLo  = headend_tables_pkg::REG_RING_INDEX_LO - RingBase;
  localparam logic [15:0] OffIndexHi  = headend_tables_pkg::REG_RING_INDEX_HI - RingBase;
  localparam logic [15:0] OffSqTail   = headend_tables_pkg::REG_RING_SQ_TAIL - RingBase;
  localparam logic [15:0] OffCqHead   = headend_tables_pkg::REG_RING_CQ_HEAD - RingBase;
  localparam logic [15:0] OffSqHead   = headend_tables_pkg::REG_RING_SQ_HEAD - RingBase;
  localparam logic [15:0] OffCqTail   = headend_tables_pkg::REG_RING_CQ_TAIL - RingBase;

  localparam logic [31:0] PageMask  = 32'hffff_f000;   // ring bases
  localparam logic [31:0] BlockMask = 32'hffff_ffc0;   // index blocks

  // ------------------------------------------------------------------------------------ state
  logic             enable_q;
  logic             soft_q;
  logic [31:0]      interval_q;
  logic [31:0]      dma_errors_q;
  logic [63:0]      cycle_q;
  logic [3:0]       ring_en_q;
  logic [3:0]       stopping_q;     // told to stop and not stopped yet
  logic [3:0]       irq_q;
  logic [3:0][3:0]  sq_log2_q;
  logic [3:0][3:0]  cq_log2_q;
  logic [3:0][63:0] sq_base_q;
  logic [3:0][63:0] cq_base_q;
  logic [3:0][63:0] index_q;
  logic [3:0][31:0] sq_tail_q;
  logic [3:0][31:0] cq_head_q;

  logic [3:0] ring_on;              // enable as software reads it
  assign ring_on = ring_en_q | ring_active_i;

  assign enable_o          = enable_q;
  assign interval_o        = interval_q;
  assign cycle_o           = cycle_q;
  assign ring_enable_o     = ring_en_q & ~stopping_q;
  assign ring_irq_enable_o = irq_q;
  assign ring_sq_log2_o    = sq_log2_q;
  assign ring_cq_log2_o    = cq_log2_q;
  assign ring_sq_base_o    = sq_base_q;
  assign ring_cq_base_o    = cq_base_q;
  assign ring_index_o      = index_q;
  assign ring_sq_tail_o    = sq_tail_q;
  assign ring_cq_head_o    = cq_head_q;

  // ------------------------------------------------------------------------------------ register values
  // Value of every register that is no counter, at the offset of the access in work.
  function automatic logic [31:0] fixed_value(input logic [15:0] addr_i);
    fixed_value = '0;
    unique case (addr_i)
      headend_tables_pkg::REG_ID:        fixed_value = headend_tables_pkg::REG_ID_RESET;
      headend_tables_pkg::REG_INTERFACE: fixed_value = {16'(headend_tables_pkg::InterfaceMajor), 16'(headend_tables_pkg::InterfaceMinor)};
      headend_tables_pkg::REG_BUILD:     fixed_value = Build;
      headend_tables_pkg::REG_CAPS0:     fixed_value = (32'(headend_tables_pkg::NumPorts) << headend_tables_pkg::REG_CAPS0_PORTS_LSB)
                                                     | (32'(NumPipes) << headend_tables_pkg::REG_CAPS0_PIPES_LSB)
                                                     | (32'(GhashLatency) << headend_tables_pkg::REG_CAPS0_GHASH_LATENCY_LSB)
                                                     | headend_tables_pkg::REG_CAPS0_ESN_MASK
                                                     | headend_tables_pkg::REG_CAPS0_AES128_MASK
                                                     | headend_tables_pkg::REG_CAPS0_AES256_MASK
                                                     | headend_tables_pkg::REG_CAPS0_TRANSPORT_MASK
                                                     | headend_tables_pkg::REG_CAPS0_UDP_ENCAP_MASK
                                                     | headend_tables_pkg::REG_CAPS0_OUTER_IPV6_MASK
                                                     | headend_tables_pkg::REG_CAPS0_SA_LIMITS_MASK
                                                     | headend_tables_pkg::REG_CAPS0_TFC_MASK;
      default:                           fixed_value = '0;
    endcase
  endfunction

  logic        rd_is_ring;
  logic [1:0]  rd_ring;
  logic [15:0] rd_off;
  logic [15:0] raddr_q;
  logic [3:0]  rd_table;
  logic        rd_is_table;
  logic [31:0] ring_value;
  logic [31:0] plain_value;

  assign rd_is_ring  = (raddr_q >= RingBase) && (raddr_q < RingEnd);
  assign rd_ring     = 2'((raddr_q - RingBase) / RingStride);
  assign rd_off      = (raddr_q - RingBase) & RingMask;
  assign rd_table    = 4'((raddr_q - headend_tables_pkg::REG_TABLE_DEPTH) >> 2);
  assign rd_is_table = (raddr_q >= headend_tables_pkg::REG_TABLE_DEPTH)
                    && (raddr_q < headend_tables_pkg::REG_TABLE_DEPTH + 16'(4 * headend_tables_pkg::TableSlots));

  always_comb begin
    ring_value = '0;
    if (rd_is_ring) begin
      unique case (rd_off)
        OffControl:  ring_value = {12'd0, cq_log2_q[rd_ring], 4'd0, sq_log2_q[rd_ring], 6'd0, irq_q[rd_ring], ring_on[rd_ring]};
        OffStatus:   ring_value = {24'd0, ring_error_i[rd_ring], 3'd0, ring_active_i[rd_ring] && (ring_error_i[rd_ring] == '0)};
        OffSqBaseLo: ring_value = sq_base_q[rd_ring][31:0];
        OffSqBaseHi: ring_value = sq_base_q[rd_ring][63:32];
        OffCqBaseLo: ring_value = cq_base_q[rd_ring][31:0];
        OffCqBaseHi: ring_value = cq_base_q[rd_ring][63:32];
        OffIndexLo:  ring_value = index_q[rd_ring][31:0];
        OffIndexHi:  ring_value = index_q[rd_ring][63:32];
        OffSqTail:   ring_value = sq_tail_q[rd_ring];
        OffCqHead:   ring_value = cq_head_q[rd_ring];
        OffSqHead:   ring_value = ring_sq_head_i[rd_ring];
        OffCqTail:   ring_value = ring_cq_tail_i[rd_ring];
        default:     ring_value = '0;
      endcase
    end
  end

  always_comb begin
    plain_value = fixed_value(raddr_q);
    if (rd_is_table) begin
      plain_value = headend_tables_pkg::TABLE_DEPTHS[{rd_table, 5'd0} +: 32];
    end
    if (raddr_q == headend_tables_pkg::REG_CONTROL) begin
      plain_value = {30'd0, soft_q, enable_q};
    end
    if (raddr_q == headend_tables_pkg::REG_STATUS) begin
      plain_value = {22'd0, link_up_i, 7'd0, busy_i};
    end
    if (raddr_q == headend_tables_pkg::REG_EVENT_INTERVAL) begin
      plain_value = interval_q;
    end
    if (raddr_q == headend_tables_pkg::REG_DMA_ERRORS) begin
      plain_value = dma_errors_q;
    end
    if (raddr_q == headend_tables_pkg::REG_CYCLE_LO) begin
      plain_value = cycle_q[31:0];
    end
    if (raddr_q == headend_tables_pkg::REG_CYCLE_HI) begin
      plain_value = latch_q;
    end
  end

  // ------------------------------------------------------------------------------------ reads
  localparam logic [1:0] RdIdle = 2'd0;
  localparam logic [1:0] RdLook = 2'd1;
  localparam logic [1:0] RdWait = 2'd2;
  localparam logic [1:0] RdResp = 2'd3;

  logic [1:0]  rd_state_q;
  logic [31:0] latch_q;           // high word of the counter whose low word was read last
  logic        is_counter;
  logic        is_drop;
  logic [1:0]  stat_wait_q;       // bit 1: the answer of stat_counters is there in this cycle
  logic [31:0] rdata_q;

  assign is_drop    = (raddr_q >= headend_tables_pkg::REG_DROP_COUNT)
                   && (raddr_q < headend_tables_pkg::REG_DROP_COUNT + 16'(8 * headend_tables_pkg::REG_DROP_COUNT_COUNT));
  assign is_counter = (raddr_q >= headend_tables_pkg::REG_DROP_COUNT)
                   && (raddr_q <= headend_tables_pkg::REG_HOST_TX_FRAMES + 16'd7);

  assign stat_rd_o      = (rd_state_q == RdLook) && is_counter && !is_drop && !raddr_q[2];
  assign stat_addr_o    = raddr_q;
  assign drop_rd_o      = (rd_state_q == RdLook) && is_drop && !raddr_q[2];
  assign drop_reason_o  = 6'((raddr_q - headend_tables_pkg::REG_DROP_COUNT) >> 3);
  assign s_axil_arready = (rd_state_q == RdIdle);
  assign s_axil_rvalid  = (rd_state_q == RdResp);
  assign s_axil_rdata   = rdata_q;
  assign s_axil_rresp   = 2'b00;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      rd_state_q  <= RdIdle;
      raddr_q     <= '0;
      latch_q     <= '0;
      rdata_q     <= '0;
      stat_wait_q <= '0;
    end else begin
      stat_wait_q <= {stat_wait_q[0], stat_rd_o};
      unique case (rd_state_q)
        RdIdle: begin
          if (s_axil_arvalid) begin
            raddr_q    <= {s_axil_araddr[15:2], 2'b00};
            rd_state_q <= RdLook;
          end
        end
        RdLook: begin
          rd_state_q <= RdResp;
          rdata_q    <= ring_value | plain_value;
          if (is_counter) begin
            rdata_q    <= latch_q;
            rd_state_q <= raddr_q[2] ? RdResp : RdWait;
          end
          if (raddr_q == headend_tables_pkg::REG_CYCLE_LO) begin
            latch_q <= cycle_q[63:32];
          end
        end
        RdWait: begin
          if (stat_wait_q[1]) begin
            rdata_q    <= stat_hit_i ? stat_data_i[31:0] : '0;
            latch_q    <= stat_hit_i ? stat_data_i[63:32] : '0;
            rd_state_q <= RdResp;
          end
          if (drop_done_i) begin
            rdata_q    <= drop_data_i[31:0];
            latch_q    <= drop_data_i[63:32];
            rd_state_q <= RdResp;
          end
        end
        default: begin  // RdResp
          if (s_axil_rready) begin
            rd_state_q <= RdIdle;
          end
        end
      endcase
    end
  end

  // ------------------------------------------------------------------------------------ writes
  logic        aw_q;              // address taken
  logic        w_q;               // data taken
  logic        b_q;
  logic [15:0] waddr_q;
  logic [31:0] wdata_q;
  logic [31:0] wmask_q;
  logic        write;
  logic        wr_is_ring;
  logic [1:0]  wr_ring;
  logic [15:0] wr_off;

  assign s_axil_awready = !aw_q && !b_q;
  assign s_axil_wready  = !w_q && !b_q;
  assign s_axil_bvalid  = b_q;
  assign s_axil_bresp   = 2'b00;
  assign write          = aw_q && w_q && !b_q;
  assign wr_is_ring     = (waddr_q >= RingBase) && (waddr_q < RingEnd);
  assign wr_ring        = 2'((waddr_q - RingBase) / RingStride);
  assign wr_off         = (waddr_q - RingBase) & RingMask;
  assign axil_busy_o    = aw_q || w_q || b_q || (rd_state_q != RdIdle) || s_axil_arvalid || s_axil_awvalid || s_axil_wvalid;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      aw_q    <= 1'b0;
      w_q     <= 1'b0;
      b_q     <= 1'b0;
      waddr_q <= '0;
      wdata_q <= '0;
      wmask_q <= '0;
    end else begin
      if (s_axil_awvalid && s_axil_awready) begin
        aw_q    <= 1'b1;
        waddr_q <= {s_axil_awaddr[15:2], 2'b00};
      end
      if (s_axil_wvalid && s_axil_wready) begin
        w_q     <= 1'b1;
        wdata_q <= s_axil_wdata;
        wmask_q <= {{8{s_axil_wstrb[3]}}, {8{s_axil_wstrb[2]}}, {8{s_axil_wstrb[1]}}, {8{s_axil_wstrb[0]}}};
      end
      if (write) begin
        aw_q <= 1'b0;
        w_q  <= 1'b0;
        b_q  <= 1'b1;
      end else if (s_axil_bready) begin
        b_q <= 1'b0;
      end
    end
  end

  function automatic logic [31:0] merged(input logic [31:0] old_i, input logic [31:0] data_i, input logic [31:0] mask_i);
    merged = (old_i & ~mask_i) | (data_i & mask_i);
  endfunction

  logic [31:0] control_new;       // ring_control after the write in work
  logic        ring_write;
  logic        ring_config;       // the ring is off: base, size and index may change
  assign ring_write  = write && wr_is_ring && !soft_q;
  assign ring_config = ring_write && !ring_on[wr_ring];
  assign control_new = merged({12'd0, cq_log2_q[wr_ring], 4'd0, sq_log2_q[wr_ring], 6'd0, irq_q[wr_ring], ring_en_q[wr_ring]},
                              wdata_q, wmask_q);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      enable_q     <= 1'b0;
      soft_q       <= 1'b0;
      interval_q   <= headend_tables_pkg::REG_EVENT_INTERVAL_RESET;
      dma_errors_q <= '0;
      cycle_q      <= '0;
    end else begin
      cycle_q      <= cycle_q + 64'd1;
      dma_errors_q <= dma_errors_q + 32'(dma_err_i[0]) + 32'(dma_err_i[1]);
      if (write && (waddr_q == headend_tables_pkg::REG_CONTROL)) begin
        if (wmask_q[0]) begin
          enable_q <= wdata_q[0];
          soft_q   <= soft_q || wdata_q[1];
        end
      end
      if (soft_q && (ring_active_i == '0) && (stopping_q == '0) && (ring_en_q == '0)) begin
        soft_q <= 1'b0;
      end
      if (write && (waddr_q == headend_tables_pkg::REG_EVENT_INTERVAL)) begin
        interval_q <= merged(interval_q, wdata_q, wmask_q);
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni || soft_q) begin
      ring_en_q  <= '0;
      irq_q      <= '0;
      sq_tail_q  <= '0;
      cq_head_q  <= '0;
    end else if (ring_write) begin
      unique case (wr_off)
        OffControl: begin
          ring_en_q[wr_ring] <= control_new[0];
          irq_q[wr_ring]     <= control_new[1];
          if (!control_new[0]) begin
            sq_tail_q[wr_ring] <= '0;
            cq_head_q[wr_ring] <= '0;
          end
        end
        OffSqTail: begin
          if (ring_en_q[wr_ring]) begin
            sq_tail_q[wr_ring] <= merged(sq_tail_q[wr_ring], wdata_q, wmask_q);
          end
        end
        OffCqHead: begin
          if (ring_en_q[wr_ring]) begin
            cq_head_q[wr_ring] <= merged(cq_head_q[wr_ring], wdata_q, wmask_q);
          end
        end
        default: ;
      endcase
    end
  end

  // A stopping ring keeps its addresses and sizes until it has stopped: DMA may still be under way.
  always_ff @(posedge clk_i) begin
    if (!rst_ni || (soft_q && (ring_active_i == '0))) begin
      sq_base_q <= '0;
      cq_base_q <= '0;
      index_q   <= '0;
      sq_log2_q <= '0;
      cq_log2_q <= '0;
    end else if (ring_config) begin
      unique case (wr_off)
        OffControl: begin
          sq_log2_q[wr_ring] <= control_new[11:8];
          cq_log2_q[wr_ring] <= control_new[19:16];
        end
        OffSqBaseLo: sq_base_q[wr_ring][31:0]  <= merged(sq_base_q[wr_ring][31:0], wdata_q, wmask_q) & PageMask;
        OffSqBaseHi: sq_base_q[wr_ring][63:32] <= merged(sq_base_q[wr_ring][63:32], wdata_q, wmask_q);
        OffCqBaseLo: cq_base_q[wr_ring][31:0]  <= merged(cq_base_q[wr_ring][31:0], wdata_q, wmask_q) & PageMask;
        OffCqBaseHi: cq_base_q[wr_ring][63:32] <= merged(cq_base_q[wr_ring][63:32], wdata_q, wmask_q);
        OffIndexLo:  index_q[wr_ring][31:0]    <= merged(index_q[wr_ring][31:0], wdata_q, wmask_q) & BlockMask;
        OffIndexHi:  index_q[wr_ring][63:32]   <= merged(index_q[wr_ring][63:32], wdata_q, wmask_q);
        default: ;
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      stopping_q <= '0;
    end else begin
      stopping_q <= stopping_q & ring_active_i;
      if (soft_q) begin
        stopping_q <= ring_active_i;
      end else if (ring_write && (wr_off == OffControl) && !control_new[0]) begin
        stopping_q[wr_ring] <= ring_active_i[wr_ring] || ring_enable_o[wr_ring];
      end
    end
  end

  logic unused;
  assign unused = ^{s_axil_awprot, s_axil_arprot, s_axil_awaddr[1:0], s_axil_araddr[1:0], control_new[31:20], control_new[15:12], control_new[7:2]};

endmodule

`default_nettype wire
