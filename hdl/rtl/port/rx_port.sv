// SPDX-License-Identifier: Apache-2.0
//
// Receive side of a port: AXI-Stream in, packet stream out, store and forward.
//
// A frame enters the pipeline whole or is dropped whole and counted, with one reason; when several apply
// the first of this list wins:
//   RxError      `tuser` at `tlast`, or a `tkeep` that is not contiguous from byte 0, or not full before
//                the last beat, or empty
//   RxRunt       shorter than MinFrameBytes
//   RxOversize   longer than MaxFrameBytes; its storage is freed at once, so a frame without end is harmless
//   RxOverflow   no room for the whole frame
// `s_axis_tready` is 1 whenever out of reset: a port cannot be asked to wait.
//
// `enable_i` is looked at with the first beat of a frame; frames that start while it is 0 vanish uncounted.
// `rx_frame_o` pulses once per counted frame, dropped ones included, with `rx_bytes_o` (saturating at
// 65,535; every beat before the last counts 64, and of a `tkeep` with holes the number is any) valid beside it. `stage_out_o` pulses once per frame that entered the pipeline's FIFO.
//
// Byte 0 of the frame is in bits 7:0. Bytes that `tkeep` leaves out leave as zero.
//
// Latency: 4 cycles from `tlast` to the first beat out of an empty FIFO.

