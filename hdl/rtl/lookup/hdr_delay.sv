// SPDX-License-Identifier: Apache-2.0
//
// Delay of a header pipeline: what enters with valid_i leaves with valid_o exactly `Cycles` cycles later
// (Cycles >= 1), one word per cycle. Words wait in a small ring memory that is touched only by words that
// are really there, so an idle pipeline costs neither power nor simulation time.
// q_o holds its last value while valid_o is 0.

`default_nettype none

module hdr_delay #(
    parameter int unsigned Width  = 8,
    parameter int unsigned Cycles = 1
) (
    input  logic             clk_i,
    input  logic             rst_ni,
    input  logic             valid_i,
    input  logic [Width-1:0] d_i,
    output logic             valid_o,
    output logic [Width-1:0] q_o
);

  if (Cycles == 1) begin : gen_register
    always_ff @(posedge clk_i) begin
      if (!rst_ni) valid_o <= 1'b0;
      else valid_o <= valid_i;
      if (valid_i) q_o <= d_i;
    end
  end else begin : gen_ring
    localparam int unsigned PtrW = $clog2(Cycles);

    logic [Width-1:0] ring [0:(1 << PtrW)-1];
    logic [Cycles-1:0] live;  // live[k]: a word entered k cycles ago
    logic [Cycles-2:0] live_q;
    assign live = {live_q, valid_i};

    logic [PtrW-1:0] wptr_q, rptr_q;

    always_ff @(posedge clk_i) begin
      if (valid_i) ring[wptr_q] <= d_i;
      if (live[Cycles-1]) q_o <= ring[rptr_q];
    end

    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        live_q  <= '0;
        valid_o <= 1'b0;
        wptr_q  <= '0;
        rptr_q  <= '0;
      end else begin
        live_q  <= live[Cycles-2:0];
        valid_o <= live[Cycles-1];
        if (valid_i) wptr_q <= wptr_q + 1'b1;
        if (live[Cycles-1]) rptr_q <= rptr_q + 1'b1;
      end
    end
  end

endmodule

`default_nettype wire
