// SPDX-License-Identifier: Apache-2.0
//
// One queue of qos: beats and, beside them, the meta of each whole packet. Room is decided for a packet at
// once, so a packet is stored whole or not at all. fits_i..: combinational from registers.
//
// offer_len_i: length of the packet at the input; fits_o says whether it may be pushed. The packet shows at
// the output (head_valid_o) after its last beat was pushed; head_resv_o is the number of beats to reserve
// for it in the egress buffer: ceil((max(len, tfc_len) + 128) / 64) + 1, 128 bytes being more than encapsulation
// adds to a packet that traffic flow confidentiality has padded.

`default_nettype none

module qos_queue #(
    parameter int unsigned BeatDepth   = 512,
    parameter int unsigned PacketDepth = 256,
    localparam int unsigned MetaW = headend_tables_pkg::META_W,
    localparam int unsigned BeatW = headend_tables_pkg::BEAT_W
) (
    input  logic                        clk_i,
    input  logic                        rst_ni,

    input  logic [15:0]                 offer_len_i,
    output logic                        fits_o,
    input  logic                        push_i,
    input  headend_tables_pkg::beat_t   push_beat_i,
    input  headend_tables_pkg::meta_t   push_meta_i,

    output logic                        head_valid_o,
    output logic [7:0]                  head_resv_o,
    output headend_tables_pkg::meta_t   head_meta_o,
    output headend_tables_pkg::beat_t   head_beat_o,
    input  logic                        pop_i
);

  localparam int unsigned UsedW = 16;

  // ------------------------------------------------------------------ room
  logic [UsedW-1:0] used_q, offer_beats;
  logic [15:0] packets_q;
  assign offer_beats = {6'd0, offer_len_i[15:6]} + {15'd0, offer_len_i[5:0] != 6'd0};
  assign fits_o = (used_q + offer_beats <= UsedW'(BeatDepth)) && (packets_q < 16'(PacketDepth));

  // ------------------------------------------------------------------ meta waits for the last beat
  headend_tables_pkg::meta_t meta_q, whole_meta;
  logic whole;
  assign whole = push_i && push_beat_i.eop;
  assign whole_meta = push_beat_i.sop ? push_meta_i : meta_q;
  always_ff @(posedge clk_i) begin
    if (push_i && push_beat_i.sop) meta_q <= push_meta_i;
  end

  logic [15:0] clear_len;
  logic [15:0] padded;
  logic [7:0] resv;
  assign clear_len = (whole_meta.tfc_len > whole_meta.len) ? whole_meta.tfc_len : whole_meta.len;
  assign padded = clear_len + 16'd128 + 16'd63;
  assign resv = padded[13:6] + 8'd1;

  logic meta_valid, beat_valid, last;
  logic unused_beat_ready, unused_meta_ready;  // fits_o keeps both at 1
  logic [$clog2(BeatDepth+1)-1:0] unused_beat_count;
  logic [$clog2(PacketDepth+1)-1:0] unused_meta_count;
  assign last = pop_i && head_beat_o.eop;

  fifo_sync #(
      .Width(BeatW),
      .Depth(BeatDepth)
  ) u_beats (
      .clk_i,
      .rst_ni,
      .s_valid_i(push_i),
      .s_ready_o(unused_beat_ready),
      .s_data_i (push_beat_i),
      .m_valid_o(beat_valid),
      .m_ready_i(pop_i),
      .m_data_o (head_beat_o),
      .count_o  (unused_beat_count)
  );

  fifo_sync #(
      .Width(MetaW + 8),
      .Depth(PacketDepth)
  ) u_packets (
      .clk_i,
      .rst_ni,
      .s_valid_i(whole),
      .s_ready_o(unused_meta_ready),
      .s_data_i ({whole_meta, resv}),
      .m_valid_o(meta_valid),
      .m_ready_i(last),
      .m_data_o ({head_meta_o, head_resv_o}),
      .count_o  (unused_meta_count)
  );

  // The beats of a whole packet are older than its meta, so they are there when it is.
  assign head_valid_o = meta_valid && beat_valid;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      used_q    <= '0;
      packets_q <= '0;
    end else begin
      used_q <= used_q + ((push_i && push_beat_i.sop) ? offer_beats : UsedW'(0)) - {{(UsedW - 1) {1'b0}}, pop_i};
      packets_q <= packets_q + {15'd0, push_i && push_beat_i.sop} - {15'd0, last};
    end
  end

  logic unused_bits;
  assign unused_bits = ^{padded};

endmodule

`default_nettype wire
