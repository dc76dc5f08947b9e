// SPDX-License-Identifier: Apache-2.0
//
// Verdict on decrypted packets: the red/black boundary. A packet is stored whole and leaves only after its
// ICV compared equal to the engine's tag, its sequence number passed the anti-replay window and its ESP
// trailer was right; otherwise its storage is given back unread. All other packets (op not Decrypt) pass
// through in order.
//
//   s_* -+-> beat memory --------------------------------------------------> reader -> m_*
//        +-> metadata FIFO ------------------------------------------------>   |
//        +-> esp_tail -> pending FIFO -+-> read SA state -> judge, write ->  verdict FIFO
//                 tag_* ---------------+
//
// Checks of a decrypted packet, the first that fails counts:
//   SaChanged        the SA record is not the one the packet was decrypted with (valid bit, generation)
//   IcvMismatch      first icv_len (8, 12 or 16) tag bytes, all compared at once
//   ReplayDuplicate, ReplayOld
//   (from here on the window has accepted the number)
//   EspTrailer       padding too long or wrong (see esp_tail)
//   EspDummy         next header 59
//   EspNextHeader    next header not 4 (IPv4), or the SA is not in tunnel mode
//   EspTrailer       nothing left
// A good packet leaves as its inner packet with starts_l3 = decrypted = 1, op = Forward, vrf = the SA's ivrf,
// len = inner length. Lengths are counted here, never taken from the metadata, so a wrong length elsewhere
// cannot make the reader run into a packet that is not judged. Drop reports carry no data.
//
// Tables: owns SaInState. Follows writes to SaIn (sa_lookup owns and acknowledges it): they replace the
// fields needed here and zero the window and counters, between two packets. Reads take 4 cycles.
// `seq_top_*`: highest sequence number of an SA, one cycle after its address, for sa_lookup.
//
// `Depth` beats (power of two) must hold the largest packet, or it would never be judged. Byte 0 is in bits
// 7:0. One beat per cycle in and out, one verdict per cycle, packets of one SA back to back included.
//
// Latency: 10 cycles from the last beat of a packet whose tag is there to its first beat out.

