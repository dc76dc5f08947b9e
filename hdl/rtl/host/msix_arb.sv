// SPDX-License-Identifier: Apache-2.0
//
// Collects the interrupt pulses of the rings and offers them one at a time as MSI-X vectors (vector = ring
// number). A pulse that comes while its vector is waiting or on offer merges with it: the host looks at the
// index block anyway. A pulse in the very cycle in which its vector is taken is kept. Round robin.
//
// Latency: 1 cycle from `irq_i` to `msix_valid_o`.

`default_nettype none

module msix_arb #(
  parameter int unsigned Vectors = 4
) (
  input  wire                clk_i,
  input  wire                rst_ni,

  input  wire  [Vectors-1:0] irq_i,

  output logic               msix_valid_o,
  output logic [4:0]         msix_vector_o,
  input  wire                msix_ready_i,

  output logic               busy_o
);

  logic [Vectors-1:0] pending_q;
  logic [Vectors-1:0] waiting;     // pending or arriving now
  logic [Vectors-1:0] absorbed;    // on offer and not taken in this cycle: another pulse adds nothing
  logic               valid_q;
  logic [4:0]         vector_q;
  logic [4:0]         pick;
  logic               pick_valid;

  assign msix_valid_o  = valid_q;
  assign msix_vector_o = vector_q;
  assign busy_o        = valid_q || (pending_q != '0);
  assign absorbed      = (valid_q && !msix_ready_i) ? (Vectors'(1) << vector_q) : '0;
  assign waiting       = pending_q | (irq_i & ~absorbed);

  // First waiting vector after the last one offered; the later loop overrides the earlier one.
  always_comb begin
    pick       = '0;
    pick_valid = 1'b0;
    for (int i = int'(Vectors) - 1; i >= 0; i--) begin
      if (waiting[i]) begin
        pick       = 5'(i);
        pick_valid = 1'b1;
      end
    end
    for (int i = int'(Vectors) - 1; i >= 0; i--) begin
      if (waiting[i] && 5'(i) > vector_q) begin
        pick       = 5'(i);
        pick_valid = 1'b1;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      pending_q <= '0;
      valid_q   <= 1'b0;
      vector_q  <= '0;
    end else begin
      pending_q <= waiting;
      if (!valid_q || msix_ready_i) begin
        valid_q <= pick_valid;
        if (pick_valid) begin
          vector_q                              <= pick;
          pending_q[pick[$clog2(Vectors)-1:0]] <= 1'b0;
        end
      end
    end
  end

endmodule

`default_nettype wire
