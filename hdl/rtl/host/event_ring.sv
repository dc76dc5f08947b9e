// SPDX-License-Identifier: Apache-2.0
//
// Event ring: writes events to the host. It has a completion ring only; the submission registers are not
// used. Events wait in the drop monitor's FIFO while the ring is disabled or full; what finds no room there
// is counted in `lost`.
//
// Latency: 1 cycle from `s_valid_i` to the write request.

`default_nettype none

module event_ring (
  input  wire          clk_i,
  input  wire          rst_ni,

  input  wire          enable_i,
  input  wire          irq_enable_i,
  input  wire  [3:0]   cq_log2_i,
  input  wire  [63:0]  cq_base_i,
  input  wire  [63:0]  index_addr_i,
  input  wire  [31:0]  cq_head_i,
  output logic [31:0]  cq_tail_o,
  output logic         active_o,
  output logic [3:0]   error_o,
  output logic         irq_o,
  output logic         busy_o,

  input  wire          s_valid_i,
  output logic         s_ready_o,
  input  wire  headend_tables_pkg::event_entry_t s_event_i,

  output logic         cq_req_valid_o,
  input  wire          cq_req_ready_i,
  output logic [63:0]  cq_req_addr_o,
  output logic [6:0]   cq_req_beats_o,
  output logic         cq_data_valid_o,
  input  wire          cq_data_ready_i,
  output logic [511:0] cq_data_o,
  input  wire          cq_done_valid_i,
  input  wire          cq_done_err_i
);
  logic       run;
  logic [3:0] cq_err;
  logic       cq_idle;
  logic       cq_pending;
  logic       space;
  logic       writing_q;     // the event at the input is being written
  logic       c_done;
  logic       c_err;

  ring_ctl u_ctl (
    .clk_i,
    .rst_ni,
    .enable_i,
    .idle_i  (cq_idle && !writing_q),
    .err_i   (cq_err),
    .active_o,
    .run_o   (run),
    .error_o
  );

  cq_writer #(
    .EntryBeats(2)
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
    .sq_head_i   ('0),
    .cq_tail_o,
    .space_o     (space),
    .c_valid_i   (writing_q),
    .c_data_i    (s_event_i),
    .c_done_o    (c_done),
    .c_err_o     (c_err),
    .more_i      (s_valid_i),
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

  logic start;
  assign start     = s_valid_i && run && space && !writing_q;
  // A failed event stays at the head of the FIFO: it is written when the ring has been enabled again.
  assign s_ready_o = c_done && !c_err;
  assign busy_o    = (active_o != enable_i) || (active_o && (!cq_idle || writing_q || cq_pending || start));

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      writing_q <= 1'b0;
    end else if (c_done) begin
      writing_q <= 1'b0;
    end else if (start) begin
      writing_q <= 1'b1;
    end
  end

endmodule

`default_nettype wire
