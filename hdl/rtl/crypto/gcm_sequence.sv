// SPDX-License-Identifier: Apache-2.0
//
// Front end of the GCM engine: accepts beats when there is room for them at the end of the pipeline, cuts packets into slots and decides
// what each slot does.
//
// The pipeline behind never stops, so a beat is accepted only when the output FIFO has room for every beat in flight (BeatRoom), and
// a packet only when the tag FIFO has (TagRoom). A packet of `len` processed bytes needs G = floor((len + 95) / 64) slots for its AAD
// block, payload blocks and length block; when it has fewer beats, `s_ready_o` drops for one cycle after its last beat and a slot
// without a beat follows.
//
// Blocks of slot k: lane l encrypts counter 4k + l + 2. The first lane that has no payload block left encrypts J0 (counter 1) instead:
// the same number of slots as when J0 comes first, and payload stays in its lane.
//
// Latency: 1 cycle from an accepted beat to `valid_o`, `slot_o` and `counter_o`.
`default_nettype none

module gcm_sequence #(
  parameter int unsigned BeatRoom = 32,
  parameter int unsigned TagRoom  = 64
) (
  input  wire                   clk_i,
  input  wire                   rst_ni,

  // Stream side.
  input  wire                   s_valid_i,
  output logic                  s_ready_o,
  input  wire                   s_sop_i,
  input  wire                   s_eop_i,
  input  wire                   s_crypt_i,   // at sop
  input  wire  [15:0]           s_len_i,     // at sop

  // Room given back.
  input  wire                   beat_taken_i,
  input  wire                   tag_taken_i,

  // Accepted beat, same cycle.
  output logic                  accept_o,
  output logic                  start_o,     // of a packet
  output logic [4:0]            packet_o,    // row for its per-packet data

  // Slot, one cycle later.
  output logic                  valid_o,
  output logic                  aes_valid_o,
  output gcm_pkg::slot_t        slot_o,
  output logic [3:0][31:0]      counter_o
);

  // ------------------------------------------------------------------------------------------ acceptance

  localparam int unsigned BeatW = $clog2(BeatRoom + 1);
  localparam int unsigned TagW  = $clog2(TagRoom + 1);

  logic             accept;
  logic             start;
  logic             extra_q;
  logic             extra_d;
  logic             ready_q;
  logic             inside_q;   // the next beat is not the first of its packet
  logic             inside_d;
  logic [BeatW-1:0] beats_q;
  logic [BeatW-1:0] beats_d;
  logic [TagW-1:0]  tags_q;
  logic [TagW-1:0]  tags_d;

  assign accept    = s_valid_i && ready_q;
  assign start     = accept && s_sop_i;
  assign s_ready_o = ready_q;
  assign accept_o  = accept;
  assign start_o   = start;

  assign inside_d = accept ? !s_eop_i : inside_q;
  assign beats_d  = beats_q + BeatW'(accept) - BeatW'(beat_taken_i);
  assign tags_d   = tags_q + TagW'(start) - TagW'(tag_taken_i);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      ready_q  <= 1'b0;
      inside_q <= 1'b0;
      beats_q  <= '0;
      tags_q   <= '0;
    end else begin
      ready_q  <= !extra_d && (beats_d != BeatW'(BeatRoom)) && (inside_d || (tags_d != TagW'(TagRoom)));
      inside_q <= inside_d;
      beats_q  <= beats_d;
      tags_q   <= tags_d;
    end
  end

  // ----------------------------------------------------------------------------------- packet and slot

  logic        valid_q;
  logic        beat_q;
  logic        sop_q;
  logic        eop_q;
  logic        crypt_q;
  logic [10:0] index_q;        // slot number in the packet
  logic [15:0] len_q;
  logic [12:0] blocks_q;       // payload blocks
  logic [10:0] hash_last_q;    // slot with the last GHASH blocks
  logic [10:0] left_q;         // GHASH slots still to come
  logic [4:0]  packet_q;

  logic        crypt;
  logic [10:0] index;
  logic [10:0] hash_last;
  logic        more;           // GHASH slots follow this one
  logic [16:0] len_slots;
  logic [16:0] len_blocks;
  assign len_slots  = {1'b0, s_len_i} + 17'd31;
  assign len_blocks = {1'b0, s_len_i} + 17'd15;
  assign crypt      = start ? s_crypt_i : crypt_q;
  assign index      = start ? 11'd0 : index_q + 11'd1;
  assign hash_last  = len_slots[16:6];
  assign more       = start ? (s_len_i > 16'd32) : (left_q > 11'd1);
  assign extra_d    = ((accept && s_eop_i) || extra_q) && crypt && more;
  assign packet_o   = packet_q + 5'd1;

  logic unused_round;
  assign unused_round = ^{len_slots[5:0], len_blocks[3:0]};

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid_q  <= 1'b0;
      beat_q   <= 1'b0;
      extra_q  <= 1'b0;
      packet_q <= 5'd0;
    end else begin
      valid_q <= accept || extra_q;
      beat_q  <= accept;
      extra_q <= extra_d;
      if (start && s_crypt_i) begin
        packet_q <= packet_o;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (accept || extra_q) begin
      sop_q   <= start;
      eop_q   <= accept && s_eop_i;
      index_q <= index;
      if (start) begin
        left_q <= hash_last;
      end else if (left_q != 11'd0) begin
        left_q <= left_q - 11'd1;
      end
    end
    if (start) begin
      crypt_q     <= s_crypt_i;
      len_q       <= s_len_i;
      blocks_q    <= len_blocks[16:4];
      hash_last_q <= hash_last;
    end
  end

  // -------------------------------------------------------------------------------------- slot's work

  // Slot with the lane after the last payload block.
  logic [10:0] j0_slot;
  assign j0_slot = blocks_q[12:2];

  logic [10:0] to_end;
  assign to_end = hash_last_q - index_q;

  always_comb begin
    slot_o.packet     = packet_q;
    slot_o.crypt      = crypt_q;
    slot_o.first      = sop_q;
    slot_o.has_beat   = beat_q;
    slot_o.sop        = sop_q;
    slot_o.eop        = eop_q;
    if (!crypt_q || (index_q > {1'b0, len_q[15:6]})) begin
      slot_o.count = 7'd0;
    end else if (index_q == {1'b0, len_q[15:6]}) begin
      slot_o.count = {1'b0, len_q[5:0]};
    end else begin
      slot_o.count = 7'd64;
    end
    slot_o.has_j0     = crypt_q && (index_q == j0_slot);
    slot_o.j0_lane    = blocks_q[1:0];
    slot_o.hash       = crypt_q && (index_q <= hash_last_q);
    slot_o.blocks_mod = blocks_q[1:0];
    slot_o.no_sum     = (index_q[10:2] == 9'd0);
    slot_o.terminal   = slot_o.hash && (to_end[10:2] == 9'd0);
    slot_o.term_first = slot_o.terminal && ((to_end[1:0] == 2'd3) || sop_q);
    slot_o.to_end     = to_end[1:0];
    slot_o.phase      = index_q[1:0];
    slot_o.tag        = crypt_q ? (index_q == hash_last_q) : eop_q;
  end

  assign valid_o     = valid_q;
  assign aes_valid_o = valid_q && crypt_q && (index_q <= j0_slot);

  // Counters 4k + 2 and 4k + 3 have the upper bits of k, 4k + 4 and 4k + 5 those of k + 1.
  logic [10:0] index_next;
  assign index_next = index_q + 11'd1;
  always_comb begin
    counter_o[0] = {19'd0, index_q, 2'b10};
    counter_o[1] = {19'd0, index_q, 2'b11};
    counter_o[2] = {19'd0, index_next, 2'b00};
    counter_o[3] = {19'd0, index_next, 2'b01};
    if (slot_o.has_j0) begin
      counter_o[blocks_q[1:0]] = 32'd1;
    end
  end

endmodule

`default_nettype wire
