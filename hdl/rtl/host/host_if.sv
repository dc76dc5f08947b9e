// SPDX-License-Identifier: Apache-2.0
//
// Host side of the card: registers, the four rings, the DMA masters they share, counters, events and
// interrupts; also the account of packets in flight, from which `busy_o` follows.
//
//   AXI4-Lite -> csr -> host_rings -> table bus         AXI4 read  <- dma_read  <- descriptors, tx packets
//                        | ^ | '-> m_* (pipeline)       AXI4 write <- dma_write <- completions, rx packets
//                        | | '--- s_* (pipeline)        MSI-X      <- msix_arb  <- all rings
//                        | '--- drop_monitor <- drops, limits of SAs, link, refused DMA
//
// `busy_o` stays 1 while anything can still move by itself: a packet in flight, a ring with work to do, a DMA
// transfer, a register access, an interrupt, and for LingerCycles after the last of these and after the last
// input beat (`activity_i`). Packets that only the host can set free (no rx buffer posted, or the ports
// disabled) stop counting as busy after StallCycles without any progress: the clock may stop, and starts with
// the register write that frees them.
//
// Latency: see the parts.

`default_nettype none

module host_if #(
  parameter logic [31:0] Build        = '0,
  parameter int unsigned NumPipes     = headend_tables_pkg::NumPipes,
  parameter int unsigned GhashLatency = 4,
  parameter int unsigned LingerCycles = 32,
  parameter int unsigned StallCycles  = 4096,
  localparam int unsigned Stages   = 5,
  localparam int unsigned DropW    = headend_tables_pkg::DROP_RECORD_W,
  localparam int unsigned SaEventW = headend_tables_pkg::SA_EVENT_W
) (
  input  wire           clk_i,
  input  wire           rst_ni,

  // Registers.
  input  wire  [15:0]   s_axil_awaddr,
  input  wire  [2:0]    s_axil_awprot,
  input  wire           s_axil_awvalid,
  output logic          s_axil_awready,
  input  wire  [31:0]   s_axil_wdata,
  input  wire  [3:0]    s_axil_wstrb,
  input  wire           s_axil_wvalid,
  output logic          s_axil_wready,
  output logic [1:0]    s_axil_bresp,
  output logic          s_axil_bvalid,
  input  wire           s_axil_bready,
  input  wire  [15:0]   s_axil_araddr,
  input  wire  [2:0]    s_axil_arprot,
  input  wire           s_axil_arvalid,
  output logic          s_axil_arready,
  output logic [31:0]   s_axil_rdata,
  output logic [1:0]    s_axil_rresp,
  output logic          s_axil_rvalid,
  input  wire           s_axil_rready,

  // Host memory.
  output logic [3:0]    m_axi_awid,
  output logic [63:0]   m_axi_awaddr,
  output logic [7:0]    m_axi_awlen,
  output logic [2:0]    m_axi_awsize,
  output logic [1:0]    m_axi_awburst,
  output logic          m_axi_awvalid,
  input  wire           m_axi_awready,
  output logic [511:0]  m_axi_wdata,
  output logic [63:0]   m_axi_wstrb,
  output logic          m_axi_wlast,
  output logic          m_axi_wvalid,
  input  wire           m_axi_wready,
  input  wire  [3:0]    m_axi_bid,
  input  wire  [1:0]    m_axi_bresp,
  input  wire           m_axi_bvalid,
  output logic          m_axi_bready,
  output logic [3:0]    m_axi_arid,
  output logic [63:0]   m_axi_araddr,
  output logic [7:0]    m_axi_arlen,
  output logic [2:0]    m_axi_arsize,
  output logic [1:0]    m_axi_arburst,
  output logic          m_axi_arvalid,
  input  wire           m_axi_arready,
  input  wire  [3:0]    m_axi_rid,
  input  wire  [511:0]  m_axi_rdata,
  input  wire  [1:0]    m_axi_rresp,
  input  wire           m_axi_rlast,
  input  wire           m_axi_rvalid,
  output logic          m_axi_rready,

  // Interrupts.
  output logic          msix_valid_o,
  output logic [4:0]    msix_vector_o,
  input  wire           msix_ready_i,

  input  wire  [1:0]    link_up_i,
  input  wire           activity_i,      // a port has a beat on its way in or out
  output logic          busy_o,

  // Pipeline: control.
  output logic          enable_o,
  output logic [63:0]   cycle_o,
  output logic          tbl_req_o,
  output logic          tbl_we_o,
  output logic [7:0]    tbl_sel_o,
  output logic [31:0]   tbl_index_o,
  output logic [headend_tables_pkg::RecordBits-1:0] tbl_wdata_o,
  input  wire           tbl_ack_i,
  input  wire  [headend_tables_pkg::RecordBits-1:0] tbl_rdata_i,
  output logic          fence_o,         // drain the lookup stages
  input  wire           fence_done_i,

  // Pipeline: packets to and from the host.
  input  wire           s_valid_i,
  output logic          s_ready_o,
  input  wire  headend_tables_pkg::beat_t s_beat_i,
  input  wire  headend_tables_pkg::meta_t s_meta_i,
  output logic [15:0]   free_o,
  output logic          m_valid_o,
  input  wire           m_ready_i,
  output headend_tables_pkg::beat_t m_beat_o,
  output headend_tables_pkg::meta_t m_meta_o,

  // Limits of SAs: inbound, outbound.
  input  wire  [1:0]               sa_evt_valid_i,
  output logic [1:0]               sa_evt_ready_o,
  input  wire  [1:0][SaEventW-1:0] sa_evt_i,

  // Data path: what happened. Stages of a pipeline from bit 0: classify, commit, forward, qos, encap.
  input  wire  [1:0]               rx_frame_i,
  input  wire  [1:0][15:0]         rx_bytes_i,
  input  wire  [1:0]               rx_stored_i,
  input  wire  [1:0]               tx_frame_i,
  input  wire  [1:0][15:0]         tx_bytes_i,
  input  wire  [1:0]               rx_drop_valid_i,
  input  wire  [1:0][DropW-1:0]    rx_drop_i,
  input  wire  [NumPipes-1:0][Stages-1:0] stage_in_i,
  input  wire  [NumPipes-1:0][Stages-1:0] stage_out_i,
  input  wire  [NumPipes-1:0][Stages-1:0] drop_valid_i,
  input  wire  [NumPipes-1:0][Stages-1:0][DropW-1:0] drop_i
);
  localparam int unsigned Readers = 4;       // clients of the DMA masters, see host_rings
  localparam int unsigned Writers = 5;

  // ------------------------------------------------------------------------------------ registers
  logic             busy_raw;          // without register accesses and lingering
  logic             axil_busy;
  logic [31:0]      interval;
  logic [3:0]       ring_enable;
  logic [3:0]       ring_irq_enable;
  logic [3:0][3:0]  ring_sq_log2;
  logic [3:0][3:0]  ring_cq_log2;
  logic [3:0][63:0] ring_sq_base;
  logic [3:0][63:0] ring_cq_base;
  logic [3:0][63:0] ring_index;
  logic [3:0][31:0] ring_sq_tail;
  logic [3:0][31:0] ring_cq_head;
  logic [3:0][31:0] ring_sq_head;
  logic [3:0][31:0] ring_cq_tail;
  logic [3:0]       ring_active;
  logic [3:0][3:0]  ring_error;
  logic [3:0]       ring_irq;
  logic             rings_busy;
  logic             stat_rd;
  logic [15:0]      stat_addr;
  logic             stat_hit;
  logic [63:0]      stat_data;
  logic             drop_rd;
  logic [5:0]       drop_reason;
  logic             drop_done;
  logic [63:0]      drop_data;
  logic [1:0]       dma_err;

  csr #(
    .Build       (Build),
    .NumPipes    (NumPipes),
    .GhashLatency(GhashLatency)
  ) u_csr (
    .clk_i,
    .rst_ni,
    .s_axil_awaddr,
    .s_axil_awprot,
    .s_axil_awvalid,
    .s_axil_awready,
    .s_axil_wdata,
    .s_axil_wstrb,
    .s_axil_wvalid,
    .s_axil_wready,
    .s_axil_bresp,
    .s_axil_bvalid,
    .s_axil_bready,
    .s_axil_araddr,
    .s_axil_arprot,
    .s_axil_arvalid,
    .s_axil_arready,
    .s_axil_rdata,
    .s_axil_rresp,
    .s_axil_rvalid,
    .s_axil_rready,
    .axil_busy_o      (axil_busy),
    .enable_o,
    .interval_o       (interval),
    .cycle_o,
    .busy_i           (busy_raw),
    .link_up_i,
    .dma_err_i        (dma_err),
    .ring_enable_o    (ring_enable),
    .ring_irq_enable_o(ring_irq_enable),
    .ring_sq_log2_o   (ring_sq_log2),
    .ring_cq_log2_o   (ring_cq_log2),
    .ring_sq_base_o   (ring_sq_base),
    .ring_cq_base_o   (ring_cq_base),
    .ring_index_o     (ring_index),
    .ring_sq_tail_o   (ring_sq_tail),
    .ring_cq_head_o   (ring_cq_head),
    .ring_sq_head_i   (ring_sq_head),
    .ring_cq_tail_i   (ring_cq_tail),
    .ring_active_i    (ring_active),
    .ring_error_i     (ring_error),
    .stat_rd_o        (stat_rd),
    .stat_addr_o      (stat_addr),
    .stat_hit_i       (stat_hit),
    .stat_data_i      (stat_data),
    .drop_rd_o        (drop_rd),
    .drop_reason_o    (drop_reason),
    .drop_done_i      (drop_done),
    .drop_data_i      (drop_data)
  );

  // ------------------------------------------------------------------------------------ DMA
  logic [Readers-1:0]        rd_req_valid;
  logic [Readers-1:0]        rd_req_ready;
  logic [Readers-1:0][63:0]  rd_req_addr;
  logic [Readers-1:0][6:0]   rd_req_beats;
  logic [Readers-1:0]        rd_rsp_valid;
  logic [511:0]              rd_data;
  logic                      rd_last;
  logic                      rd_err;
  logic [1:0]                rd_err_client;
  logic [63:0]               rd_err_addr;
  logic                      rd_busy;

  dma_read #(
    .Clients(Readers)
  ) u_dma_read (
    .clk_i,
    .rst_ni,
    .req_valid_i (rd_req_valid),
    .req_ready_o (rd_req_ready),
    .req_addr_i  (rd_req_addr),
    .req_beats_i (rd_req_beats),
    .rsp_valid_o (rd_rsp_valid),
    .rsp_data_o  (rd_data),
    .rsp_last_o  (rd_last),
    .rsp_err_o   (rd_err),
    .err_valid_o (dma_err[0]),
    .err_client_o(rd_err_client),
    .err_addr_o  (rd_err_addr),
    .busy_o      (rd_busy),
    .m_axi_arid,
    .m_axi_araddr,
    .m_axi_arlen,
    .m_axi_arsize,
    .m_axi_arburst,
    .m_axi_arvalid,
    .m_axi_arready,
    .m_axi_rid,
    .m_axi_rdata,
    .m_axi_rresp,
    .m_axi_rlast,
    .m_axi_rvalid,
    .m_axi_rready
  );

  logic [Writers-1:0]        wr_req_valid;
  logic [Writers-1:0]        wr_req_ready;
  logic [Writers-1:0][63:0]  wr_req_addr;
  logic [Writers-1:0][6:0]   wr_req_beats;
  logic [Writers-1:0]        wr_data_valid;
  logic [Writers-1:0]        wr_data_ready;
  logic [Writers-1:0][511:0] wr_data;
  logic [Writers-1:0]        wr_done;
  logic                      wr_err;
  logic [2:0]                wr_err_client;
  logic [63:0]               wr_err_addr;
  logic                      wr_busy;

  dma_write #(
    .Clients(Writers)
  ) u_dma_write (
    .clk_i,
    .rst_ni,
    .req_valid_i (wr_req_valid),
    .req_ready_o (wr_req_ready),
    .req_addr_i  (wr_req_addr),
    .req_beats_i (wr_req_beats),
    .data_valid_i(wr_data_valid),
    .data_ready_o(wr_data_ready),
    .data_i      (wr_data),
    .done_valid_o(wr_done),
    .done_err_o  (wr_err),
    .err_valid_o (dma_err[1]),
    .err_client_o(wr_err_client),
    .err_addr_o  (wr_err_addr),
    .busy_o      (wr_busy),
    .m_axi_awid,
    .m_axi_awaddr,
    .m_axi_awlen,
    .m_axi_awsize,
    .m_axi_awburst,
    .m_axi_awvalid,
    .m_axi_awready,
    .m_axi_wdata,
    .m_axi_wstrb,
    .m_axi_wlast,
    .m_axi_wvalid,
    .m_axi_wready,
    .m_axi_bid,
    .m_axi_bresp,
    .m_axi_bvalid,
    .m_axi_bready
  );

  // ------------------------------------------------------------------------------------ rings
  logic                             event_valid;
  logic                             event_ready;
  headend_tables_pkg::event_entry_t event_entry;
  logic [1:0]                       host_in;         // rx, tx
  logic [1:0]                       host_out;
  logic [1:0]                       host_drop_valid;
  headend_tables_pkg::drop_record_t hostrx_drop;
  headend_tables_pkg::drop_record_t hosttx_drop;
  logic [4:0]                       hostrx_reason;
  logic                             hostrx_waiting;
  logic [1:0][2:0]                  err_ring;

  host_rings u_rings (
    .clk_i,
    .rst_ni,
    .enable_i         (enable_o),
    .cycle_i          (cycle_o),
    .ring_enable_i    (ring_enable),
    .ring_irq_enable_i(ring_irq_enable),
    .ring_sq_log2_i   (ring_sq_log2),
    .ring_cq_log2_i   (ring_cq_log2),
    .ring_sq_base_i   (ring_sq_base),
    .ring_cq_base_i   (ring_cq_base),
    .ring_index_i     (ring_index),
    .ring_sq_tail_i   (ring_sq_tail),
    .ring_cq_head_i   (ring_cq_head),
    .ring_sq_head_o   (ring_sq_head),
    .ring_cq_tail_o   (ring_cq_tail),
    .ring_active_o    (ring_active),
    .ring_error_o     (ring_error),
    .ring_irq_o       (ring_irq),
    .busy_o           (rings_busy),
    .rd_req_valid_o   (rd_req_valid),
    .rd_req_ready_i   (rd_req_ready),
    .rd_req_addr_o    (rd_req_addr),
    .rd_req_beats_o   (rd_req_beats),
    .rd_rsp_valid_i   (rd_rsp_valid),
    .rd_data_i        (rd_data),
    .rd_last_i        (rd_last),
    .rd_err_i         (rd_err),
    .wr_req_valid_o   (wr_req_valid),
    .wr_req_ready_i   (wr_req_ready),
    .wr_req_addr_o    (wr_req_addr),
    .wr_req_beats_o   (wr_req_beats),
    .wr_data_valid_o  (wr_data_valid),
    .wr_data_ready_i  (wr_data_ready),
    .wr_data_o        (wr_data),
    .wr_done_i        (wr_done),
    .wr_err_i         (wr_err),
    .rd_err_client_i  (rd_err_client),
    .wr_err_client_i  (wr_err_client),
    .err_ring_o       (err_ring),
    .tbl_req_o,
    .tbl_we_o,
    .tbl_sel_o,
    .tbl_index_o,
    .tbl_wdata_o,
    .tbl_ack_i,
    .tbl_rdata_i,
    .fence_o,
    .fence_done_i,
    .event_valid_i    (event_valid),
    .event_ready_o    (event_ready),
    .event_i          (event_entry),
    .s_valid_i,
    .s_ready_o,
    .s_beat_i,
    .s_meta_i,
    .free_o,
    .rx_waiting_o     (hostrx_waiting),
    .rx_reason_o      (hostrx_reason),
    .m_valid_o,
    .m_ready_i,
    .m_beat_o,
    .m_meta_o,
    .in_o             (host_in),
    .out_o            (host_out),
    .drop_valid_o     (host_drop_valid),
    .drop_rx_o        (hostrx_drop),
    .drop_tx_o        (hosttx_drop)
  );

  // ------------------------------------------------------------------------------------ events, counters, interrupts
  localparam int unsigned Sites = 4 + Stages * NumPipes;   // of drops

  logic             monitor_busy;
  logic             msix_busy;
  logic [Sites-1:0] drop_valid;
  assign drop_valid = {drop_valid_i, host_drop_valid, rx_drop_valid_i};

  drop_monitor #(
    .NumPipes(NumPipes)
  ) u_drop_monitor (
    .clk_i,
    .rst_ni,
    .cycle_i    (cycle_o),
    .interval_i (interval),
    .valid_i    (drop_valid),
    .drop_i     ({drop_i, hosttx_drop, hostrx_drop, rx_drop_i}),
    .sa_evt_valid_i,
    .sa_evt_ready_o,
    .sa_evt_i,
    .link_up_i,
    .dma_err_i  (dma_err),
    .dma_ring_i (err_ring),
    .dma_addr_i ({wr_err_addr, rd_err_addr}),
    .m_valid_o  (event_valid),
    .m_ready_i  (event_ready),
    .m_event_o  (event_entry),
    .rd_i       (drop_rd),
    .rd_reason_i(drop_reason),
    .rd_done_o  (drop_done),
    .rd_data_o  (drop_data),
    .busy_o     (monitor_busy)
  );

  stat_counters #(
    .NumPipes(NumPipes)
  ) u_stat_counters (
    .clk_i,
    .rst_ni,
    .stage_in_i,
    .stage_out_i,
    .host_in_i    (host_in),
    .host_out_i   (host_out),
    .rx_frame_i,
    .rx_stored_i,
    .rx_bytes_i,
    .rx_drop_i    (rx_drop_valid_i),
    .tx_frame_i,
    .tx_bytes_i,
    .host_reason_i(hostrx_reason),
    .rd_i         (stat_rd),
    .rd_addr_i    (stat_addr),
    .rd_hit_o     (stat_hit),
    .rd_data_o    (stat_data)
  );

  msix_arb #(
    .Vectors(4)
  ) u_msix_arb (
    .clk_i,
    .rst_ni,
    .irq_i        (ring_irq),
    .msix_valid_o,
    .msix_vector_o,
    .msix_ready_i,
    .busy_o       (msix_busy)
  );

  // ------------------------------------------------------------------------------------ packets in flight
  logic moving;
  assign busy_raw = moving || rings_busy || rd_busy || wr_busy || monitor_busy || msix_busy || activity_i;

  flight_account #(
    .LingerCycles(LingerCycles),
    .StallCycles (StallCycles),
    .Exits       (1 + 2 + Sites)
  ) u_flight_account (
    .clk_i,
    .rst_ni,
    .arrived_i ({host_in[1], rx_frame_i}),
    .left_i    ({host_out[0], tx_frame_i, drop_valid}),
    .progress_i((stage_in_i != '0) || (stage_out_i != '0) || (rx_stored_i != '0) || activity_i || host_in[0]),
    .held_i    (hostrx_waiting || !enable_o),
    .busy_i    (busy_raw || axil_busy),
    .moving_o  (moving),
    .busy_o
  );

endmodule

`default_nettype wire
