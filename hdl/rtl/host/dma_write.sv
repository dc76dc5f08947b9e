// SPDX-License-Identifier: Apache-2.0
//
// AXI4 write master shared by several clients. Address and data of one burst go out together, then the
// next client's may follow while the first still waits for its response: one burst per client outstanding.
// The client number is the AXI id.
//
// A client asks for one burst: a 64-byte aligned address and 1 to 64 beats of 64 bytes that must not cross
// 4 KiB (the client splits), then gives exactly that many beats. `done_valid_o[client]` follows once the
// host has answered, with `done_err_o` = BRESP was not OKAY; only then may the client ask again. Every
// refused burst also gives one `err_valid_o` pulse with its address. All byte lanes are written.
// Responses nobody asked for are ignored.
//
// Latency: 1 cycle from request to AWVALID; first data one cycle after AW is taken; 1 cycle from B to done.
// Bytes: address 0 in bits 7:0.

`default_nettype none

module dma_write #(
  parameter int unsigned Clients = 5,
  localparam int unsigned ClientW = (Clients > 1) ? $clog2(Clients) : 1
) (
  input  wire                         clk_i,
  input  wire                         rst_ni,

  input  wire  [Clients-1:0]          req_valid_i,
  output logic [Clients-1:0]          req_ready_o,
  input  wire  [Clients-1:0][63:0]    req_addr_i,
  input  wire  [Clients-1:0][6:0]     req_beats_i,

  input  wire  [Clients-1:0]          data_valid_i,
  output logic [Clients-1:0]          data_ready_o,
  input  wire  [Clients-1:0][511:0]   data_i,

  output logic [Clients-1:0]          done_valid_o,
  output logic                        done_err_o,

  output logic                        err_valid_o,
  output logic [ClientW-1:0]          err_client_o,
  output logic [63:0]                 err_addr_o,

  output logic                        busy_o,

  output logic [3:0]                  m_axi_awid,
  output logic [63:0]                 m_axi_awaddr,
  output logic [7:0]                  m_axi_awlen,
  output logic [2:0]                  m_axi_awsize,
  output logic [1:0]                  m_axi_awburst,
  output logic                        m_axi_awvalid,
  input  wire                         m_axi_awready,
  output logic [511:0]                m_axi_wdata,
  output logic [63:0]                 m_axi_wstrb,
  output logic                        m_axi_wlast,
  output logic                        m_axi_wvalid,
  input  wire                         m_axi_wready,
  input  wire  [3:0]                  m_axi_bid,
  input  wire  [1:0]                  m_axi_bresp,
  input  wire                         m_axi_bvalid,
  output logic                        m_axi_bready
);

  logic [Clients-1:0] pending_q;
  logic [63:0]        addr_q [0:Clients-1];

  // ------------------------------------------------------------------------------------ requests
  logic [ClientW-1:0] cur_q;           // client whose burst is on the bus; also the one served last
  logic               burst_q;         // a burst is on the bus: its data is not complete
  logic               awvalid_q;
  logic [63:0]        awaddr_q;
  logic [7:0]         awlen_q;
  logic [6:0]         left_q;          // beats still to be taken from the client

  logic [ClientW-1:0] pick;
  logic               pick_valid;
  logic               take;
  logic [6:0]         pick_beats_m1;

  always_comb begin
    pick       = '0;
    pick_valid = 1'b0;
    for (int i = int'(Clients) - 1; i >= 0; i--) begin
      if (req_valid_i[i] && !pending_q[i]) begin
        pick       = ClientW'(i);
        pick_valid = 1'b1;
      end
    end
    for (int i = int'(Clients) - 1; i >= 0; i--) begin
      if (req_valid_i[i] && !pending_q[i] && ClientW'(i) > cur_q) begin
        pick       = ClientW'(i);
        pick_valid = 1'b1;
      end
    end
  end

  assign take          = pick_valid && !burst_q;
  assign pick_beats_m1 = req_beats_i[pick] - 7'd1;

  always_comb begin
    req_ready_o = '0;
    if (take) begin
      req_ready_o[pick] = 1'b1;
    end
  end

  // ------------------------------------------------------------------------------------ data
  logic         wvalid_q;
  logic         wlast_q;
  logic [511:0] wdata_q;
  logic         data_open;
  logic         data_fire;

  assign data_open = burst_q && !awvalid_q && (left_q != '0) && (!wvalid_q || m_axi_wready);
  assign data_fire = data_open && data_valid_i[cur_q];

  always_comb begin
    data_ready_o        = '0;
    data_ready_o[cur_q] = data_open;
  end

  assign m_axi_awid    = 4'(cur_q);
  assign m_axi_awaddr  = awaddr_q;
  assign m_axi_awlen   = awlen_q;
  assign m_axi_awsize  = 3'd6;
  assign m_axi_awburst = 2'b01;
  assign m_axi_awvalid = awvalid_q;
  assign m_axi_wdata   = wdata_q;
  assign m_axi_wstrb   = '1;
  assign m_axi_wlast   = wlast_q;
  assign m_axi_wvalid  = wvalid_q;
  assign m_axi_bready  = 1'b1;
  assign busy_o        = (pending_q != '0);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      awvalid_q <= 1'b0;
      burst_q   <= 1'b0;
      cur_q     <= '0;
      left_q    <= '0;
      wvalid_q  <= 1'b0;
    end else begin
      if (take) begin
        awvalid_q <= 1'b1;
        burst_q   <= 1'b1;
        cur_q     <= pick;
        left_q    <= req_beats_i[pick];
      end else if (m_axi_awready) begin
        awvalid_q <= 1'b0;
      end
      if (data_fire) begin
        wvalid_q <= 1'b1;
        left_q   <= left_q - 7'd1;
      end else if (m_axi_wready) begin
        wvalid_q <= 1'b0;
      end
      if (wvalid_q && wlast_q && m_axi_wready) begin
        burst_q <= 1'b0;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (take) begin
      awaddr_q     <= req_addr_i[pick];
      awlen_q      <= {1'b0, pick_beats_m1};
      addr_q[pick] <= req_addr_i[pick];
    end
    if (data_fire) begin
      wdata_q <= data_i[cur_q];
      wlast_q <= (left_q == 7'd1);
    end
  end

  // ------------------------------------------------------------------------------------ responses
  logic               b_known;
  logic [ClientW-1:0] b_client;

  assign b_client = m_axi_bid[ClientW-1:0];
  assign b_known  = m_axi_bvalid && (32'(m_axi_bid) < Clients) && pending_q[b_client];

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      pending_q    <= '0;
      done_valid_o <= '0;
      err_valid_o  <= 1'b0;
    end else begin
      done_valid_o <= '0;
      err_valid_o  <= 1'b0;
      if (take) begin
        pending_q[pick] <= 1'b1;
      end
      if (b_known) begin
        pending_q[b_client]    <= 1'b0;
        done_valid_o[b_client] <= 1'b1;
        err_valid_o            <= (m_axi_bresp != 2'b00);
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (b_known) begin
      done_err_o   <= (m_axi_bresp != 2'b00);
      err_client_o <= b_client;
      err_addr_o   <= addr_q[b_client];
    end
  end

endmodule

`default_nettype wire
