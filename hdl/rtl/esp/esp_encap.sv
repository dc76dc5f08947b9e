// SPDX-License-Identifier: Apache-2.0
//
// Outbound ESP, before encryption (RFC 4303 3.3, RFC 4106): for a packet to protect (op Forward, adjacency
// kind Protect; the stream starts with its IPv4 header) reads the outbound SA, takes the next sequence
// number, appends the ESP trailer and prepares the GCM context and the outer headers for esp_finish. Every
// other packet passes unchanged with `ctx.crypt` = 0 and `hdr.len` = 0.
//
// - Sequence numbers go on behind the record's `seq` (0 for a new key, whose first packet gets 1) and are right
//   back to back for packets of one SA: the state is read, incremented and written within two cycles, and the
//   memory bypasses a write to a simultaneous read. The IV is the 64-bit sequence number, big endian, so no
//   nonce repeats under a key. Without ESN the last number is 2^32-1, with ESN 2^64-1; a record whose `seq` is
//   that or more sends nothing.
// - Outer IPv4 header: DSCP copied or from the SA, ECN copied (RFC 6040 normal mode), DF from the SA, ID 0
//   with DF (RFC 6864), else a counter over all SAs that starts at 0.
// - Dropped here: SaOutInvalid (no such SA, another generation than meta.sa_out_gen, transport mode, IPv6 outer
//   header, or an ICV length other than 8, 12, 16), SeqExhausted. The packet is eaten, reported (without its
//   bytes if it was decrypted), and its reservation released (`rel_*`). A packet that waited in a queue while
//   its SA was replaced thus never leaves under the new one.
// - Tables: owns SaOut and SaOutState. A write of SaOut replaces the record, sets the sequence number to the
//   record's and the counters to zero in the same cycle, between packets. Key material reads as zero. Table
//   operations take 4 cycles and hold the input for 2 of them.
//
// Byte 0 is in bits 7:0. One beat per cycle.
//
// Latency: 6 cycles.

