// SPDX-License-Identifier: Apache-2.0
//
// Looks at the beginning of each decrypted packet and at its outer header, for what esp_restore may have to write:
//
//   tunnel mode      the inner ECN field by RFC 6040 4.2, with the IPv4 header checksum changed to suit (RFC 1624):
//                      inner \ outer   Not-ECT   ECT(0)   ECT(1)   CE
//                      Not-ECT            -         -        -     illegal
//                      ECT(0)             -         -      ECT(1)  CE
//                      ECT(1)             -         -        -     CE
//                      CE                 -         -        -      -        - unchanged
//   transport mode   the checksum of the IPv4 header that is put back, without protocol and length
//
// `valid_i`: first beat of a packet, `data_i` its first bytes, byte 0 in bits 7:0. The results stay until those of the
// next packet come.
//
// Latency: 4 cycles, as esp_tail for a packet of one beat.

`default_nettype none

module esp_head (
  input  wire                               clk_i,

  input  wire                               valid_i,
  input  wire  [95:0]                       data_i,
  input  wire  headend_tables_pkg::parsed_t parsed_i,       // of the outer packet

  output logic [3:0]                        version_o,      // of the inner packet
  output logic                              capable_o,      // inner packet is ECN-capable
  output logic                              congested_o,    // outer header says CE
  output logic                              change_o,       // the inner ECN field changes
  output logic [1:0]                        ecn_o,          // what it becomes
  output logic [15:0]                       csum_o,         // inner IPv4 header checksum then
  output logic [18:0]                       sum_o           // of the words of the outer IPv4 header
);

  localparam logic [1:0] NotEct = 2'd0;
  localparam logic [1:0] Ect1   = 2'd1;
  localparam logic [1:0] Ect0   = 2'd2;
  localparam logic [1:0] Ce     = 2'd3;

  logic [3:0] valid_q;
  always_ff @(posedge clk_i) begin
    valid_q <= {valid_q[2:0], valid_i};
  end

  // ------------------------------------------------------------------------------ stage 1: take
  logic [3:0]   a_version_q;
  logic [1:0]   a_inner_q;
  logic [1:0]   a_outer_q;
  logic [15:0]  a_csum_q;
  logic [127:0] a_words_q;     // of the outer header
  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      a_version_q <= data_i[7:4];
      a_inner_q   <= (data_i[7:4] == 4'd6) ? data_i[13:12] : data_i[9:8];
      a_outer_q   <= parsed_i.tos[1:0];
      a_csum_q    <= {data_i[87:80], data_i[95:88]};
      a_words_q   <= {8'h45, parsed_i.tos, parsed_i.ip_id[15:0], 1'b0, parsed_i.df, 14'd0, parsed_i.ttl, 8'd0,
                      parsed_i.src[31:0], parsed_i.dst[31:0]};
    end
  end

  // ------------------------------------------------------------------------------ stage 2: decide, add pairs
  logic [3:0]       b_version_q;
  logic             b_capable_q;
  logic             b_congested_q;
  logic             b_change_q;
  logic [1:0]       b_ecn_q;
  logic [15:0]      b_step_q;  // new less old field in ones' complement
  logic [15:0]      b_csum_q;
  logic [3:0][16:0] b_sums_q;
  always_ff @(posedge clk_i) begin
    if (valid_q[0]) begin
      b_version_q   <= a_version_q;
      b_capable_q   <= (a_inner_q != NotEct);
      b_congested_q <= (a_outer_q == Ce);
      b_change_q    <= 1'b1;
      b_ecn_q       <= Ce;
      b_step_q      <= '0;
      if (a_outer_q == Ce && a_inner_q == Ect0) begin
        b_step_q <= 16'd1;
      end else if (a_outer_q == Ce && a_inner_q == Ect1) begin
        b_step_q <= 16'd2;
      end else if (a_outer_q == Ect1 && a_inner_q == Ect0) begin
        b_ecn_q  <= Ect1;
        b_step_q <= 16'hfffe;
      end else begin
        b_change_q <= 1'b0;
      end
      b_csum_q <= a_csum_q;
      for (int i = 0; i < 4; i++) begin
        b_sums_q[i] <= {1'b0, a_words_q[32*i +: 16]} + {1'b0, a_words_q[32*i+16 +: 16]};
      end
    end
  end

  // ------------------------------------------------------------------------------ stage 3
  logic [3:0]       c_version_q;
  logic             c_capable_q;
  logic             c_congested_q;
  logic             c_change_q;
  logic [1:0]       c_ecn_q;
  logic [16:0]      c_csum_q;
  logic [1:0][17:0] c_sums_q;
  always_ff @(posedge clk_i) begin
    if (valid_q[1]) begin
      c_version_q   <= b_version_q;
      c_capable_q   <= b_capable_q;
      c_congested_q <= b_congested_q;
      c_change_q    <= b_change_q;
      c_ecn_q       <= b_ecn_q;
      c_csum_q      <= {1'b0, ~b_csum_q} + {1'b0, b_step_q};
      for (int i = 0; i < 2; i++) begin
        c_sums_q[i] <= {1'b0, b_sums_q[2*i]} + {1'b0, b_sums_q[2*i+1]};
      end
    end
  end

  // ------------------------------------------------------------------------------ stage 4
  always_ff @(posedge clk_i) begin
    if (valid_q[2]) begin
      version_o   <= c_version_q;
      capable_o   <= c_capable_q;
      congested_o <= c_congested_q;
      change_o    <= c_change_q;
      ecn_o       <= c_ecn_q;
      csum_o      <= ~(c_csum_q[15:0] + 16'(c_csum_q[16]));
      sum_o       <= {1'b0, c_sums_q[0]} + {1'b0, c_sums_q[1]};
    end
  end

  logic unused;
  assign unused = ^{data_i[79:14], data_i[11:10], data_i[3:0], parsed_i, valid_q[3]};

endmodule

`default_nettype wire
