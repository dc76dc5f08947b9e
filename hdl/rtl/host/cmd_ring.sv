// SPDX-License-Identifier: Apache-2.0
//
// Command ring: fetches 256-byte commands in batches, checks them, runs them one after the other on the
// table bus and writes a 256-byte completion for each.
//
// Checks, in this order: operation (BadOp), table (BadTable), index (BadIndex), write to a read-only table
// (ReadOnly). Only commands that pass reach the bus, so no owner sees an index outside its table. A table
// owner that gives no answer within 127 cycles completes as BadTable. The record of a
// completion is zero except for Read; secret fields are zeroed by the table's owner.
//
// Fence asks the pipeline to drain its lookup stages (`fence_o`) and waits for its word (`fence_done_i`, see
// fence_drain, which also says why it always comes). The ring is busy meanwhile.
//
// Commands take effect in ring order, each before its completion is written.
//
// Latency: 4 cycles to collect a command, 2 to issue it, plus the owner's answer.

`default_nettype none

module cmd_ring (
  input  wire           clk_i,
  input  wire           rst_ni,

  // Registers.
  input  wire           enable_i,
  input  wire           irq_enable_i,
  input  wire  [3:0]    sq_log2_i,
  input  wire  [3:0]    cq_log2_i,
  input  wire  [63:0]   sq_base_i,
  input  wire  [63:0]   cq_base_i,
  input  wire  [63:0]   index_addr_i,
  input  wire  [31:0]   sq_tail_i,
  input  wire  [31:0]   cq_head_i,
  output logic [31:0]   sq_head_o,
  output logic [31:0]   cq_tail_o,
  output logic          active_o,
  output logic [3:0]    error_o,
  output logic          irq_o,
  output logic          busy_o,

  // Command reads.
  output logic          sq_req_valid_o,
  input  wire           sq_req_ready_i,
  output logic [63:0]   sq_req_addr_o,
  output logic [6:0]    sq_req_beats_o,
  input  wire           sq_rsp_valid_i,
  input  wire  [511:0]  rsp_data_i,
  input  wire           rsp_last_i,
  input  wire           rsp_err_i,

  // Completion writes.
  output logic          cq_req_valid_o,
  input  wire           cq_req_ready_i,
  output logic [63:0]   cq_req_addr_o,
  output logic [6:0]    cq_req_beats_o,
  output logic          cq_data_valid_o,
  input  wire           cq_data_ready_i,
  output logic [511:0]  cq_data_o,
  input  wire           cq_done_valid_i,
  input  wire           done_err_i,

  // Table bus.
  output logic          tbl_req_o,
  output logic          tbl_we_o,
  output logic [7:0]    tbl_sel_o,
  output logic [31:0]   tbl_index_o,
  output logic [headend_tables_pkg::RecordBits-1:0] tbl_wdata_o,
  input  wire           tbl_ack_i,
  input  wire  [headend_tables_pkg::RecordBits-1:0] tbl_rdata_i,

  // Fence: pulses.
  output logic          fence_o,
  input  wire           fence_done_i
);
  localparam int unsigned CmdBeats  = headend_tables_pkg::CmdEntryBytes / 64;
  localparam logic [6:0]  AckCycles = 7'd127;

  localparam logic [2:0] StIdle     = 3'd0;
  localparam logic [2:0] StCollect  = 3'd1;
  localparam logic [2:0] StCheck    = 3'd2;
  localparam logic [2:0] StIssue    = 3'd3;
  localparam logic [2:0] StWait     = 3'd4;
  localparam logic [2:0] StFence    = 3'd5;
  localparam logic [2:0] StComplete = 3'd6;

  logic [2:0] state_q;

  // ------------------------------------------------------------------------------------ ring parts
  logic          run;
  logic [3:0]    sq_err;
  logic [3:0]    cq_err;
  logic          sq_idle;
  logic          cq_idle;
  logic          sq_pending;
  logic          cq_pending;
  logic          space;
  logic          d_valid;
  logic          d_ready;
  logic [511:0]  d_data;
  logic          c_done;
  logic          c_err;
  logic          start;

  ring_ctl u_ctl (
    .clk_i,
    .rst_ni,
    .enable_i,
    .idle_i  (sq_idle && cq_idle && (state_q == StIdle)),
    .err_i   ((sq_err != '0) ? sq_err : cq_err),
    .active_o,
    .run_o   (run),
    .error_o
  );

  sq_fetch #(
    .EntryBeats (CmdBeats),
    .FifoEntries(8)
  ) u_sq (
    .clk_i,
    .rst_ni     (active_o),
    .run_i      (run),
    .base_i     (sq_base_i),
    .log2_i     (sq_log2_i),
    .tail_i     (sq_tail_i),
    .consume_i  (c_done),
    .sq_head_o,
    .req_valid_o(sq_req_valid_o),
    .req_ready_i(sq_req_ready_i),
    .req_addr_o (sq_req_addr_o),
    .req_beats_o(sq_req_beats_o),
    .rsp_valid_i(sq_rsp_valid_i),
    .rsp_data_i,
    .rsp_last_i,
    .rsp_err_i,
    .d_valid_o  (d_valid),
    .d_ready_i  (d_ready),
    .d_data_o   (d_data),
    .err_o      (sq_err),
    .idle_o     (sq_idle),
    .pending_o  (sq_pending)
  );

  logic [CmdBeats-1:0][511:0]          raw_q;           // the command as it came, header first
  headend_tables_pkg::cmd_entry_t      cmd;           // the same, as a record
  headend_tables_pkg::cmd_completion_t completion;
  logic [7:0]                          status_q;
  logic                                has_record_q;    // the completion carries what was read
  logic [headend_tables_pkg::RecordBits-1:0]                       read_q;

  assign cmd = raw_q;

  always_comb begin
    completion        = '0;
    completion.status = status_q;
    completion.cookie = cmd.cookie;
    completion.index  = cmd.index;
    if (has_record_q) begin
      completion.record = read_q;
    end
  end

  cq_writer #(
    .EntryBeats(CmdBeats)
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
    .c_valid_i   (state_q == StComplete),
    .c_data_i    (completion),
    .c_done_o    (c_done),
    .c_err_o     (c_err),
    .more_i      (d_valid || sq_pending || (state_q != StIdle)),
    .req_valid_o (cq_req_valid_o),
    .req_ready_i (cq_req_ready_i),
    .req_addr_o  (cq_req_addr_o),
    .req_beats_o (cq_req_beats_o),
    .data_valid_o(cq_data_valid_o),
    .data_ready_i(cq_data_ready_i),
    .data_o      (cq_data_o),
    .done_valid_i(cq_done_valid_i),
    .done_err_i,
    .irq_o,
    .err_o       (cq_err),
    .idle_o      (cq_idle),
    .pending_o   (cq_pending)
  );

  // ------------------------------------------------------------------------------------ processor
  logic [1:0]  beat_q;
  logic [6:0]  timer_q;
  logic [3:0]  slot;
  logic [31:0] depth;
  logic [7:0]  verdict;
  logic        unused;

  assign start   = (state_q == StIdle) && run && space && d_valid;
  assign d_ready = (state_q == StCollect);
  assign slot    = cmd.table_id[3:0];
  assign depth   = (cmd.table_id[7:4] == '0) ? headend_tables_pkg::TABLE_DEPTHS[{slot, 5'd0} +: 32] : '0;
  assign unused  = ^{c_err, cmd.rsvd};

  assign busy_o = (active_o != enable_i) || (active_o && (!sq_idle || !cq_idle || (state_q != StIdle)
                  || sq_pending || cq_pending || start));

  always_comb begin
    verdict = headend_tables_pkg::CMD_STATUS_OK;
    if (cmd.op > headend_tables_pkg::CMD_OP_FENCE) begin
      verdict = headend_tables_pkg::CMD_STATUS_BAD_OP;
    end else if ((cmd.op == headend_tables_pkg::CMD_OP_WRITE) || (cmd.op == headend_tables_pkg::CMD_OP_READ)) begin
      if (depth == '0) begin
        verdict = headend_tables_pkg::CMD_STATUS_BAD_TABLE;
      end else if (cmd.index >= depth) begin
        verdict = headend_tables_pkg::CMD_STATUS_BAD_INDEX;
      end else if ((cmd.op == headend_tables_pkg::CMD_OP_WRITE) && headend_tables_pkg::TABLE_READ_ONLY[slot]) begin
        verdict = headend_tables_pkg::CMD_STATUS_READ_ONLY;
      end
    end
  end

  assign tbl_we_o    = (cmd.op == headend_tables_pkg::CMD_OP_WRITE);
  assign tbl_sel_o   = cmd.table_id;
  assign tbl_index_o = cmd.index;
  assign tbl_wdata_o = cmd.record;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q      <= StIdle;
      beat_q       <= '0;
      timer_q      <= '0;
      status_q     <= '0;
      has_record_q <= 1'b0;
      tbl_req_o    <= 1'b0;
      fence_o      <= 1'b0;
    end else begin
      tbl_req_o <= 1'b0;
      fence_o   <= 1'b0;
      timer_q   <= timer_q + 7'd1;
      unique case (state_q)
        StIdle: begin
          beat_q       <= '0;
          has_record_q <= 1'b0;
          if (start) begin
            state_q <= StCollect;
          end
        end
        StCollect: begin
          if (d_valid) begin
            beat_q <= beat_q + 2'd1;
            if (32'(beat_q) == CmdBeats - 1) begin
              state_q <= StCheck;
            end
          end
        end
        StCheck: begin
          status_q <= verdict;
          timer_q  <= '0;
          if (verdict != headend_tables_pkg::CMD_STATUS_OK) begin
            state_q <= StComplete;
          end else if (cmd.op == headend_tables_pkg::CMD_OP_FENCE) begin
            fence_o <= 1'b1;
            state_q <= StFence;
          end else if (cmd.op == headend_tables_pkg::CMD_OP_NOP) begin
            state_q <= StComplete;
          end else begin
            state_q <= StIssue;
          end
        end
        StIssue: begin
          tbl_req_o <= 1'b1;
          state_q   <= StWait;
        end
        StWait: begin
          if (tbl_ack_i) begin
            has_record_q <= (cmd.op == headend_tables_pkg::CMD_OP_READ);
            state_q      <= StComplete;
          end else if (timer_q == AckCycles) begin
            status_q <= headend_tables_pkg::CMD_STATUS_BAD_TABLE;
            state_q  <= StComplete;
          end
        end
        StFence: begin
          if (fence_done_i) begin
            state_q <= StComplete;
          end
        end
        default: begin  // StComplete
          if (c_done) begin
            state_q <= StIdle;
          end
        end
      endcase
    end
  end

  for (genvar b = 0; b < int'(CmdBeats); b++) begin : gen_beat
    always_ff @(posedge clk_i) begin
      if ((state_q == StCollect) && d_valid && (beat_q == 2'(b))) begin
        raw_q[b] <= d_data;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if ((state_q == StWait) && tbl_ack_i) begin
      read_q <= tbl_rdata_i;
    end
  end

endmodule

`default_nettype wire
