// SPDX-License-Identifier: Apache-2.0
//
// Submission side of a ring: reads descriptors from host memory in batches and hands them out beat by beat.
//
// Indices run freely modulo 2^32; entry i lies at base + (i mod 2^log2) * EntryBeats * 64. `fetched` runs
// ahead of `sq_head_o` by at most `FifoEntries`; the owner pulses `consume_i` once per finished entry, which
// moves `sq_head_o`. A batch is one burst: it ends at the ring's end, at a 4 KiB boundary and at the free
// room. A batch whose read fails is thrown away whole and reported as ring_error SqRead; a doorbell that
// announces more entries than the ring holds, or takes some back, is BadTail. `rst_ni` is the ring's reset
// (ring_ctl active); `run_i` allows new reads.
//
// Latency: 3 cycles from a doorbell to the read request, 3 from the last read beat to `d_valid_o`.

`default_nettype none

module sq_fetch #(
  parameter int unsigned EntryBeats  = 1,
  parameter int unsigned FifoEntries = 16
) (
  input  wire          clk_i,
  input  wire          rst_ni,

  input  wire          run_i,
  input  wire  [63:0]  base_i,
  input  wire  [3:0]   log2_i,
  input  wire  [31:0]  tail_i,
  input  wire          consume_i,
  output logic [31:0]  sq_head_o,

  output logic         req_valid_o,
  input  wire          req_ready_i,
  output logic [63:0]  req_addr_o,
  output logic [6:0]   req_beats_o,
  input  wire          rsp_valid_i,
  input  wire  [511:0] rsp_data_i,
  input  wire          rsp_last_i,
  input  wire          rsp_err_i,

  output logic         d_valid_o,
  input  wire          d_ready_i,
  output logic [511:0] d_data_o,

  output logic [3:0]   err_o,       // pulse
  output logic         idle_o,      // no read outstanding
  output logic         pending_o    // entries announced but not fetched, and room to fetch them
);
  localparam int unsigned FifoBeats  = FifoEntries * EntryBeats;
  localparam int unsigned BeatCountW = $clog2(FifoBeats + 1);
  localparam int unsigned PerPage    = 64 / EntryBeats;         // entries in 4 KiB
  localparam int unsigned EntryShift = 6 + $clog2(EntryBeats);
  localparam int unsigned NumW       = $clog2(FifoEntries + 1);

  if (FifoBeats > 64) begin : gen_check_fifo
    $error("sq_fetch: a batch must fit one 4 KiB burst");
  end

  localparam logic [1:0] StIdle = 2'd0;   // look at the doorbell
  localparam logic [1:0] StPlan = 2'd1;   // size the batch
  localparam logic [1:0] StReq  = 2'd2;   // offer the read
  localparam logic [1:0] StData = 2'd3;   // take the answer

  logic [1:0]      state_q;
  logic [31:0]     head_q;
  logic [31:0]     fetched_q;
  logic [31:0]     announced_q;   // tail - head when the doorbell was looked at
  logic [31:0]     held_q;        // fetched - head at that time
  logic [NumW-1:0] num_q;         // entries of the batch
  logic [63:0]     addr_q;
  logic [3:0]      err_q;

  logic [31:0] size;
  logic [31:0] slot;
  assign size = 32'd1 << log2_i;
  assign slot = fetched_q & (size - 32'd1);

  // Batch size: announced, room, ring end, page end.
  logic [31:0] want;
  logic [31:0] room;
  logic [31:0] to_wrap;
  logic [31:0] to_page;
  logic [31:0] num_a;
  logic [31:0] num_b;
  logic [NumW-1:0] num;
  assign want    = announced_q - held_q;
  assign room    = FifoEntries - held_q;
  assign to_wrap = size - slot;
  assign to_page = PerPage - (slot % PerPage);
  assign num_a   = (want < room) ? want : room;
  assign num_b   = (to_wrap < to_page) ? to_wrap : to_page;
  assign num     = NumW'((num_a < num_b) ? num_a : num_b);

  logic bad_tail;
  logic batch_done;
  assign bad_tail   = (announced_q > size) || (announced_q < held_q);
  assign batch_done = (state_q == StData) && rsp_valid_i && rsp_last_i;

  // Fetching waits until half of the FIFO is free, so that a busy ring is read in batches.
  logic may_fetch;
  assign may_fetch = run_i && (tail_i != fetched_q) && ((fetched_q - head_q) <= FifoEntries / 2);

  assign sq_head_o   = head_q;
  assign req_valid_o = (state_q == StReq);
  assign req_addr_o  = addr_q;
  assign req_beats_o = 7'(num_q) * 7'(EntryBeats);
  assign err_o       = err_q;
  assign idle_o      = (state_q == StIdle) && (err_q == '0);
  assign pending_o   = may_fetch || (state_q != StIdle);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q   <= StIdle;
      head_q    <= '0;
      fetched_q <= '0;
      err_q     <= '0;
    end else begin
      err_q <= '0;
      if (consume_i) begin
        head_q <= head_q + 32'd1;
      end
      unique case (state_q)
        StIdle: begin
          if (may_fetch && (err_q == '0)) begin
            state_q <= StPlan;
          end
        end
        StPlan: begin
          if (bad_tail) begin
            state_q <= StIdle;
            err_q   <= headend_tables_pkg::RING_ERROR_BAD_TAIL;
          end else begin
            state_q <= StReq;
          end
        end
        StReq: begin
          if (req_ready_i) begin
            state_q <= StData;
          end
        end
        default: begin
          if (batch_done) begin
            state_q <= StIdle;
            if (rsp_err_i) begin
              err_q <= headend_tables_pkg::RING_ERROR_SQ_READ;
            end else begin
              fetched_q <= fetched_q + 32'(num_q);
            end
          end
        end
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    if (state_q == StIdle) begin
      announced_q <= tail_i - head_q;
      held_q      <= fetched_q - head_q;
    end
    if (state_q == StPlan) begin
      num_q  <= num;
      addr_q <= base_i + (64'(slot) << EntryShift);
    end
  end

  // --------------------------------------------------------------------------------- descriptor FIFO
  logic                  fifo_valid;
  logic                  fifo_ready;
  logic                  beat_taken;
  logic [BeatCountW-1:0] good_q;       // beats of batches that arrived whole
  logic [BeatCountW-1:0] batch_beats;

  assign d_valid_o   = fifo_valid && (good_q != '0);
  assign beat_taken  = d_valid_o && d_ready_i;
  assign batch_beats = (batch_done && !rsp_err_i) ? BeatCountW'(req_beats_o) : '0;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      good_q <= '0;
    end else begin
      good_q <= good_q + batch_beats - BeatCountW'(beat_taken);
    end
  end

  logic                             fifo_room;
  logic [$clog2(FifoBeats + 1)-1:0] fifo_count;
  logic                             unused;
  assign fifo_ready = d_ready_i && (good_q != '0);
  assign unused     = ^{fifo_room, fifo_count};

  fifo_sync #(
    .Width(512),
    .Depth(FifoBeats)
  ) u_fifo (
    .clk_i,
    .rst_ni,
    .s_valid_i(rsp_valid_i && (state_q == StData)),
    .s_ready_o(fifo_room),
    .s_data_i (rsp_data_i),
    .m_valid_o(fifo_valid),
    .m_ready_i(fifo_ready),
    .m_data_o (d_data_o),
    .count_o  (fifo_count)
  );

endmodule

`default_nettype wire