`default_nettype none

module rx_port #(
  parameter int unsigned Port      = 0,
  parameter int unsigned Depth     = 512,
  parameter int unsigned MaxFrames = Depth + 1   // one more stands at the output
) (
  input  wire                               clk_i,
  input  wire                               rst_ni,

  input  wire                               s_axis_tvalid,
  output logic                              s_axis_tready,
  input  wire  [511:0]                      s_axis_tdata,
  input  wire  [63:0]                       s_axis_tkeep,
  input  wire                               s_axis_tlast,
  input  wire                               s_axis_tuser,

  input  wire                               enable_i,
  input  wire  [63:0]                       cycle_i,

  output logic                              m_valid_o,
  input  wire                               m_ready_i,
  output headend_tables_pkg::beat_t         m_beat_o,
  output headend_tables_pkg::meta_t         m_meta_o,

  output logic                              rx_frame_o,
  output logic [15:0]                       rx_bytes_o,
  output logic                              stage_out_o,

  output logic                              drop_valid_o,
  output headend_tables_pkg::drop_record_t  drop_o
);

  localparam int unsigned BeatW = headend_tables_pkg::BEAT_W;
  localparam int unsigned SideW = 16 + 64;
  localparam int unsigned MinBytes = headend_tables_pkg::MinFrameBytes;
  localparam int unsigned MaxBeats = headend_tables_pkg::MaxFrameBytes / 64;
  localparam int unsigned BeatsW   = 11;           // up to 1,024 beats, 65,536 bytes

  if (headend_tables_pkg::MaxFrameBytes % 64 != 0) begin : gen_check_max
    $error("rx_port: the longest frame must be of whole beats");
  end

  // ------------------------------------------------------------------------------ input register
  logic         beat_valid_q;
  logic [511:0] data_q;
  logic [63:0]  keep_q;
  logic         last_q;
  logic         user_q;
  logic         sop_q;
  logic         in_frame_q;    // a frame has begun and not ended
  logic         taking_q;      // that frame began while enabled
  logic [63:0]  cycle_q;       // when the first beat of the frame arrived
  logic [BeatsW-1:0] beats_q;  // beats of the frame before this one; stops at 1,024

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      s_axis_tready <= 1'b0;
      beat_valid_q  <= 1'b0;
      in_frame_q    <= 1'b0;
      taking_q      <= 1'b0;
    end else begin
      s_axis_tready <= 1'b1;
      beat_valid_q  <= 1'b0;
      if (s_axis_tvalid && s_axis_tready) begin
        in_frame_q   <= !s_axis_tlast;
        beat_valid_q <= in_frame_q ? taking_q : enable_i;
        if (!in_frame_q) begin
          taking_q <= enable_i;
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (s_axis_tvalid) begin
      data_q <= s_axis_tdata;
      keep_q <= s_axis_tkeep;
      last_q <= s_axis_tlast;
      user_q <= s_axis_tuser;
      sop_q  <= !in_frame_q;
      if (!in_frame_q) begin
        beats_q <= '0;
      end else if (!beats_q[BeatsW-1]) begin
        beats_q <= beats_q + BeatsW'(1);
      end
      if (!in_frame_q) begin
        cycle_q <= cycle_i;
      end
    end
  end

  // ------------------------------------------------------------------------------ checks per beat
  logic              keep_bad;
  logic [6:0]        bytes;        // that tkeep says
  logic [15:0]       len;          // of the frame up to this beat
  logic [BeatsW-1:0] beats_next;
  logic [511:0]      mask;

  always_comb begin
    // Contiguous from byte 0: no byte is kept behind one that is not.
    keep_bad = ((keep_q[63:1] & ~keep_q[62:0]) != '0) || !keep_q[0] || (!last_q && !keep_q[63]);
    // Bit k of the number of ones, contiguous from bit 0, is the parity of every 2^k-th of them.
    bytes    = '0;
    for (int k = 0; k < 7; k++) begin
      for (int i = (1 << k) - 1; i < 64; i += (1 << k)) begin
        bytes[k] = bytes[k] ^ keep_q[i];
      end
    end
    beats_next = beats_q + BeatsW'(1);
    len        = bytes[6] ? {beats_next[9:0], 6'd0} : {beats_q[9:0], bytes[5:0]};
    if (beats_q[BeatsW-1] || (bytes[6] && beats_next[BeatsW-1])) begin
      len = '1;
    end
    for (int i = 0; i < 64; i++) begin
      mask[8*i+:8] = {8{keep_q[i]}};
    end
  end

  logic                      checked_q;      // the beat below is one of a frame
  headend_tables_pkg::beat_t beat_q;
  logic [15:0]               len_q;
  logic                      bad_keep_q;
  logic                      long_q;
  logic                      short_q;
  logic [63:0]               arrived_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      checked_q <= 1'b0;
    end else begin
      checked_q <= beat_valid_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (beat_valid_q) begin
      beat_q.data  <= data_q & mask;
      beat_q.bytes <= bytes;
      beat_q.sop   <= sop_q;
      beat_q.eop   <= last_q;
      len_q        <= len;
      bad_keep_q   <= keep_bad || (last_q && user_q);
      long_q       <= (beats_q >= BeatsW'(MaxBeats));
      short_q      <= last_q && sop_q && !keep_q[MinBytes-1];
      arrived_q    <= cycle_q;
    end
  end

  // ------------------------------------------------------------------------------ checks per frame
  logic error;
  logic error_q;        // of the beats before
  logic overflow;
  logic overflow_q;
  logic fifo_ready;
  assign error    = (!beat_q.sop && error_q) || bad_keep_q;
  assign overflow = (!beat_q.sop && overflow_q) || !fifo_ready;

  always_ff @(posedge clk_i) begin
    if (checked_q) begin
      error_q    <= error;
      overflow_q <= overflow;
    end
  end

  // ------------------------------------------------------------------------------ frame FIFO
  logic bad;
  logic end_of_frame;
  logic drop;
  logic keep_frame;
  assign bad          = error || long_q || overflow || short_q;
  assign end_of_frame = checked_q && beat_q.eop;
  assign drop         = end_of_frame && bad;
  assign keep_frame   = end_of_frame && !bad;

  logic [SideW-1:0]         side;
  logic                     unused_eop;
  logic [$clog2(Depth+1)-1:0] unused_free;
  frame_fifo #(
    .Width    (BeatW),
    .Depth    (Depth),
    .SideWidth(SideW),
    .MaxFrames(MaxFrames)
  ) u_fifo (
    .clk_i,
    .rst_ni,
    .s_valid_i(checked_q),
    .s_ready_o(fifo_ready),
    .s_data_i (beat_q),
    .s_eop_i  (beat_q.eop),
    .s_abort_i(checked_q && bad),
    .s_side_i ({len_q, arrived_q}),
    .free_o   (unused_free),
    .m_valid_o,
    .m_ready_i,
    .m_data_o (m_beat_o),
    .m_eop_o  (unused_eop),
    .m_side_o (side)
  );

  always_comb begin
    m_meta_o         = '0;
    m_meta_o.ingress = headend_tables_pkg::INGRESS_W'(Port);
    m_meta_o.intf    = 16'(Port);
    m_meta_o.sa_in   = 16'hffff;
    {m_meta_o.len, m_meta_o.cycle} = side;
  end

  // ------------------------------------------------------------------------------ reports
  logic [511:0] first_q;
  always_ff @(posedge clk_i) begin
    if (checked_q && beat_q.sop) begin
      first_q <= beat_q.data;
    end
  end

  headend_tables_pkg::drop_record_t record;
  always_comb begin
    record         = '0;
    record.stage   = headend_tables_pkg::STAGE_W'(32'(headend_tables_pkg::STAGE_RX0) + Port);
    record.ingress = headend_tables_pkg::INGRESS_W'(Port);
    record.len     = len_q;
    record.sa      = 16'hffff;
    record.data    = beat_q.sop ? beat_q.data : first_q;
    if (error) begin
      record.reason = headend_tables_pkg::DROP_REASON_RX_ERROR;
    end else if (short_q) begin
      record.reason = headend_tables_pkg::DROP_REASON_RX_RUNT;
    end else if (long_q) begin
      record.reason = headend_tables_pkg::DROP_REASON_RX_OVERSIZE;
    end else begin
      record.reason = headend_tables_pkg::DROP_REASON_RX_OVERFLOW;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      rx_frame_o   <= 1'b0;
      stage_out_o  <= 1'b0;
      drop_valid_o <= 1'b0;
    end else begin
      rx_frame_o   <= end_of_frame;
      stage_out_o  <= keep_frame;
      drop_valid_o <= drop;
    end
  end

  always_ff @(posedge clk_i) begin
    if (end_of_frame) begin
      rx_bytes_o <= len_q;
    end
    if (drop) begin
      drop_o <= record;
    end
  end

endmodule

`default_nettype wire
