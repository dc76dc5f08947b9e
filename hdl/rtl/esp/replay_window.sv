// SPDX-License-Identifier: Apache-2.0
//
// Anti-replay check and update of one packet (RFC 4303 3.4.3), combinational: the specification of replay_pipe, which
// is what the card contains.
//
// State of an SA: `top`, the highest sequence number accepted, and a bitmap in which bit (n mod WindowMax)
// says that sequence number n was accepted, for the WindowMax numbers top-WindowMax+1 to top. The bitmap is
// a ring: nothing is shifted when the window moves, the bits of the numbers that the move skips are
// cleared, exactly. Both are zero for a new SA.
//
//   seq > top                 accept; clear top+1 to seq-1, set seq, top becomes seq
//   top-window < seq <= top   duplicate if its bit is set, else accept and set it
//   seq <= top-window         old
//
// `window_i` is 0 (no check: everything is accepted, top is the maximum) to WindowMax; more counts as
// WindowMax. When the packet is not accepted, `bitmap_o` and `top_o` equal the inputs. Exactly one of
// `accept_o`, `duplicate_o`, `old_o` is 1.
//
// Latency: 0.

`default_nettype none

module replay_window #(
  parameter int unsigned WindowMax = headend_tables_pkg::ReplayWindowMax,   // power of two
  parameter int unsigned SeqWidth  = 64,
  localparam int unsigned BitW = $clog2(WindowMax),
  localparam int unsigned WinW = $clog2(WindowMax) + 2
) (
  input  wire  [WindowMax-1:0] bitmap_i,
  input  wire  [SeqWidth-1:0]  top_i,
  input  wire  [SeqWidth-1:0]  seq_i,
  input  wire  [WinW-1:0]      window_i,

  output logic                 accept_o,
  output logic                 duplicate_o,
  output logic                 old_o,
  output logic [WindowMax-1:0] bitmap_o,
  output logic [SeqWidth-1:0]  top_o
);

  if (WindowMax != 2 ** BitW || SeqWidth <= BitW + 1) begin : gen_check_sizes
    $error("replay_window: WindowMax must be a power of two, SeqWidth larger than its logarithm + 1");
  end

  localparam logic [SeqWidth-1:0] RingSize = SeqWidth'(WindowMax);

  logic [SeqWidth-1:0] window;
  assign window = (window_i > WinW'(WindowMax)) ? RingSize : SeqWidth'(window_i);

  logic                ahead;      // right of the window
  logic [SeqWidth-1:0] advance;    // by how much
  logic [SeqWidth-1:0] behind;     // distance from the top, when not ahead
  assign ahead   = (seq_i > top_i);
  assign advance = seq_i - top_i;
  assign behind  = top_i - seq_i;

  logic [BitW-1:0]      first;     // bit of top+1
  logic [BitW-1:0]      last;      // bit of seq
  logic [WindowMax-1:0] seq_bit;
  logic [WindowMax-1:0] from_first;
  logic [WindowMax-1:0] upto_last;
  logic [WindowMax-1:0] passed;    // bits of top+1 to seq on the ring
  assign first      = top_i[BitW-1:0] + BitW'(1);
  assign last       = seq_i[BitW-1:0];
  assign seq_bit    = WindowMax'(1) << last;
  assign from_first = {WindowMax{1'b1}} << first;
  assign upto_last  = ~(({WindowMax{1'b1}} << last) << 1);
  always_comb begin
    if (advance >= RingSize) begin
      passed = '1;
    end else if (first <= last) begin
      passed = from_first & upto_last;
    end else begin
      passed = from_first | upto_last;
    end
  end

  always_comb begin
    accept_o    = 1'b0;
    duplicate_o = 1'b0;
    old_o       = 1'b0;
    if (ahead || window == '0) begin
      accept_o = 1'b1;
    end else if (behind >= window) begin
      old_o = 1'b1;
    end else if (bitmap_i[last]) begin
      duplicate_o = 1'b1;
    end else begin
      accept_o = 1'b1;
    end
  end

  assign top_o = ahead ? seq_i : top_i;

  always_comb begin
    bitmap_o = bitmap_i;
    if (accept_o && window != '0) begin
      bitmap_o = (ahead ? bitmap_i & ~passed : bitmap_i) | seq_bit;
    end
  end

endmodule

`default_nettype wire
