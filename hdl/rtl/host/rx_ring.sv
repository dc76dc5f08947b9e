// SPDX-License-Identifier: Apache-2.0
//
// Engine of the ring of packets to the host: collects whole packets in a buffer, writes each into the next posted host buffer and
// then its completion.
//
// One descriptor gives one completion: Ok; TooSmall (the packet is longer than the buffer: drop
// RxBufferTooSmall, nothing written); DmaError (the write was refused: drop RxDmaError); BadDescriptor
// (address not 64-byte aligned, length 0 or no multiple of 64: the packet waits for the next descriptor).
// Lengths are counted from the beats that really came, so the host's buffer is never overrun, and writes
// have the granule of one beat (zeros behind the packet).
//
// A packet is begun only with a descriptor and completion space at hand; otherwise it waits and the buffer
// fills, `free_o` (beats) goes to 0 and the QoS host queue drops at its tail. The same while the ring is
// disabled or in error. On disable the packet in work is finished first. `waiting_o` = a packet is here and
// only the host can make it move.
//
// Latency: 4 cycles from the last beat and a posted descriptor to the write request. Bytes: first byte of
// the packet in bits 7:0 of the first beat and at the lowest address.

`default_nettype none

module rx_ring #(
  parameter int unsigned BufferBeats = 256
) (
  input  wire          clk_i,
  input  wire          rst_ni,

  // Ring.
  output logic         wanted_o,
  output logic         working_o,
  input  wire          start_i,
  input  wire          fetching_i,
  output logic         d_ready_o,
  input  wire  [511:0] d_data_i,
  output logic         c_valid_o,
  output headend_tables_pkg::rx_completion_t c_data_o,
  input  wire          c_done_i,
  input  wire          c_err_i,
  output logic         waiting_o,

  // Packets from the pipeline.
  input  wire          s_valid_i,
  output logic         s_ready_o,
  input  wire  headend_tables_pkg::beat_t s_beat_i,
  input  wire  headend_tables_pkg::meta_t s_meta_i,
  output logic [15:0]  free_o,

  // Packet writes.
  output logic         pk_req_valid_o,
  input  wire          pk_req_ready_i,
  output logic [63:0]  pk_req_addr_o,
  output logic [6:0]   pk_req_beats_o,
  output logic         pk_data_valid_o,
  input  wire          pk_data_ready_i,
  output logic [511:0] pk_data_o,
  input  wire          pk_done_valid_i,
  input  wire          pk_done_err_i,

  output logic         in_o,             // pulse: a packet arrived
  output logic         out_o,            // pulse: a packet was delivered
  output logic [4:0]   out_reason_o,     // its host_reason
  output logic         drop_valid_o,
  output headend_tables_pkg::drop_record_t drop_o
);
  localparam int unsigned PtrW     = $clog2(BufferBeats);
  localparam int unsigned MaxBeats = (headend_tables_pkg::MaxFrameBytes + 63) / 64;

  if (BufferBeats < MaxBeats + 8) begin : gen_check_buffer
    $error("rx_ring: the buffer must hold the largest frame");
  end

  localparam logic [3:0] StIdle     = 4'd0;
  localparam logic [3:0] StCheck    = 4'd1;
  localparam logic [3:0] StReq      = 4'd2;
  localparam logic [3:0] StData     = 4'd3;
  localparam logic [3:0] StWait     = 4'd4;
  localparam logic [3:0] StComplete = 4'd5;
  localparam logic [3:0] StDropRead = 4'd6;
  localparam logic [3:0] StDropTell = 4'd7;
  localparam logic [3:0] StRelease  = 4'd8;

  logic [3:0] state_q;

  // ------------------------------------------------------------------------------------ completion
  logic info_valid;

  // What the completion says about a packet.
  typedef struct packed {
    logic        decrypted;
    logic        l3;
    logic [headend_tables_pkg::HOST_REASON_W-1:0] reason;
    logic [headend_tables_pkg::INGRESS_W-1:0]     ingress;
    logic [11:0] vrf;
    logic [15:0] sa;
    logic [15:0] intf;
    logic [63:0] cycle;
    logic [31:0] spi;
  } about_t;
  localparam int unsigned AboutW = 1 + 1 + headend_tables_pkg::HOST_REASON_W + headend_tables_pkg::INGRESS_W + 12 + 16 + 16 + 64 + 32;
  localparam int unsigned InfoW  = AboutW + 16;

  headend_tables_pkg::rx_desc_t       desc_q;
  logic [3:0]                         status_q;
  about_t                             head;         // packet at the head of the buffer
  logic [15:0]                        head_len;
  logic                               has_packet;   // the completion in work is about a packet

  assign has_packet = (status_q != headend_tables_pkg::IO_STATUS_BAD_DESCRIPTOR);

  always_comb begin
    c_data_o        = '0;
    c_data_o.status = status_q;
    c_data_o.cookie = desc_q.cookie;
    if (has_packet) begin
      c_data_o.decrypted = head.decrypted;
      c_data_o.l3        = head.l3;
      c_data_o.reason    = 8'(head.reason);
      c_data_o.ingress   = head.ingress;
      c_data_o.vrf       = 16'(head.vrf);
      c_data_o.sa        = head.sa;
      c_data_o.len       = head_len;
      c_data_o.intf      = head.intf;
      c_data_o.cycle     = head.cycle;
    end
  end

  assign wanted_o  = info_valid;
  assign working_o = (state_q != StIdle);
  assign d_ready_o = start_i;
  assign c_valid_o = (state_q == StComplete);

  // ------------------------------------------------------------------------------------ packet buffer
  logic [PtrW:0]             wr_q;        // next beat written
  logic [PtrW:0]             base_q;      // first beat of the packet at the head
  logic [PtrW:0]             rd_q;        // next beat read
  logic [PtrW:0]             used;
  logic                      push;
  logic                      rd_en;
  logic [511:0]              rd_data;
  logic                      info_ready;
  logic                      info_push;
  logic [InfoW-1:0]          info;
  logic [$clog2(BufferBeats + 1)-1:0] info_count;
  logic [15:0]               len_q;       // bytes of the packet so far
  logic [15:0]               len_now;
  about_t                    about_q;
  about_t                    about_in;
  about_t                    about_now;

  always_comb begin
    about_in.decrypted = s_meta_i.decrypted;
    about_in.l3        = s_meta_i.starts_l3;
    about_in.reason    = s_meta_i.host;
    about_in.ingress   = s_meta_i.ingress;
    about_in.vrf       = s_meta_i.vrf;
    about_in.sa        = s_meta_i.sa_in;
    about_in.intf      = s_meta_i.intf;
    about_in.cycle     = s_meta_i.cycle;
    about_in.spi       = s_meta_i.spi;
  end

  assign used      = wr_q - base_q;
  assign s_ready_o = (32'(used) < BufferBeats) && info_ready;
  assign free_o    = 16'(BufferBeats) - 16'(used);
  assign push      = s_valid_i && s_ready_o;
  assign info_push = push && s_beat_i.eop;
  assign len_now   = (s_beat_i.sop ? 16'd0 : len_q) + 16'(s_beat_i.bytes);
  assign about_now = s_beat_i.sop ? about_in : about_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      wr_q <= '0;
      in_o <= 1'b0;
    end else begin
      in_o <= info_push;
      if (push) begin
        wr_q <= wr_q + (PtrW + 1)'(1);
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (push) begin
      len_q   <= len_now;
      about_q <= about_now;
    end
  end

  ram_1r1w #(
    .Width(512),
    .Depth(BufferBeats)
  ) u_buffer (
    .clk_i,
    .rst_ni,
    .we_i   (push),
    .waddr_i(wr_q[PtrW-1:0]),
    .wdata_i(s_beat_i.data),
    .re_i   (rd_en),
    .raddr_i(rd_q[PtrW-1:0]),
    .rdata_o(rd_data)
  );

  fifo_sync #(
    .Width(InfoW),
    .Depth(BufferBeats)
  ) u_info (
    .clk_i,
    .rst_ni,
    .s_valid_i(info_push),
    .s_ready_o(info_ready),
    .s_data_i ({about_now, len_now}),
    .m_valid_o(info_valid),
    .m_ready_i(state_q == StRelease),
    .m_data_o (info),
    .count_o  (info_count)
  );

  assign {head, head_len} = info;

  // ------------------------------------------------------------------------------------ engine
  logic         bad;
  logic [7:0]   beats;
  logic [7:0]   left_q;        // beats not yet asked for
  logic [7:0]   burst_q;
  logic [7:0]   burst;
  logic [7:0]   to_page;
  logic [7:0]   to_read_q;     // beats of the burst not yet read from the memory
  logic [7:0]   to_send_q;     // beats of the burst not yet taken by the DMA
  logic [63:0]  addr_q;
  logic         data_valid_q;
  logic         delivered_q;
  logic         unused;

  assign bad     = (desc_q.addr[5:0] != '0) || (desc_q.len[5:0] != '0) || (desc_q.len == '0);
  assign beats   = 8'((head_len + 16'd63) >> 6);
  assign to_page = 8'd64 - {2'b00, addr_q[11:6]};
  assign burst   = (left_q < to_page) ? left_q : to_page;
  assign unused  = ^{info_count, desc_q.rsvd, s_meta_i};

  assign pk_req_valid_o  = (state_q == StReq);
  assign pk_req_addr_o   = addr_q;
  assign pk_req_beats_o  = burst[6:0];
  assign pk_data_valid_o = data_valid_q;
  assign pk_data_o       = rd_data;
  assign rd_en           = ((state_q == StData) && (to_read_q != '0) && (!data_valid_q || pk_data_ready_i))
                        || (state_q == StDropRead);

  assign waiting_o = (info_valid || (used != '0)) && (state_q == StIdle) && !start_i && !fetching_i;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q      <= StIdle;
      base_q       <= '0;
      rd_q         <= '0;
      data_valid_q <= 1'b0;
      delivered_q  <= 1'b0;
      status_q     <= '0;
    end else begin
      if (rd_en) begin
        rd_q <= rd_q + (PtrW + 1)'(1);
      end
      if ((state_q == StData) && rd_en) begin
        data_valid_q <= 1'b1;
      end else if (pk_data_ready_i) begin
        data_valid_q <= 1'b0;
      end
      unique case (state_q)
        StIdle: begin
          delivered_q <= 1'b0;
          if (start_i) begin
            state_q <= StCheck;
          end
        end
        StCheck: begin
          status_q <= headend_tables_pkg::IO_STATUS_OK;
          state_q  <= StReq;
          if (bad) begin
            status_q <= headend_tables_pkg::IO_STATUS_BAD_DESCRIPTOR;
            state_q  <= StComplete;
          end else if (32'(head_len) > desc_q.len) begin
            status_q <= headend_tables_pkg::IO_STATUS_TOO_SMALL;
            state_q  <= StComplete;
          end
        end
        StReq: begin
          if (pk_req_ready_i) begin
            state_q <= StData;
          end
        end
        StData: begin
          if ((to_send_q == 8'd1) && data_valid_q && pk_data_ready_i) begin
            state_q <= StWait;
          end
        end
        StWait: begin
          if (pk_done_valid_i) begin
            if (pk_done_err_i) begin
              status_q <= headend_tables_pkg::IO_STATUS_DMA_ERROR;
              state_q  <= StComplete;
            end else begin
              state_q <= (left_q == burst_q) ? StComplete : StReq;
            end
          end
        end
        StComplete: begin
          if (c_done_i) begin
            rd_q        <= base_q;
            delivered_q <= !c_err_i && (status_q == headend_tables_pkg::IO_STATUS_OK);
            if (!has_packet) begin
              state_q <= StIdle;
            end else if (!c_err_i && (status_q == headend_tables_pkg::IO_STATUS_OK)) begin
              state_q <= StRelease;
            end else begin
              state_q <= StDropRead;
            end
          end
        end
        StDropRead: begin
          state_q <= StDropTell;
        end
        StDropTell: begin
          state_q <= StRelease;
        end
        default: begin  // StRelease
          base_q  <= base_q + (PtrW + 1)'(beats);
          rd_q    <= base_q + (PtrW + 1)'(beats);
          state_q <= StIdle;
        end
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    if (start_i) begin
      desc_q <= d_data_i;
    end
    if (state_q == StCheck) begin
      left_q <= beats;
      addr_q <= desc_q.addr;
    end
    if ((state_q == StReq) && pk_req_ready_i) begin
      burst_q   <= burst;
      to_read_q <= burst;
      to_send_q <= burst;
    end
    if (state_q == StData) begin
      if (rd_en) begin
        to_read_q <= to_read_q - 8'd1;
      end
      if (data_valid_q && pk_data_ready_i) begin
        to_send_q <= to_send_q - 8'd1;
      end
    end
    if ((state_q == StWait) && pk_done_valid_i) begin
      left_q <= left_q - burst_q;
      addr_q <= addr_q + {50'd0, burst_q, 6'd0};
    end
  end

  assign out_o        = (state_q == StRelease) && delivered_q;
  assign out_reason_o = head.reason;
  assign drop_valid_o = (state_q == StDropTell);

  always_comb begin
    drop_o = '0;
    if (state_q == StDropTell) begin
      drop_o.stage   = headend_tables_pkg::STAGE_HOST_RX;
      drop_o.reason  = (status_q == headend_tables_pkg::IO_STATUS_TOO_SMALL)
                     ? headend_tables_pkg::DROP_REASON_RX_BUFFER_TOO_SMALL : headend_tables_pkg::DROP_REASON_RX_DMA_ERROR;
      drop_o.ingress = head.ingress;
      drop_o.len     = head_len;
      drop_o.vrf     = head.vrf;
      drop_o.sa      = head.sa;
      drop_o.spi     = head.spi;
      drop_o.data    = rd_data;
    end
  end

endmodule

`default_nettype wire
