// SPDX-License-Identifier: Apache-2.0
//
// Proof of qos_queue (four beats, two packets): a packet pushed when `fits_o` allowed it is stored whole, never
// overflows, and its beats leave once and in order, with the packet's own meta; a packet shows only when it is whole,
// and none of its beats is ever missing when the scheduler takes them one after the other.

`default_nettype none

module qos_queue_proof (
  input wire        clk_i,
  input wire        want_i,
  input wire [8:0]  len_i,
  input wire        mark_i,
  input wire        tag_i,
  input wire        take_i
);

  logic rst_nq = 1'b0;
  always_ff @(posedge clk_i) rst_nq <= 1'b1;

  // A packet of ceil(len / 64) beats, one offered per cycle while want_i.
  logic       inside_q = 1'b0;
  logic [3:0] left_q;
  wire        fits, head_valid;
  wire  [3:0] beats = 4'(len_i[8:6]) + 4'(len_i[5:0] != 6'd0);
  wire  [3:0] left  = inside_q ? left_q : beats;
  wire        push  = want_i && rst_nq && (inside_q || fits);
  headend_tables_pkg::beat_t beat, head;
  headend_tables_pkg::meta_t meta, head_meta;
  wire [7:0]                 unused_resv;
  always_comb begin
    beat         = '0;
    beat.data[0] = mark_i;
    beat.sop     = !inside_q;
    beat.eop     = (left == 4'd1);
    meta         = '0;
    meta.len     = 16'(len_i);
    meta.vrf     = {11'd0, tag_i};
  end

  logic begun_q = 1'b0;      // the packet at the head has begun to leave
  wire  pop = take_i && rst_nq && (begun_q || head_valid);
  qos_queue #(.BeatDepth(4), .PacketDepth(2)) u_dut (
    .clk_i, .rst_ni(rst_nq), .offer_len_i(16'(len_i)), .fits_o(fits), .push_i(push), .push_beat_i(beat),
    .push_meta_i(meta), .head_valid_o(head_valid), .head_resv_o(unused_resv), .head_meta_o(head_meta),
    .head_beat_o(head), .pop_i(pop)
  );

  order_check #(.PayloadW(3), .MaxInside(4), .MaxWait(15), .Cover(3)) u_order (
    .clk_i, .rst_ni(rst_nq), .push_i(push), .mark_i, .payload_i({beat.sop, beat.eop, beat.sop && tag_i}),
    .pop_i(pop), .ready_i(take_i && !inside_q), .mark_o_i(head.data[0]),
    .payload_o_i({head.sop, head.eop, head.sop && head_meta.vrf[0]})
  );

  always_ff @(posedge clk_i) begin
    if (push) begin
      inside_q <= (left != 4'd1);
      left_q   <= left - 4'd1;
    end
    if (pop) begun_q <= !head.eop;
  end
  always_comb begin
    assume (len_i != 9'd0 && len_i <= 9'd256);
    cover (rst_nq && pop && head.data[0] && push && begun_q);
  end

endmodule

`default_nettype wire
