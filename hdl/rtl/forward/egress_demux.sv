// SPDX-License-Identifier: Apache-2.0
//
// Sends each packet to the buffer of its egress: output k is port k, output NumPorts the host. Latency 1
// cycle. m_beat_o and m_meta_o are shared by all outputs.
//
// When a packet's last beat has left, the beats reserved for it (meta.resv) are released to qos: rel_valid_o,
// ReleaseDelay cycles later, so that the buffer's own count of free beats shows the packet before its
// reservation ends.

`default_nettype none

module egress_demux #(
    localparam int unsigned Outputs = headend_tables_pkg::NumPorts + 1
) (
    input  logic                        clk_i,
    input  logic                        rst_ni,

    input  logic                        s_valid_i,
    output logic                        s_ready_o,
    input  headend_tables_pkg::beat_t   s_beat_i,
    input  headend_tables_pkg::meta_t   s_meta_i,

    output logic [Outputs-1:0]          m_valid_o,
    input  logic [Outputs-1:0]          m_ready_i,
    output headend_tables_pkg::beat_t   m_beat_o,
    output headend_tables_pkg::meta_t   m_meta_o,

    output logic                        rel_valid_o,
    output logic [1:0]                  rel_egress_o,
    output logic [7:0]                  rel_beats_o
);

  localparam int unsigned ReleaseDelay = 6;

  logic out_free, take;
  logic [1:0] egress_q, egress;
  assign out_free = (m_valid_o & ~m_ready_i) == '0;
  assign s_ready_o = out_free;
  assign take = s_valid_i && s_ready_o;
  assign egress = s_beat_i.sop ? s_meta_i.egress : egress_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      m_valid_o <= '0;
    end else if (out_free) begin
      for (int k = 0; k < Outputs; k++) begin
        m_valid_o[k] <= take && (egress == 2'(k));
      end
    end
    if (take) begin
      m_beat_o <= s_beat_i;
      if (s_beat_i.sop) begin
        m_meta_o <= s_meta_i;
        egress_q <= s_meta_i.egress;
      end
    end
  end

  // ------------------------------------------------------------------ release
  logic done;
  assign done = (m_valid_o & m_ready_i) != '0 && m_beat_o.eop;

  hdr_delay #(
      .Width (10),
      .Cycles(ReleaseDelay)
  ) u_release (
      .clk_i,
      .rst_ni,
      .valid_i(done),
      .d_i    ({egress_q, m_meta_o.resv}),
      .valid_o(rel_valid_o),
      .q_o    ({rel_egress_o, rel_beats_o})
  );

endmodule

`default_nettype wire
