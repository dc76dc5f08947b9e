// SPDX-License-Identifier: Apache-2.0
//
// Combines the at most four terminal sums of a packet into its hash, in a fixed time: with t[e] the sum of the slot that has e slots
// after it,
//
//   hash = t[3] H^12 + t[2] H^8 + t[1] H^4 + t[0] = (t[3] H^8 + t[1]) H^4 + (t[2] H^8 + t[0])
//
// One multiplier serves the products by H^8 (the square of H^4: squaring is linear and cheap), at most one a slot; a second one
// multiplies the first bracket, once per packet. Sums that need no product wait as long as the product would take, so packets stay in
// order. `mask_i` (E(J0)) is added to the hash: the result is the tag.
//
// Order of all values: gcm_pkg, byte 0 most significant. h4_i is valid with the packet's first terminal sum, mask_i with its last.
// Latency: 8 cycles from the packet's last terminal sum (to_end_i = 0) to tag_o. Registers move only with valid sums.
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

  // ------------------------------------------------------------------------------- operands, product by H^8

  logic [127:0] sum_q;
  logic [127:0] h4_q;
  logic [127:0] h8_q;

  // Bit or row s: the sum that is s cycles into the multiplier.
  logic [Mul:0]      valid_q;
  logic [Mul:0]      first_q;
  logic [Mul:0][1:0] to_end_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid_q <= '0;
    end else begin
      valid_q <= {valid_q[Mul-1:0], valid_i};
    end
  end

  always_ff @(posedge clk_i) begin
    first_q  <= {first_q[Mul-1:0], first_i};
    to_end_q <= {to_end_q[Mul-1:0], to_end_i};
    if (valid_i) begin
      sum_q <= sum_i ^ ((to_end_i == 2'd0) ? mask_i : 128'd0);
      if (first_i) begin
        h4_q <= h4_i;
        h8_q <= gcm_pkg::gf_square(h4_i);
      end
    end
  end

  logic         by_h8_valid;
  logic [127:0] by_h8;
  gf128_mul u_by_h8 (
    .clk_i,
    .rst_ni,
    .valid_i(valid_q[0] && to_end_q[0][1]),
    .a_i    (sum_q),
    .b_i    (h8_q),
    .valid_o(by_h8_valid),
    .p_o    (by_h8)
  );

  // --------------------------------------------------------------------------- companions of the products

  // Sums without a product, and H^4, each as late as the multiplier's output.
  for (genvar s = 0; s <= int'(Mul); s++) begin : gen_late
    logic [127:0] direct;
    logic [127:0] h4;
    if (s == 0) begin : gen_start
      assign direct = sum_q;
      assign h4     = h4_q;
    end else begin : gen_delay
      always_ff @(posedge clk_i) begin
        if (valid_q[s-1] && !to_end_q[s-1][1]) begin
          direct <= gen_late[s-1].direct;
          h4     <= gen_late[s-1].h4;
        end
      end
    end
  end

  // ------------------------------------------------------------------------------------------- brackets

  logic         last_q;
  logic [127:0] odd_q;
  logic [127:0] even_q;
  logic [127:0] h4_end_q;
  logic [127:0] term;
  assign term = by_h8_valid ? by_h8 : gen_late[Mul].direct;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      last_q <= 1'b0;
    end else begin
      last_q <= valid_q[Mul] && (to_end_q[Mul] == 2'd0);
    end
  end

  always_ff @(posedge clk_i) begin
    if (valid_q[Mul]) begin
      odd_q  <= (first_q[Mul] ? 128'd0 : odd_q) ^ (to_end_q[Mul][0] ? term : 128'd0);
      even_q <= (first_q[Mul] ? 128'd0 : even_q) ^ (to_end_q[Mul][0] ? 128'd0 : term);
      h4_end_q <= gen_late[Mul].h4;
    end
  end

  // ------------------------------------------------------------------------------ product by H^4, sum, tag

  logic         by_h4_valid;
  logic [127:0] by_h4;
  gf128_mul u_by_h4 (
    .clk_i,
    .rst_ni,
    .valid_i(last_q),
    .a_i    (odd_q),
    .b_i    (h4_end_q),
    .valid_o(by_h4_valid),
    .p_o    (by_h4)
  );

  for (genvar s = 0; s <= int'(Mul); s++) begin : gen_even
    logic         valid;
    logic [127:0] even;
    if (s == 0) begin : gen_start
      assign valid = last_q;
      assign even  = even_q;
    end else begin : gen_delay
      always_ff @(posedge clk_i) begin
        if (!rst_ni) begin
          valid <= 1'b0;
        end else begin
          valid <= gen_even[s-1].valid;
        end
      end
      always_ff @(posedge clk_i) begin
        if (gen_even[s-1].valid) begin
          even <= gen_even[s-1].even;
        end
      end
    end
  end

  assign valid_o = by_h4_valid;
  assign tag_o   = by_h4 ^ gen_even[Mul].even;

  logic unused_even;
  assign unused_even = gen_even[Mul].valid;

endmodule

`default_nettype wire
