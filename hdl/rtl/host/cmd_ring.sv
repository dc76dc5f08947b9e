// SPDX-License-Identifier: Apache-2.0
//
// Engine of the command ring: collects 256-byte commands, checks them, runs them one after the other on the table bus
// and makes a 256-byte completion for each.
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

  // Ring.
  output logic          working_o,
  input  wire           start_i,
  input  wire           d_valid_i,
  output logic          d_ready_o,
  input  wire  [511:0]  d_data_i,
  output logic          c_valid_o,
  output headend_tables_pkg::cmd_completion_t c_data_o,
  input  wire           c_done_i,

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

  logic [CmdBeats-1:0][511:0]          raw_q;           // the command as it came, header first
  headend_tables_pkg::cmd_entry_t      cmd;           // the same, as a record
  logic [7:0]                          status_q;
  logic                                has_record_q;    // the completion carries what was read
  logic [headend_tables_pkg::RecordBits-1:0]                       read_q;

  assign cmd = raw_q;

  always_comb begin
    c_data_o        = '0;
    c_data_o.status = status_q;
    c_data_o.cookie = cmd.cookie;
    c_data_o.index  = cmd.index;
    if (has_record_q) begin
      c_data_o.record = read_q;
    end
  end

  assign working_o = (state_q != StIdle);
  assign d_ready_o = (state_q == StCollect);
  assign c_valid_o = (state_q == StComplete);

  // ------------------------------------------------------------------------------------ processor
  logic [1:0]  beat_q;
  logic [6:0]  timer_q;
  logic [3:0]  slot;
  logic [31:0] depth;
  logic [7:0]  verdict;
  logic        unused;

  assign slot    = cmd.table_id[3:0];
  assign depth   = (cmd.table_id[7:4] == '0) ? headend_tables_pkg::TABLE_DEPTHS[{slot, 5'd0} +: 32] : '0;
  assign unused  = ^cmd.rsvd;

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
          if (start_i) begin
            state_q <= StCollect;
          end
        end
        StCollect: begin
          if (d_valid_i) begin
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
          if (c_done_i) begin
            state_q <= StIdle;
          end
        end
      endcase
    end
  end

  for (genvar b = 0; b < int'(CmdBeats); b++) begin : gen_beat
    always_ff @(posedge clk_i) begin
      if ((state_q == StCollect) && d_valid_i && (beat_q == 2'(b))) begin
        raw_q[b] <= d_data_i;
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
