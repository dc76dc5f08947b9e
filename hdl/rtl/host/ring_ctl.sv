// SPDX-License-Identifier: Apache-2.0
//
// Life of one ring: disabled -> running -> (error) -> stopping -> disabled.
//
// `active_o` is the reset of everything that belongs to the ring (pointers, FIFOs, phases): while it is 0
// the parts are held in reset. It rises when the host enables the ring and falls only when the host has
// disabled it AND every part is idle, so no DMA transfer is ever cut off. `run_o` allows new work; it
// falls at once on disable and on the first error. The first error sticks until the ring is disabled.
//
// Latency: 1 cycle from `enable_i` to `active_o`.

`default_nettype none

module ring_ctl (
  input  wire        clk_i,
  input  wire        rst_ni,

  input  wire        enable_i,
  input  wire        idle_i,      // every part of the ring is idle: nothing outstanding
  input  wire  [3:0] err_i,       // ring_error, 0 when none; level or pulse

  output logic       active_o,
  output logic       run_o,
  output logic [3:0] error_o
);

  logic       active_q;
  logic [3:0] error_q;

  assign active_o = active_q;
  assign run_o    = active_q && enable_i && (error_q == '0);
  assign error_o  = error_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      active_q <= 1'b0;
      error_q  <= '0;
    end else if (!active_q) begin
      active_q <= enable_i;
      error_q  <= '0;
    end else begin
      if (error_q == '0) begin
        error_q <= err_i;
      end
      if (!enable_i && idle_i) begin
        active_q <= 1'b0;
      end
    end
  end

endmodule

`default_nettype wire
