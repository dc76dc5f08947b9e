// SPDX-License-Identifier: Apache-2.0
//
// The anti-replay window (RFC 4303 3.4.3) as a pipeline: one packet per cycle, also when packets of one SA follow each
// other in every cycle. Gives exactly what `replay_window`, the specification, gives when it takes the packets one after
// the other.
//
//   R  the packet comes
//   Q  its SA's state is read      `limit`: the lowest top for which seq is left of the window
//   P  `p_top_i`, `p_bitmap_i`     seq and limit against the top, seq's bit looked up
//   X  verdict                     accept = window off, or ahead, or not old and bit clear
//   W  new state to be written     bits that the move skips cleared, seq's bit set
//
// What is read at Q lacks the packets that are at P and X then. Their numbers are known: at P both comparisons are made
// with the top as the packet ahead found it and with that packet's own number; its verdict, made in the same cycle,
// selects. The bitmap looked up at P lacks the packets at X and W; what they do to one bit is a comparison of numbers.
// The bitmap itself takes the results of the packets ahead on its way from P to X and from X to W.
//
// `r_prev_i`, `r_prev2_i`: the packet that came one cycle, two cycles before is of the same SA. The memory must return
// at P what is written at W while the packet is at Q. `x_allow_i`: accept if the window does; if 0 nothing changes.
// `q_window_i` is 0 (off) to WindowMax.
//
// Latency: x_* 3 cycles after r_valid_i, w_* 4 cycles.

