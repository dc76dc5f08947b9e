// SPDX-License-Identifier: Apache-2.0
//
// Merges the streams that enter a pipeline (its ports, and the host ring's in the first one) into one, packet by
// packet, round robin. Latency 1 cycle; one beat per cycle, no bubble between packets.

`default_nettype none

module ingress_arb #(
    parameter int unsigned Sources = headend_tables_pkg::NumPorts + 1,
    localparam int unsigned BeatW   = headend_tables_pkg::BEAT_W,
    localparam int unsigned MetaW   = headend_tables_pkg::META_W
) (
    input  logic                             clk_i,
    input  logic                             rst_ni,

    input  logic [Sources-1:0]               s_valid_i,
    output logic [Sources-1:0]               s_ready_o,
    input  logic [Sources-1:0][BeatW-1:0]    s_beat_i,
    input  logic [Sources-1:0][MetaW-1:0]    s_meta_i,

    output logic                             m_valid_o,
    input  logic                             m_ready_i,
    output headend_tables_pkg::beat_t        m_beat_o,
    output headend_tables_pkg::meta_t        m_meta_o
);

  // ------------------------------------------------------------------ choice
  logic [Sources-1:0] owner_q;  // source in the middle of a packet, one-hot, or 0
  logic [Sources-1:0] after_q;  // sources behind the last one served: they come first
  logic [Sources-1:0] first, grant;
  assign first = (s_valid_i & after_q) != '0 ? s_valid_i & after_q : s_valid_i;
  assign grant = (owner_q != '0) ? owner_q : first & (~first + Sources'(1));

  logic out_free;
  logic [Sources-1:0] take, eop;
  assign out_free = !m_valid_o || m_ready_i;
  assign s_ready_o = out_free ? grant : '0;
  assign take = s_valid_i & s_ready_o;

  for (genvar k = 0; k < Sources; k++) begin : gen_eop
    headend_tables_pkg::beat_t beat;
    assign beat = s_beat_i[k];
    assign eop[k] = beat.eop;
    logic unused_beat;
    assign unused_beat = ^beat;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      owner_q   <= '0;
      after_q   <= '0;
      m_valid_o <= 1'b0;
    end else begin
      if (take != '0) begin
        m_valid_o <= 1'b1;
        owner_q   <= take & ~eop;
        after_q   <= ~((take << 1) - Sources'(1));
      end else if (m_ready_i) begin
        m_valid_o <= 1'b0;
      end
    end
  end

  // ------------------------------------------------------------------ payload
  always_ff @(posedge clk_i) begin
    for (int k = 0; k < Sources; k++) begin
      if (take[k]) begin
        m_beat_o <= s_beat_i[k];
        m_meta_o <= s_meta_i[k];
      end
    end
  end

endmodule

`default_nettype wire
