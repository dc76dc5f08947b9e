// SPDX-License-Identifier: Apache-2.0
//
// Test module of headend-sim with the ports of headend_core: what enters port 0 leaves port 1 and the other way round,
// and a copy engine moves up to 64 beats from one host address to another, inverted, then raises an interrupt.
//
// Registers (32 bit): 0x00 identity, 0x10 control (bit 1 falls back to 0, bit 31 writes
// a part of each beat only), 0x20/0x24 source, 0x28/0x2c destination, 0x30 beats and go,
// 0x34 {write response, read response} of the last copy, 0x38 interrupt vector, 0x3c never answers.
// Latency: 1 cycle from port to port. Byte 0 in bits 7:0.

`default_nettype none

module mini_core (
  input  wire          clk_i,
  input  wire          rst_ni,

  input  wire  [15:0]  s_axil_awaddr,
  input  wire          s_axil_awvalid,
  output logic         s_axil_awready,
  input  wire  [31:0]  s_axil_wdata,
  input  wire  [3:0]   s_axil_wstrb,
  input  wire          s_axil_wvalid,
  output logic         s_axil_wready,
  output logic [1:0]   s_axil_bresp,
  output logic         s_axil_bvalid,
  input  wire          s_axil_bready,
  input  wire  [15:0]  s_axil_araddr,
  input  wire          s_axil_arvalid,
  output logic         s_axil_arready,
  output logic [31:0]  s_axil_rdata,
  output logic [1:0]   s_axil_rresp,
  output logic         s_axil_rvalid,
  input  wire          s_axil_rready,

  output logic [3:0]   m_axi_awid,
  output logic [63:0]  m_axi_awaddr,
  output logic [7:0]   m_axi_awlen,
  output logic [2:0]   m_axi_awsize,
  output logic [1:0]   m_axi_awburst,
  output logic         m_axi_awvalid,
  input  wire          m_axi_awready,
  output logic [511:0] m_axi_wdata,
  output logic [63:0]  m_axi_wstrb,
  output logic         m_axi_wlast,
  output logic         m_axi_wvalid,
  input  wire          m_axi_wready,
  input  wire  [3:0]   m_axi_bid,
  input  wire  [1:0]   m_axi_bresp,
  input  wire          m_axi_bvalid,
  output logic         m_axi_bready,
  output logic [3:0]   m_axi_arid,
  output logic [63:0]  m_axi_araddr,
  output logic [7:0]   m_axi_arlen,
  output logic [2:0]   m_axi_arsize,
  output logic [1:0]   m_axi_arburst,
  output logic         m_axi_arvalid,
  input  wire          m_axi_arready,
  input  wire  [3:0]   m_axi_rid,
  input  wire  [511:0] m_axi_rdata,
  input  wire  [1:0]   m_axi_rresp,
  input  wire          m_axi_rlast,
  input  wire          m_axi_rvalid,
  output logic         m_axi_rready,

  input  wire  [511:0] s_axis_p0_tdata,
  input  wire  [63:0]  s_axis_p0_tkeep,
  input  wire          s_axis_p0_tvalid,
  output logic         s_axis_p0_tready,
  input  wire          s_axis_p0_tlast,
  input  wire          s_axis_p0_tuser,
  input  wire  [511:0] s_axis_p1_tdata,
  input  wire  [63:0]  s_axis_p1_tkeep,
  input  wire          s_axis_p1_tvalid,
  output logic         s_axis_p1_tready,
  input  wire          s_axis_p1_tlast,
  input  wire          s_axis_p1_tuser,
  output logic [511:0] m_axis_p0_tdata,
  output logic [63:0]  m_axis_p0_tkeep,
  output logic         m_axis_p0_tvalid,
  input  wire          m_axis_p0_tready,
  output logic         m_axis_p0_tlast,
  output logic [511:0] m_axis_p1_tdata,
  output logic [63:0]  m_axis_p1_tkeep,
  output logic         m_axis_p1_tvalid,
  input  wire          m_axis_p1_tready,
  output logic         m_axis_p1_tlast,

  input  wire  [1:0]   link_up_i,
  output logic         msix_valid_o,
  output logic [4:0]   msix_vector_o,
  input  wire          msix_ready_i,
  output logic         busy_o
);

  typedef enum logic [2:0] {IDLE, READ_ADDR, READ_DATA, WRITE_ADDR, WRITE_DATA, WRITE_RESP, NOTIFY} state_e;

  state_e      state_q;
  logic [31:0] regs_q [0:15];
  logic [63:0] dst;
  logic [511:0] buffer [0:63];
  logic [5:0]  beat_q;
  logic [5:0]  last_beat;
  logic [1:0]  rresp_q;

  // Ports, crossed over.
  assign s_axis_p0_tready = 1'b1;
  assign s_axis_p1_tready = 1'b1;
  always_ff @(posedge clk_i) begin
    m_axis_p1_tvalid <= rst_ni && s_axis_p0_tvalid;
    m_axis_p1_tdata  <= s_axis_p0_tdata;
    m_axis_p1_tkeep  <= s_axis_p0_tkeep;
    m_axis_p1_tlast  <= s_axis_p0_tlast;
    m_axis_p0_tvalid <= rst_ni && s_axis_p1_tvalid;
    m_axis_p0_tdata  <= s_axis_p1_tdata;
    m_axis_p0_tkeep  <= s_axis_p1_tkeep;
    m_axis_p0_tlast  <= s_axis_p1_tlast;
  end

  // Registers.
  logic write;
  assign write          = s_axil_awvalid && s_axil_wvalid && !s_axil_bvalid;
  assign s_axil_awready = write;
  assign s_axil_wready  = write;
  assign s_axil_arready = s_axil_arvalid && !s_axil_rvalid && s_axil_araddr != 16'h3c;
  assign s_axil_rresp   = 2'd0;
  assign s_axil_bresp   = 2'd0;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      s_axil_bvalid <= 1'b0;
      s_axil_rvalid <= 1'b0;
      for (int i = 0; i < 16; i++) regs_q[i] <= '0;
    end else begin
      if (s_axil_bready) s_axil_bvalid <= 1'b0;
      if (s_axil_rready) s_axil_rvalid <= 1'b0;
      regs_q[4][1] <= 1'b0;
      if (write) begin
        s_axil_bvalid <= 1'b1;
        for (int i = 0; i < 4; i++) begin
          if (s_axil_wstrb[i]) regs_q[s_axil_awaddr[5:2]][8*i +: 8] <= s_axil_wdata[8*i +: 8];
        end
      end
      if (s_axil_arready) begin
        s_axil_rvalid <= 1'b1;
        s_axil_rdata  <= s_axil_araddr == 16'h0 ? 32'h48454144 : regs_q[s_axil_araddr[5:2]];
      end
      if (state_q == WRITE_RESP && m_axi_bvalid) regs_q[13] <= {28'd0, m_axi_bresp, rresp_q};
    end
  end

  // Copy engine.
  assign dst           = {regs_q[11], regs_q[10]};
  assign last_beat     = regs_q[12][5:0] - 6'd1;
  assign m_axi_arid    = 4'd1;
  assign m_axi_araddr  = {regs_q[9], regs_q[8]};
  assign m_axi_arlen   = {2'd0, last_beat};
  assign m_axi_arsize  = 3'd6;
  assign m_axi_arburst = 2'd1;
  assign m_axi_arvalid = state_q == READ_ADDR;
  assign m_axi_rready  = state_q == READ_DATA;
  assign m_axi_awid    = 4'd2;
  assign m_axi_awaddr  = dst;
  assign m_axi_awlen   = {2'd0, last_beat};
  assign m_axi_awsize  = 3'd6;
  assign m_axi_awburst = 2'd1;
  assign m_axi_awvalid = state_q == WRITE_ADDR;
  assign m_axi_wdata   = ~buffer[beat_q];
  assign m_axi_wstrb   = regs_q[4][31] ? 64'h0000_00ff_ffff_fff0 : '1;
  assign m_axi_wlast   = beat_q == last_beat;
  assign m_axi_wvalid  = state_q == WRITE_DATA;
  assign m_axi_bready  = state_q == WRITE_RESP;
  assign msix_valid_o  = state_q == NOTIFY;
  assign msix_vector_o = regs_q[14][4:0];
  assign busy_o        = state_q != IDLE;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= IDLE;
    end else begin
      unique case (state_q)
        IDLE: begin
          beat_q  <= '0;
          rresp_q <= '0;
          if (write && s_axil_awaddr == 16'h30) state_q <= READ_ADDR;
        end
        READ_ADDR: if (m_axi_arready) state_q <= READ_DATA;
        READ_DATA: if (m_axi_rvalid) begin
          buffer[beat_q] <= m_axi_rdata;
          rresp_q        <= rresp_q | m_axi_rresp;
          beat_q         <= m_axi_rlast ? 6'd0 : beat_q + 6'd1;
          if (m_axi_rlast) state_q <= WRITE_ADDR;
        end
        WRITE_ADDR: if (m_axi_awready) state_q <= WRITE_DATA;
        WRITE_DATA: if (m_axi_wready) begin
          beat_q <= beat_q + 6'd1;
          if (m_axi_wlast) state_q <= WRITE_RESP;
        end
        WRITE_RESP: if (m_axi_bvalid) state_q <= NOTIFY;
        NOTIFY: if (msix_ready_i) state_q <= IDLE;
        default: state_q <= IDLE;
      endcase
    end
  end

endmodule

`default_nettype wire
