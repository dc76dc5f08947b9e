// SPDX-License-Identifier: Apache-2.0
//
// The whole card, independent of any board: the data path (headend_datapath, with NumPipes pipelines) and the host
// side (host_if) behind plain flat ports. A board adds MACs with asynchronous frame FIFOs, a PCIe bridge and the clock.
//
// `busy_o` = 0 while no input is offered means that nothing inside can move any more: the clock may stop until
// the next input. Input beats of a frame that has not ended keep it at 1 only for a short while; the source
// must bring the rest of the frame with the clock running.
//
// Everything is synchronous to clk_i. The board synchronises `link_up_i`, which comes from the MACs' clocks, with
// two flip-flops each; only the level counts, a short change may go unseen.
//
// Byte order: byte 0 of a frame and the byte at the lowest address are in bits 7:0.
//
// Latency: see headend_datapath and hdl/README.md.

`default_nettype none

module headend_core #(
  parameter logic [31:0] Build    = '0,  // first 32 bits of the git commit, 0 in simulation
  parameter int unsigned NumPipes = headend_tables_pkg::NumPipes   // 1 or 2
) (
  input  wire           clk_i,
  input  wire           rst_ni,

  // Registers: AXI4-Lite, BAR0.
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

  // Host memory: AXI4, whole 64-byte beats, INCR, at most 4 KiB and never across a 4 KiB boundary.
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

  // Port 0.
  input  wire  [511:0]  s_axis_p0_tdata,
  input  wire  [63:0]   s_axis_p0_tkeep,
  input  wire           s_axis_p0_tvalid,
  output logic          s_axis_p0_tready,
  input  wire           s_axis_p0_tlast,
  input  wire           s_axis_p0_tuser,
  output logic [511:0]  m_axis_p0_tdata,
  output logic [63:0]   m_axis_p0_tkeep,
  output logic          m_axis_p0_tvalid,
  input  wire           m_axis_p0_tready,
  output logic          m_axis_p0_tlast,

  // Port 1.
  input  wire  [511:0]  s_axis_p1_tdata,
  input  wire  [63:0]   s_axis_p1_tkeep,
  input  wire           s_axis_p1_tvalid,
  output logic          s_axis_p1_tready,
  input  wire           s_axis_p1_tlast,
  input  wire           s_axis_p1_tuser,
  output logic [511:0]  m_axis_p1_tdata,
  output logic [63:0]   m_axis_p1_tkeep,
  output logic          m_axis_p1_tvalid,
  input  wire           m_axis_p1_tready,
  output logic          m_axis_p1_tlast,

  // Links, interrupts, clock control.
  input  wire  [1:0]    link_up_i,
  output logic          msix_valid_o,
  output logic [4:0]    msix_vector_o,
  input  wire           msix_ready_i,
  output logic          busy_o
);
  localparam int unsigned Stages   = 5;  // of a pipeline
  localparam int unsigned DropW    = headend_tables_pkg::DROP_RECORD_W;
  localparam int unsigned SaEventW = headend_tables_pkg::SA_EVENT_W;

  logic          enable;
  logic [63:0]   cycle;
  logic          tbl_req;
  logic          tbl_we;
  logic [7:0]    tbl_sel;
  logic [31:0]   tbl_index;
  logic [headend_tables_pkg::RecordBits-1:0] tbl_wdata;
  logic          tbl_ack;
  logic [headend_tables_pkg::RecordBits-1:0] tbl_rdata;
  logic          fence;
  logic          fence_done;

  logic                      hostrx_valid;
  logic                      hostrx_ready;
  headend_tables_pkg::beat_t hostrx_beat;
  headend_tables_pkg::meta_t hostrx_meta;
  logic [15:0]               hostrx_free;
  logic                      hosttx_valid;
  logic                      hosttx_ready;
  headend_tables_pkg::beat_t hosttx_beat;
  headend_tables_pkg::meta_t hosttx_meta;

  logic [1:0]                          sa_evt_valid;
  logic [1:0]                          sa_evt_ready;
  logic [1:0][SaEventW-1:0]            sa_evt;
  logic [1:0]                          rx_frame;
  logic [1:0][15:0]                    rx_bytes;
  logic [1:0]                          rx_stored;
  logic [1:0]                          tx_frame;
  logic [1:0][15:0]                    tx_bytes;
  logic [1:0]                          rx_drop_valid;
  logic [1:0][DropW-1:0]               rx_drop;
  logic [NumPipes-1:0][Stages-1:0]     stage_in;
  logic [NumPipes-1:0][Stages-1:0]     stage_out;
  logic [NumPipes-1:0][Stages-1:0]     drop_valid;
  logic [NumPipes-1:0][Stages-1:0][DropW-1:0] drop;

  logic activity;
  assign activity = s_axis_p0_tvalid || s_axis_p1_tvalid || m_axis_p0_tvalid || m_axis_p1_tvalid;

  host_if #(
    .Build       (Build),
    .NumPipes    (NumPipes),
    .GhashLatency(gcm_pkg::GhashLatency)
  ) u_host_if (
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
    .m_axi_bready,
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
    .m_axi_rready,
    .msix_valid_o,
    .msix_vector_o,
    .msix_ready_i,
    .link_up_i,
    .activity_i     (activity),
    .busy_o,
    .enable_o       (enable),
    .cycle_o        (cycle),
    .tbl_req_o      (tbl_req),
    .tbl_we_o       (tbl_we),
    .tbl_sel_o      (tbl_sel),
    .tbl_index_o    (tbl_index),
    .tbl_wdata_o    (tbl_wdata),
    .tbl_ack_i      (tbl_ack),
    .tbl_rdata_i    (tbl_rdata),
    .fence_o        (fence),
    .fence_done_i   (fence_done),
    .s_valid_i      (hostrx_valid),
    .s_ready_o      (hostrx_ready),
    .s_beat_i       (hostrx_beat),
    .s_meta_i       (hostrx_meta),
    .free_o         (hostrx_free),
    .m_valid_o      (hosttx_valid),
    .m_ready_i      (hosttx_ready),
    .m_beat_o       (hosttx_beat),
    .m_meta_o       (hosttx_meta),
    .sa_evt_valid_i (sa_evt_valid),
    .sa_evt_ready_o (sa_evt_ready),
    .sa_evt_i       (sa_evt),
    .rx_frame_i     (rx_frame),
    .rx_bytes_i     (rx_bytes),
    .rx_stored_i    (rx_stored),
    .tx_frame_i     (tx_frame),
    .tx_bytes_i     (tx_bytes),
    .rx_drop_valid_i(rx_drop_valid),
    .rx_drop_i      (rx_drop),
    .stage_in_i     (stage_in),
    .stage_out_i    (stage_out),
    .drop_valid_i   (drop_valid),
    .drop_i         (drop)
  );

  headend_datapath #(
    .NumPipes(NumPipes)
  ) u_datapath (
    .clk_i,
    .rst_ni,
    .enable_i       (enable),
    .cycle_i        (cycle),
    .s_axis_tvalid  ({s_axis_p1_tvalid, s_axis_p0_tvalid}),
    .s_axis_tready  ({s_axis_p1_tready, s_axis_p0_tready}),
    .s_axis_tdata   ({s_axis_p1_tdata, s_axis_p0_tdata}),
    .s_axis_tkeep   ({s_axis_p1_tkeep, s_axis_p0_tkeep}),
    .s_axis_tlast   ({s_axis_p1_tlast, s_axis_p0_tlast}),
    .s_axis_tuser   ({s_axis_p1_tuser, s_axis_p0_tuser}),
    .m_axis_tvalid  ({m_axis_p1_tvalid, m_axis_p0_tvalid}),
    .m_axis_tready  ({m_axis_p1_tready, m_axis_p0_tready}),
    .m_axis_tdata   ({m_axis_p1_tdata, m_axis_p0_tdata}),
    .m_axis_tkeep   ({m_axis_p1_tkeep, m_axis_p0_tkeep}),
    .m_axis_tlast   ({m_axis_p1_tlast, m_axis_p0_tlast}),
    .s_valid_i      (hosttx_valid),
    .s_ready_o      (hosttx_ready),
    .s_beat_i       (hosttx_beat),
    .s_meta_i       (hosttx_meta),
    .m_valid_o      (hostrx_valid),
    .m_ready_i      (hostrx_ready),
    .m_beat_o       (hostrx_beat),
    .m_meta_o       (hostrx_meta),
    .free_i         (hostrx_free),
    .tbl_req_i      (tbl_req),
    .tbl_we_i       (tbl_we),
    .tbl_sel_i      (tbl_sel),
    .tbl_index_i    (tbl_index),
    .tbl_wdata_i    (tbl_wdata),
    .tbl_ack_o      (tbl_ack),
    .tbl_rdata_o    (tbl_rdata),
    .fence_i        (fence),
    .fence_done_o   (fence_done),
    .sa_evt_valid_o (sa_evt_valid),
    .sa_evt_ready_i (sa_evt_ready),
    .sa_evt_o       (sa_evt),
    .rx_frame_o     (rx_frame),
    .rx_bytes_o     (rx_bytes),
    .rx_stored_o    (rx_stored),
    .tx_frame_o     (tx_frame),
    .tx_bytes_o     (tx_bytes),
    .rx_drop_valid_o(rx_drop_valid),
    .rx_drop_o      (rx_drop),
    .stage_in_o     (stage_in),
    .stage_out_o    (stage_out),
    .drop_valid_o   (drop_valid),
    .drop_o         (drop)
  );

endmodule

`default_nettype wire
