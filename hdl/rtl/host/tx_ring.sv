// SPDX-License-Identifier: Apache-2.0
//
// Engine of the ring of packets from the host: reads packets from host memory and feeds them into the pipeline.
//
// Store and forward: a packet enters the pipeline only when every one of its bytes has been read without
// error, so a refused read never lets a partial packet out. Each descriptor gives one completion: Ok once
// the packet is in the buffer (the host may reuse its memory), DmaError (drop TxDmaError) or BadDescriptor
// (drop TxBadDescriptor: address not 64-byte aligned, length outside 14..MaxFrameBytes for a port or
// 20..MaxFrameBytes for Route, VRF or destination unknown). Destination Port p gives op = Direct; Route
// gives a packet that starts with its IP header for lookup in the descriptor's VRF.
//
// While the ports are disabled descriptors wait. On disable the packet in work is finished first,
// completion included; packets in the buffer go on into the pipeline. Pulses: `in_o` per descriptor taken
// (counted in host_tx_frames), `out_o` per packet committed; the difference is in the drop counters.
//
// Latency: 6 cycles from descriptor to read request; 3 from the last read beat to `m_valid_o`. Bytes: first
// byte of the packet in bits 7:0 of the first beat.

`default_nettype none

module tx_ring #(
  parameter int unsigned BufferBeats = 256
) (
  input  wire          clk_i,
  input  wire          rst_ni,

  // Ring.
  output logic         working_o,
  input  wire          start_i,
  output logic         d_ready_o,
  input  wire  [511:0] d_data_i,
  output logic         c_valid_o,
  output headend_tables_pkg::tx_completion_t c_data_o,
  input  wire          c_done_i,

  input  wire  [63:0]  cycle_i,
  output logic         busy_o,           // packets wait for the pipeline

  // Packet reads.
  output logic         pk_req_valid_o,
  input  wire          pk_req_ready_i,
  output logic [63:0]  pk_req_addr_o,
  output logic [6:0]   pk_req_beats_o,
  input  wire          pk_rsp_valid_i,
  input  wire  [511:0] rsp_data_i,
  input  wire          rsp_last_i,
  input  wire          rsp_err_i,

  // Packets into the pipeline.
  output logic         m_valid_o,
  input  wire          m_ready_i,
  output headend_tables_pkg::beat_t m_beat_o,
  output headend_tables_pkg::meta_t m_meta_o,

  output logic         in_o,
  output logic         out_o,
  output logic         drop_valid_o,
  output headend_tables_pkg::drop_record_t drop_o
);
  localparam int unsigned PtrW     = $clog2(BufferBeats);
  localparam int unsigned MaxBeats = (headend_tables_pkg::MaxFrameBytes + 63) / 64;

  if (BufferBeats < MaxBeats) begin : gen_check_buffer
    $error("tx_ring: the buffer must hold the largest frame");
  end

  localparam logic [2:0] StIdle     = 3'd0;
  localparam logic [2:0] StCheck    = 3'd1;
  localparam logic [2:0] StRoom     = 3'd2;
  localparam logic [2:0] StReq      = 3'd3;
  localparam logic [2:0] StData     = 3'd4;
  localparam logic [2:0] StCommit   = 3'd5;
  localparam logic [2:0] StComplete = 3'd6;

  logic [2:0] state_q;

  headend_tables_pkg::tx_desc_t desc_q;
  logic [3:0]                   status_q;

  always_comb begin
    c_data_o        = '0;
    c_data_o.status = status_q;
    c_data_o.cookie = desc_q.cookie;
  end

  assign working_o = (state_q != StIdle);
  assign d_ready_o = start_i;
  assign c_valid_o = (state_q == StComplete);

  // ------------------------------------------------------------------------------------ packet reader
  logic            bad;
  logic            is_route;
  logic [7:0]      beats;          // beats of the packet
  logic [7:0]      left_q;         // beats not yet asked for
  logic [7:0]      unseen_q;       // beats not yet arrived
  logic [63:0]     addr_q;
  logic [7:0]      to_page;
  logic [7:0]      burst;
  logic [7:0]      burst_q;
  logic [PtrW:0]   wr_q;           // next beat written; beyond `commit_q` it is provisional
  logic [PtrW:0]   commit_q;
  logic [PtrW:0]   rd_q;
  logic [PtrW:0]   free;
  logic            info_ready;
  logic            unused;

  assign is_route = (desc_q.dest == headend_tables_pkg::TX_DEST_ROUTE);
  assign bad      = (desc_q.addr[5:0] != '0)
                 || (desc_q.len > headend_tables_pkg::MaxFrameBytes)
                 || (desc_q.len < (is_route ? 32'd20 : headend_tables_pkg::MinFrameBytes))
                 || (desc_q.dest > headend_tables_pkg::TX_DEST_ROUTE)
                 || (is_route && (32'(desc_q.vrf) >= headend_tables_pkg::VrfDepth));
  assign beats    = 8'((desc_q.len[15:0] + 16'd63) >> 6);
  assign to_page  = 8'd64 - {2'b00, addr_q[11:6]};
  assign burst    = (left_q < to_page) ? left_q : to_page;
  assign free     = (PtrW + 1)'(BufferBeats) - (wr_q - rd_q);
  assign unused   = ^{desc_q.rsvd0, desc_q.rsvd};

  assign pk_req_valid_o = (state_q == StReq);
  assign pk_req_addr_o  = addr_q;
  assign pk_req_beats_o = burst[6:0];

  assign busy_o = info_valid || m_valid_o;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q  <= StIdle;
      wr_q     <= '0;
      commit_q <= '0;
      in_o     <= 1'b0;
      out_o    <= 1'b0;
      drop_valid_o <= 1'b0;
    end else begin
      in_o         <= start_i;
      out_o        <= 1'b0;
      drop_valid_o <= 1'b0;
      unique case (state_q)
        StIdle: begin
          if (start_i) begin
            state_q <= StCheck;
          end
        end
        StCheck: begin
          status_q <= bad ? headend_tables_pkg::IO_STATUS_BAD_DESCRIPTOR : headend_tables_pkg::IO_STATUS_OK;
          state_q  <= bad ? StComplete : StRoom;
          drop_valid_o <= bad;
        end
        StRoom: begin
          if ((32'(free) >= 32'(beats)) && info_ready) begin
            state_q <= StReq;
          end
        end
        StReq: begin
          if (pk_req_ready_i) begin
            state_q <= StData;
          end
        end
        StData: begin
          if (pk_rsp_valid_i) begin
            wr_q <= wr_q + (PtrW + 1)'(1);
            if (rsp_last_i) begin
              if (rsp_err_i) begin
                state_q      <= StComplete;
                status_q     <= headend_tables_pkg::IO_STATUS_DMA_ERROR;
                drop_valid_o <= 1'b1;
                wr_q         <= commit_q;
              end else begin
                state_q <= (left_q == burst_q) ? StCommit : StReq;
              end
            end
          end
        end
        StCommit: begin
          state_q  <= StComplete;
          commit_q <= wr_q;
          out_o    <= 1'b1;
        end
        default: begin  // StComplete
          if (c_done_i) begin
            state_q <= StIdle;
          end
        end
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    if (start_i) begin
      desc_q <= d_data_i;
    end
    if (state_q == StCheck) begin
      left_q   <= beats;
      unseen_q <= beats;
      addr_q   <= desc_q.addr;
    end
    if ((state_q == StReq) && pk_req_ready_i) begin
      burst_q <= burst;
    end
    if ((state_q == StData) && pk_rsp_valid_i) begin
      unseen_q <= unseen_q - 8'd1;
      if (rsp_last_i) begin
        left_q <= left_q - burst_q;
        addr_q <= addr_q + {50'd0, burst_q, 6'd0};
      end
    end
  end

  always_comb begin
    drop_o         = '0;
    drop_o.stage   = headend_tables_pkg::STAGE_HOST_TX;
    drop_o.reason  = (status_q == headend_tables_pkg::IO_STATUS_BAD_DESCRIPTOR)
                   ? headend_tables_pkg::DROP_REASON_TX_BAD_DESCRIPTOR : headend_tables_pkg::DROP_REASON_TX_DMA_ERROR;
    drop_o.ingress = headend_tables_pkg::INGRESS_HOST;
    drop_o.len     = desc_q.len[15:0];
    drop_o.vrf     = desc_q.vrf[11:0];
    drop_o.sa      = 16'hffff;
  end

  // ------------------------------------------------------------------------------------ packet buffer
  // Bytes past the packet in its last beat are zeroed on the way in.
  logic [5:0]   last_bytes;
  logic [511:0] tail_mask;
  logic [511:0] wr_data;
  assign last_bytes = desc_q.len[5:0];

  always_comb begin
    tail_mask = '1;
    if (last_bytes != '0) begin
      tail_mask = {512{1'b1}} >> {7'd64 - {1'b0, last_bytes}, 3'b000};
    end
  end

  always_comb begin
    wr_data = rsp_data_i;
    if (unseen_q == 8'd1) begin
      wr_data = rsp_data_i & tail_mask;
    end
  end

  logic        rd_en;
  logic        info_valid;
  logic        info_start;
  logic [33:0] info;
  logic [15:0] info_len;
  logic [15:0] info_vrf;
  logic [1:0]  info_dest;
  logic [6:0]  info_count;
  logic [7:0]  info_beats;
  logic        m_valid_q;
  logic        m_sop_q;
  logic        m_eop_q;
  logic [6:0]  m_bytes_q;
  logic [7:0]  m_left_q;        // beats of the packet that are still in the memory
  logic [6:0]  m_last_q;        // bytes of its last beat
  logic [6:0]  info_last;
  logic        unused_info;

  fifo_sync #(
    .Width(34),
    .Depth(64)
  ) u_info (
    .clk_i,
    .rst_ni,
    .s_valid_i(state_q == StCommit),
    .s_ready_o(info_ready),
    .s_data_i ({desc_q.len[15:0], desc_q.vrf, desc_q.dest}),
    .m_valid_o(info_valid),
    .m_ready_i(info_start),
    .m_data_o (info),
    .count_o  (info_count)
  );

  assign {info_len, info_vrf, info_dest} = info;
  assign info_beats  = 8'((info_len + 16'd63) >> 6);
  assign info_last   = (info_len[5:0] == '0) ? 7'd64 : {1'b0, info_len[5:0]};
  assign unused_info = ^info_count;

  assign rd_en      = (info_valid || (m_left_q != '0)) && (!m_valid_q || m_ready_i);
  assign info_start = rd_en && (m_left_q == '0);

  ram_1r1w #(
    .Width(512),
    .Depth(BufferBeats)
  ) u_buffer (
    .clk_i,
    .rst_ni,
    .we_i   ((state_q == StData) && pk_rsp_valid_i),
    .waddr_i(wr_q[PtrW-1:0]),
    .wdata_i(wr_data),
    .re_i   (rd_en),
    .raddr_i(rd_q[PtrW-1:0]),
    .rdata_o(m_beat_o.data)
  );

  assign m_valid_o      = m_valid_q;
  assign m_beat_o.bytes = m_bytes_q;
  assign m_beat_o.sop   = m_sop_q;
  assign m_beat_o.eop   = m_eop_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      m_valid_q <= 1'b0;
      m_left_q  <= '0;
      rd_q      <= '0;
    end else if (rd_en) begin
      m_valid_q <= 1'b1;
      m_left_q  <= (info_start ? info_beats : m_left_q) - 8'd1;
      rd_q      <= rd_q + (PtrW + 1)'(1);
    end else if (m_ready_i) begin
      m_valid_q <= 1'b0;
    end
  end

  logic [15:0] meta_len_q;
  logic [15:0] meta_vrf_q;
  logic [1:0]  meta_dest_q;
  logic [63:0] meta_cycle_q;

  always_ff @(posedge clk_i) begin
    if (rd_en) begin
      m_sop_q   <= info_start;
      m_eop_q   <= info_start ? (info_beats == 8'd1) : (m_left_q == 8'd1);
      if (info_start) begin
        m_bytes_q    <= (info_beats == 8'd1) ? info_last : 7'd64;
        m_last_q     <= info_last;
        meta_len_q   <= info_len;
        meta_vrf_q   <= info_vrf;
        meta_dest_q  <= info_dest;
        meta_cycle_q <= cycle_i;
      end else begin
        m_bytes_q <= (m_left_q == 8'd1) ? m_last_q : 7'd64;
      end
    end
  end

  always_comb begin
    m_meta_o         = '0;
    m_meta_o.ingress = headend_tables_pkg::INGRESS_HOST;
    m_meta_o.len     = meta_len_q;
    m_meta_o.intf    = 16'hffff;
    m_meta_o.cycle   = meta_cycle_q;
    m_meta_o.sa_in   = 16'hffff;
    if (meta_dest_q == headend_tables_pkg::TX_DEST_ROUTE) begin
      m_meta_o.op        = headend_tables_pkg::OP_FORWARD;
      m_meta_o.starts_l3 = 1'b1;
      m_meta_o.vrf       = meta_vrf_q[11:0];
    end else begin
      m_meta_o.op     = headend_tables_pkg::OP_DIRECT;
      m_meta_o.egress = meta_dest_q;
    end
  end

  logic unused_vrf;
  assign unused_vrf = ^meta_vrf_q[15:12];

endmodule

`default_nettype wire
