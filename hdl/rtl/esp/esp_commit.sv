// SPDX-License-Identifier: Apache-2.0
//
// The red/black boundary of one lane. A decrypted packet is stored whole and leaves only after its ICV compared equal to
// the engine's tag and sa_in_unit, which keeps the states of the SAs, called it good; otherwise its storage is given back
// unread. All other packets (op not Decrypt) pass through in order.
//
//   s_* -+-> beat memory ---------------------------------------------------------------------> reader -> m_*
//        +-> metadata FIFO ------------------------------------------------------------------>   |
//        +-> esp_head, esp_tail -> FIFO -+-> ICV against tag -+-> lengths, checksum -> FIFO -->  |
//                                 tag_* -+                    +-> req_* ... res_* -> FIFO ---->  |
//
// The checks and their order are in sa_in_unit; here is found what they need to know of the packet. Bytes behind the
// inner packet count as zero, so a packet with nothing inside has no IP version, and one byte is not ECN-capable.
//
// A good packet leaves as its inner packet with starts_l3 = decrypted = 1, op = Forward, vrf = the SA's ivrf, len = inner
// length; `m_restore_o`, valid with the first beat, tells esp_restore what else to do. Lengths are counted here, never
// taken from the metadata, so a wrong length elsewhere cannot make the reader run into a packet that is not judged. Drop
// reports carry no data.
//
// `judged_o`: one pulse per packet, in order, the cycle after it begins to leave or is dropped; then `judged_drop_o` is 1.
// drop_valid_o comes with it.
//
// `Depth` beats (power of two) must hold the largest packet, or it would never be judged. Byte 0 is in bits
// 7:0. One beat per cycle in and out, one verdict per cycle, packets of one SA back to back included.
//
// Latency, from the last beat of a packet whose tag is there: 6 cycles to its request, and 2 cycles from the response to
// its first beat; so 12 with sa_in_unit when no other lane asks. 9 cycles for a packet that is not decrypted.

