// SPDX-License-Identifier: Apache-2.0
//
// Store-and-forward FIFO: a frame becomes visible at the output only when its last word was accepted.
//
// A frame is a run of words up to the one with `s_eop_i`; `s_side_i` comes with that last word and leaves
// as `m_side_o`, valid during the whole frame. `s_abort_i` forgets the words of the frame being written
// (and the word offered in that cycle); what was forgotten cannot be read. A frame must not be longer than
// `Depth` words: when `s_ready_o` stays 0 in the middle of a frame, the writer has to abort it.
//
// Holds `Depth` words (power of two) and `MaxFrames` frames. `free_o` is the number of words that can be
// written now. All outputs come from registers. Full throughput; a frame leaves without gaps.
//
// Latency: 2 cycles from the last word in to the first word out.

`default_nettype none

module frame_fifo #(
  parameter int unsigned Width     = 8,
  parameter int unsigned Depth     = 512,
  parameter int unsigned SideWidth = 1,
  parameter int unsigned MaxFrames = 256,
  localparam int unsigned AddrW = $clog2(Depth)
) (
  input  wire                  clk_i,
  input  wire                  rst_ni,

  input  wire                  s_valid_i,
  output logic                 s_ready_o,
  input  wire  [Width-1:0]     s_data_i,
  input  wire                  s_eop_i,
  input  wire                  s_abort_i,
  input  wire  [SideWidth-1:0] s_side_i,
  output logic [AddrW:0]       free_o,

  output logic                 m_valid_o,
  input  wire                  m_ready_i,
  output logic [Width-1:0]     m_data_o,
  output logic                 m_eop_o,
  output logic [SideWidth-1:0] m_side_o
);

  if (Depth != 2 ** AddrW) begin : gen_check_depth
    $error("frame_fifo: Depth must be a power of two");
  end

  logic [Width:0]  mem [0:Depth-1];
  logic [AddrW:0]  wptr_q;       // next word to write
  logic [AddrW:0]  commit_q;     // first word of the frame being written
  logic [AddrW:0]  rptr_q;       // next word to read
  logic            out_valid_q;
  logic [Width:0]  out_q;

  logic full;
  logic side_ready;
  logic side_valid;
  logic push;
  logic load;
  logic pop;

  // Full when the pointers are one turn apart; by free_o two carry chains would stand in front of s_ready_o.
  assign full      = (wptr_q ^ rptr_q) == (AddrW + 1)'(Depth);
  assign free_o    = (AddrW + 1)'(Depth) - (wptr_q - rptr_q);
  assign s_ready_o = !full && side_ready;
  assign push      = s_valid_i && s_ready_o && !s_abort_i;
  assign load      = (rptr_q != commit_q) && (!out_valid_q || pop);
  assign pop       = m_valid_o && m_ready_i;

  assign m_valid_o = out_valid_q && side_valid;
  assign {m_eop_o, m_data_o} = out_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      wptr_q      <= '0;
      commit_q    <= '0;
      rptr_q      <= '0;
      out_valid_q <= 1'b0;
    end else begin
      if (s_abort_i) begin
        wptr_q <= commit_q;
      end else if (push) begin
        wptr_q <= wptr_q + (AddrW + 1)'(1);
        if (s_eop_i) begin
          commit_q <= wptr_q + (AddrW + 1)'(1);
        end
      end
      if (load) begin
        rptr_q      <= rptr_q + (AddrW + 1)'(1);
        out_valid_q <= 1'b1;
      end else if (pop) begin
        out_valid_q <= 1'b0;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (push) begin
      mem[wptr_q[AddrW-1:0]] <= {s_eop_i, s_data_i};
    end
    if (load) begin
      out_q <= mem[rptr_q[AddrW-1:0]];
    end
  end

  logic [$clog2(MaxFrames+1)-1:0] unused_count;
  fifo_sync #(
    .Width(SideWidth),
    .Depth(MaxFrames)
  ) u_side (
    .clk_i,
    .rst_ni,
    .s_valid_i(push && s_eop_i),
    .s_ready_o(side_ready),
    .s_data_i (s_side_i),
    .m_valid_o(side_valid),
    .m_ready_i(pop && m_eop_o),
    .m_data_o (m_side_o),
    .count_o  (unused_count)
  );

endmodule

`default_nettype wire
