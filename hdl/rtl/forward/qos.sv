// SPDX-License-Identifier: Apache-2.0
//
// Egress queues. One FIFO per egress (port 0, port 1, host); a packet that does not fit as a whole is dropped
// (tail drop, QueueFull*) and reported, without its bytes if it was decrypted. The input never waits. Queue k
// takes packets with egress k; egress 3 does not occur.
//
// The scheduler sends whole packets, round robin among the queues whose head packet finds room in its egress
// buffer: free_i[k] (free beats of that buffer) >= beats already reserved + ceil((max(len, tfc_len) + 128) / 64) + 1.
// The packet leaves with that reservation in meta.resv; rel0 (egress_demux, packet delivered) and rel1 (esp_encap,
// packet dropped) give it back. Nothing behind this stage therefore waits for an egress, and a full one does
// not hold up the others. No bubble between packets.
//
// free_i may lag by a cycle behind what rel0 reports; egress_demux delays its release for that.
//
// Latency: 3 cycles from the last beat in to the first beat out (packets are queued whole).

`default_nettype none

module qos #(
    parameter int unsigned BeatDepth   = 512,
    parameter int unsigned PacketDepth = 256,
    localparam int unsigned Queues = headend_tables_pkg::NumPorts + 1
) (
    input  logic                               clk_i,
    input  logic                               rst_ni,

    input  logic                               s_valid_i,
    output logic                               s_ready_o,
    input  headend_tables_pkg::beat_t          s_beat_i,
    input  headend_tables_pkg::meta_t          s_meta_i,

    output logic                               m_valid_o,
    input  logic                               m_ready_i,
    output headend_tables_pkg::beat_t          m_beat_o,
    output headend_tables_pkg::meta_t          m_meta_o,

    input  logic [Queues-1:0][15:0]            free_i,
    input  logic                               rel0_valid_i,
    input  logic [1:0]                         rel0_egress_i,
    input  logic [7:0]                         rel0_beats_i,
    input  logic                               rel1_valid_i,
    input  logic [1:0]                         rel1_egress_i,
    input  logic [7:0]                         rel1_beats_i,

    output logic                               drop_valid_o,
    output headend_tables_pkg::drop_record_t   drop_o,
    output logic                               stage_in_o,
    output logic                               stage_out_o
);

  localparam int unsigned MetaW = headend_tables_pkg::META_W;
  localparam int unsigned BeatW = headend_tables_pkg::BEAT_W;

  if (BeatDepth < headend_tables_pkg::MaxFrameBytes / 64 + 1) begin : gen_check_depth
    $error("qos: a queue must hold the largest packet");
  end

  // ------------------------------------------------------------------ input: store or drop
  logic [Queues-1:0] fits, target, target_q, push;
  logic [1:0] egress;
  logic refuse;
  assign s_ready_o = 1'b1;
  assign egress = s_meta_i.egress;
  for (genvar k = 0; k < Queues; k++) begin : gen_target
    assign target[k] = (egress == 2'(k)) && fits[k];
  end
  assign push = !s_valid_i ? '0 : s_beat_i.sop ? target : target_q;
  assign refuse = s_valid_i && s_beat_i.sop && (target == '0);
  always_ff @(posedge clk_i) begin
    if (!rst_ni) target_q <= '0;
    else if (s_valid_i && s_beat_i.sop) target_q <= target;
  end

  logic [Queues-1:0] head_valid, pop;
  logic [Queues-1:0][7:0] head_resv;
  logic [Queues-1:0][MetaW-1:0] head_meta;
  logic [Queues-1:0][BeatW-1:0] head_beat;
  for (genvar k = 0; k < Queues; k++) begin : gen_queue
    qos_queue #(
        .BeatDepth  (BeatDepth),
        .PacketDepth(PacketDepth)
    ) u_queue (
        .clk_i,
        .rst_ni,
        .offer_len_i (s_meta_i.len),
        .fits_o      (fits[k]),
        .push_i      (push[k]),
        .push_beat_i (s_beat_i),
        .push_meta_i (s_meta_i),
        .head_valid_o(head_valid[k]),
        .head_resv_o (head_resv[k]),
        .head_meta_o (head_meta[k]),
        .head_beat_o (head_beat[k]),
        .pop_i       (pop[k])
    );
  end

  // ------------------------------------------------------------------ reservations
  // room_q: beats that may still be promised, as of the last cycle.
  logic [Queues-1:0] start;
  logic [Queues-1:0][15:0] reserved_q, reserved_d, room_q;
  always_comb begin
    for (int k = 0; k < Queues; k++) begin
      reserved_d[k] = reserved_q[k] + (start[k] ? {8'd0, head_resv[k]} : 16'd0)
                      - ((rel0_valid_i && (rel0_egress_i == 2'(k))) ? {8'd0, rel0_beats_i} : 16'd0)
                      - ((rel1_valid_i && (rel1_egress_i == 2'(k))) ? {8'd0, rel1_beats_i} : 16'd0);
    end
  end
  always_ff @(posedge clk_i) begin
    for (int k = 0; k < Queues; k++) begin
      if (!rst_ni) begin
        reserved_q[k] <= '0;
        room_q[k]     <= '0;
      end else begin
        reserved_q[k] <= reserved_d[k];
        room_q[k]     <= (free_i[k] > reserved_d[k]) ? free_i[k] - reserved_d[k] : 16'd0;
      end
    end
  end

  // ------------------------------------------------------------------ scheduler
  logic [Queues-1:0] owner_q;  // queue in the middle of a packet, one-hot, or 0
  logic [Queues-1:0] after_q;  // queues behind the last one served: they come first
  logic [Queues-1:0] may, first, grant, eop;
  logic out_free;
  for (genvar k = 0; k < Queues; k++) begin : gen_may
    headend_tables_pkg::beat_t beat;
    assign beat = head_beat[k];
    assign eop[k] = beat.eop;
    assign may[k] = head_valid[k] && ({8'd0, head_resv[k]} <= room_q[k]);
    logic unused_beat;
    assign unused_beat = ^beat;
  end
  assign first = (may & after_q) != '0 ? may & after_q : may;
  assign grant = (owner_q != '0) ? owner_q : first & (~first + 1'b1);
  assign out_free = !m_valid_o || m_ready_i;
  assign pop = out_free ? grant : '0;  // a packet in a queue is whole: its next beat is always there
  assign start = (owner_q == '0) ? pop : '0;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      owner_q   <= '0;
      after_q   <= '0;
      m_valid_o <= 1'b0;
    end else if (pop != '0) begin
      m_valid_o <= 1'b1;
      owner_q   <= pop & ~eop;
      after_q   <= ~((pop << 1) - 1'b1);
    end else if (m_ready_i) begin
      m_valid_o <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    for (int k = 0; k < Queues; k++) begin
      if (pop[k]) m_beat_o <= head_beat[k];
      if (start[k]) begin
        m_meta_o      <= head_meta[k];
        m_meta_o.resv <= head_resv[k];
      end
    end
  end

  // ------------------------------------------------------------------ reports
  logic [headend_tables_pkg::DROP_REASON_W-1:0] reason;
  always_comb begin
    unique case (egress)
      headend_tables_pkg::EGRESS_PORT0: reason = headend_tables_pkg::DROP_REASON_QUEUE_FULL_PORT0;
      headend_tables_pkg::EGRESS_PORT1: reason = headend_tables_pkg::DROP_REASON_QUEUE_FULL_PORT1;
      default: reason = headend_tables_pkg::DROP_REASON_QUEUE_FULL_HOST;
    endcase
  end

  logic has_sa;
  assign has_sa = s_meta_i.sa_in != 16'hffff;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      drop_valid_o <= 1'b0;
      stage_in_o   <= 1'b0;
      stage_out_o  <= 1'b0;
    end else begin
      drop_valid_o <= refuse;
      stage_in_o   <= s_valid_i && s_beat_i.sop;
      stage_out_o  <= start != '0;
    end
    if (refuse) begin
      drop_o.reason  <= reason;
      drop_o.stage   <= headend_tables_pkg::STAGE_QOS;
      drop_o.ingress <= s_meta_i.ingress;
      drop_o.len     <= s_meta_i.len;
      drop_o.vrf     <= s_meta_i.vrf;
      drop_o.sa      <= s_meta_i.sa_in;
      drop_o.spi     <= has_sa ? s_meta_i.spi : s_meta_i.parsed.spi;
      drop_o.seq     <= has_sa ? s_meta_i.seq : {32'd0, s_meta_i.parsed.seq};
      drop_o.data    <= s_meta_i.decrypted ? '0 : s_beat_i.data;
    end
  end

endmodule

`default_nettype wire
