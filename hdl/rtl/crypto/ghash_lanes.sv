// SPDX-License-Identifier: Apache-2.0
//
// Four GHASH multipliers: the inner part of the phase scheme, without a bubble for any mix of packets.
//
// A slot's four blocks go to the four lanes. Slot k of a packet adds the product of slot k - L of the same lane (L =
// gcm_pkg::GhashLatency = 4, the length of the loop), and is multiplied by H^(4L). The last L slots of a packet are terminal: lane l is
// multiplied by H^(4-l) instead, and the XOR of the lanes is that slot's sum, which ghash_fold combines.
//
// When slots follow each other a product is used in the cycle in which it appears; when the stream pauses inside a packet it waits in a
// memory of one row per phase.
//
//   blocks_i -(+)-> v_q -> [ gf128_mul, 3 cycles ] -+-> sum (terminal)
//             ^                                     |
//             +-------------- or phase memory <-----+
//
// Order of all values: gcm_pkg, byte 0 most significant. Powers are valid with valid_i.
// Latency: 4 cycles from a terminal slot to its sum_o. Registers move only with valid slots.
`default_nettype none

module ghash_lanes (
  input  wire               clk_i,
  input  wire               rst_ni,
  input  wire               valid_i,
  input  wire               no_sum_i,
  input  wire               terminal_i,
  input  wire  [1:0]        phase_i,
  input  wire  [3:0][127:0] blocks_i,
  input  wire  [3:0][127:0] powers_i,    // [0] = H^1 ... [3] = H^4
  input  wire  [127:0]      feedback_i,  // H^(4L)
  output logic              valid_o,
  output logic [127:0]      sum_o
);

  localparam int unsigned Latency = gcm_pkg::GhashLatency;

  // Stage s holds the slot whose operands are s - 1 cycles into the multiplier.
  logic [Latency-1:0]      valid_q;
  logic [Latency-1:0]      terminal_q;
  logic [Latency-1:0][1:0] phase_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid_q <= '0;
    end else begin
      valid_q <= {valid_q[Latency-2:0], valid_i};
    end
  end

  always_ff @(posedge clk_i) begin
    terminal_q <= {terminal_q[Latency-2:0], terminal_i};
    phase_q    <= {phase_q[Latency-2:0], phase_i};
  end

  logic product_valid;
  logic [1:0] product_phase;
  logic use_product;
  assign product_valid = valid_q[Latency-1];
  assign product_phase = phase_q[Latency-1];
  assign use_product   = product_valid && (product_phase == phase_i);

  logic [3:0][127:0] product;
  for (genvar l = 0; l < 4; l++) begin : gen_lane
    logic [127:0] waiting [0:3];
    logic [127:0] addend;
    logic [127:0] value_q;
    logic [127:0] power_q;
    logic         unused_valid;

    always_comb begin
      if (no_sum_i) begin
        addend = '0;
      end else if (use_product) begin
        addend = product[l];
      end else begin
        addend = waiting[phase_i];
      end
    end

    always_ff @(posedge clk_i) begin
      if (product_valid && !terminal_q[Latency-1]) begin
        waiting[product_phase] <= product[l];
      end
      if (valid_i) begin
        value_q <= blocks_i[l] ^ addend;
        power_q <= terminal_i ? powers_i[3-l] : feedback_i;
      end
    end

    gf128_mul u_mul (
      .clk_i,
      .rst_ni,
      .valid_i(valid_q[0]),
      .a_i    (value_q),
      .b_i    (power_q),
      .valid_o(unused_valid),
      .p_o    (product[l])
    );
  end

  assign valid_o = product_valid && terminal_q[Latency-1];
  assign sum_o   = product[0] ^ product[1] ^ product[2] ^ product[3];

endmodule

`default_nettype wire
