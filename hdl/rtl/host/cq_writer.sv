// SPDX-License-Identifier: Apache-2.0
//
// Completion side of a ring: writes completions, then the index block, then asks for the interrupt.
//
// The owner holds `c_valid_i` and `c_data_i` until the one-cycle pulse `c_done_o`; `c_err_o` with it says
// that the entry did not reach host memory. It must have seen `space_o` before it begins the work that ends
// in this entry: once seen, the room stays (only this module fills it). Bit 0 of the entry is the phase:
// 1 on the first pass through the ring, flipping with each pass. The first beat of an entry goes out last and
// alone, after the others were acknowledged: a host that sees the phase flip sees a whole entry.
//
// The index block (struct ring_indices) is written after a batch: when the owner has nothing more coming
// (`more_i` = 0), after 16 completions, when the ring is full, or 64 cycles after the last completion. The
// interrupt follows the index block. Each write waits for the answer of the one before, so the host never
// sees an index ahead of its completion.
//
// `rst_ni` is the ring's reset (ring_ctl active); `run_i` = 0 stops index writes and interrupts, `halt_i`
// (ring in error) makes every entry fail without touching memory.
//
// Latency: 1 cycle from `c_valid_i` to the write request.

`default_nettype none

module cq_writer #(
  parameter int unsigned EntryBeats = 1
) (
  input  wire                         clk_i,
  input  wire                         rst_ni,

  input  wire                         run_i,
  input  wire                         halt_i,
  input  wire                         irq_enable_i,
  input  wire  [63:0]                 base_i,
  input  wire  [3:0]                  log2_i,
  input  wire  [63:0]                 index_addr_i,
  input  wire  [31:0]                 cq_head_i,
  input  wire  [31:0]                 sq_head_i,
  output logic [31:0]                 cq_tail_o,

  output logic                        space_o,
  input  wire                         c_valid_i,
  input  wire  [EntryBeats*512-1:0]   c_data_i,
  output logic                        c_done_o,
  output logic                        c_err_o,
  input  wire                         more_i,

  output logic                        req_valid_o,
  input  wire                         req_ready_i,
  output logic [63:0]                 req_addr_o,
  output logic [6:0]                  req_beats_o,
  output logic                        data_valid_o,
  input  wire                         data_ready_i,
  output logic [511:0]                data_o,
  input  wire                         done_valid_i,
  input  wire                         done_err_i,

  output logic                        irq_o,      // pulse
  output logic [3:0]                  err_o,      // pulse
  output logic                        idle_o,     // nothing outstanding
  output logic                        pending_o   // an index block has still to be written
);
  localparam int unsigned EntryShift = 6 + $clog2(EntryBeats);
  localparam int unsigned BeatW      = (EntryBeats > 1) ? $clog2(EntryBeats) : 1;
  localparam logic [4:0]  BatchMax   = 5'd16;
  localparam logic [6:0]  WaitMax    = 7'd64;

  localparam logic [3:0] StIdle       = 4'd0;
  localparam logic [3:0] StEntryReq   = 4'd1;
  localparam logic [3:0] StEntryData  = 4'd2;
  localparam logic [3:0] StRestWait   = 4'd3;   // beats 1.. written, waiting for the answer
  localparam logic [3:0] StEntryWait  = 4'd4;
  localparam logic [3:0] StIndexReq   = 4'd5;
  localparam logic [3:0] StIndexData  = 4'd6;
  localparam logic [3:0] StIndexWait  = 4'd7;
  localparam logic [3:0] StEntryEnd   = 4'd8;   // the owner sees the result and lets go of its entry

  localparam logic [BeatW-1:0] FirstSent = (EntryBeats > 1) ? BeatW'(1) : '0;

  logic [3:0]       state_q;
  logic [31:0]      tail_q;
  logic [BeatW-1:0] beat_q;
  logic [4:0]       batch_q;      // completions since the last index block
  logic [6:0]       wait_q;       // cycles since the last completion
  logic             failed_q;

  logic [31:0] size;
  logic [31:0] slot;
  logic        phase;
  logic        full_q;
  logic        flush;
  assign size  = 32'd1 << log2_i;
  assign slot  = tail_q & (size - 32'd1);
  assign phase = ~tail_q[{1'b0, log2_i}];
  assign flush = (batch_q != '0) && (!more_i || full_q || (batch_q >= BatchMax) || (wait_q == WaitMax));

  headend_tables_pkg::ring_indices_t indices;
  always_comb begin
    indices         = '0;
    indices.sq_head = sq_head_i;
    indices.cq_tail = tail_q;
  end

  logic        is_index;
  logic        is_head;        // the beat with the phase: sent last
  logic [63:0] entry_addr_q;
  assign is_index   = (state_q == StIndexReq) || (state_q == StIndexData);
  assign is_head    = (beat_q == '0);

  // The tail moves at least two cycles before the next entry begins, all else only while the ring is off or to make
  // room: what is computed from them may be a cycle old.
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      full_q <= 1'b0;
    end else begin
      full_q <= (tail_q - cq_head_i) >= size;
    end
  end

  always_ff @(posedge clk_i) begin
    entry_addr_q <= base_i + (64'(slot) << EntryShift);
  end

  assign cq_tail_o    = tail_q;
  assign space_o      = run_i && !full_q;
  assign req_valid_o  = (state_q == StEntryReq) || (state_q == StIndexReq);
  assign req_addr_o   = is_index ? index_addr_i : (is_head ? entry_addr_q : (entry_addr_q | 64'd64));
  assign req_beats_o  = (is_index || is_head) ? 7'd1 : 7'(EntryBeats - 1);
  assign data_valid_o = (state_q == StEntryData) || (state_q == StIndexData);
  assign c_done_o     = (state_q == StEntryEnd);
  assign c_err_o      = failed_q;
  assign idle_o       = (state_q == StIdle) && !c_valid_i;
  assign pending_o    = run_i && (batch_q != '0);

  always_comb begin
    data_o = indices;
    if (state_q == StEntryData) begin
      for (int b = 0; b < int'(EntryBeats); b++) begin
        if (beat_q == BeatW'(b)) begin
          data_o = c_data_i[b * 512 +: 512];
        end
      end
      if (is_head) begin
        data_o[0] = phase;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q  <= StIdle;
      tail_q   <= '0;
      beat_q   <= '0;
      batch_q  <= '0;
      wait_q   <= '0;
      failed_q <= 1'b0;
      irq_o    <= 1'b0;
      err_o    <= '0;
    end else begin
      irq_o <= 1'b0;
      err_o <= '0;
      if (wait_q != WaitMax) begin
        wait_q <= wait_q + 7'd1;
      end
      unique case (state_q)
        StIdle: begin
          beat_q   <= FirstSent;
          failed_q <= halt_i;
          if (c_valid_i) begin
            state_q <= halt_i ? StEntryEnd : StEntryReq;
          end else if (flush && run_i) begin
            state_q <= StIndexReq;
          end
        end
        StEntryReq: begin
          if (req_ready_i) begin
            state_q <= StEntryData;
          end
        end
        StEntryData: begin
          if (data_ready_i) begin
            if (is_head) begin
              state_q <= StEntryWait;
            end else if (32'(beat_q) == EntryBeats - 1) begin
              state_q <= StRestWait;
              beat_q  <= '0;
            end else begin
              beat_q <= beat_q + BeatW'(1);
            end
          end
        end
        StRestWait: begin
          if (done_valid_i) begin
            state_q  <= done_err_i ? StEntryEnd : StEntryReq;
            failed_q <= done_err_i;
            if (done_err_i) begin
              err_o <= headend_tables_pkg::RING_ERROR_CQ_WRITE;
            end
          end
        end
        StEntryWait: begin
          if (done_valid_i) begin
            state_q  <= StEntryEnd;
            failed_q <= done_err_i;
            if (done_err_i) begin
              err_o <= headend_tables_pkg::RING_ERROR_CQ_WRITE;
            end else begin
              tail_q  <= tail_q + 32'd1;
              batch_q <= batch_q + 5'd1;
              wait_q  <= '0;
            end
          end
        end
        StEntryEnd: begin
          // A full batch goes out before the next entry, so that `batch_q` cannot wrap.
          state_q <= ((batch_q >= BatchMax) && run_i) ? StIndexReq : StIdle;
        end
        StIndexReq: begin
          if (req_ready_i) begin
            state_q <= StIndexData;
          end
        end
        StIndexData: begin
          if (data_ready_i) begin
            state_q <= StIndexWait;
          end
        end
        default: begin  // StIndexWait
          if (done_valid_i) begin
            state_q <= StIdle;
            batch_q <= '0;
            if (done_err_i) begin
              err_o <= headend_tables_pkg::RING_ERROR_INDEX_WRITE;
            end else begin
              irq_o <= irq_enable_i;
            end
          end
        end
      endcase
    end
  end

endmodule

`default_nettype wire
