// SPDX-License-Identifier: Apache-2.0
//
// Proof of cq_writer for any host that moves cq_head up to the published tail at most, rings of 1 to 8 entries at any
// address, at any place of the 32-bit indices (which wrap): an entry is written only to the slot of its index, only while
// that slot is free (tail - cq_head < size), with the phase of its pass; the tail counts the entries that reached memory;
// an index block never announces an entry that did not.

`default_nettype none

module cq_writer_proof #(
  parameter int unsigned EntryBeats = 1
) (
  input wire         clk_i,
  input wire         run_i,
  input wire         halt_i,
  input wire         irq_enable_i,
  input wire  [31:0] head_move_i,
  input wire         want_i,
  input wire         more_i,
  input wire         req_ready_i,
  input wire         data_ready_i,
  input wire         done_valid_i,
  input wire         done_err_i
);

  (* anyconst *) logic [3:0]  log2;
  (* anyconst *) logic [63:0] base;

  logic rst_nq = 1'b0;
  always_ff @(posedge clk_i) rst_nq <= 1'b1;

  logic [31:0] head_q = '0;
  logic [31:0] written_q = '0;    // entries that reached memory
  logic        valid_q = 1'b0;    // the owner's entry
  wire         space, done, err, req_valid, data_valid, unused_irq, unused_idle, unused_pending;
  wire  [31:0] tail;
  wire  [63:0] addr;
  wire  [6:0]  beats;
  wire [511:0] data;
  wire  [3:0]  unused_err;
  wire  [31:0] size = 32'd1 << log2;

  cq_writer #(.EntryBeats(EntryBeats)) u_dut (
    .clk_i, .rst_ni(rst_nq), .run_i, .halt_i, .irq_enable_i, .base_i(base), .log2_i(log2), .index_addr_i(64'd0),
    .cq_head_i(head_q), .sq_head_i(32'd0), .cq_tail_o(tail), .space_o(space), .c_valid_i(valid_q),
    .c_data_i('0), .c_done_o(done), .c_err_o(err), .more_i,
    .req_valid_o(req_valid), .req_ready_i, .req_addr_o(addr), .req_beats_o(beats), .data_valid_o(data_valid),
    .data_ready_i, .data_o(data), .done_valid_i, .done_err_i, .irq_o(unused_irq), .err_o(unused_err),
    .idle_o(unused_idle), .pending_o(unused_pending)
  );

  (* hierconn *) wire [3:0] \u_dut.state_q ;
  wire [3:0] state    = \u_dut.state_q ;
  wire       is_entry = state == 4'd1 || state == 4'd2 || state == 4'd3 || state == 4'd4;
  wire       is_index = state == 4'd5 || state == 4'd6 || state == 4'd7;

  always_ff @(posedge clk_i) begin
    if (rst_nq) begin
      head_q <= head_q + head_move_i;
      if (done) begin
        valid_q <= 1'b0;
        if (!err) written_q <= written_q + 32'd1;
      end else if (want_i && space) begin
        valid_q <= 1'b1;
      end
    end
  end

  wire [31:0] used = tail - head_q;
  wire [63:0] slot = 64'(tail & (size - 32'd1)) << (6 + $clog2(EntryBeats));
  always_comb begin
    assume (log2 <= 4'd3);
    assume (head_move_i <= written_q - head_q);
    if (!rst_nq) assert (head_q == '0 && written_q == '0 && !valid_q);
    if (rst_nq) begin
      assert (used <= size);
      assert (state <= 4'd8);
      // Ahead by the entry whose end the owner sees now.
      assert (tail == written_q + 32'(state == 4'd8 && !err));
      if (valid_q && state != 4'd8) assert (used < size);
      if (is_entry) assert (valid_q && !err);
      if (state == 4'd8) assert (valid_q);
      if (is_entry && req_valid) begin
        assert (beats == 7'd1);
        assert (addr == base + slot || (EntryBeats == 2 && addr == base + slot + 64'd64));
      end
      if (is_index && data_valid) assert (data[31:0] == tail || data[63:32] == tail);
      if (is_index) assert (tail == written_q);
    end
    cover (rst_nq && used == size && is_index && log2 == 4'd1);
    cover (rst_nq && req_valid && is_entry && tail == 32'd3 && log2 == 4'd1);
  end

endmodule

`default_nettype wire
