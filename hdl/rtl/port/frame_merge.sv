// SPDX-License-Identifier: Apache-2.0
//
// Merges packet streams into one, whole frames, round robin. Each source has a store-and-forward FIFO of its own,
// so that none holds up another and a frame leaves without gaps whatever its source does.
//
// `s_side_i` (opaque) is valid with a packet's first beat; `m_side_o` during the whole packet. `free_o[k]` is the
// number of beats that FIFO k can still take; a sender that reserves before it sends never meets `s_ready_o` = 0.
// Byte 0 in bits 7:0. One beat per cycle out, no bubble between packets of any sources.
//
// Latency: 2 cycles from the last beat in to the first beat out. The output is a choice between FIFO outputs: put
// a register behind it.

`default_nettype none

module frame_merge #(
  parameter int unsigned Sources   = 2,
  parameter int unsigned SideWidth = 1,
  parameter int unsigned Depth     = 512,
  parameter int unsigned MaxFrames = Depth + 1,  // one more stands at the output
  localparam int unsigned BeatW = headend_tables_pkg::BEAT_W
) (
  input  wire                                clk_i,
  input  wire                                rst_ni,

  input  wire  [Sources-1:0]                 s_valid_i,
  output logic [Sources-1:0]                 s_ready_o,
  input  wire  [Sources-1:0][BeatW-1:0]      s_beat_i,
  input  wire  [Sources-1:0][SideWidth-1:0]  s_side_i,
  output logic [Sources-1:0][15:0]           free_o,

  output logic                               m_valid_o,
  input  wire                                m_ready_i,
  output headend_tables_pkg::beat_t          m_beat_o,
  output logic [SideWidth-1:0]               m_side_o
);

  // ------------------------------------------------------------------------------ a FIFO per source
  logic [Sources-1:0]                valid;
  logic [Sources-1:0]                ready;
  logic [Sources-1:0][BeatW-1:0]     beat;
  logic [Sources-1:0][SideWidth-1:0] side;

  for (genvar k = 0; k < int'(Sources); k++) begin : gen_source
    wire headend_tables_pkg::beat_t in = s_beat_i[k];
    logic [$clog2(Depth):0]         free;
    logic [SideWidth-1:0]           side_q;
    logic [SideWidth-1:0]           side_now;
    logic                           unused_eop;
    assign free_o[k] = 16'(free);
    assign side_now  = in.sop ? s_side_i[k] : side_q;

    always_ff @(posedge clk_i) begin
      if (s_valid_i[k] && in.sop) begin
        side_q <= s_side_i[k];
      end
    end

    frame_fifo #(
      .Width    (BeatW),
      .Depth    (Depth),
      .SideWidth(SideWidth),
      .MaxFrames(MaxFrames)
    ) u_fifo (
      .clk_i,
      .rst_ni,
      .s_valid_i(s_valid_i[k]),
      .s_ready_o(s_ready_o[k]),
      .s_data_i (in),
      .s_eop_i  (in.eop),
      .s_abort_i(1'b0),
      .s_side_i (side_now),
      .free_o   (free),
      .m_valid_o(valid[k]),
      .m_ready_i(ready[k]),
      .m_data_o (beat[k]),
      .m_eop_o  (unused_eop),
      .m_side_o (side[k])
    );
  end

  // ------------------------------------------------------------------------------ turns
  logic [Sources-1:0] owner_q;   // source whose packet is on offer or under way, one-hot, or 0
  logic [Sources-1:0] after_q;   // sources behind the last one served: they come first
  logic [Sources-1:0] first;
  logic [Sources-1:0] grant;
  logic               taken;
  assign first     = ((valid & after_q) != '0) ? valid & after_q : valid;
  assign grant     = (owner_q != '0) ? owner_q : first & (~first + Sources'(1));
  assign ready     = m_ready_i ? grant : '0;
  assign m_valid_o = (grant & valid) != '0;
  assign taken     = m_valid_o && m_ready_i;

  always_comb begin
    m_beat_o = beat[0];
    m_side_o = side[0];
    for (int k = 1; k < int'(Sources); k++) begin
      if (grant[k]) begin
        m_beat_o = beat[k];
        m_side_o = side[k];
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      owner_q <= '0;
      after_q <= '0;
    end else if (m_valid_o) begin
      owner_q <= (taken && m_beat_o.eop) ? '0 : grant;
      after_q <= ~((grant << 1) - Sources'(1));
    end
  end

endmodule

`default_nettype wire
