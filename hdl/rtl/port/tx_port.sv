// SPDX-License-Identifier: Apache-2.0
//
// Transmit side of a port: a packet stream from each pipeline in, AXI-Stream out. Each stream has a buffer of its
// own, store and forward, so that a frame leaves without gaps whatever its pipeline does (the MAC cannot pause
// inside a frame); frames of several pipelines leave round robin.
//
// Frames shorter than 60 bytes are padded with zeros to 60 (IEEE 802.3 minimum without FCS). `tkeep` is
// contiguous from byte 0 and full before the last beat. Byte 0 of the frame is in bits 7:0.
//
// While `enable_i` is 0 no new frame starts; one that has started is finished. `free_o[k]` is the number of
// beats that buffer k can still take; the QoS scheduler of pipeline k reserves before it sends, so `s_ready_o`
// only guards.
// `tx_frame_o` pulses when the last beat of a frame was taken, with `tx_bytes_o` (padding included).
//
// Latency: 3 cycles from the last beat in to the first beat out.

`default_nettype none

module tx_port #(
  parameter int unsigned NumPipes  = headend_tables_pkg::NumPipes,
  parameter int unsigned Depth     = 512,
  parameter int unsigned MaxFrames = Depth + 1,  // one more stands at the output
  localparam int unsigned BeatW = headend_tables_pkg::BEAT_W
) (
  input  wire                             clk_i,
  input  wire                             rst_ni,

  input  wire                             enable_i,

  input  wire  [NumPipes-1:0]             s_valid_i,
  output logic [NumPipes-1:0]             s_ready_o,
  input  wire  [NumPipes-1:0][BeatW-1:0]  s_beat_i,
  output logic [NumPipes-1:0][15:0]       free_o,

  output logic                            m_axis_tvalid,
  input  wire                             m_axis_tready,
  output logic [511:0]                    m_axis_tdata,
  output logic [63:0]                     m_axis_tkeep,
  output logic                            m_axis_tlast,

  output logic                            tx_frame_o,
  output logic [15:0]                     tx_bytes_o
);

  localparam logic [6:0] MinTx = 7'd60;

  logic                      fifo_valid;
  logic                      fifo_ready;
  headend_tables_pkg::beat_t beat;
  logic                      unused_side;

  frame_merge #(
    .Sources  (NumPipes),
    .SideWidth(1),
    .Depth    (Depth),
    .MaxFrames(MaxFrames)
  ) u_merge (
    .clk_i,
    .rst_ni,
    .s_valid_i,
    .s_ready_o,
    .s_beat_i,
    .s_side_i ('0),
    .free_o,
    .m_valid_o(fifo_valid),
    .m_ready_i(fifo_ready),
    .m_beat_o (beat),
    .m_side_o (unused_side)
  );

  // ------------------------------------------------------------------------------ padding, keep
  logic        go;
  logic        out_ready;
  logic [6:0]  bytes;
  logic [63:0] keep;
  assign go         = enable_i || !beat.sop;
  assign fifo_ready = out_ready && go;
  assign bytes      = (beat.sop && beat.bytes < MinTx) ? MinTx : beat.bytes;
  assign keep       = ~({64{1'b1}} << bytes);

  logic [6:0] out_bytes;
  skid_buffer #(
    .Width(512 + 64 + 1 + 7)
  ) u_out (
    .clk_i,
    .rst_ni,
    .s_valid_i(fifo_valid && go),
    .s_ready_o(out_ready),
    .s_data_i ({beat.data, keep, beat.eop, bytes}),
    .m_valid_o(m_axis_tvalid),
    .m_ready_i(m_axis_tready),
    .m_data_o ({m_axis_tdata, m_axis_tkeep, m_axis_tlast, out_bytes})
  );

  // ------------------------------------------------------------------------------ counting
  logic [15:0] sent_q;    // bytes of the frame before this beat
  logic [15:0] sent;
  logic        taken;
  assign taken = m_axis_tvalid && m_axis_tready;
  assign sent  = sent_q + {9'd0, out_bytes};

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      sent_q     <= '0;
      tx_frame_o <= 1'b0;
    end else begin
      tx_frame_o <= taken && m_axis_tlast;
      if (taken) begin
        sent_q <= m_axis_tlast ? '0 : sent;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (taken && m_axis_tlast) begin
      tx_bytes_o <= sent;
    end
  end

endmodule

`default_nettype wire
