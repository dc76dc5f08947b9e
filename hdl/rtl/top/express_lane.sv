// SPDX-License-Identifier: Apache-2.0
//
// Lets packets that need no decryption pass by the decryption when nothing is in it.
//
//   s_* -+-> l_* -> esp_strip ... esp_restore -> b_* -+-> m_*
//        '---------------- register ------------------'
//
// A packet whose op is not Decrypt goes straight on if no packet is on the long way; otherwise it takes the long way
// like all others. So order is kept by construction: packets come one after the other, and while one passes here the
// long way is empty.
//
// On the long way are the packets that entered it (l_*) less those that left it (b_*) and those refused there
// (`refused_i`, a pulse each; it may come in the cycle in which another packet leaves).
//
// `passed_in_o`, `passed_out_o`: pulses, a cycle after the first and the last beat of a packet that passes by; the long
// way is empty then, so none of its own pulses comes in the same cycle.
//
// Latency: 1 cycle by the short way; none is added to the long one. One beat per cycle.

`default_nettype none

module express_lane #(
  localparam int unsigned BeatW = headend_tables_pkg::BEAT_W,
  localparam int unsigned MetaW = headend_tables_pkg::META_W
) (
  input  wire                             clk_i,
  input  wire                             rst_ni,

  input  wire                             s_valid_i,
  output logic                            s_ready_o,
  input  wire  headend_tables_pkg::beat_t s_beat_i,
  input  wire  headend_tables_pkg::meta_t s_meta_i,

  // Long way: beat and meta are those of s_*.
  output logic                            l_valid_o,
  input  wire                             l_ready_i,
  input  wire                             refused_i,
  input  wire                             b_valid_i,
  output logic                            b_ready_o,
  input  wire  headend_tables_pkg::beat_t b_beat_i,
  input  wire  headend_tables_pkg::meta_t b_meta_i,

  output logic                            m_valid_o,
  input  wire                             m_ready_i,
  output headend_tables_pkg::beat_t       m_beat_o,
  output headend_tables_pkg::meta_t       m_meta_o,

  output logic                            passed_in_o,
  output logic                            passed_out_o
);
  localparam int unsigned CountW = 12;      // far more packets than fit

  logic              pass;                  // the packet at the input passes by
  logic              pass_q;                // the packet under way does
  logic              offered_q;             // the beat at the input was offered to the long way and waits
  logic              short_ready;
  logic              short_valid;
  logic              enter;
  logic              leave;
  logic              empty_q;
  logic [CountW-1:0] inside_q;
  logic [1:0]        gone;                  // packets that leave the long way in this cycle
  headend_tables_pkg::beat_t short_beat;
  headend_tables_pkg::meta_t short_meta;

  assign pass      = s_beat_i.sop ? empty_q && !offered_q && (s_meta_i.op != headend_tables_pkg::OP_DECRYPT) : pass_q;
  assign l_valid_o = s_valid_i && !pass;
  assign s_ready_o = pass ? short_ready : l_ready_i;

  assign enter = l_valid_o && l_ready_i && s_beat_i.sop;
  assign leave = b_valid_i && b_ready_o && b_beat_i.eop;
  assign gone  = 2'(leave) + 2'(refused_i);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      pass_q    <= 1'b0;
      offered_q <= 1'b0;
      inside_q  <= '0;
      empty_q   <= 1'b1;
    end else begin
      offered_q <= l_valid_o && !l_ready_i;
      if (s_valid_i && s_ready_o) begin
        pass_q <= pass;
      end
      if (enter || leave || refused_i) begin
        inside_q <= inside_q + CountW'(enter) - CountW'(gone);
        empty_q  <= !enter && (inside_q == CountW'(gone));
      end
    end
  end

  skid_buffer #(
    .Width(BeatW + MetaW)
  ) u_short (
    .clk_i,
    .rst_ni,
    .s_valid_i(s_valid_i && pass),
    .s_ready_o(short_ready),
    .s_data_i ({s_beat_i, s_meta_i}),
    .m_valid_o(short_valid),
    .m_ready_i,
    .m_data_o ({short_beat, short_meta})
  );

  // What is in the register is older than all that is on the long way.
  assign b_ready_o = m_ready_i && !short_valid;
  assign m_valid_o = short_valid || b_valid_i;
  assign m_beat_o  = short_valid ? short_beat : b_beat_i;
  assign m_meta_o  = short_valid ? short_meta : b_meta_i;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      passed_in_o  <= 1'b0;
      passed_out_o <= 1'b0;
    end else begin
      passed_in_o  <= s_valid_i && pass && short_ready && s_beat_i.sop;
      passed_out_o <= s_valid_i && pass && short_ready && s_beat_i.eop;
    end
  end

endmodule

`default_nettype wire