`default_nettype none

module esp_commit #(
  parameter int unsigned Depth      = 512,
  parameter int unsigned MaxPackets = 256,
  parameter int unsigned SaDepth    = headend_tables_pkg::SaDepth
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

  output logic                                 m_valid_o,
  input  wire                                  m_ready_i,
  output headend_tables_pkg::beat_t            m_beat_o,
  output headend_tables_pkg::meta_t            m_meta_o,

  input  wire                                  tbl_req_i,
  input  wire                                  tbl_we_i,
  input  wire  [7:0]                           tbl_sel_i,
  input  wire  [31:0]                          tbl_index_i,
  input  wire  [headend_tables_pkg::RecordBits-1:0]                        tbl_wdata_i,
  output logic                                 tbl_ack_o,
  output logic [headend_tables_pkg::RecordBits-1:0]                        tbl_rdata_o,

  input  wire  [15:0]                          seq_top_raddr_i,
  output logic [63:0]                          seq_top_rdata_o,

  output logic                                 drop_valid_o,
  output headend_tables_pkg::drop_record_t     drop_o,
  output logic                                 stage_in_o,
  output logic                                 stage_out_o
);

  localparam int unsigned BeatW  = headend_tables_pkg::BEAT_W;
  localparam int unsigned MetaW  = headend_tables_pkg::META_W;
  localparam int unsigned AddrW  = $clog2(Depth);
  localparam int unsigned BeatsW = AddrW + 1;
  localparam int unsigned CountW = $clog2(MaxPackets + 1);

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
  logic [BeatsW-1:0]               used;
  logic                            next_packet;  // the reader is done with a packet
  logic [CountW-1:0]               unused_meta_count;
  assign used      = wptr_q - rptr_q;
  assign s_ready_o = (used != BeatsW'(Depth)) && meta_ready;
  assign accept    = s_valid_i && s_ready_o;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      wptr_q <= '0;
    end else if (accept) begin
      wptr_q <= wptr_q + BeatsW'(1);
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

  // ---------------------------------------------------------------------------------- pending packets
  localparam int unsigned InfoW = 1 + 2 + 12 + 16 + 8 + 32 + 64 + 5;
  localparam int unsigned TailW = 16 + BeatsW + 128 + 1 + 8 + 16;

  logic              tail_done;
  logic [15:0]       tail_len;
  logic [BeatsW-1:0] tail_beats;
  logic [127:0]      tail_icv;
  logic              tail_trailer_ok;
  logic [7:0]        tail_next_header;
  logic [15:0]       tail_inner_len;

  esp_tail #(
    .BeatsWidth(BeatsW)
  ) u_tail (
    .clk_i,
    .rst_ni,
    .valid_i      (accept),
    .beat_i       (s_beat_i),
    .icv_len_i    (s_meta_i.icv_len),
    .valid_o      (tail_done),
    .len_o        (tail_len),
    .beats_o      (tail_beats),
    .icv_o        (tail_icv),
    .trailer_ok_o (tail_trailer_ok),
    .next_header_o(tail_next_header),
    .inner_len_o  (tail_inner_len)
  );

  logic              info_valid;
  logic              end_valid;
  logic              judge_ready;
  logic              judge;
  logic [InfoW-1:0]  info;
  logic [TailW-1:0]  ending;
  logic              unused_info_ready;
  logic              unused_end_ready;
  logic [CountW-1:0] unused_info_count;
  logic [CountW-1:0] unused_end_count;
  assign judge = info_valid && end_valid && judge_ready;

  fifo_sync #(
    .Width(InfoW),
    .Depth(MaxPackets)
  ) u_info (
    .clk_i,
    .rst_ni,
    .s_valid_i(accept && s_beat_i.sop),
    .s_ready_o(unused_info_ready),
    .s_data_i ({s_meta_i.op == headend_tables_pkg::OP_DECRYPT, s_meta_i.ingress, s_meta_i.vrf,
                s_meta_i.sa_in, s_meta_i.sa_in_gen, s_meta_i.spi, s_meta_i.seq, s_meta_i.icv_len}),
    .m_valid_o(info_valid),
    .m_ready_i(judge),
    .m_data_o (info),
    .count_o  (unused_info_count)
  );

  fifo_sync #(
    .Width(TailW),
    .Depth(MaxPackets)
  ) u_ends (
    .clk_i,
    .rst_ni,
    .s_valid_i(tail_done),
    .s_ready_o(unused_end_ready),
    .s_data_i ({tail_len, tail_beats, tail_icv, tail_trailer_ok, tail_next_header, tail_inner_len}),
    .m_valid_o(end_valid),
    .m_ready_i(judge),
    .m_data_o (ending),
    .count_o  (unused_end_count)
  );

  // ---------------------------------------------------------------------------------- verdict
  logic              j_decrypt;
  logic [1:0]        j_ingress;
  logic [11:0]       j_vrf;
  logic [15:0]       j_sa;
  logic [7:0]        j_gen;
  logic [31:0]       j_spi;
  logic [63:0]       j_seq;
  logic [4:0]        j_icv_len;
  logic [15:0]       j_len;
  logic [BeatsW-1:0] j_beats;
  logic [127:0]      j_icv;
  logic              j_trailer_ok;
  logic [7:0]        j_next_header;
  logic [15:0]       j_inner_len;
  assign {j_decrypt, j_ingress, j_vrf, j_sa, j_gen, j_spi, j_seq, j_icv_len}  = info;
  assign {j_len, j_beats, j_icv, j_trailer_ok, j_next_header, j_inner_len} = ending;

  logic              verdict_valid;
  logic              verdict_good;
  logic              verdict_decrypted;
  logic [11:0]       verdict_ivrf;
  logic [15:0]       verdict_len;
  logic [BeatsW-1:0] verdict_beats;

  esp_verdict #(
    .BeatsWidth(BeatsW),
    .Depth     (SaDepth)
  ) u_verdict (
    .clk_i,
    .rst_ni,
    .valid_i        (info_valid && end_valid),
    .ready_o        (judge_ready),
    .decrypt_i      (j_decrypt),
    .ingress_i      (j_ingress),
    .vrf_i          (j_vrf),
    .sa_i           (j_sa),
    .gen_i          (j_gen),
    .spi_i          (j_spi),
    .seq_i          (j_seq),
    .icv_len_i      (j_icv_len),
    .len_i          (j_len),
    .beats_i        (j_beats),
    .icv_i          (j_icv),
    .trailer_ok_i   (j_trailer_ok),
    .next_header_i  (j_next_header),
    .inner_len_i    (j_inner_len),
    .tag_valid_i,
    .tag_ready_o,
    .tag_i,
    .verdict_valid_o(verdict_valid),
    .good_o         (verdict_good),
    .decrypted_o    (verdict_decrypted),
    .ivrf_o         (verdict_ivrf),
    .out_len_o      (verdict_len),
    .beats_o        (verdict_beats),
    .tbl_req_i,
    .tbl_we_i,
    .tbl_sel_i,
    .tbl_index_i,
    .tbl_wdata_i,
    .tbl_ack_o,
    .tbl_rdata_o,
    .seq_top_raddr_i,
    .seq_top_rdata_o,
    .drop_valid_o,
    .drop_o
  );

  // ---------------------------------------------------------------------------------- reader
  localparam int unsigned VerdictW = 1 + 1 + 12 + 16 + BeatsW;

  logic              v_valid;
  logic              v_good;
  logic              v_decrypted;
  logic [11:0]       v_ivrf;
  logic [15:0]       v_len;
  logic [BeatsW-1:0] v_beats;
  logic              unused_verdict_ready;
  logic [CountW-1:0] unused_verdict_count;

  fifo_sync #(
    .Width(VerdictW),
    .Depth(MaxPackets)
  ) u_verdicts (
    .clk_i,
    .rst_ni,
    .s_valid_i(verdict_valid),
    .s_ready_o(unused_verdict_ready),
    .s_data_i ({verdict_good, verdict_decrypted, verdict_ivrf, verdict_len, verdict_beats}),
    .m_valid_o(v_valid),
    .m_ready_i(next_packet),
    .m_data_o ({v_good, v_decrypted, v_ivrf, v_len, v_beats}),
    .count_o  (unused_verdict_count)
  );

  // Beats of a packet that is not good are skipped in one step; the memory is read only for good ones,
  // and never past their own beats.
  logic              go;          // a packet may leave
  logic              read;        // a beat is read
  logic              last;        // it is the packet's last one
  logic              out_free;
  logic [BeatsW-1:0] index_q;     // beats of the packet already read
  logic [15:0]       left;        // bytes from this beat on
  logic [BeatsW-1:0] read_ptr;
  assign go          = v_valid && meta_valid;
  assign read        = go && v_good && out_free;
  assign left        = v_len - (16'(index_q) << 6);
  assign last        = (left <= 16'd64);
  assign read_ptr    = rptr_q + index_q;
  assign next_packet = go && (v_good ? (read && last) : 1'b1);

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
  headend_tables_pkg::beat_t out;
  logic                      skid_ready;
  assign out_free = !out_valid_q || skid_ready;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      out_valid_q <= 1'b0;
    end else if (out_free) begin
      out_valid_q <= read;
    end
  end

  always_ff @(posedge clk_i) begin
    if (read) begin
      out_sop_q   <= (index_q == '0);
      out_eop_q   <= last;
      out_bytes_q <= last ? left[6:0] : 7'd64;
    end
    if (read && index_q == '0) begin
      out_meta_q     <= meta;
      out_meta_q.len <= v_len;
      if (v_decrypted) begin
        out_meta_q.op        <= headend_tables_pkg::OP_FORWARD;
        out_meta_q.starts_l3 <= 1'b1;
        out_meta_q.decrypted <= 1'b1;
        out_meta_q.vrf       <= v_ivrf;
      end
    end
  end

  always_comb begin
    out.sop   = out_sop_q;
    out.eop   = out_eop_q;
    out.bytes = out_bytes_q;
    out.data  = read_data;
    if (out_eop_q) begin
      out.data = read_data & ~({512{1'b1}} << {out_bytes_q, 3'd0});
    end
  end

  skid_buffer #(
    .Width(BeatW)
  ) u_out (
    .clk_i,
    .rst_ni,
    .s_valid_i(out_valid_q),
    .s_ready_o(skid_ready),
    .s_data_i (out),
    .m_valid_o,
    .m_ready_i,
    .m_data_o (m_beat_o)
  );

  logic unused_meta_ready;
  logic unused_meta_valid;
  skid_buffer #(
    .Width(MetaW)
  ) u_out_meta (
    .clk_i,
    .rst_ni,
    .s_valid_i(out_valid_q),
    .s_ready_o(unused_meta_ready),
    .s_data_i (out_meta_q),
    .m_valid_o(unused_meta_valid),
    .m_ready_i,
    .m_data_o (m_meta_o)
  );

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      stage_in_o  <= 1'b0;
      stage_out_o <= 1'b0;
    end else begin
      stage_in_o  <= accept && s_beat_i.sop;
      stage_out_o <= m_valid_o && m_ready_i && m_beat_o.eop;
    end
  end

  logic unused;
  assign unused = read_ptr[AddrW];

endmodule

`default_nettype wire
