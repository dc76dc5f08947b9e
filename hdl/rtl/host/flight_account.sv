// SPDX-License-Identifier: Apache-2.0
//
// Account of the packets inside the card, and from it the word whether the clock may stop.
//
// One up for each pulse of `arrived_i` (a port received a frame, tx[0] took a descriptor), one down for each of
// `left_i` (sent, delivered, dropped); any number in one cycle. A drop may be told before its frame is: the count may
// pass below zero for a moment.
//
// `moving_o`: packets are inside and can move by themselves. Packets that only the host can set free (`held_i`: no
// rx buffer posted, or the ports disabled) stop counting after StallCycles without `progress_i`: longer than any
// packet needs between two stages.
// `busy_o`: `busy_i` (moving or anything else under way) now or in the last LingerCycles, which covers what is between
// two registers on its way to being counted.
//
// Latency: 1 cycle from a pulse to `moving_o`; `busy_o` follows `busy_i` in the same cycle.

`default_nettype none

module flight_account #(
  parameter int unsigned LingerCycles = 32,
  parameter int unsigned StallCycles  = 4096,
  parameter int unsigned Exits        = 12     // places where packets leave
) (
  input  wire         clk_i,
  input  wire         rst_ni,

  input  wire  [2:0]  arrived_i,
  input  wire  [Exits-1:0] left_i,
  input  wire         progress_i,
  input  wire         held_i,
  input  wire         busy_i,

  output logic        moving_o,
  output logic        busy_o
);
  localparam int unsigned FlightW = 16;
  localparam int unsigned LingerW = $clog2(LingerCycles + 1);
  localparam int unsigned StallW  = $clog2(StallCycles + 1);

  logic [1:0]         arrived;
  logic [4:0]         left;
  logic [FlightW-1:0] flight_q;
  logic [StallW-1:0]  stall_q;         // cycles without progress
  logic [LingerW-1:0] linger_q;        // cycles for which busy_o stays
  logic               progress;

  always_comb begin
    arrived = '0;
    for (int i = 0; i < 3; i++) begin
      arrived = arrived + 2'(arrived_i[i]);
    end
    left = '0;
    for (int i = 0; i < int'(Exits); i++) begin
      left = left + 5'(left_i[i]);
    end
  end

  assign progress = (arrived_i != '0) || (left_i != '0) || progress_i;
  assign moving_o = (flight_q != '0) && !(held_i && (stall_q == StallW'(StallCycles)));
  assign busy_o   = busy_i || (linger_q != '0);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      flight_q <= '0;
      stall_q  <= '0;
      linger_q <= '0;
    end else begin
      if ({3'd0, arrived} != left) begin
        flight_q <= flight_q + FlightW'(arrived) - FlightW'(left);
      end
      if (progress) begin
        stall_q <= '0;
      end else if (stall_q != StallW'(StallCycles)) begin
        stall_q <= stall_q + StallW'(1);
      end
      if (busy_i) begin
        linger_q <= LingerW'(LingerCycles);
      end else if (linger_q != '0) begin
        linger_q <= linger_q - LingerW'(1);
      end
    end
  end

endmodule

`default_nettype wire
