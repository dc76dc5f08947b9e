// SPDX-License-Identifier: Apache-2.0
//
// What all rings have in common: the ring's life (ring_ctl), its submissions (sq_fetch) and its completions
// (cq_writer), behind the registers of one ring. What the ring is for does the engine beside it:
//
//   registers --> host_ring --> start_o, d_* (submission) --> engine
//   DMA <-------------'  ^----- c_* (completion) <----------'
//
// An entry: `start_o` tells the engine to begin one (the ring runs, there is room for the completion, and there is
// a submission, if the ring has any; the engine wants one, `wanted_i`, and has none in work, `working_i`). The engine
// takes the submission from d_*, works, and holds `c_valid_i` until `c_done_o`; `c_err_o` with it: the completion did
// not reach the host. `fetching_o`: submissions are announced that are not here yet.
//
// SqBeats = 0: the ring has no submissions; sq_* and d_* rest.
//
// Latency: see sq_fetch and cq_writer.

`default_nettype none

module host_ring #(
  parameter int unsigned SqBeats   = 1,
  parameter int unsigned SqEntries = 16,   // fetched ahead
  parameter int unsigned CqBeats   = 1
) (
  input  wire          clk_i,
  input  wire          rst_ni,

  // Registers.
  input  wire          enable_i,
  input  wire          irq_enable_i,
  input  wire  [3:0]   sq_log2_i,
  input  wire  [3:0]   cq_log2_i,
  input  wire  [63:0]  sq_base_i,
  input  wire  [63:0]  cq_base_i,
  input  wire  [63:0]  index_addr_i,
  input  wire  [31:0]  sq_tail_i,
  input  wire  [31:0]  cq_head_i,
  output logic [31:0]  sq_head_o,
  output logic [31:0]  cq_tail_o,
  output logic         active_o,
  output logic [3:0]   error_o,
  output logic         irq_o,
  output logic         busy_o,

  // Reads of submissions, writes of completions.
  output logic         sq_req_valid_o,
  input  wire          sq_req_ready_i,
  output logic [63:0]  sq_req_addr_o,
  output logic [6:0]   sq_req_beats_o,
  input  wire          sq_rsp_valid_i,
  input  wire  [511:0] rsp_data_i,
  input  wire          rsp_last_i,
  input  wire          rsp_err_i,
  output logic         cq_req_valid_o,
  input  wire          cq_req_ready_i,
  output logic [63:0]  cq_req_addr_o,
  output logic [6:0]   cq_req_beats_o,
  output logic         cq_data_valid_o,
  input  wire          cq_data_ready_i,
  output logic [511:0] cq_data_o,
  input  wire          cq_done_valid_i,
  input  wire          cq_done_err_i,

  // Engine.
  input  wire          wanted_i,
  input  wire          working_i,
  output logic         start_o,
  output logic         fetching_o,
  output logic         d_valid_o,
  input  wire          d_ready_i,
  output logic [511:0] d_data_o,
  input  wire          c_valid_i,
  input  wire  [CqBeats*512-1:0] c_data_i,
  output logic         c_done_o,
  output logic         c_err_o
);
  logic       run;
  logic [3:0] sq_err;
  logic [3:0] cq_err;
  logic       sq_idle;
  logic       cq_idle;
  logic       cq_pending;
  logic       space;
  logic       offer;        // an entry may come: a submission, or the ring needs none

  ring_ctl u_ctl (
    .clk_i,
    .rst_ni,
    .enable_i,
    .idle_i  (sq_idle && cq_idle && !working_i),
    .err_i   ((sq_err != '0) ? sq_err : cq_err),
    .active_o,
    .run_o   (run),
    .error_o
  );

  if (SqBeats == 0) begin : gen_no_sq
    logic unused;
    assign unused         = ^{sq_log2_i, sq_base_i, sq_tail_i, sq_req_ready_i, sq_rsp_valid_i, rsp_data_i, rsp_last_i,
                              rsp_err_i, d_ready_i};
    assign sq_head_o      = '0;
    assign sq_req_valid_o = 1'b0;
    assign sq_req_addr_o  = '0;
    assign sq_req_beats_o = '0;
    assign d_valid_o      = 1'b0;
    assign d_data_o       = '0;
    assign sq_err         = '0;
    assign sq_idle        = 1'b1;
    assign fetching_o     = 1'b0;
    assign offer          = 1'b1;
  end else begin : gen_sq
    assign offer = d_valid_o;

    sq_fetch #(
      .EntryBeats (SqBeats),
      .FifoEntries(SqEntries)
    ) u_sq (
      .clk_i,
      .rst_ni     (active_o),
      .run_i      (run),
      .base_i     (sq_base_i),
      .log2_i     (sq_log2_i),
      .tail_i     (sq_tail_i),
      .consume_i  (c_done_o),
      .sq_head_o,
      .req_valid_o(sq_req_valid_o),
      .req_ready_i(sq_req_ready_i),
      .req_addr_o (sq_req_addr_o),
      .req_beats_o(sq_req_beats_o),
      .rsp_valid_i(sq_rsp_valid_i),
      .rsp_data_i,
      .rsp_last_i,
      .rsp_err_i,
      .d_valid_o,
      .d_ready_i,
      .d_data_o,
      .err_o      (sq_err),
      .idle_o     (sq_idle),
      .pending_o  (fetching_o)
    );
  end

  cq_writer #(
    .EntryBeats(CqBeats)
  ) u_cq (
    .clk_i,
    .rst_ni      (active_o),
    .run_i       (run),
    .halt_i      (error_o != '0),
    .irq_enable_i,
    .base_i      (cq_base_i),
    .log2_i      (cq_log2_i),
    .index_addr_i,
    .cq_head_i,
    .sq_head_i   (sq_head_o),
    .cq_tail_o,
    .space_o     (space),
    .c_valid_i,
    .c_data_i,
    .c_done_o,
    .c_err_o,
    .more_i      ((wanted_i && (offer || fetching_o)) || working_i),
    .req_valid_o (cq_req_valid_o),
    .req_ready_i (cq_req_ready_i),
    .req_addr_o  (cq_req_addr_o),
    .req_beats_o (cq_req_beats_o),
    .data_valid_o(cq_data_valid_o),
    .data_ready_i(cq_data_ready_i),
    .data_o      (cq_data_o),
    .done_valid_i(cq_done_valid_i),
    .done_err_i  (cq_done_err_i),
    .irq_o,
    .err_o       (cq_err),
    .idle_o      (cq_idle),
    .pending_o   (cq_pending)
  );

  assign start_o = run && space && offer && wanted_i && !working_i;
  assign busy_o  = (active_o != enable_i)
                || (active_o && (!sq_idle || !cq_idle || working_i || fetching_o || cq_pending || start_o));

endmodule

`default_nettype wire
