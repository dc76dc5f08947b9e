// SPDX-License-Identifier: Apache-2.0
//
// Combines the at most four terminal sums of a packet into its hash, with one multiplier and in a fixed time: with t[e] the sum of the
// slot that has e slots after it,
//
//   hash = t[3] H^12 + t[2] H^8 + t[1] H^4 + t[0]
//
// Every terminal slot has one product, so the multiplier keeps up with any mix of packets and nothing is scheduled:
//
//   slot    t[3]         t[2]         t[1]         t[0]
//   a * b   H^4 * H^8    t[2] * H^8   t[1] * H^4   t[3] * H^12, if there was a t[3]
//
// t[3] waits for the slot of t[0]; H^12, made in its own slot, is ready there at the earliest in the cycle in which it is used. H^8 is the
// square of H^4, which is linear and cheap. `mask_i` (E(J0)) is added to the hash: the result is the tag.
//
// Order of all values: gcm_pkg, byte 0 most significant. h4_i is valid with the packet's first terminal sum, mask_i with its last.
// Latency: 4 cycles from the packet's last terminal sum (to_end_i = 0) to tag_o. Registers move only with valid sums.
`default_nettype none

module ghash_fold (
  input  wire          clk_i,
  input  wire          rst_ni,
  input  wire          valid_i,
  input  wire          first_i,    // first terminal sum of its packet
  input  wire  [1:0]   to_end_i,   // terminal sums of the packet that follow
  input  wire  [127:0] sum_i,
  input  wire  [127:0] h4_i,
  input  wire  [127:0] mask_i,
  output logic         valid_o,
  output logic [127:0] tag_o
);

  localparam int unsigned Mul = gcm_pkg::MulLatency;

  // -------------------------------------------------------------------------------------------- operands

  logic [127:0] sum_q;
  logic [127:0] t3_q;
  logic [127:0] h4_q;
  logic [127:0] h8_q;

  // Bit or row s: the slot that is s cycles into the multiplier; `four_q`: its packet has a t[3].
  logic [Mul:0]      valid_q;
  logic [Mul:0]      four_q;
  logic [Mul:0][1:0] to_end_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid_q <= '0;
    end else begin
      valid_q <= {valid_q[Mul-1:0], valid_i};
    end
  end

  always_ff @(posedge clk_i) begin
    four_q[Mul:1]   <= four_q[Mul-1:0];
    to_end_q[Mul:1] <= to_end_q[Mul-1:0];
    if (valid_i) begin
      to_end_q[0] <= to_end_i;
      sum_q       <= sum_i ^ ((to_end_i == 2'd0) ? mask_i : 128'd0);
      if (to_end_i == 2'd3) begin
        t3_q <= sum_i;
      end
      if (first_i) begin
        four_q[0] <= (to_end_i == 2'd3);
        h4_q      <= h4_i;
        h8_q      <= gcm_pkg::gf_square(h4_i);
      end
    end
  end

  // ------------------------------------------------------------------------------------------- multiplier

  logic         product_valid;
  logic [127:0] product;
  logic         h12_valid;
  logic [127:0] h12_q;
  logic [127:0] a;
  logic [127:0] b;
  assign h12_valid = product_valid && (to_end_q[Mul] == 2'd3);

  always_comb begin
    case (to_end_q[0])
      2'd3:    a = h4_q;
      2'd0:    a = t3_q;
      default: a = sum_q;
    endcase
    case (to_end_q[0])
      2'd1:    b = h4_q;
      2'd0:    b = h12_valid ? product : h12_q;
      default: b = h8_q;
    endcase
  end

  gf128_mul u_mul (
    .clk_i,
    .rst_ni,
    .valid_i(valid_q[0] && ((to_end_q[0] != 2'd0) || four_q[0])),
    .a_i    (a),
    .b_i    (b),
    .valid_o(product_valid),
    .p_o    (product)
  );

  // ----------------------------------------------------------------------------------------- sum and tag

  // t[0] and the mask, as late as the products.
  for (genvar s = 0; s <= int'(Mul); s++) begin : gen_late
    logic [127:0] direct;
    if (s == 0) begin : gen_start
      assign direct = sum_q;
    end else begin : gen_delay
      always_ff @(posedge clk_i) begin
        if (valid_q[s-1] && (to_end_q[s-1] == 2'd0)) begin
          direct <= gen_late[s-1].direct;
        end
      end
    end
  end

  // Products of t[2] and t[1] so far; zero between packets.
  logic [127:0] sum_of_products_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      sum_of_products_q <= '0;
    end else if (valid_q[Mul]) begin
      if (to_end_q[Mul] == 2'd0) begin
        sum_of_products_q <= '0;
      end else if (to_end_q[Mul] != 2'd3) begin
        sum_of_products_q <= sum_of_products_q ^ product;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (h12_valid) begin
      h12_q <= product;
    end
  end

  assign valid_o = valid_q[Mul] && (to_end_q[Mul] == 2'd0);
  assign tag_o   = gen_late[Mul].direct ^ sum_of_products_q ^ (four_q[Mul] ? product : 128'd0);

endmodule

`default_nettype wire