`default_nettype none

module esp_commit #(
  parameter int unsigned Depth      = 512,
  parameter int unsigned MaxPackets = 256
) (
  input  wire                                  clk_i,
  input  wire                                  rst_ni,

  input  wire                                  s_valid_i,
  output logic                                 s_ready_o,
  input  wire  headend_tables_pkg::beat_t      s_beat_i,
  input  wire  headend_tables_pkg::meta_t      s_meta_i,

  input  wire                                  tag_valid_i,
  output logic                                 tag_ready_o,
  input  wire  [127:0]                         tag_i,

  output logic                                 req_valid_o,
  input  wire                                  req_ready_i,
  output logic [esp_in_pkg::ReqW-1:0]          req_o,
  input  wire                                  res_valid_i,
  input  wire  [esp_in_pkg::ResW-1:0]          res_i,

  output logic                                 m_valid_o,
  input  wire                                  m_ready_i,
  output headend_tables_pkg::beat_t            m_beat_o,
  output headend_tables_pkg::meta_t            m_meta_o,
  output logic [esp_in_pkg::RestoreW-1:0]      m_restore_o,

  output logic                                 drop_valid_o,
  output headend_tables_pkg::drop_record_t     drop_o,
  output logic                                 judged_o,
  output logic                                 judged_drop_o,
  output logic                                 stage_in_o,
  output logic                                 stage_out_o
);

  localparam int unsigned MetaW   = headend_tables_pkg::META_W;
  localparam int unsigned AddrW   = $clog2(Depth);
  localparam int unsigned BeatsW  = AddrW + 1;
  localparam int unsigned CountW  = $clog2(MaxPackets + 1);
  localparam logic [7:0] NextHeaderIpv4  = 8'd4;
  localparam logic [7:0] NextHeaderIpv6  = 8'd41;
  localparam logic [7:0] NextHeaderDummy = 8'd59;

  if (Depth != 2 ** AddrW || Depth * 64 < headend_tables_pkg::MaxFrameBytes) begin : gen_check_depth
    $error("esp_commit: Depth must be a power of two that holds the largest packet");
  end

  // ---------------------------------------------------------------------------------- store
  logic                            accept;
  logic                            meta_ready;
  logic                            meta_valid;
  headend_tables_pkg::meta_t       meta;         // of the packet the reader is at
  logic [BeatsW-1:0]               wptr_q;
  logic [BeatsW-1:0]               rptr_q;       // first beat that is still needed
  logic [BeatsW-1:0]               used_q;       // beats between the two
  logic                            next_packet;  // the reader is done with a packet
  logic [CountW-1:0]               unused_meta_count;
  assign s_ready_o = !used_q[AddrW] && meta_ready;
  assign accept    = s_valid_i && s_ready_o;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      wptr_q <= '0;
      used_q <= '0;
    end else begin
      wptr_q <= wptr_q + BeatsW'(accept);
      used_q <= used_q + BeatsW'(accept) - (next_packet ? v_beats : '0);
    end
  end

  // One entry per packet inside; it also bounds the FIFOs of the verdict path, which are as deep.
  fifo_sync #(
    .Width(MetaW),
    .Depth(MaxPackets)
  ) u_meta (
    .clk_i,
    .rst_ni,
    .s_valid_i(accept && s_beat_i.sop),
    .s_ready_o(meta_ready),
    .s_data_i (s_meta_i),
    .m_valid_o(meta_valid),
    .m_ready_i(next_packet),
    .m_data_o (meta),
    .count_o  (unused_meta_count)
  );

  // ---------------------------------------------------------------------------------- begin and end of the packet
  localparam int unsigned InfoW = 1 + 16 + 8 + 32 + 64 + 5 + 1;
  localparam int unsigned HeadW = 4 + 1 + 1 + 1 + 2 + 16 + 19;
  localparam int unsigned TailW = 16 + BeatsW + 128 + 1 + 8 + 16;

  logic              tail_done;
  logic [TailW-1:0]  tail;
  logic [HeadW-1:0]  head;

  esp_tail #(
    .BeatsWidth(BeatsW)
  ) u_tail (
    .clk_i,
    .rst_ni,
    .valid_i      (accept),
    .beat_i       (s_beat_i),
    .icv_len_i    (s_meta_i.icv_len),
    .valid_o      (tail_done),
    .len_o        (tail[TailW-1 -: 16]),
    .beats_o      (tail[TailW-17 -: BeatsW]),
    .icv_o        (tail[152:25]),
    .trailer_ok_o (tail[24]),
    .next_header_o(tail[23:16]),
    .inner_len_o  (tail[15:0])
  );

  esp_head u_head (
    .clk_i,
    .valid_i    (accept && s_beat_i.sop),
    .data_i     (s_beat_i.data[95:0]),
    .parsed_i   (s_meta_i.parsed),
    .version_o  (head[43:40]),
    .capable_o  (head[39]),
    .congested_o(head[38]),
    .change_o   (head[37]),
    .ecn_o      (head[36:35]),
    .csum_o     (head[34:19]),
    .sum_o      (head[18:0])
  );

  logic                  info_valid;
  logic                  end_valid;
  logic                  take;
  logic [InfoW-1:0]      info;
  logic [HeadW+TailW-1:0] ending;
  logic                  unused_info_ready;
  logic                  unused_end_ready;
  logic [CountW-1:0]     unused_info_count;

  fifo_sync #(
    .Width(InfoW),
    .Depth(MaxPackets)
  ) u_info (
    .clk_i,
    .rst_ni,
    .s_valid_i(accept && s_beat_i.sop),
    .s_ready_o(unused_info_ready),
    .s_data_i ({s_meta_i.op == headend_tables_pkg::OP_DECRYPT, s_meta_i.sa_in, s_meta_i.sa_in_gen, s_meta_i.spi,
                s_meta_i.seq, s_meta_i.icv_len, s_meta_i.parsed.is_ipv6}),
    .m_valid_o(info_valid),
    .m_ready_i(take),
    .m_data_o (info),
    .count_o  (unused_info_count)
  );

  fifo_fast #(
    .Width(HeadW + TailW),
    .Depth(MaxPackets)
  ) u_ends (
    .clk_i,
    .rst_ni,
    .s_valid_i(tail_done),
    .s_ready_o(unused_end_ready),
    .s_data_i ({head, tail}),
    .m_valid_o(end_valid),
    .m_ready_i(take),
    .m_data_o (ending)
  );

  // ---------------------------------------------------------------------------------- compare with the tag
  logic              i_decrypt;
  logic [15:0]       i_sa;
  logic [7:0]        i_gen;
  logic [31:0]       i_spi;
  logic [63:0]       i_seq;
  logic [4:0]        i_icv_len;
  logic              i_ipv6;
  logic [3:0]        i_version;
  logic              i_capable;
  logic              i_congested;
  logic              i_change;
  logic [1:0]        i_ecn;
  logic [15:0]       i_csum;
  logic [18:0]       i_sum;
  logic [15:0]       i_len;
  logic [BeatsW-1:0] i_beats;
  logic [127:0]      i_icv;
  logic              i_trailer_ok;
  logic [7:0]        i_next_header;
  logic [15:0]       i_inner_len;
  assign {i_decrypt, i_sa, i_gen, i_spi, i_seq, i_icv_len, i_ipv6} = info;
  assign {i_version, i_capable, i_congested, i_change, i_ecn, i_csum, i_sum,
          i_len, i_beats, i_icv, i_trailer_ok, i_next_header, i_inner_len} = ending;

  logic [127:0] icv_differs;
  logic         icv_ok;
  assign icv_differs = i_icv ^ tag_i;
  always_comb begin
    unique case (i_icv_len)
      5'd8:    icv_ok = (icv_differs[63:0] == '0);
      5'd12:   icv_ok = (icv_differs[95:0] == '0);
      5'd16:   icv_ok = (icv_differs == '0);
      default: icv_ok = 1'b0;
    endcase
  end

  // Every packet takes its tag, in order; a decrypted one also needs room for its request.
  logic req_free;
  assign req_free    = !req_valid_o || req_ready_i;
  assign tag_ready_o = info_valid && end_valid && (!i_decrypt || req_free);
  assign take        = tag_ready_o && tag_valid_i;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      req_valid_o <= 1'b0;
    end else if (req_free) begin
      req_valid_o <= take && i_decrypt;
    end
  end

  esp_in_pkg::request_t req_q;
  assign req_o = req_q;
  always_ff @(posedge clk_i) begin
    if (take && i_decrypt) begin
      req_q.icv_ok      <= icv_ok;
      req_q.trailer_ok  <= i_trailer_ok;
      req_q.dummy       <= (i_next_header == NextHeaderDummy);
      req_q.version_ok  <= (i_inner_len != '0) && ((i_next_header == NextHeaderIpv4 && i_version == 4'd4) ||
                                                   (i_next_header == NextHeaderIpv6 && i_version == 4'd6));
      req_q.ecn_illegal <= i_congested && (!i_capable || i_inner_len < 16'd2);
      req_q.empty       <= (i_inner_len == '0);
      req_q.inner_len   <= i_inner_len;
      req_q.seq         <= i_seq;
      req_q.spi         <= i_spi;
      req_q.gen         <= i_gen;
      req_q.sa          <= i_sa;
    end
  end

  // ---------------------------------------------------------------------------------- what the reader must know
  // While the request is on its way: the length to send, and length and checksum of a header in front.
  typedef struct packed {
    logic              decrypt;
    logic              ecn_v4;       // the ECN field changes, in a header that is all there
    logic              ecn_v6;
    logic [1:0]        ecn;
    logic [15:0]       inner_csum;
    logic [15:0]       header_csum;
    logic [15:0]       header_len;   // length field
    logic [7:0]        next_header;
    logic [15:0]       stored_len;   // bytes stored
    logic [BeatsW-1:0] stored_beats;
    logic [15:0]       len;          // bytes to send
    logic [BeatsW-1:0] last;         // index of the last beat to send
    logic [6:0]        last_bytes;   // bytes in it
  } plan_t;
  localparam int unsigned PlanW = 1 + 1 + 1 + 2 + 5 * 16 + 8 + 2 * BeatsW + 7;

  logic        j_valid_q;
  plan_t       j_q;
  logic [18:0] j_sum_q;
  logic [15:0] j_add_q;       // protocol and length
  logic        k_valid_q;
  plan_t       k_q;
  logic [19:0] k_sum_q;
  logic [15:0] k_less_q;      // bytes to send, minus 1

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      j_valid_q <= 1'b0;
      k_valid_q <= 1'b0;
    end else begin
      j_valid_q <= take;
      k_valid_q <= j_valid_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (take) begin
      j_q              <= '0;
      j_q.decrypt      <= i_decrypt;
      j_q.ecn_v4       <= i_change && i_next_header == NextHeaderIpv4 && i_inner_len >= 16'd20;
      j_q.ecn_v6       <= i_change && i_next_header == NextHeaderIpv6 && i_inner_len >= 16'd40;
      j_q.ecn          <= i_ecn;
      j_q.inner_csum   <= i_csum;
      j_q.header_len   <= i_ipv6 ? i_inner_len : i_inner_len + 16'd20;
      j_q.next_header  <= i_next_header;
      j_q.stored_len   <= i_len;
      j_q.stored_beats <= i_beats;
      j_q.len          <= i_decrypt ? i_inner_len : i_len;
      j_sum_q          <= i_sum;
      j_add_q          <= i_inner_len + 16'd20 + 16'(i_next_header);   // a frame's length: no carry out
    end
    if (j_valid_q) begin
      k_q      <= j_q;
      k_sum_q  <= {1'b0, j_sum_q} + 20'(j_add_q);
      k_less_q <= j_q.len - 16'd1;
    end
  end

  logic [16:0] k_fold;
  plan_t       k_plan;
  assign k_fold = {1'b0, k_sum_q[15:0]} + 17'(k_sum_q[19:16]);
  always_comb begin
    k_plan             = k_q;
    k_plan.header_csum = ~(k_fold[15:0] + 16'(k_fold[16]));
    k_plan.last        = BeatsW'(k_less_q[15:6]);
    k_plan.last_bytes  = {1'b0, k_less_q[5:0]} + 7'd1;
  end

  plan_t             plan;
  logic              plan_valid;
  logic              unused_plan_ready;
  logic [CountW-1:0] unused_plan_count;
  fifo_sync #(
    .Width(PlanW),
    .Depth(MaxPackets)
  ) u_plans (
    .clk_i,
    .rst_ni,
    .s_valid_i(k_valid_q),
    .s_ready_o(unused_plan_ready),
    .s_data_i (k_plan),
    .m_valid_o(plan_valid),
    .m_ready_i(next_packet),
    .m_data_o (plan),
    .count_o  (unused_plan_count)
  );

  esp_in_pkg::response_t res;
  esp_in_pkg::response_t verdict;
  logic                  good;
  logic                  verdict_valid;
  logic                  verdict_good;
  logic                  unused_verdict_ready;
  assign res  = res_i;
  assign good = (res.reason == headend_tables_pkg::DROP_REASON_NONE);
  fifo_fast #(
    .Width(esp_in_pkg::ResW + 1),
    .Depth(MaxPackets)
  ) u_verdicts (
    .clk_i,
    .rst_ni,
    .s_valid_i(res_valid_i),
    .s_ready_o(unused_verdict_ready),
    .s_data_i ({good, res}),
    .m_valid_o(verdict_valid),
    .m_ready_i(next_packet && plan.decrypt),
    .m_data_o ({verdict_good, verdict})
  );

  // ---------------------------------------------------------------------------------- reader
  // Beats of a packet that is not good are skipped in one step; the memory is read only for good ones,
  // and never past their own beats.
  logic              go;          // the packet's verdict is known
  logic              pass;        // it may leave
  logic              read;        // a beat is read
  logic              last;        // it is the packet's last one
  logic              begins;
  logic              out_free;
  logic [BeatsW-1:0] index_q;     // beats of the packet already read
  logic [BeatsW-1:0] read_ptr;
  logic [BeatsW-1:0] v_beats;
  assign v_beats     = plan.stored_beats;
  assign go          = plan_valid && meta_valid && (!plan.decrypt || verdict_valid);
  assign pass        = !plan.decrypt || verdict_good;
  assign read        = go && pass && out_free;
  assign last        = (index_q == plan.last);
  assign begins      = (index_q == '0);
  assign read_ptr    = rptr_q + index_q;
  assign next_packet = go && (!pass || (out_free && last));

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      rptr_q  <= '0;
      index_q <= '0;
    end else if (next_packet) begin
      rptr_q  <= rptr_q + v_beats;
      index_q <= '0;
    end else if (read) begin
      index_q <= index_q + BeatsW'(1);
    end
  end

  logic [511:0] read_data;
  ram_1r1w #(
    .Width(512),
    .Depth(Depth)
  ) u_beats (
    .clk_i,
    .rst_ni,
    .we_i   (accept),
    .waddr_i(wptr_q[AddrW-1:0]),
    .wdata_i(s_beat_i.data),
    .re_i   (read),
    .raddr_i(read_ptr[AddrW-1:0]),
    .rdata_o(read_data)
  );

  // ---------------------------------------------------------------------------------- out
  logic                      out_valid_q;
  logic                      out_sop_q;
  logic                      out_eop_q;
  logic [6:0]                out_bytes_q;
  headend_tables_pkg::meta_t out_meta_q;
  esp_in_pkg::restore_t      out_restore_q;
  assign out_free = !out_valid_q || m_ready_i;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      out_valid_q <= 1'b0;
    end else if (out_free) begin
      out_valid_q <= read;
    end
  end

  always_ff @(posedge clk_i) begin
    if (read) begin
      out_sop_q   <= begins;
      out_eop_q   <= last;
      out_bytes_q <= last ? plan.last_bytes : 7'd64;
    end
    if (read && begins) begin
      out_meta_q     <= meta;
      out_meta_q.len <= plan.len;
      out_restore_q  <= '0;
      if (plan.decrypt) begin
        out_meta_q.op             <= headend_tables_pkg::OP_FORWARD;
        out_meta_q.starts_l3      <= 1'b1;
        out_meta_q.decrypted      <= 1'b1;
        out_meta_q.vrf            <= verdict.ivrf;
        out_restore_q.header      <= !verdict.tunnel;
        out_restore_q.ecn_v4      <= verdict.ecn && plan.ecn_v4;
        out_restore_q.ecn_v6      <= verdict.ecn && plan.ecn_v6;
        out_restore_q.ecn         <= plan.ecn;
        out_restore_q.csum        <= verdict.tunnel ? plan.inner_csum : plan.header_csum;
        out_restore_q.next_header <= plan.next_header;
        out_restore_q.len         <= plan.header_len;
      end
    end
  end

  always_comb begin
    m_beat_o.sop   = out_sop_q;
    m_beat_o.eop   = out_eop_q;
    m_beat_o.bytes = out_bytes_q;
    m_beat_o.data  = read_data;
    if (out_eop_q) begin
      m_beat_o.data = read_data & ~({512{1'b1}} << {out_bytes_q, 3'd0});
    end
  end
  assign m_valid_o   = out_valid_q;
  assign m_meta_o    = out_meta_q;
  assign m_restore_o = out_restore_q;

  // ---------------------------------------------------------------------------------- reports
  logic drop;
  assign drop = go && !pass;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      drop_valid_o  <= 1'b0;
      judged_o      <= 1'b0;
      judged_drop_o <= 1'b0;
      stage_in_o    <= 1'b0;
      stage_out_o   <= 1'b0;
    end else begin
      drop_valid_o  <= drop;
      judged_o      <= drop || (read && begins);
      judged_drop_o <= drop;
      stage_in_o    <= accept && s_beat_i.sop;
      stage_out_o   <= m_valid_o && m_ready_i && m_beat_o.eop;
    end
  end

  always_ff @(posedge clk_i) begin
    if (drop) begin
      drop_o         <= '0;
      drop_o.reason  <= verdict.reason;
      drop_o.stage   <= headend_tables_pkg::STAGE_COMMIT;
      drop_o.ingress <= meta.ingress;
      drop_o.len     <= plan.stored_len;
      drop_o.vrf     <= meta.vrf;
      drop_o.sa      <= meta.sa_in;
      drop_o.spi     <= meta.spi;
      drop_o.seq     <= meta.seq;
    end
  end

  logic unused;
  assign unused = read_ptr[AddrW];

endmodule

`default_nettype wire
