// SPDX-License-Identifier: Apache-2.0
//
// Says whether words leave a queue exactly once and in the order in which they came, by following one word that the
// solver marks: `mark_i` comes with its push, `mark_o_i` is the mark that the queue hands out with a pop. Every word
// may be the marked one, so what holds for it holds for all. `payload_*` of the marked word must be equal, too.
//
// While a word is inside and the consumer takes what is offered (`ready_i`), a pop must come within MaxWait cycles.

`default_nettype none

module order_check #(
  parameter int unsigned PayloadW = 1,
  parameter int unsigned MaxInside = 15,
  parameter int unsigned MaxWait   = 8,
  parameter int unsigned Cover     = MaxInside    // words inside when the marked one leaves
) (
  input wire                clk_i,
  input wire                rst_ni,
  input wire                push_i,
  input wire                mark_i,
  input wire [PayloadW-1:0] payload_i,
  input wire                pop_i,
  input wire                ready_i,
  input wire                mark_o_i,
  input wire [PayloadW-1:0] payload_o_i
);

  localparam int unsigned CountW = $clog2(MaxInside + 2);

  logic                seen_q = 1'b0;   // a word was marked
  logic                live_q = 1'b0;   // and is inside
  logic [CountW-1:0]   inside_q = '0;
  logic [CountW-1:0]   ahead_q;         // words in front of it
  logic [PayloadW-1:0] payload_q;
  logic [7:0]          wait_q = '0;

  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      inside_q <= inside_q + CountW'(push_i) - CountW'(pop_i);
      wait_q   <= (inside_q != '0 && ready_i && !pop_i) ? wait_q + 8'd1 : 8'd0;
      if (pop_i && live_q) begin
        live_q  <= (ahead_q != '0);
        ahead_q <= ahead_q - CountW'(1);
      end
      if (push_i && mark_i) begin
        seen_q    <= 1'b1;
        live_q    <= 1'b1;
        ahead_q   <= inside_q - CountW'(pop_i);
        payload_q <= payload_i;
      end
    end
  end

  always_comb begin
    if (push_i && seen_q) assume (!mark_i);
    if (rst_ni) begin
      assert (inside_q <= CountW'(MaxInside));
      assert (wait_q <= 8'(MaxWait));
      if (pop_i) begin
        assert (inside_q != '0);
        assert (mark_o_i == (live_q && ahead_q == '0));
        if (live_q && ahead_q == '0) assert (payload_o_i == payload_q);
      end
    end
    cover (rst_ni && pop_i && mark_o_i && inside_q >= CountW'(Cover));
  end

endmodule

`default_nettype wire
