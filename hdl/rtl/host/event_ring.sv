// SPDX-License-Identifier: Apache-2.0
//
// Engine of the event ring: gives events to the host. The ring has completions only. Events wait in the drop
// monitor's FIFO while the ring is disabled or full; what finds no room there is counted in `lost`.
//
// Latency: 1 cycle from `s_valid_i` to `c_valid_o`.

`default_nettype none

module event_ring (
  input  wire  clk_i,
  input  wire  rst_ni,

  // Ring.
  output logic wanted_o,
  output logic working_o,
  input  wire  start_i,
  output logic c_valid_o,
  output headend_tables_pkg::event_entry_t c_data_o,
  input  wire  c_done_i,
  input  wire  c_err_i,

  input  wire  s_valid_i,
  output logic s_ready_o,
  input  wire  headend_tables_pkg::event_entry_t s_event_i
);
  logic writing_q;     // the event at the input is being written

  assign wanted_o  = s_valid_i;
  assign working_o = writing_q;
  assign c_valid_o = writing_q;
  assign c_data_o  = s_event_i;
  // A failed event stays at the head of the FIFO: it is written when the ring has been enabled again.
  assign s_ready_o = c_done_i && !c_err_i;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      writing_q <= 1'b0;
    end else if (c_done_i) begin
      writing_q <= 1'b0;
    end else if (start_i) begin
      writing_q <= 1'b1;
    end
  end

endmodule

`default_nettype wire
