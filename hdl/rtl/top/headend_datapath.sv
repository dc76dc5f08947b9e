// SPDX-License-Identifier: Apache-2.0
//
// The data path: ports and host streams in, NumPipes pipelines, ports and host stream out, and what the pipelines
// share.
//
//   rx_port 0 --.                                              .-> tx_port 0
//   host (s_*) -+-> headend_pipe 0 -.   frames of all pipes   /
//   rx_port 1 ----> headend_pipe 1 -+------------------------+---> tx_port 1
//                        | ^                                  \
//                        v |                                   '-> frame_merge -> host (m_*)
//      outer_lookup, sa_in_unit, inner_lookup, sa_out_unit
//
// With NumPipes = 2 pipeline p takes what port p receives, pipeline 0 also what the host sends; with NumPipes = 1 it
// takes all. Any pipeline may send to any output: each output has a buffer per pipeline. Packets of one port (and of
// the host) stay in order; a flow that comes in on two ports has no order between them.
//
// Shared, once in memory: the lookup tables (one port of each memory per pipeline, the last pipeline's also for the
// host's commands, in cycles in which it has no header: `hold`), and the state of all SAs (one request per cycle).
//
// Table bus: one request reaches every owner; each answers only for its tables, when it got its turn. SaIn has two
// owners, outer_lookup and inner_lookup (its selectors): both must have answered. The answers are merged here in
// one register stage.
//
// Fence: done when every pipeline's lookup stages have let go what they held.
//
// Latency: see headend_pipe; a register stage for the table bus. Byte 0 of a packet in bits 7:0 of its first beat.