`default_nettype none

module esp_encap #(
  parameter int unsigned Depth = headend_tables_pkg::SaDepth
) (
  input  wire                                  clk_i,
  input  wire                                  rst_ni,

  input  wire                                  s_valid_i,
  output logic                                 s_ready_o,
  input  wire  headend_tables_pkg::beat_t      s_beat_i,
  input  wire  headend_tables_pkg::meta_t      s_meta_i,

  output logic                                 m_valid_o,
  input  wire                                  m_ready_i,
  output headend_tables_pkg::beat_t            m_beat_o,
  output headend_tables_pkg::meta_t            m_meta_o,
  output headend_tables_pkg::gcm_ctx_t         m_ctx_o,
  output headend_tables_pkg::outer_hdr_t       m_hdr_o,

  input  wire                                  tbl_req_i,
  input  wire                                  tbl_we_i,
  input  wire  [7:0]                           tbl_sel_i,
  input  wire  [31:0]                          tbl_index_i,
  input  wire  [headend_tables_pkg::RecordBits-1:0]                        tbl_wdata_i,
  output logic                                 tbl_ack_o,
  output logic [headend_tables_pkg::RecordBits-1:0]                        tbl_rdata_o,

  output logic                                 drop_valid_o,
  output headend_tables_pkg::drop_record_t     drop_o,
  output logic                                 rel_valid_o,
  output logic [1:0]                           rel_egress_o,
  output logic [7:0]                           rel_beats_o,
  output logic                                 stage_in_o,
  output logic                                 stage_out_o
);

  localparam int unsigned BeatW   = headend_tables_pkg::BEAT_W;
  localparam int unsigned MetaW   = headend_tables_pkg::META_W;
  localparam int unsigned CtxW    = headend_tables_pkg::GCM_CTX_W;
  localparam int unsigned HdrW    = headend_tables_pkg::OUTER_HDR_W;
  localparam int unsigned RecordW = headend_tables_pkg::SA_OUT_W;
  localparam int unsigned StateW  = headend_tables_pkg::SA_OUT_STATE_W;
  localparam int unsigned AddrW   = $clog2(Depth);

  localparam int unsigned FifoDepth = 16;
  localparam int unsigned InFlight  = 4;    // beats between the input and the FIFO, and one to come
  localparam int unsigned TrailerMax = 5;
  localparam logic [7:0]  NextHeaderIpv4 = 8'd4;
  localparam logic [7:0]  ProtoEsp       = 8'd50;
  localparam int unsigned OuterBytes     = 14 + 20 + 8 + 8;   // Ethernet, IPv4, ESP, IV
  localparam int unsigned SideW = MetaW + CtxW + HdrW;

  // ---------------------------------------------------------------------------------- table access
  logic         tbl_mine;
  logic         tbl_pend_q;      // request waits: no new beat enters
  logic         tbl_go_q;        // no packet is between read and write: access the memories
  logic         tbl_done_q;      // read data is here
  logic         tbl_we_q;
  logic         tbl_state_q;     // SaOutState, else SaOut
  logic [AddrW-1:0]   tbl_addr_q;
  logic [RecordW-1:0] tbl_wdata_q;
  assign tbl_mine = tbl_req_i && (tbl_sel_i == headend_tables_pkg::TABLE_SA_OUT ||
                                  tbl_sel_i == headend_tables_pkg::TABLE_SA_OUT_STATE);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      tbl_pend_q <= 1'b0;
      tbl_go_q   <= 1'b0;
      tbl_done_q <= 1'b0;
    end else begin
      tbl_pend_q <= tbl_mine || (tbl_pend_q && !tbl_go_q);
      tbl_go_q   <= tbl_pend_q && !tbl_go_q;
      tbl_done_q <= tbl_go_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (tbl_mine) begin
      tbl_we_q    <= tbl_we_i;
      tbl_state_q <= (tbl_sel_i == headend_tables_pkg::TABLE_SA_OUT_STATE);
      tbl_addr_q  <= tbl_index_i[AddrW-1:0];
      tbl_wdata_q <= tbl_wdata_i[RecordW-1:0];
    end
  end

  // ---------------------------------------------------------------------------------- input, memories
  logic [$clog2(FifoDepth+1)-1:0] beat_count;
  logic                           accept;
  assign s_ready_o = !tbl_pend_q && (32'(beat_count) <= FifoDepth - InFlight);
  assign accept    = s_valid_i && s_ready_o;

  logic                                 b1_valid_q;
  headend_tables_pkg::beat_t            b1_beat_q;
  headend_tables_pkg::meta_t            b1_meta_q;      // of the packet, from its first beat on
  logic [AddrW-1:0]                     b1_addr;
  assign b1_addr = b1_meta_q.sa_out[AddrW-1:0];

  logic                                 read;
  logic [AddrW-1:0]                     read_addr;
  headend_tables_pkg::sa_out_t          record;
  headend_tables_pkg::sa_out_state_t    state;
  headend_tables_pkg::sa_out_state_t    state_next;
  logic                                 state_we;
  logic                                 install;
  assign read      = tbl_go_q || (accept && s_beat_i.sop);
  assign read_addr = tbl_go_q ? tbl_addr_q : s_meta_i.sa_out[AddrW-1:0];
  assign install   = tbl_go_q && tbl_we_q && !tbl_state_q;

  ram_1r1w #(
    .Width(RecordW),
    .Depth(Depth)
  ) u_records (
    .clk_i,
    .rst_ni,
    .we_i   (install),
    .waddr_i(tbl_addr_q),
    .wdata_i(tbl_wdata_q),
    .re_i   (read),
    .raddr_i(read_addr),
    .rdata_o(record)
  );

  headend_tables_pkg::sa_out_t       record_new;
  headend_tables_pkg::sa_out_state_t state_new;
  assign record_new = tbl_wdata_q;
  always_comb begin
    state_new     = '0;
    state_new.seq = record_new.seq;
  end

  ram_1r1w #(
    .Width(StateW),
    .Depth(Depth)
  ) u_states (
    .clk_i,
    .rst_ni,
    .we_i   (install || state_we),
    .waddr_i(install ? tbl_addr_q : b1_addr),
    .wdata_i(install ? state_new : state_next),
    .re_i   (read),
    .raddr_i(read_addr),
    .rdata_o(state)
  );

  // Key material never leaves.
  headend_tables_pkg::sa_out_t record_public;
  always_comb begin
    record_public          = record;
    record_public.gcm.key  = '0;
    record_public.gcm.salt = '0;
    record_public.gcm.h1   = '0;
    record_public.gcm.h2   = '0;
    record_public.gcm.h3   = '0;
    record_public.gcm.h4   = '0;
    record_public.gcm.hfb  = '0;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      tbl_ack_o   <= 1'b0;
      tbl_rdata_o <= '0;
    end else begin
      tbl_ack_o <= tbl_done_q;
      if (tbl_done_q && !tbl_we_q) begin
        tbl_rdata_o <= tbl_state_q ? headend_tables_pkg::RecordBits'(state) : headend_tables_pkg::RecordBits'(record_public);
      end else if (tbl_ack_o) begin
        tbl_rdata_o <= '0;
      end
    end
  end

  // ---------------------------------------------------------------------------------- stage 1: sequence
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      b1_valid_q <= 1'b0;
    end else begin
      b1_valid_q <= accept;
    end
  end

  always_ff @(posedge clk_i) begin
    if (accept) begin
      b1_beat_q <= s_beat_i;
      if (s_beat_i.sop) begin
        b1_meta_q <= s_meta_i;
      end
    end
  end

  logic        protect;
  logic        icv_len_ok;
  logic        usable;
  logic        exhausted;
  logic        b1_first;
  logic        drop_first;
  logic        drop;
  logic        drop_q;
  logic [63:0] seq;
  assign b1_first   = b1_valid_q && b1_beat_q.sop;
  assign protect    = (b1_meta_q.op == headend_tables_pkg::OP_FORWARD) &&
                      (b1_meta_q.adj_kind == headend_tables_pkg::ADJ_KIND_PROTECT);
  assign icv_len_ok = (record.gcm.icv_len == 5'd8) || (record.gcm.icv_len == 5'd12) ||
                      (record.gcm.icv_len == 5'd16);
  assign usable     = (32'(b1_meta_q.sa_out) < Depth) && record.valid &&
                      (record.gen == b1_meta_q.sa_out_gen) && record.tunnel && !record.ipv6 && icv_len_ok;
  assign exhausted  = record.esn ? (state.seq == '1) : ((state.seq[63:32] != '0) || (state.seq[31:0] == '1));
  assign drop_first = protect && (!usable || exhausted);
  assign drop       = b1_beat_q.sop ? drop_first : drop_q;
  assign seq        = state.seq + 64'd1;
  assign state_we   = b1_first && protect && !drop_first;

  always_comb begin
    state_next         = state;
    state_next.seq     = seq;
    state_next.packets = state.packets + 64'd1;
    state_next.bytes   = state.bytes + 64'(b1_meta_q.len);
  end

  always_ff @(posedge clk_i) begin
    if (b1_valid_q) begin
      drop_q <= drop;
    end
  end

  // ---------------------------------------------------------------------------------- reports
  headend_tables_pkg::drop_record_t drop_record;
  always_comb begin
    drop_record         = '0;
    drop_record.reason  = usable ? headend_tables_pkg::DROP_REASON_SEQ_EXHAUSTED
                                 : headend_tables_pkg::DROP_REASON_SA_OUT_INVALID;
    drop_record.stage   = headend_tables_pkg::STAGE_ENCAP;
    drop_record.ingress = b1_meta_q.ingress;
    drop_record.len     = b1_meta_q.len;
    drop_record.vrf     = b1_meta_q.vrf;
    drop_record.sa      = b1_meta_q.sa_out;
    drop_record.spi     = usable ? record.spi : '0;
    drop_record.seq     = usable ? state.seq : '0;
    drop_record.data    = b1_meta_q.decrypted ? '0 : b1_beat_q.data;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      drop_valid_o <= 1'b0;
      rel_valid_o  <= 1'b0;
      stage_in_o   <= 1'b0;
      stage_out_o  <= 1'b0;
    end else begin
      drop_valid_o <= b1_first && drop_first;
      rel_valid_o  <= b1_first && drop_first;
      stage_in_o   <= b1_first;
      stage_out_o  <= m_valid_o && m_ready_i && m_beat_o.eop;
    end
  end

  always_ff @(posedge clk_i) begin
    if (b1_first && drop_first) begin
      drop_o       <= drop_record;
      rel_egress_o <= b1_meta_q.egress;
      rel_beats_o  <= b1_meta_q.resv;
    end
  end

  // ---------------------------------------------------------------------------------- stage 2: lengths
  logic                        b2_valid_q;
  headend_tables_pkg::beat_t   b2_beat_q;
  headend_tables_pkg::meta_t   b2_meta_q;
  headend_tables_pkg::sa_out_t b2_record_q;
  logic                        b2_protect_q;
  logic [63:0]                 b2_seq_q;
  logic [1:0]                  b2_pad_q;       // padding bytes that align the trailer's end to 4
  logic [7:0]                  b2_tos_q;
  logic [15:0]                 b2_id_q;
  logic [15:0]                 next_id_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      b2_valid_q <= 1'b0;
      next_id_q  <= '0;
    end else begin
      b2_valid_q <= b1_valid_q && !drop;
      if (state_we && !record.df) begin
        next_id_q <= next_id_q + 16'd1;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (b1_valid_q) begin
      b2_beat_q <= b1_beat_q;
    end
    if (b1_first) begin
      b2_meta_q    <= b1_meta_q;
      b2_record_q  <= record;
      b2_protect_q <= protect;
      b2_seq_q     <= seq;
      b2_pad_q     <= 2'd2 - b1_meta_q.len[1:0];
      b2_tos_q     <= {record.copy_dscp ? b1_beat_q.data[15:10] : record.dscp, b1_beat_q.data[9:8]};
      b2_id_q      <= record.df ? 16'd0 : next_id_q;
    end
  end

  logic [15:0] clear_len;     // bytes to encrypt: packet, padding, pad length, next header
  logic [15:0] total_len;     // outer IPv4 packet
  logic [15:0] flags;
  logic [19:0] sum;
  assign clear_len = b2_meta_q.len + 16'(b2_pad_q) + 16'd2;
  assign total_len = clear_len + 16'(b2_record_q.gcm.icv_len) + 16'(OuterBytes - 14);
  assign flags     = {1'b0, b2_record_q.df, 14'd0};
  assign sum       = 20'({8'h45, b2_tos_q}) + 20'(total_len) + 20'(b2_id_q) + 20'(flags) +
                     20'({b2_record_q.ttl, ProtoEsp}) +
                     20'(b2_record_q.src[31:16]) + 20'(b2_record_q.src[15:0]) +
                     20'(b2_record_q.dst[31:16]) + 20'(b2_record_q.dst[15:0]);

  // ---------------------------------------------------------------------------------- stage 3: headers
  logic                        b3_valid_q;
  headend_tables_pkg::beat_t   b3_beat_q;
  headend_tables_pkg::meta_t   b3_meta_q;
  headend_tables_pkg::sa_out_t b3_record_q;
  logic                        b3_protect_q;
  logic [63:0]                 b3_seq_q;
  logic [1:0]                  b3_pad_q;
  logic [7:0]                  b3_tos_q;
  logic [15:0]                 b3_id_q;
  logic [15:0]                 b3_clear_len_q;
  logic [15:0]                 b3_total_len_q;
  logic [19:0]                 b3_sum_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      b3_valid_q <= 1'b0;
    end else begin
      b3_valid_q <= b2_valid_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (b2_valid_q) begin
      b3_beat_q <= b2_beat_q;
    end
    if (b2_valid_q && b2_beat_q.sop) begin
      b3_meta_q      <= b2_meta_q;
      b3_record_q    <= b2_record_q;
      b3_protect_q   <= b2_protect_q;
      b3_seq_q       <= b2_seq_q;
      b3_pad_q       <= b2_pad_q;
      b3_tos_q       <= b2_tos_q;
      b3_id_q        <= b2_id_q;
      b3_clear_len_q <= clear_len;
      b3_total_len_q <= total_len;
      b3_sum_q       <= sum;
    end
  end

  logic [16:0]             fold;
  logic [15:0]             checksum;
  logic [OuterBytes*8-1:0] outer;       // first byte in the top bits, as written in the RFCs
  logic [OuterBytes*8-1:0] outer_bytes; // first byte in bits 7:0
  logic [95:0]             aad;
  logic [95:0]             aad_bytes;
  logic [63:0]             iv_bytes;
  assign fold     = {1'b0, b3_sum_q[15:0]} + 17'(b3_sum_q[19:16]);
  assign checksum = ~(fold[15:0] + 16'(fold[16]));
  assign outer    = {b3_meta_q.dmac, b3_meta_q.smac, 16'h0800,
                     8'h45, b3_tos_q, b3_total_len_q, b3_id_q, 1'b0, b3_record_q.df, 14'd0,
                     b3_record_q.ttl, ProtoEsp, checksum,
                     b3_record_q.src[31:0], b3_record_q.dst[31:0],
                     b3_record_q.spi, b3_seq_q[31:0], b3_seq_q};
  assign aad      = b3_record_q.esn ? {b3_record_q.spi, b3_seq_q}
                                    : {b3_record_q.spi, b3_seq_q[31:0], 32'd0};

  for (genvar i = 0; i < OuterBytes; i++) begin : gen_outer_bytes
    assign outer_bytes[8*i +: 8] = outer[8*(OuterBytes-1-i) +: 8];
  end
  for (genvar i = 0; i < 12; i++) begin : gen_aad_bytes
    assign aad_bytes[8*i +: 8] = aad[8*(11-i) +: 8];
  end
  for (genvar i = 0; i < 8; i++) begin : gen_iv_bytes
    assign iv_bytes[8*i +: 8] = b3_seq_q[8*(7-i) +: 8];
  end

  headend_tables_pkg::meta_t      b3_meta;
  headend_tables_pkg::gcm_ctx_t   ctx;
  headend_tables_pkg::outer_hdr_t hdr;
  logic [2:0]                     app_len;
  logic [39:0]                    app_data;
  always_comb begin
    b3_meta  = b3_meta_q;
    ctx      = '0;
    hdr      = '0;
    app_len  = '0;
    app_data = '0;
    if (b3_protect_q) begin
      b3_meta.len       = b3_clear_len_q;
      b3_meta.starts_l3 = 1'b0;
      ctx.crypt         = 1'b1;
      ctx.gcm           = b3_record_q.gcm;
      ctx.iv            = iv_bytes;
      ctx.aad           = aad_bytes;
      ctx.aad12         = b3_record_q.esn;
      ctx.len           = b3_clear_len_q;
      hdr.len           = 8'(OuterBytes);
      hdr.icv_len       = b3_record_q.gcm.icv_len;
      hdr.data          = 768'(outer_bytes);
      app_len           = 3'(b3_pad_q) + 3'd2;
      unique case (b3_pad_q)
        2'd0:    app_data = {24'd0, NextHeaderIpv4, 8'd0};
        2'd1:    app_data = {16'd0, NextHeaderIpv4, 16'h0101};
        2'd2:    app_data = {8'd0, NextHeaderIpv4, 24'h020201};
        default: app_data = {NextHeaderIpv4, 32'h03030201};
      endcase
    end
  end

  // ---------------------------------------------------------------------------------- out
  logic                           beat_valid;
  logic                           side_valid;
  logic                           app_ready;
  logic                           take;
  headend_tables_pkg::beat_t      beat;
  logic [SideW-1:0]               side;
  logic [2:0]                     side_app_len;
  logic [39:0]                    side_app_data;
  logic                           unused_beat_ready;
  logic                           unused_side_ready;
  logic [$clog2(FifoDepth+1)-1:0] unused_side_count;

  fifo_sync #(
    .Width(BeatW),
    .Depth(FifoDepth)
  ) u_beats (
    .clk_i,
    .rst_ni,
    .s_valid_i(b3_valid_q),
    .s_ready_o(unused_beat_ready),
    .s_data_i (b3_beat_q),
    .m_valid_o(beat_valid),
    .m_ready_i(take),
    .m_data_o (beat),
    .count_o  (beat_count)
  );

  fifo_sync #(
    .Width(SideW + 43),
    .Depth(FifoDepth)
  ) u_sides (
    .clk_i,
    .rst_ni,
    .s_valid_i(b3_valid_q && b3_beat_q.sop),
    .s_ready_o(unused_side_ready),
    .s_data_i ({b3_meta, ctx, hdr, app_len, app_data}),
    .m_valid_o(side_valid),
    .m_ready_i(take && beat.eop),
    .m_data_o ({side, side_app_len, side_app_data}),
    .count_o  (unused_side_count)
  );

  assign take = beat_valid && side_valid && app_ready;

  stream_append #(
    .MaxBytes (TrailerMax),
    .SideWidth(SideW)
  ) u_trailer (
    .clk_i,
    .rst_ni,
    .s_valid_i (beat_valid && side_valid),
    .s_ready_o (app_ready),
    .s_beat_i  (beat),
    .app_len_i (side_app_len),
    .app_data_i(side_app_data),
    .side_i    (side),
    .m_valid_o,
    .m_ready_i,
    .m_beat_o,
    .side_o    ({m_meta_o, m_ctx_o, m_hdr_o})
  );

  logic unused;
  assign unused = ^{tbl_index_i[31:AddrW], tbl_wdata_i[headend_tables_pkg::RecordBits-1:RecordW], b3_record_q, record_new};

endmodule

`default_nettype wire
