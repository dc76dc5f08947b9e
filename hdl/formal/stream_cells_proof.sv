// SPDX-License-Identifier: Apache-2.0
//
// Proof of stream_trim, stream_prepend and stream_append: one packet out per packet in, in order (one packet is marked by
// the solver through the side word), well framed, with exactly the bytes it must have: `len` for trim, inserted + own for
// prepend, own + appended for append; full beats before the last.

`default_nettype none

module stream_cells_proof #(
  parameter int unsigned Cell = 0      // 0 trim, 1 prepend, 2 append
) (
  input wire         clk_i,
  input wire         s_valid_i,
  input wire         s_eop_i,
  input wire [6:0]   s_bytes_i,
  input wire         mark_i,
  input wire [7:0]   del_i,
  input wire [15:0]  len_i,
  input wire [6:0]   ins_i,
  input wire         m_ready_i
);

  logic rst_nq = 1'b0;
  always_ff @(posedge clk_i) rst_nq <= 1'b1;

  logic                      inside_q = 1'b0;
  logic                      seen_q = 1'b0, live_q = 1'b0;
  logic [15:0]               before_q;      // bytes of the packet before this beat
  logic [15:0]               extra_q;       // bytes that go in front or behind
  logic                      mine_q;
  logic [3:0]                packets_q = '0, ahead_q;
  logic [15:0]               want_q;        // bytes of the marked packet, when all of it is in
  logic                      known_q = 1'b0;
  headend_tables_pkg::beat_t beat, out;
  wire                       s_ready, m_valid, side;
  wire                       take = s_valid_i && s_ready;
  wire                       mine = inside_q ? mine_q : mark_i;
  wire [15:0]                before = inside_q ? before_q : 16'd0;
  // For append it comes with the last beat, else with the first.
  wire [15:0]                extra = (Cell == 2) ? 16'(ins_i) : inside_q ? extra_q : (Cell == 0) ? len_i : 16'(ins_i);
  always_comb begin
    beat       = '0;
    beat.bytes = s_eop_i ? s_bytes_i : 7'd64;
    beat.sop   = !inside_q;
    beat.eop   = s_eop_i;
  end

  if (Cell == 0) begin : gen_trim
    logic [15:0] need_q;
    wire  [15:0] need = inside_q ? need_q : 16'(del_i) + len_i;
    always_ff @(posedge clk_i) if (take) need_q <= need;
    always_comb begin
      assume (len_i != 16'd0 && len_i <= 16'd200 && del_i <= 8'd130);
      if (s_eop_i) assume (before + 16'(s_bytes_i) >= need);     // the packet holds what is kept
    end
    stream_trim #(.SideWidth(1)) u_dut (
      .clk_i, .rst_ni(rst_nq), .s_valid_i, .s_ready_o(s_ready), .s_beat_i(beat), .del_i, .len_i, .side_i(mark_i),
      .m_valid_o(m_valid), .m_ready_i, .m_beat_o(out), .side_o(side)
    );
  end else if (Cell == 1) begin : gen_prepend
    always_comb assume (ins_i <= 7'd96);
    stream_prepend #(.MaxBytes(96), .SideWidth(1)) u_dut (
      .clk_i, .rst_ni(rst_nq), .s_valid_i, .s_ready_o(s_ready), .s_beat_i(beat), .ins_len_i(ins_i), .ins_data_i('0),
      .side_i(mark_i), .m_valid_o(m_valid), .m_ready_i, .m_beat_o(out), .side_o(side)
    );
  end else begin : gen_append
    always_comb assume (ins_i <= 7'd16);
    stream_append #(.MaxBytes(16), .SideWidth(1)) u_dut (
      .clk_i, .rst_ni(rst_nq), .s_valid_i, .s_ready_o(s_ready), .s_beat_i(beat), .app_len_i(ins_i[4:0]), .app_data_i('0),
      .side_i(mark_i), .m_valid_o(m_valid), .m_ready_i, .m_beat_o(out), .side_o(side)
    );
  end

  // Output: the packet under way.
  logic        begun_q = 1'b0, out_mine_q;
  logic [15:0] sent_q;
  wire         pop      = m_valid && m_ready_i;
  wire         out_mine = out.sop ? side : out_mine_q;
  wire [15:0]  sent     = (out.sop ? 16'd0 : sent_q) + 16'(out.bytes);
  wire [15:0]  total    = (Cell == 0) ? extra : before + 16'(beat.bytes) + extra;
  wire         begins   = take && !inside_q;
  wire         ends     = pop && out.eop;

  // An offer stands until taken (the cells look at it before they take it).
  logic        held_q = 1'b0;
  logic [40:0] offer_q;
  wire  [40:0] offer = {s_eop_i, s_bytes_i, mark_i, del_i, len_i, ins_i, 1'b1};
  always_ff @(posedge clk_i) begin
    held_q  <= rst_nq && s_valid_i && !s_ready;
    offer_q <= offer;
    if (rst_nq) begin
      packets_q <= packets_q + 4'(begins) - 4'(ends);
      if (take) begin
        inside_q <= !s_eop_i;
        before_q <= before + 16'd64;
        extra_q  <= extra;
        mine_q   <= mine;
        if (mine && s_eop_i) {known_q, want_q} <= {1'b1, total};
      end
      if (begins && mark_i) begin
        seen_q  <= 1'b1;
        live_q  <= 1'b1;
        ahead_q <= packets_q - 4'(ends);
      end else if (ends && live_q) begin
        live_q  <= (ahead_q != 4'd0);
        ahead_q <= ahead_q - 4'd1;
      end
      if (pop) begin
        begun_q    <= !out.eop;
        sent_q     <= sent;
        out_mine_q <= out_mine;
      end
    end
  end

  always_comb begin
    assume (rst_nq || !s_valid_i);
    assume (s_bytes_i != 7'd0 && s_bytes_i <= 7'd64);
    if (seen_q && !inside_q) assume (!mark_i);
    if (held_q) assume (s_valid_i && offer == offer_q);
    if (rst_nq) begin
      // A cell may begin to send before it has taken the first beat.
      if (pop) assert (out.sop == !begun_q);
      if (pop && !out.eop) assert (out.bytes == 7'd64);
      if (pop && live_q && out.sop) assert (side == (ahead_q == 4'd0));
      if (pop && !live_q && out.sop && seen_q) assert (!side);
      if (ends && live_q && ahead_q == 4'd0 && known_q) assert (sent == want_q);
      if (ends) assert (packets_q != 4'd0);
      assert (packets_q <= 4'd4);
    end
    cover (rst_nq && ends && live_q && ahead_q == 4'd0 && known_q && sent > 16'd64);
  end

endmodule

`default_nettype wire