`default_nettype none

module headend_datapath #(
  parameter int unsigned NumPipes = headend_tables_pkg::NumPipes,
  localparam int unsigned BeatW   = headend_tables_pkg::BEAT_W,
  localparam int unsigned MetaW   = headend_tables_pkg::META_W,
  localparam int unsigned DropW   = headend_tables_pkg::DROP_RECORD_W,
  localparam int unsigned RecordW = headend_tables_pkg::RecordBits,
  localparam int unsigned EventW  = headend_tables_pkg::SA_EVENT_W,
  localparam int unsigned Ports   = headend_tables_pkg::NumPorts,
  localparam int unsigned Stages  = 5
) (
  input  wire           clk_i,
  input  wire           rst_ni,

  input  wire           enable_i,
  input  wire  [63:0]   cycle_i,

  // Ports: AXI-Stream.
  input  wire  [Ports-1:0]          s_axis_tvalid,
  output logic [Ports-1:0]          s_axis_tready,
  input  wire  [Ports-1:0][511:0]   s_axis_tdata,
  input  wire  [Ports-1:0][63:0]    s_axis_tkeep,
  input  wire  [Ports-1:0]          s_axis_tlast,
  input  wire  [Ports-1:0]          s_axis_tuser,
  output logic [Ports-1:0]          m_axis_tvalid,
  input  wire  [Ports-1:0]          m_axis_tready,
  output logic [Ports-1:0][511:0]   m_axis_tdata,
  output logic [Ports-1:0][63:0]    m_axis_tkeep,
  output logic [Ports-1:0]          m_axis_tlast,

  // Host streams.
  input  wire           s_valid_i,
  output logic          s_ready_o,
  input  wire  headend_tables_pkg::beat_t s_beat_i,
  input  wire  headend_tables_pkg::meta_t s_meta_i,
  output logic          m_valid_o,
  input  wire           m_ready_i,
  output headend_tables_pkg::beat_t m_beat_o,
  output headend_tables_pkg::meta_t m_meta_o,   // with NumPipes > 1 only what host_merge keeps
  input  wire  [15:0]   free_i,                 // free beats of the host's buffer

  // Table bus.
  input  wire                 tbl_req_i,
  input  wire                 tbl_we_i,
  input  wire  [7:0]          tbl_sel_i,
  input  wire  [31:0]         tbl_index_i,
  input  wire  [RecordW-1:0]  tbl_wdata_i,
  output logic                tbl_ack_o,
  output logic [RecordW-1:0]  tbl_rdata_o,
  input  wire                 fence_i,          // pulses
  output logic                fence_done_o,

  // Limits of SAs: inbound, outbound.
  output logic [1:0]             sa_evt_valid_o,
  input  wire  [1:0]             sa_evt_ready_i,
  output logic [1:0][EventW-1:0] sa_evt_o,

  // What happened, by port and by pipeline; stages of a pipeline from bit 0: classify, commit, forward, qos, encap.
  output logic [Ports-1:0]       rx_frame_o,
  output logic [Ports-1:0][15:0] rx_bytes_o,
  output logic [Ports-1:0]       rx_stored_o,
  output logic [Ports-1:0]       tx_frame_o,
  output logic [Ports-1:0][15:0] tx_bytes_o,
  output logic [Ports-1:0]       rx_drop_valid_o,
  output logic [Ports-1:0][DropW-1:0] rx_drop_o,
  output logic [NumPipes-1:0][Stages-1:0] stage_in_o,
  output logic [NumPipes-1:0][Stages-1:0] stage_out_o,
  output logic [NumPipes-1:0][Stages-1:0] drop_valid_o,
  output logic [NumPipes-1:0][Stages-1:0][DropW-1:0] drop_o
);
  localparam int unsigned CtxW = headend_tables_pkg::GCM_CTX_W;
  localparam int unsigned Host = Ports;          // output number

  if (NumPipes != 1 && NumPipes != Ports) begin : gen_check_pipes
    $error("headend_datapath: one pipeline, or one per port");
  end

  // ------------------------------------------------------------------------------------ ports in
  logic [Ports-1:0]            rx_valid;
  logic [Ports-1:0]            rx_ready;
  logic [Ports-1:0][BeatW-1:0] rx_beat;
  logic [Ports-1:0][MetaW-1:0] rx_meta;

  for (genvar p = 0; p < int'(Ports); p++) begin : gen_rx
    rx_port #(
      .Port(p)
    ) u_rx_port (
      .clk_i,
      .rst_ni,
      .s_axis_tvalid(s_axis_tvalid[p]),
      .s_axis_tready(s_axis_tready[p]),
      .s_axis_tdata (s_axis_tdata[p]),
      .s_axis_tkeep (s_axis_tkeep[p]),
      .s_axis_tlast (s_axis_tlast[p]),
      .s_axis_tuser (s_axis_tuser[p]),
      .enable_i,
      .cycle_i,
      .m_valid_o    (rx_valid[p]),
      .m_ready_i    (rx_ready[p]),
      .m_beat_o     (rx_beat[p]),
      .m_meta_o     (rx_meta[p]),
      .rx_frame_o   (rx_frame_o[p]),
      .rx_bytes_o   (rx_bytes_o[p]),
      .stage_out_o  (rx_stored_o[p]),
      .drop_valid_o (rx_drop_valid_o[p]),
      .drop_o       (rx_drop_o[p])
    );
  end

  // ------------------------------------------------------------------------------------ pipelines
  logic [NumPipes-1:0][2:0]            out_valid;
  logic [NumPipes-1:0][2:0]            out_ready;
  logic [NumPipes-1:0][BeatW-1:0]      out_beat;
  logic [NumPipes-1:0][MetaW-1:0]      out_meta;
  logic [NumPipes-1:0][2:0][15:0]      out_free;

  logic                                outer_hold;
  logic [NumPipes-1:0]                 outer_valid;
  logic [NumPipes-1:0][1023:0]         outer_window;
  logic [NumPipes-1:0][MetaW-1:0]      outer_meta;
  logic [NumPipes-1:0]                 outer_res_valid;
  logic [NumPipes-1:0][MetaW-1:0]      outer_res_meta;
  logic [NumPipes-1:0][CtxW-1:0]       outer_res_ctx;
  logic                                inner_hold;
  logic [NumPipes-1:0]                 inner_valid;
  logic [NumPipes-1:0][1023:0]         inner_window;
  logic [NumPipes-1:0][MetaW-1:0]      inner_meta;
  logic [NumPipes-1:0]                 inner_res_valid;
  logic [NumPipes-1:0][MetaW-1:0]      inner_res_meta;

  logic [NumPipes-1:0]                          in_req_valid;
  logic [NumPipes-1:0]                          in_req_ready;
  logic [NumPipes-1:0][esp_in_pkg::ReqW-1:0]    in_req;
  logic [NumPipes-1:0]                          in_res_valid;
  logic [NumPipes-1:0][esp_in_pkg::ResW-1:0]    in_res;
  logic [NumPipes-1:0]                          out_req_valid;
  logic [NumPipes-1:0]                          out_req_ready;
  logic [NumPipes-1:0][esp_out_pkg::ReqW-1:0]   out_req;
  logic [NumPipes-1:0]                          out_res_valid;
  logic [NumPipes-1:0][esp_out_pkg::ResW-1:0]   out_res;
  logic [NumPipes-1:0]                          fence_done;

  for (genvar p = 0; p < int'(NumPipes); p++) begin : gen_pipe
    localparam int unsigned FirstPort = p;
    localparam int unsigned OwnPorts  = (NumPipes == 1) ? Ports : 1;
    localparam int unsigned Sources   = (p == 0) ? OwnPorts + 1 : OwnPorts;
    localparam bit          Last      = (p == int'(NumPipes) - 1);

    logic [Sources-1:0]            in_valid;
    logic [Sources-1:0]            in_ready;
    logic [Sources*BeatW-1:0]      in_beat;
    logic [Sources*MetaW-1:0]      in_meta;

    for (genvar k = 0; k < int'(OwnPorts); k++) begin : gen_port
      assign in_valid[k]             = rx_valid[FirstPort + k];
      assign in_beat[k*BeatW+:BeatW] = rx_beat[FirstPort + k];
      assign in_meta[k*MetaW+:MetaW] = rx_meta[FirstPort + k];
      assign rx_ready[FirstPort + k] = in_ready[k];
    end

    if (p == 0) begin : gen_host
      assign in_valid[OwnPorts] = s_valid_i;
      assign in_beat[OwnPorts*BeatW+:BeatW] = s_beat_i;
      assign in_meta[OwnPorts*MetaW+:MetaW] = s_meta_i;
      assign s_ready_o          = in_ready[OwnPorts];
    end

    headend_pipe #(
      .Sources(Sources),
      .IdStart(p),
      .IdStep (NumPipes)
    ) u_pipe (
      .clk_i,
      .rst_ni,
      .s_valid_i      (in_valid),
      .s_ready_o      (in_ready),
      .s_beat_i       (in_beat),
      .s_meta_i       (in_meta),
      .m_valid_o      (out_valid[p]),
      .m_ready_i      (out_ready[p]),
      .m_beat_o       (out_beat[p]),
      .m_meta_o       (out_meta[p]),
      .free_i         (out_free[p]),
      .outer_hold_i   (Last && outer_hold),
      .outer_valid_o  (outer_valid[p]),
      .outer_window_o (outer_window[p]),
      .outer_meta_o   (outer_meta[p]),
      .outer_valid_i  (outer_res_valid[p]),
      .outer_meta_i   (outer_res_meta[p]),
      .outer_ctx_i    (outer_res_ctx[p]),
      .inner_hold_i   (Last && inner_hold),
      .inner_valid_o  (inner_valid[p]),
      .inner_window_o (inner_window[p]),
      .inner_meta_o   (inner_meta[p]),
      .inner_valid_i  (inner_res_valid[p]),
      .inner_meta_i   (inner_res_meta[p]),
      .in_req_valid_o (in_req_valid[p]),
      .in_req_ready_i (in_req_ready[p]),
      .in_req_o       (in_req[p]),
      .in_res_valid_i (in_res_valid[p]),
      .in_res_i       (in_res[p]),
      .out_req_valid_o(out_req_valid[p]),
      .out_req_ready_i(out_req_ready[p]),
      .out_req_o      (out_req[p]),
      .out_res_valid_i(out_res_valid[p]),
      .out_res_i      (out_res[p]),
      .fence_i,
      .fence_done_o   (fence_done[p]),
      .stage_in_o     (stage_in_o[p]),
      .stage_out_o    (stage_out_o[p]),
      .drop_valid_o   (drop_valid_o[p]),
      .drop_o         (drop_o[p])
    );
  end

  // ------------------------------------------------------------------------------------ shared by the pipelines
  logic [1:0]               lookup_ack;     // outer, inner
  logic [1:0][RecordW-1:0]  lookup_rdata;
  logic [1:0]               state_ack;      // inbound, outbound SAs
  logic [1:0][RecordW-1:0]  state_rdata;
  logic [NumPipes-1:0][15:0] seq_top_addr;
  logic [NumPipes-1:0][63:0] seq_top_data;

  outer_lookup #(
    .NumPipes(NumPipes)
  ) u_outer_lookup (
    .clk_i,
    .rst_ni,
    .tbl_req_i,
    .tbl_we_i,
    .tbl_sel_i,
    .tbl_index_i,
    .tbl_wdata_i,
    .tbl_ack_o      (lookup_ack[0]),
    .tbl_rdata_o    (lookup_rdata[0]),
    .hold_o         (outer_hold),
    .seq_top_raddr_o(seq_top_addr),
    .seq_top_rdata_i(seq_top_data),
    .valid_i        (outer_valid),
    .window_i       (outer_window),
    .meta_i         (outer_meta),
    .valid_o        (outer_res_valid),
    .meta_o         (outer_res_meta),
    .ctx_o          (outer_res_ctx)
  );

  inner_lookup #(
    .NumPipes(NumPipes)
  ) u_inner_lookup (
    .clk_i,
    .rst_ni,
    .tbl_req_i,
    .tbl_we_i,
    .tbl_sel_i,
    .tbl_index_i,
    .tbl_wdata_i,
    .tbl_ack_o  (lookup_ack[1]),
    .tbl_rdata_o(lookup_rdata[1]),
    .hold_o     (inner_hold),
    .valid_i    (inner_valid),
    .window_i   (inner_window),
    .meta_i     (inner_meta),
    .valid_o    (inner_res_valid),
    .meta_o     (inner_res_meta)
  );

  sa_in_unit #(
    .NumPipes(NumPipes)
  ) u_sa_in_unit (
    .clk_i,
    .rst_ni,
    .req_valid_i    (in_req_valid),
    .req_ready_o    (in_req_ready),
    .req_i          (in_req),
    .res_valid_o    (in_res_valid),
    .res_o          (in_res),
    .seq_top_raddr_i(seq_top_addr),
    .seq_top_rdata_o(seq_top_data),
    .tbl_req_i,
    .tbl_we_i,
    .tbl_sel_i,
    .tbl_index_i,
    .tbl_wdata_i,
    .tbl_ack_o      (state_ack[0]),
    .tbl_rdata_o    (state_rdata[0]),
    .evt_valid_o    (sa_evt_valid_o[0]),
    .evt_ready_i    (sa_evt_ready_i[0]),
    .evt_o          (sa_evt_o[0])
  );

  sa_out_unit #(
    .NumPipes(NumPipes)
  ) u_sa_out_unit (
    .clk_i,
    .rst_ni,
    .req_valid_i(out_req_valid),
    .req_ready_o(out_req_ready),
    .req_i      (out_req),
    .res_valid_o(out_res_valid),
    .res_o      (out_res),
    .tbl_req_i,
    .tbl_we_i,
    .tbl_sel_i,
    .tbl_index_i,
    .tbl_wdata_i,
    .tbl_ack_o  (state_ack[1]),
    .tbl_rdata_o(state_rdata[1]),
    .evt_valid_o(sa_evt_valid_o[1]),
    .evt_ready_i(sa_evt_ready_i[1]),
    .evt_o      (sa_evt_o[1])
  );

  // ------------------------------------------------------------------------------------ ports out
  for (genvar k = 0; k < int'(Ports); k++) begin : gen_tx
    logic [NumPipes-1:0]       valid;
    logic [NumPipes-1:0]       ready;
    logic [16*NumPipes-1:0]    free;
    for (genvar p = 0; p < int'(NumPipes); p++) begin : gen_from
      assign valid[p]        = out_valid[p][k];
      assign out_ready[p][k] = ready[p];
      assign out_free[p][k]  = free[16*p+:16];
    end

    tx_port #(
      .NumPipes(NumPipes)
    ) u_tx_port (
      .clk_i,
      .rst_ni,
      .enable_i,
      .s_valid_i    (valid),
      .s_ready_o    (ready),
      .s_beat_i     (out_beat),
      .free_o       (free),
      .m_axis_tvalid(m_axis_tvalid[k]),
      .m_axis_tready(m_axis_tready[k]),
      .m_axis_tdata (m_axis_tdata[k]),
      .m_axis_tkeep (m_axis_tkeep[k]),
      .m_axis_tlast (m_axis_tlast[k]),
      .tx_frame_o   (tx_frame_o[k]),
      .tx_bytes_o   (tx_bytes_o[k])
    );
  end

  // ------------------------------------------------------------------------------------ host out
  if (NumPipes == 1) begin : gen_host_direct
    assign m_valid_o          = out_valid[0][Host];
    assign m_beat_o           = out_beat[0];
    assign m_meta_o           = out_meta[0];
    assign out_ready[0][Host] = m_ready_i;
    assign out_free[0][Host]  = free_i;
  end else begin : gen_host_merge
    logic [NumPipes-1:0]       host_valid;
    logic [NumPipes-1:0]       host_ready;
    logic [16*NumPipes-1:0]    host_free;
    logic                      unused_free;
    for (genvar p = 0; p < int'(NumPipes); p++) begin : gen_from
      assign host_valid[p]      = out_valid[p][Host];
      assign out_ready[p][Host] = host_ready[p];
      assign out_free[p][Host]  = host_free[16*p+:16];
    end
    assign unused_free = ^free_i;

    host_merge #(
      .NumPipes(NumPipes)
    ) u_host_merge (
      .clk_i,
      .rst_ni,
      .s_valid_i(host_valid),
      .s_ready_o(host_ready),
      .s_beat_i (out_beat),
      .s_meta_i (out_meta),
      .free_o   (host_free),
      .m_valid_o,
      .m_ready_i,
      .m_beat_o,
      .m_meta_o
    );
  end

  // ------------------------------------------------------------------------------------ table bus
  logic       sa_in_q;        // the request in work is about SaIn
  logic [1:0] got_q;          // owners of lookup tables that have answered it
  logic       any_ack;
  assign any_ack = (lookup_ack != '0) || (state_ack != '0);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      tbl_ack_o <= 1'b0;
      sa_in_q   <= 1'b0;
      got_q     <= '0;
    end else begin
      tbl_ack_o <= any_ack && (!sa_in_q || ((got_q | lookup_ack) == 2'b11));
      if (tbl_req_i) begin
        sa_in_q <= (tbl_sel_i == headend_tables_pkg::TABLE_SA_IN);
        got_q   <= '0;
      end else begin
        got_q <= got_q | lookup_ack;
      end
    end
  end

  // Owners that do not answer in this cycle drive zero.
  always_ff @(posedge clk_i) begin
    if (tbl_req_i) begin
      tbl_rdata_o <= '0;
    end else if (any_ack) begin
      tbl_rdata_o <= tbl_rdata_o | lookup_rdata[0] | lookup_rdata[1] | state_rdata[0] | state_rdata[1];
    end
  end

  // ------------------------------------------------------------------------------------ fence
  logic [NumPipes-1:0] fence_wait_q;    // pipelines that have not finished the fence in work

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      fence_wait_q <= '0;
      fence_done_o <= 1'b0;
    end else begin
      fence_done_o <= (fence_wait_q != '0) && ((fence_wait_q & ~fence_done) == '0);
      fence_wait_q <= fence_i ? '1 : fence_wait_q & ~fence_done;
    end
  end

endmodule

`default_nettype wire
