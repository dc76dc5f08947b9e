// SPDX-License-Identifier: Apache-2.0
//
// Tells when the packets that are in the lookup stages now have left them: the work of the Fence command.
//
//   admitted -> segment 1 -> classified -> decryption -> judged -> stored, segment 2 -> forwarded
//                  '-> refused              (one exit)      '-> refused        '-> refused
//
// Three sections, each in order with all its exits at one point, so a count of what is inside a section, taken at
// one moment and lowered by each packet that leaves it, reaches zero exactly when the last of these has left. The
// sections are drained one after the other: when the last packet that matters has left one, the account of the next
// holds all that matter and no younger ones but those of the last 2 cycles. One count over all of it would not do: a
// young packet refused early overtakes an old one.
//
// A fence always ends, whatever the traffic: younger packets do not prolong it, and nothing in these sections waits
// for a port or the host, as qos takes every packet at once and drops at its tail. So there is no time limit.
//
// Packets in front of segment 1 (rx FIFOs, ingress_arb) do not matter: all their lookups are still to come.
//
// `judged_i`: the verdict on a packet, one pulse for each in order; `judged_drop_i` beside it: it is refused. All
// other pulses are those of the stages: 1 cycle after the event. A fence begun during another is not seen.
//
// Latency: HeadCycles after `start_i` what had been admitted by then is counted; `done_o` TailCycles + 1 after the
// last pulse.

`default_nettype none

module fence_drain #(
  parameter int unsigned HeadCycles = 4,   // more than any pulse is late
  parameter int unsigned TailCycles = 8    // for registers behind the last pulse
) (
  input  wire  clk_i,
  input  wire  rst_ni,

  input  wire  admitted_i,
  input  wire  classified_i,
  input  wire  classified_drop_i,
  input  wire  judged_i,
  input  wire  judged_drop_i,
  input  wire  forwarded_i,
  input  wire  forwarded_drop_i,

  input  wire  start_i,
  output logic done_o
);
  localparam int unsigned Sections = 3;
  localparam int unsigned CountW   = 16;   // far more packets than fit

  logic [Sections-1:0] enter;
  logic [Sections-1:0] leave;
  assign enter = {judged_i && !judged_drop_i, classified_i, admitted_i};
  assign leave = {forwarded_i || forwarded_drop_i, judged_i, classified_i || classified_drop_i};

  logic [Sections-1:0][CountW-1:0] inside_q;
  logic [Sections-1:0][CountW-1:0] inside_d;
  for (genvar n = 0; n < int'(Sections); n++) begin : gen_section
    assign inside_d[n] = inside_q[n] + CountW'(enter[n]) - CountW'(leave[n]);

    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        inside_q[n] <= '0;
      end else if (enter[n] != leave[n]) begin
        inside_q[n] <= inside_d[n];
      end
    end
  end

  localparam logic [2:0] StIdle  = 3'd0;
  localparam logic [2:0] StHead  = 3'd1;
  localparam logic [2:0] StCount = 3'd2;
  localparam logic [2:0] StDrain = 3'd3;
  localparam logic [2:0] StTail  = 3'd4;

  logic [2:0]        state_q;
  logic [1:0]        section_q;
  logic [CountW-1:0] left_q;        // packets of the section that matter
  logic [7:0]        timer_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q   <= StIdle;
      section_q <= '0;
      left_q    <= '0;
      timer_q   <= '0;
      done_o    <= 1'b0;
    end else begin
      done_o  <= 1'b0;
      timer_q <= timer_q + 8'd1;
      unique case (state_q)
        StIdle: begin
          timer_q   <= '0;
          section_q <= '0;
          if (start_i) begin
            state_q <= StHead;
          end
        end
        StHead: begin
          if (timer_q == 8'(HeadCycles - 1)) begin
            state_q <= StCount;
          end
        end
        StCount: begin
          left_q  <= inside_d[section_q];
          state_q <= StDrain;
        end
        StDrain: begin
          timer_q <= '0;
          left_q  <= left_q - CountW'(leave[section_q] && (left_q != '0));
          if (left_q == '0) begin
            section_q <= section_q + 2'd1;
            state_q   <= (32'(section_q) == Sections - 1) ? StTail : StCount;
          end
        end
        default: begin  // StTail
          if (timer_q == 8'(TailCycles - 1)) begin
            done_o  <= 1'b1;
            state_q <= StIdle;
          end
        end
      endcase
    end
  end

endmodule

`default_nettype wire
