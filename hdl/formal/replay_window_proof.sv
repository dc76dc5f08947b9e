// SPDX-License-Identifier: Apache-2.0
//
// Proof of replay_window over any sequence of packets of one SA (RFC 4303 3.4.3), by following one sequence
// number `watched` that the solver chooses:
//   - it is accepted at most once;
//   - inside the window, or ahead of it, it is accepted if it was not accepted before;
//   - left of the window it is refused as old;
//   - the top is the highest number accepted, and a refused packet changes nothing.
// With window 0 everything is accepted.

`default_nettype none

module replay_window_proof #(
  parameter int unsigned WindowMax = 64,
  parameter int unsigned SeqWidth  = 64,
  localparam int unsigned WinW = $clog2(WindowMax) + 2
) (
  input wire                clk_i,
  input wire                valid_i,
  input wire [SeqWidth-1:0] seq_i
);

  (* anyconst *) logic [SeqWidth-1:0] watched;
  (* anyconst *) logic [WinW-1:0]     window;

  logic [WindowMax-1:0] bitmap_q   = '0;
  logic [SeqWidth-1:0]  top_q      = '0;
  logic                 accepted_q = 1'b0;

  wire                  accept;
  wire                  duplicate;
  wire                  old;
  wire [WindowMax-1:0]  bitmap;
  wire [SeqWidth-1:0]   top;

  replay_window #(
    .WindowMax(WindowMax),
    .SeqWidth(SeqWidth)
  ) u_dut (
    .bitmap_i(bitmap_q),
    .top_i(top_q),
    .seq_i(seq_i),
    .window_i(window),
    .accept_o(accept),
    .duplicate_o(duplicate),
    .old_o(old),
    .bitmap_o(bitmap),
    .top_o(top)
  );

  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      bitmap_q <= bitmap;
      if (accept) top_q <= top;
      if (accept && seq_i == watched) accepted_q <= 1'b1;
    end
  end

  // Numbers above WindowMax count as WindowMax.
  wire [SeqWidth-1:0] size   = (window > WinW'(WindowMax)) ? SeqWidth'(WindowMax) : SeqWidth'(window);
  wire                is_old = seq_i <= top_q && top_q - seq_i >= size;
  wire                known  = watched <= top_q && top_q - watched < SeqWidth'(WindowMax);

  always_comb begin
    assert (2'(accept) + 2'(duplicate) + 2'(old) == 2'd1);
    if (!accept) assert (bitmap == bitmap_q && top == top_q);
    if (accept) assert (top == ((seq_i > top_q) ? seq_i : top_q));
    if (window == '0) begin
      assert (accept && bitmap == bitmap_q);
    end else begin
      assert (old == is_old);
      if (seq_i == watched && !is_old) assert (accept == !accepted_q && duplicate == accepted_q);
      // What makes it inductive: the bit of the watched number says whether it was accepted.
      if (accepted_q) assert (watched <= top_q);
      if (known) assert (bitmap_q[watched[WinW-3:0]] == accepted_q);
    end
    cover (valid_i && window == WinW'(3) && old && accepted_q && top_q > SeqWidth'(WindowMax));
    cover (valid_i && window == WinW'(WindowMax) && duplicate && seq_i < top_q);
  end

endmodule

`default_nettype wire
