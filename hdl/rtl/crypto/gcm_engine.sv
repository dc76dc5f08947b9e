// SPDX-License-Identifier: Apache-2.0
//
// AES-GCM engine at line rate: 512 bits per cycle, AES-128 and AES-256, a new packet of another SA in any cycle. With Encrypt = 1 it
// encrypts, with 0 it decrypts; the two differ only in what is hashed.
//
//   s_* -> gcm_sequence -+-> counter blocks -> aes_lanes -------+
//            | accept    |                      15 cycles       v
//            +-----------|-> data ring ----------------------> gcm_mix -> output FIFO -> m_*
//            |           +-> slot ring                          |
//            |                                                  v ciphertext
//            +-> packet rows (AAD, length, H powers) -----> ghash_align -> ghash_lanes -> ghash_fold -> tag FIFO -> tag_*
//
// For each packet the first s_ctx_i.len bytes are processed, the bytes after them pass unchanged and are not hashed; packets with
// s_ctx_i.crypt = 0 pass unchanged. There is one tag per packet, in order, GHASH xor E(J0) when crypt = 1, of no meaning when
// crypt = 0. Requirements: s_ctx_i.len <= bytes of the packet <= 65,535. Take data without waiting for its tag: only 32 beats fit
// inside. A tag can come before the last beat of its packet only if more than 64 bytes follow s_ctx_i.len.
//
// Throughput: one beat per cycle. s_ready_o drops for one cycle after a packet exactly when crypt = 1 and
// floor((len + 95) / 64) is greater than the packet's number of beats (then it is greater by one). See README.md.
// Latency: 18 cycles from an accepted beat to m_valid_o; 28 cycles to tag_valid_o from the slot of the length block, that is slot
// floor((len + 31) / 64) of a processed packet, or from the last beat of a packet that is not processed.
// Byte order: byte 0 of data, key, powers, AAD and tag in bits 7:0.
`default_nettype none

module gcm_engine #(
  parameter bit          Encrypt   = 1'b1,
  parameter int unsigned SideWidth = 1
) (
  input  wire                             clk_i,
  input  wire                             rst_ni,

  input  wire                             s_valid_i,
  output logic                            s_ready_o,
  input  wire headend_tables_pkg::beat_t    s_beat_i,
  input  wire [SideWidth-1:0]             s_side_i,   // at sop
  input  wire headend_tables_pkg::gcm_ctx_t s_ctx_i,    // at sop

  output logic                            m_valid_o,
  input  wire                             m_ready_i,
  output headend_tables_pkg::beat_t       m_beat_o,
  output logic [SideWidth-1:0]            m_side_o,   // at sop

  output logic                            tag_valid_o,
  input  wire                             tag_ready_i,
  output logic [127:0]                    tag_o
);

  // Room for every beat and tag between acceptance and the consumer; more than the round trip, so that it never limits the rate.
  localparam int unsigned BeatRoom = 32;
  localparam int unsigned TagRoom  = 64;

  // Stages count from the accepted beat (stage 0). Data meets keystream at MixStage, terminal sums of GHASH appear at SumStage, the
  // tag at TagStage.
  localparam int unsigned MixStage = 16;
  localparam int unsigned SumStage = MixStage + 2 + gcm_pkg::GhashLatency;
  localparam int unsigned TagStage = SumStage + 1 + gcm_pkg::MulLatency;

  // ------------------------------------------------------------------------------------------ acceptance

  logic             accept;
  logic             start;
  logic [4:0]       packet;
  logic             slot_valid;
  logic             aes_valid;
  gcm_pkg::slot_t   slot;
  logic [3:0][31:0] counter;
  logic             beat_taken;
  logic             tag_taken;

  assign beat_taken = m_valid_o && m_ready_i;
  assign tag_taken  = tag_valid_o && tag_ready_i;

  gcm_sequence #(.BeatRoom(BeatRoom), .TagRoom(TagRoom)) u_sequence (
    .clk_i,
    .rst_ni,
    .s_valid_i,
    .s_ready_o,
    .s_sop_i     (s_beat_i.sop),
    .s_eop_i     (s_beat_i.eop),
    .s_crypt_i   (s_ctx_i.crypt),
    .s_len_i     (s_ctx_i.len),
    .beat_taken_i(beat_taken),
    .tag_taken_i (tag_taken),
    .accept_o    (accept),
    .start_o     (start),
    .packet_o    (packet),
    .valid_o     (slot_valid),
    .aes_valid_o (aes_valid),
    .slot_o      (slot),
    .counter_o   (counter)
  );

  // Bit s: a slot, a slot with a beat, at stage s.
  logic [MixStage:1] valid;
  logic [MixStage:1] with_beat;
  logic [MixStage:2] valid_q;
  logic [MixStage:2] with_beat_q;
  assign valid     = {valid_q, slot_valid};
  assign with_beat = {with_beat_q, slot_valid && slot.has_beat};
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid_q     <= '0;
      with_beat_q <= '0;
    end else begin
      valid_q     <= valid[MixStage-1:1];
      with_beat_q <= with_beat[MixStage-1:1];
    end
  end

  // ----------------------------------------------------------------------------------------------- AES

  logic [255:0] key_q;
  logic [95:0]  nonce_q;
  logic         aes256_q;
  always_ff @(posedge clk_i) begin
    if (start && s_ctx_i.crypt) begin
      key_q    <= s_ctx_i.gcm.key;
      nonce_q  <= {s_ctx_i.iv, s_ctx_i.gcm.salt};
      aes256_q <= s_ctx_i.gcm.aes256;
    end
  end

  logic [511:0] counter_block;
  for (genvar l = 0; l < 4; l++) begin : gen_counter
    assign counter_block[128*l+:128] = {counter[l][7:0], counter[l][15:8], counter[l][23:16], counter[l][31:24], nonce_q};
  end

  logic         stream_valid;
  logic [511:0] stream;
  aes_lanes u_aes (
    .clk_i,
    .rst_ni,
    .valid_i (aes_valid),
    .first_i (slot.first),
    .aes256_i(aes256_q),
    .key_i   (key_q),
    .blocks_i(counter_block),
    .valid_o (stream_valid),
    .blocks_o(stream)
  );

  // ------------------------------------------------------------------ data and slots wait for the keystream

  // The ring's rows are plain vectors: Yosys loses the depth of a memory of a packaged struct type.
  localparam int unsigned BeatBits = 512 + 7;
  localparam int unsigned SlotBits = gcm_pkg::SlotBits;

  logic [BeatBits-1:0] beat_ring [0:15];
  logic [3:0]          beat_wptr_q;
  logic [3:0]          beat_rptr_q;
  logic [511:0]        mix_data_q;
  logic [6:0]          mix_bytes_q;
  logic [SlotBits-1:0] slot_ring [0:15];
  logic [3:0]          slot_wptr_q;
  logic [3:0]          slot_rptr_q;
  gcm_pkg::slot_t      mix_slot_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      beat_wptr_q <= 4'd0;
      beat_rptr_q <= 4'd0;
      slot_wptr_q <= 4'd0;
      slot_rptr_q <= 4'd0;
    end else begin
      beat_wptr_q <= beat_wptr_q + 4'(accept);
      beat_rptr_q <= beat_rptr_q + 4'(with_beat[MixStage-1]);
      slot_wptr_q <= slot_wptr_q + 4'(slot_valid);
      slot_rptr_q <= slot_rptr_q + 4'(valid[MixStage-1]);
    end
  end

  always_ff @(posedge clk_i) begin
    if (accept) begin
      beat_ring[beat_wptr_q] <= {s_beat_i.bytes, s_beat_i.data};
    end
    if (with_beat[MixStage-1]) begin
      {mix_bytes_q, mix_data_q} <= beat_ring[beat_rptr_q];
    end
    if (slot_valid) begin
      slot_ring[slot_wptr_q] <= slot;
    end
    if (valid[MixStage-1]) begin
      mix_slot_q <= slot_ring[slot_rptr_q];
    end
  end

  // ---------------------------------------------------------------------------------------------- output

  logic [511:0]              mixed;
  logic [511:0]              cipher;
  headend_tables_pkg::beat_t out_beat;

  gcm_mix #(.Encrypt(Encrypt)) u_mix (
    .count_i (mix_slot_q.count),
    .data_i  (mix_data_q),
    .stream_i(stream),
    .data_o  (mixed),
    .cipher_o(cipher)
  );

  always_comb begin
    out_beat.data  = mixed;
    out_beat.bytes = mix_bytes_q;
    out_beat.sop   = mix_slot_q.sop;
    out_beat.eop   = mix_slot_q.eop;
  end

  // FIFOs cannot fill up: gcm_sequence counts. Their ready and count are not needed.
  logic unused_fifo_ready;
  logic unused_fifo_count;
  logic out_ready;
  logic side_ready;
  logic tag_fifo_ready;
  logic side_valid;
  logic [$clog2(BeatRoom+1)-1:0] out_count;
  logic [$clog2(BeatRoom+1)-1:0] side_count;
  logic [$clog2(TagRoom+1)-1:0]  tag_count;
  assign unused_fifo_ready = ^{out_ready, side_ready, tag_fifo_ready, side_valid};
  assign unused_fifo_count = ^{out_count, side_count, tag_count};

  fifo_sync #(.Width(headend_tables_pkg::BEAT_W), .Depth(BeatRoom)) u_out_fifo (
    .clk_i,
    .rst_ni,
    .s_valid_i(with_beat[MixStage]),
    .s_ready_o(out_ready),
    .s_data_i (out_beat),
    .m_valid_o,
    .m_ready_i,
    .m_data_o (m_beat_o),
    .count_o  (out_count)
  );

  fifo_sync #(.Width(SideWidth), .Depth(BeatRoom)) u_side_fifo (
    .clk_i,
    .rst_ni,
    .s_valid_i(start),
    .s_ready_o(side_ready),
    .s_data_i (s_side_i),
    .m_valid_o(side_valid),
    .m_ready_i(beat_taken && m_beat_o.sop),
    .m_data_o (m_side_o),
    .count_o  (side_count)
  );

  // ------------------------------------------------------------------------- per-packet rows for GHASH

  // A row is written with the packet's first beat and last read at SumStage - 1: 32 rows outlast the pipeline.
  localparam int unsigned AadBits = 16 + 1 + 96;

  logic [AadBits-1:0] aad_mem [0:31];
  logic [639:0]       power_in;
  logic [127:0]       h4_mem [0:31];
  assign power_in = {s_ctx_i.gcm.hfb, s_ctx_i.gcm.h4, s_ctx_i.gcm.h3, s_ctx_i.gcm.h2, s_ctx_i.gcm.h1};

  always_ff @(posedge clk_i) begin
    if (start && s_ctx_i.crypt) begin
      aad_mem[packet] <= {s_ctx_i.len, s_ctx_i.aad12, s_ctx_i.aad};
      h4_mem[packet]  <= s_ctx_i.gcm.h4;
    end
  end

  // ----------------------------------------------------------------------------------------------- GHASH

  // A slot with GHASH blocks on its way from MixStage to SumStage.
  for (genvar s = int'(MixStage); s <= int'(SumStage); s++) begin : gen_hash
    logic           due;
    gcm_pkg::slot_t work;
    if (s == int'(MixStage)) begin : gen_start
      assign due  = valid_q[MixStage] && mix_slot_q.hash;
      assign work = mix_slot_q;
    end else begin : gen_delay
      always_ff @(posedge clk_i) begin
        if (!rst_ni) begin
          due <= 1'b0;
        end else begin
          due <= gen_hash[s-1].due;
        end
      end
      always_ff @(posedge clk_i) begin
        if (gen_hash[s-1].due) begin
          work <= gen_hash[s-1].work;
        end
      end
    end
  end

  // Ciphertext, AAD and length at stage MixStage + 1.
  logic [3:0][127:0]  cipher_q;
  logic [AadBits-1:0] aad_q;
  for (genvar l = 0; l < 4; l++) begin : gen_cipher
    always_ff @(posedge clk_i) begin
      if (gen_hash[MixStage].due) begin
        cipher_q[l] <= mix_slot_q.has_beat ? gcm_pkg::block_swap(cipher[128*l+:128]) : '0;
      end
    end
  end
  always_ff @(posedge clk_i) begin
    if (gen_hash[MixStage].due && mix_slot_q.first) begin
      aad_q <= aad_mem[mix_slot_q.packet];
    end
  end

  logic              aligned_valid;
  logic [3:0][127:0] aligned;
  ghash_align u_align (
    .clk_i,
    .rst_ni,
    .valid_i     (gen_hash[MixStage+1].due),
    .first_i     (gen_hash[MixStage+1].work.first),
    .last_i      (gen_hash[MixStage+1].work.tag),
    .blocks_mod_i(gen_hash[MixStage+1].work.blocks_mod),
    .cipher_i    (cipher_q),
    .aad_i       (aad_q[95:0]),
    .aad12_i     (aad_q[96]),
    .len_i       (aad_q[112:97]),
    .valid_o     (aligned_valid),
    .blocks_o    (aligned)
  );

  // Powers at stage MixStage + 2: H^1 to H^4 and H^(4L).
  logic [4:0][127:0] power_q;
  for (genvar p = 0; p < 5; p++) begin : gen_power
    logic [127:0] mem [0:31];
    always_ff @(posedge clk_i) begin
      if (start && s_ctx_i.crypt) begin
        mem[packet] <= power_in[128*p+:128];
      end
      if (gen_hash[MixStage+1].due && gen_hash[MixStage+1].work.first) begin
        power_q[p] <= gcm_pkg::block_swap(mem[gen_hash[MixStage+1].work.packet]);
      end
    end
  end

  logic         sum_valid;
  logic [127:0] sum;
  ghash_lanes u_lanes (
    .clk_i,
    .rst_ni,
    .valid_i   (aligned_valid),
    .no_sum_i  (gen_hash[MixStage+2].work.no_sum),
    .terminal_i(gen_hash[MixStage+2].work.terminal),
    .phase_i   (gen_hash[MixStage+2].work.phase),
    .blocks_i  (aligned),
    .powers_i  (power_q[3:0]),
    .feedback_i(power_q[4]),
    .valid_o   (sum_valid),
    .sum_o     (sum)
  );

  // E(J0): caught with its slot, kept for the packet's last terminal sum.
  logic [127:0] j0_q;
  logic [127:0] j0_ring [0:7];
  logic [2:0]   j0_wptr_q;
  logic [2:0]   j0_rptr_q;
  logic         j0_push;
  logic         j0_pop;
  assign j0_push = gen_hash[MixStage+1].due && gen_hash[MixStage+1].work.tag;
  assign j0_pop  = sum_valid && gen_hash[SumStage].work.tag;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      j0_wptr_q <= 3'd0;
      j0_rptr_q <= 3'd0;
    end else begin
      j0_wptr_q <= j0_wptr_q + 3'(j0_push);
      j0_rptr_q <= j0_rptr_q + 3'(j0_pop);
    end
  end
  always_ff @(posedge clk_i) begin
    if (valid[MixStage] && mix_slot_q.has_j0) begin
      case (mix_slot_q.j0_lane)
        2'd0:    j0_q <= stream[127:0];
        2'd1:    j0_q <= stream[255:128];
        2'd2:    j0_q <= stream[383:256];
        default: j0_q <= stream[511:384];
      endcase
    end
    if (j0_push) begin
      j0_ring[j0_wptr_q] <= j0_q;
    end
  end

  // H^4 for the fold, at SumStage.
  logic [127:0] h4_q;
  always_ff @(posedge clk_i) begin
    if (gen_hash[SumStage-1].due && gen_hash[SumStage-1].work.term_first) begin
      h4_q <= h4_mem[gen_hash[SumStage-1].work.packet];
    end
  end

  logic         fold_valid;
  logic [127:0] fold_tag;
  ghash_fold u_fold (
    .clk_i,
    .rst_ni,
    .valid_i (sum_valid),
    .first_i (gen_hash[SumStage].work.term_first),
    .to_end_i(gen_hash[SumStage].work.to_end),
    .sum_i   (sum),
    .h4_i    (gcm_pkg::block_swap(h4_q)),
    .mask_i  (gcm_pkg::block_swap(j0_ring[j0_rptr_q])),
    .valid_o (fold_valid),
    .tag_o   (fold_tag)
  );

  // ------------------------------------------------------------------------------------------------ tags

  // Every packet has one slot with `tag`; its tag is due TagStage - MixStage cycles later, processed or not.
  logic [TagStage:MixStage] tag_due;
  logic [TagStage:MixStage+1] tag_due_q;
  assign tag_due = {tag_due_q, valid[MixStage] && mix_slot_q.tag};
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      tag_due_q <= '0;
    end else begin
      tag_due_q <= tag_due[TagStage-1:MixStage];
    end
  end

  fifo_sync #(.Width(128), .Depth(TagRoom)) u_tag_fifo (
    .clk_i,
    .rst_ni,
    .s_valid_i(tag_due[TagStage]),
    .s_ready_o(tag_fifo_ready),
    .s_data_i (gcm_pkg::block_swap(fold_tag)),
    .m_valid_o(tag_valid_o),
    .m_ready_i(tag_ready_i),
    .m_data_o (tag_o),
    .count_o  (tag_count)
  );

  logic unused_engine;
  assign unused_engine = ^{stream_valid, fold_valid, s_ctx_i.gcm.icv_len, s_ctx_i.gcm.rsvd,
                           gen_hash[SumStage].due, gen_hash[SumStage].work};

endmodule

`default_nettype wire
