// SPDX-License-Identifier: Apache-2.0
//
// Proof of ring_ctl: a ring stops only when it is disabled and idle, so no DMA transfer is cut off; new work only while
// enabled and without error; the first error sticks until the ring has stopped, a later one does not replace it.

`default_nettype none

module ring_ctl_proof (
  input wire       clk_i,
  input wire       enable_i,
  input wire       idle_i,
  input wire [3:0] err_i
);

  logic rst_nq = 1'b0;
  always_ff @(posedge clk_i) rst_nq <= 1'b1;

  wire       active, run;
  wire [3:0] error;
  ring_ctl u_dut (
    .clk_i, .rst_ni(rst_nq), .enable_i, .idle_i, .err_i, .active_o(active), .run_o(run), .error_o(error)
  );

  logic       known_q = 1'b0, active_q, stop_q;
  logic [3:0] error_q, err_q;
  always_ff @(posedge clk_i) begin
    known_q  <= rst_nq;
    active_q <= active;
    stop_q   <= !enable_i && idle_i;
    error_q  <= error;
    err_q    <= err_i;
  end
  always_comb begin
    if (rst_nq) assert (!run || (active && enable_i && error == '0));
    if (known_q) begin
      if (active_q && !active) assert (stop_q);
      if (active_q && stop_q) assert (!active);
      if (active_q && error_q != '0) assert (error == error_q);
      if (active_q && error_q == '0) assert (error == err_q);
    end
    cover (known_q && active && error == 4'd3 && error_q == 4'd3 && err_q == 4'd5);
  end

endmodule

`default_nettype wire
