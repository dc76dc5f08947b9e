// SPDX-License-Identifier: Apache-2.0
//
// AXI4 read master shared by several clients. One burst per client may be outstanding, so up to `Clients`
// reads are in flight at once; the client number is the AXI id.
//
// A client asks for one burst: a 64-byte aligned address and 1 to 64 beats of 64 bytes that must not cross
// 4 KiB (the client splits). It must have room for the answer: data is never held back (RREADY is always 1).
// The answer comes as `rsp_valid_o[client]` per beat with the shared `rsp_data_o`; `rsp_last_o` marks the
// last beat and `rsp_err_o`, valid with it, says that some beat had RRESP != OKAY. Every refused burst also
// gives one `err_valid_o` pulse with its address. Responses nobody asked for are ignored.
//
// A host that never answers only keeps the asking client waiting.
//
// Latency: 1 cycle from request to ARVALID, 1 cycle from R to response. Bytes: address 0 in bits 7:0.

`default_nettype none

module dma_read #(
  parameter int unsigned Clients = 4,
  localparam int unsigned ClientW = (Clients > 1) ? $clog2(Clients) : 1
) (
  input  wire                  clk_i,
  input  wire                  rst_ni,

  input  wire  [Clients-1:0]       req_valid_i,
  output logic [Clients-1:0]       req_ready_o,
  input  wire  [Clients-1:0][63:0] req_addr_i,
  input  wire  [Clients-1:0][6:0]  req_beats_i,

  output logic [Clients-1:0]   rsp_valid_o,
  output logic [511:0]         rsp_data_o,
  output logic                 rsp_last_o,
  output logic                 rsp_err_o,

  output logic                 err_valid_o,
  output logic [ClientW-1:0]   err_client_o,
  output logic [63:0]          err_addr_o,

  output logic                 busy_o,

  output logic [3:0]           m_axi_arid,
  output logic [63:0]          m_axi_araddr,
  output logic [7:0]           m_axi_arlen,
  output logic [2:0]           m_axi_arsize,
  output logic [1:0]           m_axi_arburst,
  output logic                 m_axi_arvalid,
  input  wire                  m_axi_arready,
  input  wire  [3:0]           m_axi_rid,
  input  wire  [511:0]         m_axi_rdata,
  input  wire  [1:0]           m_axi_rresp,
  input  wire                  m_axi_rlast,
  input  wire                  m_axi_rvalid,
  output logic                 m_axi_rready
);

  logic [Clients-1:0] pending_q;      // a burst of this client is outstanding
  logic [Clients-1:0] failed_q;       // one of its beats was refused
  logic [63:0]        addr_q [0:Clients-1];

  // ------------------------------------------------------------------------------------ requests
  logic [ClientW-1:0] last_q;         // client served last
  logic [ClientW-1:0] pick;
  logic               pick_valid;
  logic               take;

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
      if (req_valid_i[i] && !pending_q[i] && ClientW'(i) > last_q) begin
        pick       = ClientW'(i);
        pick_valid = 1'b1;
      end
    end
  end

  logic               arvalid_q;
  logic [ClientW-1:0] arid_q;
  logic [63:0]        araddr_q;
  logic [7:0]         arlen_q;
  logic [6:0]         pick_beats_m1;

  assign take          = pick_valid && !arvalid_q;
  assign pick_beats_m1 = req_beats_i[pick] - 7'd1;

  always_comb begin
    req_ready_o = '0;
    if (take) begin
      req_ready_o[pick] = 1'b1;
    end
  end

  assign m_axi_arid    = 4'(arid_q);
  assign m_axi_araddr  = araddr_q;
  assign m_axi_arlen   = arlen_q;
  assign m_axi_arsize  = 3'd6;
  assign m_axi_arburst = 2'b01;
  assign m_axi_arvalid = arvalid_q;
  assign m_axi_rready  = 1'b1;
  assign busy_o        = (pending_q != '0);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      arvalid_q <= 1'b0;
      last_q    <= '0;
    end else if (take) begin
      arvalid_q <= 1'b1;
      last_q    <= pick;
    end else if (m_axi_arready) begin
      arvalid_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (take) begin
      arid_q       <= pick;
      araddr_q     <= req_addr_i[pick];
      arlen_q      <= {1'b0, pick_beats_m1};
      addr_q[pick] <= req_addr_i[pick];
    end
  end

  // ------------------------------------------------------------------------------------ responses
  logic               r_known;
  logic [ClientW-1:0] r_client;
  logic               r_bad;

  assign r_client = m_axi_rid[ClientW-1:0];
  assign r_known  = m_axi_rvalid && (32'(m_axi_rid) < Clients) && pending_q[r_client];
  assign r_bad    = (m_axi_rresp != 2'b00) || failed_q[r_client];

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      pending_q   <= '0;
      failed_q    <= '0;
      rsp_valid_o <= '0;
      err_valid_o <= 1'b0;
    end else begin
      rsp_valid_o <= '0;
      err_valid_o <= 1'b0;
      if (take) begin
        pending_q[pick] <= 1'b1;
      end
      if (r_known) begin
        rsp_valid_o[r_client] <= 1'b1;
        failed_q[r_client]    <= r_bad && !m_axi_rlast;
        if (m_axi_rlast) begin
          pending_q[r_client] <= 1'b0;
          err_valid_o         <= r_bad;
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (r_known) begin
      rsp_data_o   <= m_axi_rdata;
      rsp_last_o   <= m_axi_rlast;
      rsp_err_o    <= r_bad;
      err_client_o <= r_client;
      err_addr_o   <= addr_q[r_client];
    end
  end

endmodule

`default_nettype wire
