// SPDX-License-Identifier: Apache-2.0
//
// Proof of sq_fetch with four entries of one beat in its FIFO, for any doorbell (also a wrong one): a batch lies inside
// the ring and inside 4 KiB, holds only announced entries and no more than there is room for; every beat that arrives has
// a place; `sq_head_o` counts finished entries and never passes what was fetched; a batch whose read failed is not handed out.

`default_nettype none

module sq_fetch_proof (
  input wire        clk_i,
  input wire        run_i,
  input wire [31:0] tail_i,
  input wire        consume_i,
  input wire        req_ready_i,
  input wire        rsp_valid_i,
  input wire        rsp_err_i,
  input wire        rsp_mark_i,
  input wire        d_ready_i
);

  localparam int unsigned Entries = 4;

  (* anyconst *) logic [3:0]  log2;
  (* anyconst *) logic [7:0]  page;

  logic rst_nq = 1'b0;
  always_ff @(posedge clk_i) rst_nq <= 1'b1;

  logic        busy_q = 1'b0;      // a read is outstanding
  logic [6:0]  left_q;             // beats of it to come
  logic [31:0] good_q = '0;        // beats of batches that arrived whole
  logic [31:0] given_q = '0;       // beats handed out
  logic [31:0] taken_q = '0;       // entries finished
  wire         req_valid, d_valid, unused_idle, unused_pending;
  wire  [63:0] addr;
  wire  [6:0]  beats;
  wire [511:0] d_data;
  wire  [31:0] head;
  wire  [3:0]  err;
  wire  [31:0] size = 32'd1 << log2;
  wire         rsp  = rsp_valid_i && busy_q;
  wire         last = left_q == 7'd1;
  wire  [63:0] base = {44'd0, page, 12'd0};

  sq_fetch #(.EntryBeats(1), .FifoEntries(Entries)) u_dut (
    .clk_i, .rst_ni(rst_nq), .run_i, .base_i(base), .log2_i(log2), .tail_i, .consume_i(consume_i && rst_nq),
    .sq_head_o(head), .req_valid_o(req_valid), .req_ready_i, .req_addr_o(addr), .req_beats_o(beats),
    .rsp_valid_i(rsp), .rsp_data_i({511'd0, rsp_mark_i}), .rsp_last_i(last), .rsp_err_i, .d_valid_o(d_valid), .d_ready_i,
    .d_data_o(d_data), .err_o(err), .idle_o(unused_idle), .pending_o(unused_pending)
  );

  (* hierconn *) wire        \u_dut.fifo_room ;
  (* hierconn *) wire [31:0] \u_dut.announced_q ;
  wire fifo_room = \u_dut.fifo_room ;
  logic [6:0] batch_q;
  always_ff @(posedge clk_i) begin
    if (rst_nq) begin
      if (req_valid && req_ready_i) begin
        busy_q  <= 1'b1;
        left_q  <= beats;
        batch_q <= beats;
      end else if (rsp) begin
        busy_q <= !last;
        left_q <= left_q - 7'd1;
        if (last && !rsp_err_i) good_q <= good_q + 32'(batch_q);
      end
      if (d_valid && d_ready_i) given_q <= given_q + 32'd1;
      if (consume_i) taken_q <= taken_q + 32'd1;
    end
  end

  // After an error ring_ctl stops the ring for good.
  logic stopped_q = 1'b0;
  always_ff @(posedge clk_i) if (rst_nq && err != '0) stopped_q <= 1'b1;

  wire [63:0] offset = addr - base;
  always_comb begin
    assume (log2 <= 4'd3);
    if (stopped_q || err != '0) assume (!run_i);
    if (consume_i) assume (taken_q != given_q);
    if (rst_nq) begin
      assert (head == taken_q);
      if (d_valid) assert (given_q != good_q);
      if (rsp) assert (fifo_room);
      assert (good_q - taken_q <= 32'(Entries));
      if (req_valid) begin
        assert (!busy_q);
        assert (beats != 7'd0 && beats <= 7'(Entries));
        assert (offset == 64'({good_q & (size - 32'd1), 6'd0}));
        assert (offset + (64'(beats) << 6) <= 64'(size) << 6);
        assert ((offset & 64'hfff) + (64'(beats) << 6) <= 64'd4096);
        assert (good_q - taken_q + 32'(beats) <= 32'(Entries));
        assert (good_q + 32'(beats) - taken_q <= \u_dut.announced_q );
        assert (\u_dut.announced_q <= size);
      end
    end
    cover (rst_nq && req_valid && good_q == 32'd3 && beats == 7'd1 && log2 == 4'd2);
    cover (rst_nq && err == headend_tables_pkg::RING_ERROR_BAD_TAIL && good_q != '0);
  end

endmodule

`default_nettype wire