`default_nettype none

module replay_pipe #(
  parameter int unsigned WindowMax = headend_tables_pkg::ReplayWindowMax,   // power of two
  parameter int unsigned SeqWidth  = 64,
  localparam int unsigned BitW = $clog2(WindowMax),
  localparam int unsigned WinW = $clog2(WindowMax) + 1
) (
  input  wire                  clk_i,
  input  wire                  rst_ni,

  input  wire                  r_valid_i,
  input  wire                  r_prev_i,
  input  wire                  r_prev2_i,
  input  wire  [SeqWidth-1:0]  r_seq_i,

  input  wire  [WinW-1:0]      q_window_i,

  input  wire  [SeqWidth-1:0]  p_top_i,
  input  wire  [WindowMax-1:0] p_bitmap_i,

  input  wire                  x_allow_i,
  output logic                 x_accept_o,     // by the window
  output logic                 x_old_o,        // not accepted: left of the window, else a duplicate

  output logic                 w_we_o,         // accepted and allowed: write
  output logic [SeqWidth-1:0]  w_top_o,
  output logic [WindowMax-1:0] w_bitmap_o
);

  if (WindowMax != 2 ** BitW || SeqWidth <= BitW + 1) begin : gen_check_sizes
    $error("replay_pipe: WindowMax must be a power of two, SeqWidth larger than its logarithm + 1");
  end

  // ---------------------------------------------------------------------------------- R
  logic                q_valid_q;
  logic                q_prev_q;
  logic                q_prev2_q;
  logic [SeqWidth-1:0] q_seq_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      q_valid_q <= 1'b0;
    end else begin
      q_valid_q <= r_valid_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (r_valid_i) begin
      q_prev_q  <= r_prev_i;
      q_prev2_q <= r_prev2_i;
      q_seq_q   <= r_seq_i;
    end
  end

  // ---------------------------------------------------------------------------------- Q
  logic [SeqWidth:0] q_limit;
  assign q_limit = {1'b0, q_seq_q} + (SeqWidth+1)'(q_window_i);

  logic                p_valid_q;
  logic                p_prev_q;
  logic                p_prev2_q;
  logic                p_off_q;      // no window
  logic                p_young_q;    // no top is so high that seq is old
  logic [SeqWidth-1:0] p_seq_q;
  logic [SeqWidth-1:0] p_limit_q;    // old: top >= limit

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      p_valid_q <= 1'b0;
    end else begin
      p_valid_q <= q_valid_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (q_valid_q) begin
      p_prev_q  <= q_prev_q;
      p_prev2_q <= q_prev2_q;
      p_seq_q   <= q_seq_q;
      p_off_q   <= (q_window_i == '0);
      {p_young_q, p_limit_q} <= q_limit;
    end
  end

  // ---------------------------------------------------------------------------------- P
  localparam int unsigned PartBits = (BitW > 3) ? 3 : BitW - 1;
  localparam int unsigned PartW    = 2 ** PartBits;

  logic                 x_valid_q;
  logic                 x_prev_q;
  logic                 x_off_q;
  logic                 x_ahead_q;    // right of the top
  logic                 x_old_q;      // left of the window
  logic                 x_sure_q;     // accepted whatever the bitmap says
  logic                 x_open_q;     // accepted if seq's bit was clear when read
  logic [SeqWidth-1:0]  x_seq_q;
  logic [SeqWidth-1:0]  x_top_q;      // before this packet
  logic [PartW-1:0]     x_part_q;     // of the bitmap as read, seq's bit among them
  logic [PartW-1:0]     x_select_q;   // which it is; none when the packets ahead have cleared it
  logic [WindowMax-1:0] x_bitmap_q;

  logic                 w_valid_q;
  logic                 w_we_q;
  logic                 w_moves_q;    // accepted and ahead
  logic                 w_sets_q;     // accepted, and there is a window
  logic [BitW-1:0]      w_seq_q;      // its bit
  logic [SeqWidth-1:0]  w_before_q;   // top before this packet
  logic [SeqWidth-1:0]  w_top_q;      // and behind it

  logic                x_take;        // accepted
  logic                x_moves;       // accepted, and the top moves
  logic [SeqWidth-1:0] p_top;
  logic                p_ahead_top;
  logic                p_ahead_prev;
  logic                p_recent_top;
  logic                p_recent_prev;
  logic                p_behind_prev2;
  assign p_top = p_prev_q ? x_top_q : (p_prev2_q ? w_top_q : p_top_i);

  assign p_ahead_top    = (p_seq_q > p_top);
  assign p_ahead_prev   = (p_seq_q > x_seq_q);
  assign p_recent_top   = (p_limit_q > p_top);
  assign p_recent_prev  = (p_limit_q > x_seq_q);
  assign p_behind_prev2 = (p_seq_q > w_before_q);

  logic p_moved;                      // the packet ahead moves the top of this SA
  logic p_ahead;
  logic p_old;
  logic p_cleared;                    // seq's bit is cleared by the packet ahead
  logic p_cleared2;                   // and by the one before that
  logic p_set;                        // or set
  logic p_set2;
  assign p_moved    = p_prev_q && x_moves;
  assign p_ahead    = p_moved ? p_ahead_prev : p_ahead_top;
  assign p_old      = !p_young_q && !(p_moved ? p_recent_prev : p_recent_top);
  assign p_cleared  = p_moved && p_ahead_top;
  assign p_cleared2 = p_prev2_q && w_moves_q && p_behind_prev2;
  assign p_set      = p_prev_q && x_take && x_seq_q[BitW-1:0] == p_seq_q[BitW-1:0];
  assign p_set2     = p_prev2_q && w_sets_q && w_seq_q == p_seq_q[BitW-1:0];

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      x_valid_q <= 1'b0;
    end else begin
      x_valid_q <= p_valid_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (p_valid_q) begin
      x_prev_q   <= p_prev_q;
      x_off_q    <= p_off_q;
      x_seq_q    <= p_seq_q;
      x_top_q    <= p_moved ? x_seq_q : p_top;
      x_ahead_q  <= p_ahead;
      x_old_q    <= p_old;
      x_sure_q   <= p_off_q || p_ahead;
      x_open_q   <= !p_old && !p_set && !(p_set2 && !p_cleared);
      x_part_q   <= p_bitmap_i[{p_seq_q[BitW-1:PartBits], PartBits'(0)} +: PartW];
      x_select_q <= (p_cleared || p_cleared2) ? '0 : PartW'(1) << p_seq_q[PartBits-1:0];
      x_bitmap_q <= p_prev2_q ? w_bitmap_o : p_bitmap_i;
    end
  end

  // ---------------------------------------------------------------------------------- X
  logic                x_leap;        // the whole ring is passed
  logic [BitW-1:0]     x_seq_lo;
  logic [BitW-1:0]     x_top_lo;
  assign x_seq_lo = x_seq_q[BitW-1:0];
  assign x_top_lo = x_top_q[BitW-1:0];

  assign x_accept_o = x_sure_q || (x_open_q && (x_part_q & x_select_q) == '0);
  assign x_old_o    = x_old_q;
  assign x_take     = x_allow_i && x_accept_o;
  assign x_moves    = x_allow_i && x_ahead_q;
  assign x_leap     = (x_seq_q - x_top_q >= SeqWidth'(WindowMax));

  // Bits of the ring that the top passes: those right of its old place and not right of its new one, or, when
  // it wraps around the ring's end, either of them. As thermometers, by words of the ring: which words are wholly inside,
  // the one in which the place lies, and where in it.
  localparam int unsigned WordW  = (BitW > 5) ? 32 : WindowMax / 2;
  localparam int unsigned Words  = WindowMax / WordW;
  localparam int unsigned WordLo = $clog2(WordW);
  localparam logic [1:0] PassNone = 2'd0;
  localparam logic [1:0] PassBoth = 2'd1;
  localparam logic [1:0] PassAny  = 2'd2;
  localparam logic [1:0] PassAll  = 2'd3;
  logic [1:0]           w_pass_q;
  logic [Words-1:0]     w_right_words_q;
  logic [Words-1:0]     w_right_word_q;
  logic [WordW-1:0]     w_right_bits_q;
  logic [Words-1:0]     w_upto_words_q;
  logic [Words-1:0]     w_seq_word_q;
  logic [WordW-1:0]     w_upto_bits_q;
  logic [WordW-1:0]     w_set_bits_q;
  logic [WindowMax-1:0] w_bitmap_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      w_valid_q <= 1'b0;
    end else begin
      w_valid_q <= x_valid_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (x_valid_q) begin
      w_we_q          <= x_take;
      w_moves_q       <= x_moves;
      w_sets_q        <= x_take && !x_off_q;
      w_seq_q         <= x_seq_lo;
      w_before_q      <= x_top_q;
      w_top_q         <= x_moves ? x_seq_q : x_top_q;
      w_bitmap_q      <= x_prev_q ? w_bitmap_o : x_bitmap_q;
      w_right_words_q <= ({Words{1'b1}} << x_top_lo[BitW-1:WordLo]) << 1;
      w_right_word_q  <= Words'(1) << x_top_lo[BitW-1:WordLo];
      w_right_bits_q  <= ({WordW{1'b1}} << x_top_lo[WordLo-1:0]) << 1;
      w_upto_words_q  <= ~({Words{1'b1}} << x_seq_lo[BitW-1:WordLo]);
      w_seq_word_q    <= Words'(1) << x_seq_lo[BitW-1:WordLo];
      w_upto_bits_q   <= ~(({WordW{1'b1}} << x_seq_lo[WordLo-1:0]) << 1);
      w_set_bits_q    <= WordW'(1) << x_seq_lo[WordLo-1:0];
      if (!x_moves || x_off_q) begin
        w_pass_q <= PassNone;
      end else if (x_leap) begin
        w_pass_q <= PassAll;
      end else begin
        w_pass_q <= (x_top_lo < x_seq_lo) ? PassBoth : PassAny;
      end
    end
  end

  // ---------------------------------------------------------------------------------- W
  logic [WindowMax-1:0] w_right;
  logic [WindowMax-1:0] w_upto;
  logic [WindowMax-1:0] w_set;
  for (genvar n = 0; n < int'(Words); n++) begin : gen_word
    assign w_right[n*WordW +: WordW] = {WordW{w_right_words_q[n]}} | ({WordW{w_right_word_q[n]}} & w_right_bits_q);
    assign w_upto[n*WordW +: WordW]  = {WordW{w_upto_words_q[n]}} | ({WordW{w_seq_word_q[n]}} & w_upto_bits_q);
    assign w_set[n*WordW +: WordW]   = {WordW{w_sets_q && w_seq_word_q[n]}} & w_set_bits_q;
  end

  always_comb begin
    w_bitmap_o = w_bitmap_q;
    if (w_valid_q) begin
      unique case (w_pass_q)
        PassBoth: w_bitmap_o = (w_bitmap_q & ~(w_right & w_upto)) | w_set;
        PassAny:  w_bitmap_o = (w_bitmap_q & ~(w_right | w_upto)) | w_set;
        PassAll:  w_bitmap_o = w_set;
        default:  w_bitmap_o = w_bitmap_q | w_set;
      endcase
    end
  end

  assign w_we_o  = w_valid_q && w_we_q;
  assign w_top_o = w_top_q;

endmodule

`default_nettype wire
