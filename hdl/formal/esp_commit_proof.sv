// SPDX-License-Identifier: Apache-2.0
//
// Proof of the red/black gate: whatever streams in, no beat of a packet to decrypt leaves esp_commit unless its tag
// compared equal to its ICV, over the full 8, 12 or 16 bytes; other packets pass; verdicts stay with their packets.
//
// One packet, chosen by the solver, carries a secret: bit 0 of each of its beats, 0 everywhere else. Its ICV and its tag
// are compared here, too, and the secret must not show at the output if they differ. sa_in_unit is any machine that
// answers in order and says None only for a request with icv_ok, trailer_ok and not empty (proven in sa_in_unit_proof).
// esp_head and esp_tail are replaced: any results, as long as the trailer fits when it is said to be right. Of ICV and
// tag the highest bit of each compared part is free, the others 0 (Wide = 1: all bits free).

`default_nettype none

module esp_head (
  input  wire                               clk_i,
  input  wire                               valid_i,
  input  wire  [95:0]                       data_i,
  input  wire  headend_tables_pkg::parsed_t parsed_i,
  output logic [3:0]                        version_o,
  output logic                              capable_o,
  output logic                              congested_o,
  output logic                              change_o,
  output logic [1:0]                        ecn_o,
  output logic [15:0]                       csum_o,
  output logic [18:0]                       sum_o
);
  (* anyseq *) logic [43:0] any;
  assign {version_o, capable_o, congested_o, change_o, ecn_o, csum_o, sum_o} = any;
endmodule

module esp_tail #(
  parameter int unsigned BeatsWidth = 10
) (
  input  wire                             clk_i,
  input  wire                             rst_ni,
  input  wire                             valid_i,
  input  wire  headend_tables_pkg::beat_t beat_i,
  input  wire  [4:0]                      icv_len_i,
  output logic                            valid_o,
  output logic [15:0]                     len_o,
  output logic [BeatsWidth-1:0]           beats_o,
  output logic [127:0]                    icv_o,
  output logic                            trailer_ok_o,
  output logic [7:0]                      next_header_o,
  output logic [15:0]                     inner_len_o
);
  (* anyseq *) logic [127:0] any_icv;
  (* anyseq *) logic [24:0]  any;
  logic [BeatsWidth-1:0] count_q;
  assign icv_o = any_icv;
  assign {trailer_ok_o, next_header_o, inner_len_o} = any;
  always_ff @(posedge clk_i) begin
    valid_o <= rst_ni && valid_i && beat_i.eop;
    if (valid_i) begin
      count_q <= beat_i.eop ? '0 : (beat_i.sop ? BeatsWidth'(1) : count_q + BeatsWidth'(1));
      beats_o <= beat_i.sop ? BeatsWidth'(1) : count_q + BeatsWidth'(1);
      len_o   <= (beat_i.sop ? 16'd0 : 16'(count_q) << 6) + 16'(beat_i.bytes);
    end
  end
  always_comb if (trailer_ok_o) assume (inner_len_o <= len_o - 16'd10 && len_o >= 16'd10);
endmodule

module esp_commit_proof #(
  parameter bit Wide = 1'b0
) (
  input wire         clk_i,
  input wire         s_valid_i,
  input wire         s_eop_i,
  input wire         s_decrypt_i,
  input wire [4:0]   s_icv_len_i,
  input wire         tag_valid_i,
  input wire [127:0] tag_i,
  input wire         req_ready_i,
  input wire         res_valid_i,
  input wire         res_good_i,
  input wire         m_ready_i
);

  localparam logic [127:0] Free = Wide ? '1 : (128'd1 << 127) | (128'd1 << 95) | (128'd1 << 63);

  (* anyconst *) logic [3:0] secret;     // number of the packet

  logic rst_nq = 1'b0;
  always_ff @(posedge clk_i) rst_nq <= 1'b1;

  logic                      inside_q = 1'b0;
  logic [3:0]                in_q = '0;          // packets begun before this beat's
  headend_tables_pkg::beat_t beat, out;
  headend_tables_pkg::meta_t meta, out_meta;
  wire                       s_ready, tag_ready, req_valid, m_valid, drop_valid, judged, judged_drop;
  esp_in_pkg::request_t      req;
  esp_in_pkg::response_t     res;
  wire [1:0]                 unused_stage;
  wire [esp_in_pkg::RestoreW-1:0] unused_restore;
  headend_tables_pkg::drop_record_t unused_drop;
  wire                       mine = inside_q ? (in_q == secret + 4'd1) : (in_q == secret);
  wire                       accept = s_valid_i && s_ready;
  always_comb begin
    beat         = '0;
    beat.data[0] = mine;
    beat.bytes   = 7'd64;
    beat.sop     = !inside_q;
    beat.eop     = s_eop_i;
    meta         = '0;
    meta.op      = s_decrypt_i ? headend_tables_pkg::OP_DECRYPT : headend_tables_pkg::OP_FORWARD;
    meta.icv_len = s_icv_len_i;
    meta.intf    = {15'd0, mine};
    res          = '0;
    res.reason   = res_good_i ? headend_tables_pkg::DROP_REASON_NONE : headend_tables_pkg::DROP_REASON_ICV_MISMATCH;
  end

  esp_commit #(.Depth(4), .MaxPackets(3)) u_dut (
    .clk_i, .rst_ni(rst_nq), .s_valid_i, .s_ready_o(s_ready), .s_beat_i(beat), .s_meta_i(meta),
    .tag_valid_i, .tag_ready_o(tag_ready), .tag_i(tag_i & Free),
    .req_valid_o(req_valid), .req_ready_i, .req_o(req), .res_valid_i, .res_i(res),
    .m_valid_o(m_valid), .m_ready_i, .m_beat_o(out), .m_meta_o(out_meta), .m_restore_o(unused_restore),
    .drop_valid_o(drop_valid), .drop_o(unused_drop), .judged_o(judged), .judged_drop_o(judged_drop),
    .stage_in_o(unused_stage[0]), .stage_out_o(unused_stage[1])
  );

  // ---------------------------------------------------------------------------------- what is known of the secret packet
  (* hierconn *) wire         \u_dut.tail_done ;
  (* hierconn *) wire [127:0] \u_dut.u_tail.icv_o ;
  logic [3:0]   tails_q = '0, tags_q = '0, judged_q = '0;
  logic         decrypt_q;
  logic [4:0]   icv_len_q;
  logic [127:0] icv_q;
  logic         equal_q = 1'b0;
  wire [127:0]  differs = icv_q ^ (tag_i & Free);
  wire          equal = (icv_len_q == 5'd8 && differs[63:0] == '0) || (icv_len_q == 5'd12 && differs[95:0] == '0) ||
                        (icv_len_q == 5'd16 && differs == '0);
  always_ff @(posedge clk_i) begin
    if (accept) begin
      inside_q <= !s_eop_i;
      if (!inside_q) begin
        in_q <= in_q + 4'd1;
        if (mine) {decrypt_q, icv_len_q} <= {s_decrypt_i, s_icv_len_i};
      end
    end
    if (rst_nq && \u_dut.tail_done ) begin
      tails_q <= tails_q + 4'd1;
      if (tails_q == secret) icv_q <= \u_dut.u_tail.icv_o ;
    end
    if (rst_nq && tag_valid_i && tag_ready) begin
      tags_q <= tags_q + 4'd1;
      if (tags_q == secret) equal_q <= equal;
    end
    if (rst_nq && judged) judged_q <= judged_q + 4'd1;
  end

  // ---------------------------------------------------------------------------------- sa_in_unit
  logic [3:0] may_q = '0;       // requests that wait for their answer, oldest in bit 0: may the answer be None?
  logic [2:0] waiting_q = '0;
  wire  [2:0] rest = waiting_q - 3'(res_valid_i);
  wire        ask  = req_valid && req_ready_i && rst_nq;
  always_ff @(posedge clk_i) begin
    waiting_q <= rest + 3'(ask);
    if (res_valid_i) may_q <= may_q >> 1;
    if (ask) may_q[rest[1:0]] <= req.icv_ok && req.trailer_ok && !req.empty;
  end

  always_comb begin
    assume (rst_nq || !s_valid_i);
    assume ((\u_dut.u_tail.icv_o & ~Free) == '0);
    if (res_valid_i) assume (waiting_q != 3'd0);
    if (res_valid_i && res_good_i) assume (may_q[0]);
    if (rst_nq) begin
      assert (waiting_q <= 3'd3);
      // The gate.
      if (m_valid && out.data[0]) assert (!decrypt_q || equal_q);
      // Order: what leaves or is dropped is the packet whose turn it is.
      if (judged && !judged_drop) assert (m_valid && out.sop && out_meta.intf[0] == (judged_q == secret));
      if (judged && judged_drop && judged_q == secret) assert (decrypt_q);
      if (m_valid && out_meta.intf[0]) assert (out_meta.decrypted == decrypt_q);
    end
    cover (rst_nq && m_valid && out.data[0] && decrypt_q && secret == 4'd1 && out.eop && !out.sop);
    cover (rst_nq && judged && judged_drop && judged_q == secret && tags_q > 4'd2);
  end

endmodule

`default_nettype wire
