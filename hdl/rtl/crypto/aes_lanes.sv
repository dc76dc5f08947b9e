// SPDX-License-Identifier: Apache-2.0
//
// Four AES-128/256 encryption lanes, fully unrolled, one key schedule for all four: four blocks of one packet per cycle, a new key in
// any cycle.
//
// The key schedule runs beside the rounds: stage r holds the key that its round needs, and makes the next stage's while the first
// blocks of a packet pass. AES-128 waits in rounds 1 to 4 and does its ten rounds in 5 to 14, so both key lengths take the same time and
// packets never overtake.
//
//   key_i ----> key 0 -> key 1 -> ... -> key 13     (move only with a packet's first blocks)
//                 |        |               |
//   blocks ->(+)-> round 1 -> round 2 -> ... -> round 14 -> blocks
//
// `first_i` comes with the first blocks of a packet; key_i and aes256_i are valid with `valid_i` and constant over a packet.
// Byte order: byte 0 of block 0 in bits 7:0; byte 0 of the key in bits 7:0 (AES-128 uses key_i[127:0]).
// Latency: 15 cycles (whitening and 14 rounds). Registers move only with valid blocks.
`default_nettype none

module aes_lanes #(
  localparam int unsigned Rounds  = 14,
  localparam int unsigned Latency = Rounds + 1
) (
  input  wire          clk_i,
  input  wire          rst_ni,
  input  wire          valid_i,
  input  wire          first_i,
  input  wire          aes256_i,
  input  wire  [255:0] key_i,
  input  wire  [511:0] blocks_i,
  output logic         valid_o,
  output logic [511:0] blocks_o
);

  // Rounds an AES-128 block passes unchanged.
  localparam int unsigned PassRounds = 4;

  // -------------------------------------------------------------------------------------------- control

  // Bit r: blocks (first blocks, AES-256 blocks) stand in front of round r + 1.
  logic [Rounds:0] valid_q;
  logic [Rounds:0] first_q;
  logic [Rounds:0] aes256_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid_q <= '0;
    end else begin
      valid_q <= {valid_q[Rounds-1:0], valid_i};
    end
  end

  always_ff @(posedge clk_i) begin
    first_q  <= {first_q[Rounds-1:0], valid_i && first_i};
    aes256_q <= {aes256_q[Rounds-1:0], aes256_i};
  end

  assign valid_o = valid_q[Latency-1];

  logic unused_control;
  assign unused_control = ^{first_q[Rounds:Rounds-1], aes256_q[Rounds:Rounds-1]};

  // --------------------------------------------------------------------------------------- key schedule

  for (genvar r = 0; r < int'(Rounds); r++) begin : gen_key
    logic [127:0] older;
    logic [127:0] newer;
    if (r == 0) begin : gen_start
      always_ff @(posedge clk_i) begin
        if (valid_i && first_i) begin
          older <= key_i[127:0];
          newer <= aes256_i ? key_i[255:128] : key_i[127:0];
        end
      end
    end else begin : gen_step
      aes_key_step #(.Step(r)) u_step (
        .clk_i,
        .load_i  (first_q[r-1]),
        .aes256_i(aes256_q[r-1]),
        .older_i (gen_key[r-1].older),
        .newer_i (gen_key[r-1].newer),
        .older_o (older),
        .newer_o (newer)
      );
    end
    if (r == int'(Rounds) - 1) begin : gen_end
      logic unused_older;
      assign unused_older = ^older;
    end
  end

  // ---------------------------------------------------------------------------------------------- lanes

  for (genvar l = 0; l < 4; l++) begin : gen_lane
    for (genvar r = 0; r <= int'(Rounds); r++) begin : gen_round
      logic [63:0] lo;
      logic [63:0] hi;
      if (r == 0) begin : gen_whiten
        always_ff @(posedge clk_i) begin
          if (valid_i) begin
            lo <= blocks_i[128*l+:64] ^ key_i[63:0];
            hi <= blocks_i[128*l+64+:64] ^ key_i[127:64];
          end
        end
      end else begin : gen_round
        aes_round #(.Last(r == int'(Rounds)), .CanPass(r <= int'(PassRounds))) u_round (
          .clk_i,
          .valid_i (valid_q[r-1]),
          .pass_i  (!aes256_q[r-1]),
          .lo_i    (gen_lane[l].gen_round[r-1].lo),
          .hi_i    (gen_lane[l].gen_round[r-1].hi),
          .key_lo_i(gen_key[r-1].newer[63:0]),
          .key_hi_i(gen_key[r-1].newer[127:64]),
          .lo_o    (lo),
          .hi_o    (hi)
        );
      end
    end
    assign blocks_o[128*l+:64]    = gen_round[Rounds].lo;
    assign blocks_o[128*l+64+:64] = gen_round[Rounds].hi;
  end

endmodule

`default_nettype wire
