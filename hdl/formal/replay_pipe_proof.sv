// SPDX-License-Identifier: Apache-2.0
//
// Proof that replay_pipe, with the memory and the comparisons that sa_in_unit puts around it, gives packet by packet what
// its specification replay_window gives one packet after the other: two SAs with windows of any size, packets of either
// in any cycles, back to back included, some of them refused for another reason (`allow_i` = 0).
//
// The specification is updated when a packet is judged (stage X); the pipeline's write is compared a cycle later.

`default_nettype none

module replay_pipe_proof #(
  parameter int unsigned WindowMax = 4,
  parameter int unsigned SeqWidth  = 4,
  localparam int unsigned WinW = $clog2(WindowMax) + 1
) (
  input wire                clk_i,
  input wire                valid_i,
  input wire                sa_i,
  input wire [SeqWidth-1:0] seq_i,
  input wire                allow_i
);

  (* anyconst *) logic [WinW-1:0] window0;
  (* anyconst *) logic [WinW-1:0] window1;

  logic rst_nq = 1'b0;
  always_ff @(posedge clk_i) rst_nq <= 1'b1;
  wire r_valid = valid_i && rst_nq;

  // ---------------------------------------------------------------------------------- as in sa_in_unit
  logic                 q_valid_q = 1'b0, p_valid_q = 1'b0, x_valid_q = 1'b0, w_valid_q = 1'b0;
  logic                 q_sa_q, p_sa_q, x_sa_q, w_sa_q;
  logic [SeqWidth-1:0]  q_seq_q, p_seq_q, x_seq_q;
  always_ff @(posedge clk_i) begin
    {q_valid_q, p_valid_q, x_valid_q, w_valid_q} <= {r_valid, q_valid_q, p_valid_q, x_valid_q};
    if (r_valid)   {q_sa_q, q_seq_q} <= {sa_i, seq_i};
    if (q_valid_q) {p_sa_q, p_seq_q} <= {q_sa_q, q_seq_q};
    if (p_valid_q) {x_sa_q, x_seq_q} <= {p_sa_q, p_seq_q};
    if (x_valid_q) w_sa_q <= x_sa_q;
  end

  wire                 accept, old, we;
  wire [SeqWidth-1:0]  top, top_next;
  wire [WindowMax-1:0] bitmap, bitmap_next;
  ram_1r1w #(.Width(SeqWidth), .Depth(2)) u_top (
    .clk_i, .rst_ni(rst_nq), .we_i(rst_nq && we), .waddr_i(w_sa_q), .wdata_i(top_next),
    .re_i(q_valid_q), .raddr_i(q_sa_q), .rdata_o(top)
  );
  ram_1r1w #(.Width(WindowMax), .Depth(2)) u_bitmap (
    .clk_i, .rst_ni(rst_nq), .we_i(rst_nq && we), .waddr_i(w_sa_q), .wdata_i(bitmap_next),
    .re_i(q_valid_q), .raddr_i(q_sa_q), .rdata_o(bitmap)
  );
  replay_pipe #(.WindowMax(WindowMax), .SeqWidth(SeqWidth)) u_dut (
    .clk_i, .rst_ni(rst_nq),
    .r_valid_i(r_valid), .r_prev_i(q_valid_q && q_sa_q == sa_i), .r_prev2_i(p_valid_q && p_sa_q == sa_i),
    .r_seq_i(seq_i), .q_window_i(q_sa_q ? window1 : window0), .p_top_i(top), .p_bitmap_i(bitmap),
    .x_allow_i(x_valid_q && allow_i), .x_accept_o(accept), .x_old_o(old),
    .w_we_o(we), .w_top_o(top_next), .w_bitmap_o(bitmap_next)
  );

  // ---------------------------------------------------------------------------------- specification
  logic [SeqWidth-1:0]  top0_q = '0, top1_q = '0;
  logic [WindowMax-1:0] bitmap0_q = '0, bitmap1_q = '0;
  wire                  spec_accept, spec_duplicate, spec_old;
  wire [SeqWidth-1:0]   spec_top;
  wire [WindowMax-1:0]  spec_bitmap;
  replay_window #(.WindowMax(WindowMax), .SeqWidth(SeqWidth)) u_spec (
    .bitmap_i(x_sa_q ? bitmap1_q : bitmap0_q), .top_i(x_sa_q ? top1_q : top0_q), .seq_i(x_seq_q),
    .window_i({1'b0, x_sa_q ? window1 : window0}), .accept_o(spec_accept), .duplicate_o(spec_duplicate),
    .old_o(spec_old), .bitmap_o(spec_bitmap), .top_o(spec_top)
  );
  always_ff @(posedge clk_i) begin
    if (x_valid_q && allow_i && spec_accept) begin
      if (x_sa_q) {top1_q, bitmap1_q} <= {spec_top, spec_bitmap};
      else        {top0_q, bitmap0_q} <= {spec_top, spec_bitmap};
    end
  end
  logic took_q = 1'b0;
  always_ff @(posedge clk_i) took_q <= x_valid_q && allow_i && spec_accept;

  always_comb begin
    assume (window0 <= WinW'(WindowMax));
    assume (window1 <= WinW'(WindowMax));
    if (rst_nq) begin
      if (x_valid_q) begin
        assert (accept == spec_accept);
        if (!accept) assert (old == spec_old);
      end
      assert (we == took_q);
      if (we) begin
        assert (top_next == (w_sa_q ? top1_q : top0_q));
        assert (bitmap_next == (w_sa_q ? bitmap1_q : bitmap0_q));
      end
    end
    cover (rst_nq && w_valid_q && x_valid_q && p_valid_q && x_sa_q == p_sa_q && w_sa_q == x_sa_q && spec_duplicate);
    cover (rst_nq && x_valid_q && spec_old && window0 == WinW'(2) && !x_sa_q && w_valid_q && w_sa_q);
  end

endmodule

`default_nettype wire
