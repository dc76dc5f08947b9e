// SPDX-License-Identifier: Apache-2.0
//
// The four rings: what they have in common (host_ring, by ring number) and what each is for (its engine).
//
//   registers, DMA <-> host_ring[Cmd]   <-> cmd_ring   -> table bus
//                      host_ring[Event] <-> event_ring <- events
//                      host_ring[Rx0]   <-> rx_ring    <- packets for the host   (DMA writes of its own)
//                      host_ring[Tx0]   <-> tx_ring    -> packets from the host  (DMA reads of its own)
//
// Clients of dma_read: submissions of Cmd, Rx0, Tx0, packets of Tx0. Clients of dma_write: completions by ring number,
// packets of Rx0. `rd_ring_i`, `wr_ring_i` of the DMA masters' error reports are clients; `err_ring_o` says whose ring
// that is (reads in bits 2:0).
//
// Latency: see the parts.

`default_nettype none

module host_rings #(
  localparam int unsigned Rings   = 4,
  localparam int unsigned Readers = 4,
  localparam int unsigned Writers = 5,
  localparam int unsigned RecordW = headend_tables_pkg::RecordBits
) (
  input  wire                     clk_i,
  input  wire                     rst_ni,

  input  wire                     enable_i,      // the ports are enabled
  input  wire  [63:0]             cycle_i,

  // Registers, by ring number.
  input  wire  [Rings-1:0]        ring_enable_i,
  input  wire  [Rings-1:0]        ring_irq_enable_i,
  input  wire  [Rings-1:0][3:0]   ring_sq_log2_i,
  input  wire  [Rings-1:0][3:0]   ring_cq_log2_i,
  input  wire  [Rings-1:0][63:0]  ring_sq_base_i,
  input  wire  [Rings-1:0][63:0]  ring_cq_base_i,
  input  wire  [Rings-1:0][63:0]  ring_index_i,
  input  wire  [Rings-1:0][31:0]  ring_sq_tail_i,
  input  wire  [Rings-1:0][31:0]  ring_cq_head_i,
  output logic [Rings-1:0][31:0]  ring_sq_head_o,
  output logic [Rings-1:0][31:0]  ring_cq_tail_o,
  output logic [Rings-1:0]        ring_active_o,
  output logic [Rings-1:0][3:0]   ring_error_o,
  output logic [Rings-1:0]        ring_irq_o,
  output logic                    busy_o,

  // DMA reads.
  output logic [Readers-1:0]       rd_req_valid_o,
  input  wire  [Readers-1:0]       rd_req_ready_i,
  output logic [Readers-1:0][63:0] rd_req_addr_o,
  output logic [Readers-1:0][6:0]  rd_req_beats_o,
  input  wire  [Readers-1:0]       rd_rsp_valid_i,
  input  wire  [511:0]             rd_data_i,
  input  wire                      rd_last_i,
  input  wire                      rd_err_i,

  // DMA writes.
  output logic [Writers-1:0]        wr_req_valid_o,
  input  wire  [Writers-1:0]        wr_req_ready_i,
  output logic [Writers-1:0][63:0]  wr_req_addr_o,
  output logic [Writers-1:0][6:0]   wr_req_beats_o,
  output logic [Writers-1:0]        wr_data_valid_o,
  input  wire  [Writers-1:0]        wr_data_ready_i,
  output logic [Writers-1:0][511:0] wr_data_o,
  input  wire  [Writers-1:0]        wr_done_i,
  input  wire                       wr_err_i,

  input  wire  [1:0]                rd_err_client_i,
  input  wire  [2:0]                wr_err_client_i,
  output logic [1:0][2:0]           err_ring_o,

  // Table bus and fence.
  output logic                tbl_req_o,
  output logic                tbl_we_o,
  output logic [7:0]          tbl_sel_o,
  output logic [31:0]         tbl_index_o,
  output logic [RecordW-1:0]  tbl_wdata_o,
  input  wire                 tbl_ack_i,
  input  wire  [RecordW-1:0]  tbl_rdata_i,
  output logic                fence_o,
  input  wire                 fence_done_i,

  // Events.
  input  wire                 event_valid_i,
  output logic                event_ready_o,
  input  wire  headend_tables_pkg::event_entry_t event_i,

  // Packets to the host.
  input  wire                 s_valid_i,
  output logic                s_ready_o,
  input  wire  headend_tables_pkg::beat_t s_beat_i,
  input  wire  headend_tables_pkg::meta_t s_meta_i,
  output logic [15:0]         free_o,
  output logic                rx_waiting_o,      // a packet is here that only the host can make move
  output logic [4:0]          rx_reason_o,       // of the packet delivered

  // Packets from the host.
  output logic                m_valid_o,
  input  wire                 m_ready_i,
  output headend_tables_pkg::beat_t m_beat_o,
  output headend_tables_pkg::meta_t m_meta_o,

  // What happened: rx in bit 0, tx in bit 1.
  output logic [1:0]          in_o,
  output logic [1:0]          out_o,
  output logic [1:0]          drop_valid_o,
  output headend_tables_pkg::drop_record_t drop_rx_o,
  output headend_tables_pkg::drop_record_t drop_tx_o
);
  localparam int unsigned Cmd   = 32'(headend_tables_pkg::RING_CMD);
  localparam int unsigned Event = 32'(headend_tables_pkg::RING_EVENT);
  localparam int unsigned Rx    = 32'(headend_tables_pkg::RING_RX0);
  localparam int unsigned Tx    = 32'(headend_tables_pkg::RING_TX0);

  localparam int unsigned RdCmd    = 0;
  localparam int unsigned RdRx     = 1;
  localparam int unsigned RdTx     = 2;
  localparam int unsigned RdPacket = 3;
  localparam int unsigned WrPacket = 4;

  localparam int unsigned CmdBeats   = headend_tables_pkg::CmdEntryBytes / 64;
  localparam int unsigned EventBeats = headend_tables_pkg::EventEntryBytes / 64;

  // ------------------------------------------------------------------------------------ what all rings have
  logic [Rings-1:0]         wanted;
  logic [Rings-1:0]         working;
  logic [Rings-1:0]         start;
  logic [Rings-1:0]         fetching;
  logic [Rings-1:0]         d_valid;
  logic [Rings-1:0]         d_ready;
  logic [Rings-1:0][511:0]  d_data;
  logic [Rings-1:0]         c_valid;
  logic [Rings-1:0]         c_done;
  logic [Rings-1:0]         c_err;
  logic [Rings-1:0]         ring_busy;
  headend_tables_pkg::cmd_completion_t cmd_done;
  headend_tables_pkg::event_entry_t    event_done;
  headend_tables_pkg::rx_completion_t  rx_done;
  headend_tables_pkg::tx_completion_t  tx_done;

  for (genvar n = 0; n < int'(Rings); n++) begin : gen_ring
    localparam int unsigned Reader  = (n == int'(Rx)) ? RdRx : (n == int'(Tx)) ? RdTx : RdCmd;
    localparam bit          NoSq    = (n == int'(Event));
    localparam int unsigned CqBeats = (n == int'(Cmd)) ? CmdBeats : (n == int'(Event)) ? EventBeats : 1;

    logic                    sq_req_valid;
    logic [63:0]             sq_req_addr;
    logic [6:0]              sq_req_beats;
    logic [CqBeats*512-1:0]  completion;

    if (NoSq) begin : gen_no_reads
      logic unused;
      assign unused = ^{sq_req_valid, sq_req_addr, sq_req_beats};
    end else begin : gen_reads
      assign rd_req_valid_o[Reader] = sq_req_valid;
      assign rd_req_addr_o[Reader]  = sq_req_addr;
      assign rd_req_beats_o[Reader] = sq_req_beats;
    end

    if (n == int'(Cmd)) begin : gen_cmd
      assign completion = cmd_done;
    end else if (n == int'(Event)) begin : gen_event
      assign completion = event_done;
    end else if (n == int'(Rx)) begin : gen_rx
      assign completion = rx_done;
    end else begin : gen_tx
      assign completion = tx_done;
    end

    host_ring #(
      .SqBeats  (NoSq ? 0 : (n == int'(Cmd)) ? CmdBeats : 1),
      .SqEntries((n == int'(Cmd)) ? 8 : 16),
      .CqBeats  (CqBeats)
    ) u_ring (
      .clk_i,
      .rst_ni,
      .enable_i       (ring_enable_i[n]),
      .irq_enable_i   (ring_irq_enable_i[n]),
      .sq_log2_i      (ring_sq_log2_i[n]),
      .cq_log2_i      (ring_cq_log2_i[n]),
      .sq_base_i      (ring_sq_base_i[n]),
      .cq_base_i      (ring_cq_base_i[n]),
      .index_addr_i   (ring_index_i[n]),
      .sq_tail_i      (ring_sq_tail_i[n]),
      .cq_head_i      (ring_cq_head_i[n]),
      .sq_head_o      (ring_sq_head_o[n]),
      .cq_tail_o      (ring_cq_tail_o[n]),
      .active_o       (ring_active_o[n]),
      .error_o        (ring_error_o[n]),
      .irq_o          (ring_irq_o[n]),
      .busy_o         (ring_busy[n]),
      .sq_req_valid_o (sq_req_valid),
      .sq_req_ready_i (!NoSq && rd_req_ready_i[Reader]),
      .sq_req_addr_o  (sq_req_addr),
      .sq_req_beats_o (sq_req_beats),
      .sq_rsp_valid_i (!NoSq && rd_rsp_valid_i[Reader]),
      .rsp_data_i     (rd_data_i),
      .rsp_last_i     (rd_last_i),
      .rsp_err_i      (rd_err_i),
      .cq_req_valid_o (wr_req_valid_o[n]),
      .cq_req_ready_i (wr_req_ready_i[n]),
      .cq_req_addr_o  (wr_req_addr_o[n]),
      .cq_req_beats_o (wr_req_beats_o[n]),
      .cq_data_valid_o(wr_data_valid_o[n]),
      .cq_data_ready_i(wr_data_ready_i[n]),
      .cq_data_o      (wr_data_o[n]),
      .cq_done_valid_i(wr_done_i[n]),
      .cq_done_err_i  (wr_err_i),
      .wanted_i       (wanted[n]),
      .working_i      (working[n]),
      .start_o        (start[n]),
      .fetching_o     (fetching[n]),
      .d_valid_o      (d_valid[n]),
      .d_ready_i      (d_ready[n]),
      .d_data_o       (d_data[n]),
      .c_valid_i      (c_valid[n]),
      .c_data_i       (completion),
      .c_done_o       (c_done[n]),
      .c_err_o        (c_err[n])
    );
  end

  // ------------------------------------------------------------------------------------ engines
  assign wanted[Cmd] = 1'b1;

  cmd_ring u_cmd_ring (
    .clk_i,
    .rst_ni,
    .working_o(working[Cmd]),
    .start_i  (start[Cmd]),
    .d_valid_i(d_valid[Cmd]),
    .d_ready_o(d_ready[Cmd]),
    .d_data_i (d_data[Cmd]),
    .c_valid_o(c_valid[Cmd]),
    .c_data_o (cmd_done),
    .c_done_i (c_done[Cmd]),
    .tbl_req_o,
    .tbl_we_o,
    .tbl_sel_o,
    .tbl_index_o,
    .tbl_wdata_o,
    .tbl_ack_i,
    .tbl_rdata_i,
    .fence_o,
    .fence_done_i
  );

  assign d_ready[Event] = 1'b0;

  event_ring u_event_ring (
    .clk_i,
    .rst_ni,
    .wanted_o (wanted[Event]),
    .working_o(working[Event]),
    .start_i  (start[Event]),
    .c_valid_o(c_valid[Event]),
    .c_data_o (event_done),
    .c_done_i (c_done[Event]),
    .c_err_i  (c_err[Event]),
    .s_valid_i(event_valid_i),
    .s_ready_o(event_ready_o),
    .s_event_i(event_i)
  );

  rx_ring u_rx_ring (
    .clk_i,
    .rst_ni,
    .wanted_o       (wanted[Rx]),
    .working_o      (working[Rx]),
    .start_i        (start[Rx]),
    .fetching_i     (fetching[Rx]),
    .d_ready_o      (d_ready[Rx]),
    .d_data_i       (d_data[Rx]),
    .c_valid_o      (c_valid[Rx]),
    .c_data_o       (rx_done),
    .c_done_i       (c_done[Rx]),
    .c_err_i        (c_err[Rx]),
    .waiting_o      (rx_waiting_o),
    .s_valid_i,
    .s_ready_o,
    .s_beat_i,
    .s_meta_i,
    .free_o,
    .pk_req_valid_o (wr_req_valid_o[WrPacket]),
    .pk_req_ready_i (wr_req_ready_i[WrPacket]),
    .pk_req_addr_o  (wr_req_addr_o[WrPacket]),
    .pk_req_beats_o (wr_req_beats_o[WrPacket]),
    .pk_data_valid_o(wr_data_valid_o[WrPacket]),
    .pk_data_ready_i(wr_data_ready_i[WrPacket]),
    .pk_data_o      (wr_data_o[WrPacket]),
    .pk_done_valid_i(wr_done_i[WrPacket]),
    .pk_done_err_i  (wr_err_i),
    .in_o           (in_o[0]),
    .out_o          (out_o[0]),
    .out_reason_o   (rx_reason_o),
    .drop_valid_o   (drop_valid_o[0]),
    .drop_o         (drop_rx_o)
  );

  logic tx_busy;
  assign wanted[Tx] = enable_i;

  tx_ring u_tx_ring (
    .clk_i,
    .rst_ni,
    .working_o     (working[Tx]),
    .start_i       (start[Tx]),
    .d_ready_o     (d_ready[Tx]),
    .d_data_i      (d_data[Tx]),
    .c_valid_o     (c_valid[Tx]),
    .c_data_o      (tx_done),
    .c_done_i      (c_done[Tx]),
    .cycle_i,
    .busy_o        (tx_busy),
    .pk_req_valid_o(rd_req_valid_o[RdPacket]),
    .pk_req_ready_i(rd_req_ready_i[RdPacket]),
    .pk_req_addr_o (rd_req_addr_o[RdPacket]),
    .pk_req_beats_o(rd_req_beats_o[RdPacket]),
    .pk_rsp_valid_i(rd_rsp_valid_i[RdPacket]),
    .rsp_data_i    (rd_data_i),
    .rsp_last_i    (rd_last_i),
    .rsp_err_i     (rd_err_i),
    .m_valid_o,
    .m_ready_i,
    .m_beat_o,
    .m_meta_o,
    .in_o          (in_o[1]),
    .out_o         (out_o[1]),
    .drop_valid_o  (drop_valid_o[1]),
    .drop_o        (drop_tx_o)
  );

  assign busy_o = (ring_busy != '0) || tx_busy || (s_valid_i && s_ready_o);

  // ------------------------------------------------------------------------------------ whose access was refused
  always_comb begin
    unique case (32'(rd_err_client_i))
      RdCmd:   err_ring_o[0] = 3'(Cmd);
      RdRx:    err_ring_o[0] = 3'(Rx);
      default: err_ring_o[0] = 3'(Tx);
    endcase
    err_ring_o[1] = (32'(wr_err_client_i) == WrPacket) ? 3'(Rx) : wr_err_client_i;
  end

  logic unused;
  assign unused = ^{c_err[Cmd], c_err[Tx], fetching[Cmd], fetching[Event], fetching[Tx], d_valid[Event], d_valid[Rx],
                    d_valid[Tx], d_data[Event]};

endmodule

`default_nettype wire
