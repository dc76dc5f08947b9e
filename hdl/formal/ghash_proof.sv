// SPDX-License-Identifier: Apache-2.0
//
// Proof of the phase scheme: gcm_sequence, ghash_align, ghash_lanes and ghash_fold together give
// (...((AAD H + C1) H + C2) H ... + length) H + mask, Horner's rule of NIST SP 800-38D 6.4, exactly 9 cycles
// after the packet's last slot, for packets of every length up to MaxLen, with pauses anywhere and packets of
// other keys around.
//
// H is a formal variable: words are polynomials in H modulo H^128, and gf128_mul is replaced by the product in
// that ring (the real one is proven in gf128_mul). The blocks enter linearly and no power here reaches H^128, so an
// identity of these polynomials is an identity in GF(2^128) for every H. Two keys, H and H^2, tell packets apart.

`default_nettype none

// The product in the ring, for the powers of H that occur, with the ports and the timing of the real one.
module gf128_mul (
  input  wire          clk_i,
  input  wire          rst_ni,
  input  wire          valid_i,
  input  wire  [127:0] a_i,
  input  wire  [127:0] b_i,
  output logic         valid_o,
  output logic [127:0] p_o
);
  function automatic logic [127:0] product(input logic [127:0] a, input logic [127:0] b);
    product = ({128{b[1]}} & (a << 1)) ^ ({128{b[2]}} & (a << 2)) ^ ({128{b[3]}} & (a << 3)) ^
              ({128{b[4]}} & (a << 4)) ^ ({128{b[6]}} & (a << 6)) ^ ({128{b[8]}} & (a << 8)) ^
              ({128{b[12]}} & (a << 12)) ^ ({128{b[16]}} & (a << 16)) ^ ({128{b[24]}} & (a << 24)) ^
              ({128{b[32]}} & (a << 32));
  endfunction

  logic [2:0]   valid_q;
  logic [127:0] one_q, two_q, three_q;
  assign valid_o = valid_q[2];
  assign p_o     = three_q;
  always_ff @(posedge clk_i) begin
    valid_q <= !rst_ni ? 3'b000 : {valid_q[1:0], valid_i};
    if (valid_i) one_q <= product(a_i, b_i);
    if (valid_q[0]) two_q <= one_q;
    if (valid_q[1]) three_q <= two_q;
  end
endmodule

module ghash_proof #(
  parameter int unsigned MaxLen = 400
) (
  input wire        clk_i,
  input wire        offer_i,
  input wire        end_i,
  input wire [15:0] new_len_i,
  input wire        new_crypt_i,
  input wire        new_key_i,
  input wire        new_aad12_i,
  input wire        bit_of_aad_i,
  input wire [3:0]  cipher_bits_i,
  input wire        mask_i
);

  localparam int unsigned Align = 1;
  localparam int unsigned Sum   = Align + gcm_pkg::GhashLatency;
  localparam int unsigned Total = 9;

  logic rst_nq = 1'b0;
  always_ff @(posedge clk_i) rst_nq <= 1'b1;

  // ---------------------------------------------------------------------------------- packets
  logic        inside_q = 1'b0;
  logic [15:0] sent_q;       // bytes of the packet before this beat
  logic [15:0] held_len_q;
  wire         sop = !inside_q;
  wire [15:0]  len = sop ? new_len_i : held_len_q;
  wire [15:0]  sent = sop ? 16'd0 : sent_q;
  wire         ready, start, accept;
  always_comb begin
    assume (rst_nq || !offer_i);
    assume (new_len_i <= 16'(MaxLen));
    if (end_i) assume (sent + 16'd64 >= len);          // the packet holds at least `len` bytes
    if (!end_i) assume (sent < len + 16'd64);
  end

  wire gcm_pkg::slot_t slot;
  wire                 slot_valid;
  wire [4:0]           unused_packet;
  wire                 unused_aes;
  wire [3:0][31:0]     unused_counter;
  gcm_sequence u_sequence (
    .clk_i,
    .rst_ni      (rst_nq),
    .s_valid_i   (offer_i),
    .s_ready_o   (ready),
    .s_sop_i     (sop),
    .s_eop_i     (end_i),
    .s_crypt_i   (new_crypt_i),
    .s_len_i     (new_len_i),
    .beat_taken_i(accept),
    .tag_taken_i (start),
    .accept_o    (accept),
    .start_o     (start),
    .packet_o    (unused_packet),
    .valid_o     (slot_valid),
    .slot_o      (slot),
    .aes_valid_o (unused_aes),
    .counter_o   (unused_counter)
  );

  // What belongs to the packet whose slots come.
  logic        key_q;
  logic        aad12_q;
  logic        aad_bit_q;
  always_ff @(posedge clk_i) begin
    if (accept) begin
      inside_q <= !end_i;
      sent_q   <= sent + 16'd64;
    end
    if (start) begin
      held_len_q <= new_len_i;
      key_q      <= new_key_i;
      aad12_q    <= new_aad12_i;
      aad_bit_q  <= bit_of_aad_i;
    end
  end

  // ---------------------------------------------------------------------------------- specification
  wire               due = slot_valid && slot.hash;
  wire [95:0]        aad = {95'd0, aad_bit_q} << 56;    // coefficient of H^0 when swapped
  wire [127:0]       aad_block = gcm_pkg::block_swap({32'd0, aad});
  wire [127:0]       len_block = {57'd0, aad12_q ? 7'd96 : 7'd64, 45'd0, held_len_q, 3'b000};
  wire [3:0][127:0]  cipher;
  logic [10:0]       index_q;
  wire [10:0]        index = slot.first ? 11'd0 : index_q + 11'd1;

  function automatic logic [127:0] step(input logic [127:0] x_i, input logic [127:0] block_i, input logic key_i);
    step = (x_i ^ block_i) << (key_i ? 2 : 1);
  endfunction

  logic [127:0] sum_q;
  logic [127:0] sum;
  for (genvar l = 0; l < 4; l++) begin : gen_cipher
    wire there = 17'({index, 6'd0}) + 17'(16 * l) < {1'b0, held_len_q};
    assign cipher[l] = {127'd0, cipher_bits_i[l] && there};
  end
  always_comb begin
    sum = slot.first ? step(128'd0, aad_block, key_q) : sum_q;
    if (gen_cipher[0].there) sum = step(sum, cipher[0], key_q);
    if (gen_cipher[1].there) sum = step(sum, cipher[1], key_q);
    if (gen_cipher[2].there) sum = step(sum, cipher[2], key_q);
    if (gen_cipher[3].there) sum = step(sum, cipher[3], key_q);
    if (slot.tag) sum = step(sum, len_block, key_q);
  end
  always_ff @(posedge clk_i) begin
    if (slot_valid) index_q <= index;
    if (due) sum_q <= sum;
  end

  // ---------------------------------------------------------------------------------- delays
  logic [Total:0]                 last;
  logic [Total:0][127:0]          expect_tag;
  logic [Sum:0][gcm_pkg::SlotBits-1:0] slot_at;
  logic [Sum:0]                   key_at;
  logic [Sum:0]                   mask_at;
  for (genvar s = 0; s <= int'(Total); s++) begin : gen_delay
    if (s == 0) begin : gen_now
      assign last[0]       = due && slot.tag && rst_nq;
      assign expect_tag[0] = sum ^ {127'd0, mask_i};
      assign key_at[0]     = key_q;
      assign mask_at[0]    = mask_i;
      assign slot_at[0]    = slot;
    end else begin : gen_then
      logic         last_q = 1'b0;
      logic [127:0] tag_q;
      assign last[s]       = last_q;
      assign expect_tag[s] = tag_q;
      always_ff @(posedge clk_i) begin
        last_q <= last[s-1];
        tag_q  <= expect_tag[s-1];
      end
      if (s <= int'(Sum)) begin : gen_side
        logic side_key_q, side_mask_q;
        logic [gcm_pkg::SlotBits-1:0] side_slot_q;
        assign key_at[s]  = side_key_q;
        assign mask_at[s] = side_mask_q;
        assign slot_at[s] = side_slot_q;
        always_ff @(posedge clk_i) begin
          side_key_q  <= key_at[s-1];
          side_mask_q <= mask_at[s-1];
          side_slot_q <= slot_at[s-1];
        end
      end
    end
  end

  // ---------------------------------------------------------------------------------- the hash
  wire                aligned_valid, sum_valid, tag_valid;
  wire [3:0][127:0]   aligned;
  wire [127:0]        lane_sum, tag;
  ghash_align u_align (
    .clk_i, .rst_ni(rst_nq), .valid_i(due), .first_i(slot.first), .last_i(slot.tag), .blocks_mod_i(slot.blocks_mod),
    .cipher_i(cipher), .aad_i(aad), .aad12_i(aad12_q), .len_i(held_len_q), .valid_o(aligned_valid), .blocks_o(aligned)
  );

  function automatic logic [127:0] power(input int unsigned exponent_i, input logic key_i);
    power = 128'd1 << (key_i ? 2 * exponent_i : exponent_i);
  endfunction

  gcm_pkg::slot_t lane_slot, sum_slot;
  assign lane_slot = slot_at[Align];
  assign sum_slot  = slot_at[Sum];
  ghash_lanes u_lanes (
    .clk_i, .rst_ni(rst_nq), .valid_i(aligned_valid), .no_sum_i(lane_slot.no_sum), .terminal_i(lane_slot.terminal),
    .phase_i(lane_slot.phase), .blocks_i(aligned),
    .powers_i({power(4, key_at[Align]), power(3, key_at[Align]), power(2, key_at[Align]), power(1, key_at[Align])}),
    .feedback_i(power(4 * gcm_pkg::GhashLatency, key_at[Align])), .valid_o(sum_valid), .sum_o(lane_sum)
  );
  ghash_fold u_fold (
    .clk_i, .rst_ni(rst_nq), .valid_i(sum_valid), .first_i(sum_slot.term_first), .to_end_i(sum_slot.to_end),
    .sum_i(lane_sum), .h4_i(power(4, key_at[Sum])), .mask_i({127'd0, mask_at[Sum]}), .valid_o(tag_valid), .tag_o(tag)
  );

  always_comb begin
    if (rst_nq) begin
      assert (tag_valid == last[Total]);
      if (tag_valid) assert (tag == expect_tag[Total]);
    end
    cover (rst_nq && tag_valid && last[Total-1]);
    cover (rst_nq && tag_valid && tag[21]);
  end

endmodule

`default_nettype wire
