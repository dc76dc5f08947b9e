// SPDX-License-Identifier: Apache-2.0
//
// Outbound ESP, before encryption (RFC 4303 3.3, RFC 4106), of one pipeline: for a packet to protect (op Forward,
// adjacency kind Protect) asks sa_out_unit for a sequence number and the SA, pads the packet, appends the ESP trailer and
// prepares the GCM context and the outer headers for esp_finish (esp_headers). Every other packet passes unchanged with
// `ctx.crypt` = 0 and `hdr.len` = 0.
//
// - The stream to encrypt is the inner packet (tunnel mode; next header 4, or 41 for IPv6), or what lay behind its IP
//   header (transport mode: `meta.transport`; next header `meta.parsed.proto`), `meta.len` bytes; in tunnel mode zeros
//   up to `meta.tfc_len` (RFC 4303 2.7); 1, 2, 3 .. up to a multiple of 4 bytes; pad length; next header. An empty
//   transport payload is one beat, whatever its bytes, with meta.len = 0.
// - The IV is the 64-bit sequence number, big endian: sa_out_unit gives none twice, so no nonce repeats under a key.
// - Dropped here, as sa_out_unit says: SaOutInvalid, SaOutExpired, SeqExhausted. The packet is eaten, reported (without
//   its bytes if it was decrypted), and its reservation released (`rel_*`). A packet that waited in a queue while its SA
//   was replaced thus never leaves under the new one.
//
// Byte 0 is in bits 7:0. One output beat per cycle, without a bubble between packets, as long as requests are taken at
// once; dropped packets go at one beat per cycle. The stream's bytes are counted by `meta.len`: beats that go beyond it
// are eaten, missing ones are zeros.
//
// Latency: 7 cycles, of which sa_out_unit 3 (more while it serves others); 3 for packets that are not protected.

`default_nettype none

module esp_encap #(
  parameter int unsigned IdStart = 0,     // IPv4 identification: first, and step
  parameter int unsigned IdStep  = 1
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

  output logic                                 req_valid_o,
  input  wire                                  req_ready_i,
  output logic [esp_out_pkg::ReqW-1:0]         req_o,
  input  wire                                  res_valid_i,
  input  wire  [esp_out_pkg::ResW-1:0]         res_i,

  output logic                                 drop_valid_o,
  output headend_tables_pkg::drop_record_t     drop_o,
  output logic                                 rel_valid_o,
  output logic [1:0]                           rel_egress_o,
  output logic [7:0]                           rel_beats_o,
  output logic                                 stage_in_o,
  output logic                                 stage_out_o
);

  localparam int unsigned BeatW = headend_tables_pkg::BEAT_W;
  localparam int unsigned MetaW = headend_tables_pkg::META_W;
  localparam int unsigned CtxW  = headend_tables_pkg::GCM_CTX_W;
  localparam int unsigned HdrW  = headend_tables_pkg::OUTER_HDR_W;
  localparam int unsigned SideW = MetaW + CtxW + HdrW;

  // Packets and beats on the way. The queue of metadata holds every packet from first beat in to last beat out, so no
  // other queue of packets, as deep as it, can overflow.
  localparam int unsigned Depth  = 16;
  localparam int unsigned CountW = $clog2(Depth + 1);

  // ---------------------------------------------------------------------------------- in
  logic protect_in;
  logic accept;
  logic first_in;
  logic beats_ready;
  logic metas_ready;
  assign protect_in = (s_meta_i.op == headend_tables_pkg::OP_FORWARD) &&
                      (s_meta_i.adj_kind == headend_tables_pkg::ADJ_KIND_PROTECT);
  assign s_ready_o  = beats_ready && metas_ready;
  assign accept     = s_valid_i && s_ready_o;
  assign first_in   = accept && s_beat_i.sop;

  logic                      beat_valid;
  logic                      beat_take;
  headend_tables_pkg::beat_t beat;
  logic [CountW-1:0]         unused_beat_count;
  fifo_sync #(
    .Width(BeatW),
    .Depth(Depth)
  ) u_beats (
    .clk_i,
    .rst_ni,
    .s_valid_i(accept),
    .s_ready_o(beats_ready),
    .s_data_i (s_beat_i),
    .m_valid_o(beat_valid),
    .m_ready_i(beat_take),
    .m_data_o (beat),
    .count_o  (unused_beat_count)
  );

  logic                      meta_valid;
  logic                      done;        // the packet at the head is through
  logic                      protect;
  headend_tables_pkg::meta_t meta;
  logic [CountW-1:0]         unused_meta_count;
  fifo_sync #(
    .Width(1 + MetaW),
    .Depth(Depth)
  ) u_metas (
    .clk_i,
    .rst_ni,
    .s_valid_i(first_in),
    .s_ready_o(metas_ready),
    .s_data_i ({protect_in, s_meta_i}),
    .m_valid_o(meta_valid),
    .m_ready_i(done),
    .m_data_o ({protect, meta}),
    .count_o  (unused_meta_count)
  );

  esp_out_pkg::req_t req_in;
  logic              unused_req_ready;
  assign req_in.sa        = s_meta_i.sa_out;
  assign req_in.gen       = s_meta_i.sa_out_gen;
  assign req_in.len       = s_meta_i.len;
  assign req_in.transport = s_meta_i.transport;
  assign req_in.ipv6      = s_meta_i.parsed.is_ipv6;
  fifo_fast #(
    .Width(esp_out_pkg::ReqW),
    .Depth(Depth)
  ) u_requests (
    .clk_i,
    .rst_ni,
    .s_valid_i(first_in && protect_in),
    .s_ready_o(unused_req_ready),
    .s_data_i (req_in),
    .m_valid_o(req_valid_o),
    .m_ready_i(req_ready_i),
    .m_data_o (req_o)
  );

  // ---------------------------------------------------------------------------------- headers
  // A packet's info waits for its answer: cycle 4 at the earliest for both.
  logic                          in_valid_q;
  headend_tables_pkg::meta_t     in_meta_q;
  logic                          info_in_valid;
  logic [esp_out_pkg::InfoW-1:0] info_in;
  logic [esp_out_pkg::InfoW-1:0] info;
  logic                          unused_info_ready;
  logic                          unused_info_valid;
  logic [CountW-1:0]             unused_info_count;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      in_valid_q <= 1'b0;
    end else begin
      in_valid_q <= first_in && protect_in;
    end
  end

  always_ff @(posedge clk_i) begin
    if (first_in && protect_in) begin
      in_meta_q <= s_meta_i;
    end
  end

  esp_info u_info (
    .clk_i,
    .rst_ni,
    .valid_i(in_valid_q),
    .meta_i (in_meta_q),
    .valid_o(info_in_valid),
    .info_o (info_in)
  );

  fifo_sync #(
    .Width(esp_out_pkg::InfoW),
    .Depth(Depth)
  ) u_infos (
    .clk_i,
    .rst_ni,
    .s_valid_i(info_in_valid),
    .s_ready_o(unused_info_ready),
    .s_data_i (info_in),
    .m_valid_o(unused_info_valid),
    .m_ready_i(res_valid_i),
    .m_data_o (info),
    .count_o  (unused_info_count)
  );

  logic                          seal_in_valid;
  logic [esp_out_pkg::SealW-1:0] seal_in;
  esp_headers #(
    .IdStart(IdStart),
    .IdStep (IdStep)
  ) u_headers (
    .clk_i,
    .rst_ni,
    .valid_i(res_valid_i),
    .res_i,
    .info_i (info),
    .valid_o(seal_in_valid),
    .seal_o (seal_in)
  );

  logic               seal_valid;
  esp_out_pkg::seal_t seal;
  logic               unused_seal_ready;
  fifo_fast #(
    .Width(esp_out_pkg::SealW),
    .Depth(Depth)
  ) u_seals (
    .clk_i,
    .rst_ni,
    .s_valid_i(seal_in_valid),
    .s_ready_o(unused_seal_ready),
    .s_data_i (seal_in),
    .m_valid_o(seal_valid),
    .m_ready_i(done && protect),
    .m_data_o (seal)
  );

  // ---------------------------------------------------------------------------------- padding
  logic        ready;        // all about the packet at the head is known
  logic        drop;
  logic        inside_q;     // its first beat has left
  logic        zeros_q;      // its beats have left, padding goes on
  logic        eat_q;        // it is complete, further beats are eaten
  logic [9:0]  left_q;       // beats to send behind this one
  logic [9:0]  left;
  logic        last;
  logic        out_ready;
  logic        out_valid;
  logic        send;
  assign ready     = meta_valid && (!protect || seal_valid);
  assign drop      = protect && !seal.ok;
  assign left      = inside_q ? left_q : seal.last_word[13:4];
  assign last      = protect ? (left == '0) : beat.eop;
  assign out_valid = ready && !drop && !eat_q && (zeros_q || beat_valid);
  assign send      = out_valid && out_ready;
  assign beat_take = beat_valid && ready && (drop || eat_q || (out_ready && !zeros_q));
  assign done      = (send && last && (zeros_q || beat.eop)) || (beat_take && beat.eop && (drop || eat_q));

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      inside_q <= 1'b0;
      zeros_q  <= 1'b0;
      eat_q    <= 1'b0;
    end else begin
      if (done) begin
        inside_q <= 1'b0;
        zeros_q  <= 1'b0;
        eat_q    <= 1'b0;
      end else if (send) begin
        inside_q <= 1'b1;
        zeros_q  <= protect && (zeros_q || beat.eop);
        eat_q    <= last;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (send) begin
      left_q <= left - 10'd1;
    end
  end

  // The trailer ends with a 32-bit word of the stream and lies in it, but for the first of three padding bytes.
  logic [31:0]               trailer;
  logic [511:0]              trailer_data;
  headend_tables_pkg::beat_t out;
  always_comb begin
    unique case (seal.pad)
      2'd0:    trailer = {seal.next_header, 24'h000000};
      2'd1:    trailer = {seal.next_header, 24'h010100};
      2'd2:    trailer = {seal.next_header, 24'h020201};
      default: trailer = {seal.next_header, 24'h030302};
    endcase
  end
  for (genvar w = 0; w < 16; w++) begin : gen_trailer
    logic in_word;
    logic before_word;
    assign in_word     = (left == '0) && (seal.last_word[3:0] == 4'(w));
    assign before_word = (seal.pad == 2'd3) && (seal.last_word[3:0] == 4'(w + 1)) &&
                         (left == ((w == 15) ? 10'd1 : 10'd0));
    assign trailer_data[32*w +: 32] = (in_word ? trailer : 32'd0) | {7'd0, before_word, 24'd0};
  end

  always_comb begin
    out.data  = beat.data;
    out.bytes = beat.bytes;
    if (protect) begin
      out.data  = trailer_data;
      out.bytes = (left == '0) ? {1'b0, seal.last_word[3:0], 2'b00} + 7'd4 : 7'd64;
      if (!zeros_q && meta.len != '0) begin
        out.data = beat.data | trailer_data;
      end
    end
    out.sop = !inside_q;
    out.eop = last;
  end

  headend_tables_pkg::meta_t      out_meta;
  headend_tables_pkg::gcm_ctx_t   ctx;
  headend_tables_pkg::outer_hdr_t hdr;
  logic [15:0]                    clear_len;
  logic [95:0]                    aad;
  logic [95:0]                    aad_bytes;
  logic [63:0]                    iv_bytes;
  assign clear_len = {seal.last_word, 2'b00} + 16'd4;
  assign aad       = seal.esn ? {seal.spi, seal.seq} : {seal.spi, seal.seq[31:0], 32'd0};
  for (genvar i = 0; i < 12; i++) begin : gen_aad_bytes
    assign aad_bytes[8*i +: 8] = aad[8*(11-i) +: 8];
  end
  for (genvar i = 0; i < 8; i++) begin : gen_iv_bytes
    assign iv_bytes[8*i +: 8] = seal.seq[8*(7-i) +: 8];
  end

  always_comb begin
    out_meta = meta;
    ctx      = '0;
    hdr      = '0;
    if (protect) begin
      out_meta.len       = clear_len;
      out_meta.starts_l3 = 1'b0;
      ctx.crypt          = 1'b1;
      ctx.gcm            = seal.gcm;
      ctx.iv             = iv_bytes;
      ctx.aad            = aad_bytes;
      ctx.aad12          = seal.esn;
      ctx.len            = clear_len;
      hdr.len            = 8'(seal.hdr_len);
      hdr.icv_len        = ctx.gcm.icv_len;
      hdr.data           = seal.hdr;
    end
  end

  // ---------------------------------------------------------------------------------- out
  // Two buffers that move in step: the wide words are never put together, which costs simulation time.
  skid_buffer #(
    .Width(BeatW)
  ) u_out (
    .clk_i,
    .rst_ni,
    .s_valid_i(out_valid),
    .s_ready_o(out_ready),
    .s_data_i (out),
    .m_valid_o,
    .m_ready_i,
    .m_data_o (m_beat_o)
  );

  logic unused_side_ready;
  logic unused_side_valid;
  skid_buffer #(
    .Width(SideW)
  ) u_side (
    .clk_i,
    .rst_ni,
    .s_valid_i(out_valid),
    .s_ready_o(unused_side_ready),
    .s_data_i ({out_meta, ctx, hdr}),
    .m_valid_o(unused_side_valid),
    .m_ready_i,
    .m_data_o ({m_meta_o, m_ctx_o, m_hdr_o})
  );

  // ---------------------------------------------------------------------------------- reports
  logic                             drop_now;
  headend_tables_pkg::drop_record_t drop_record;
  assign drop_now = beat_take && drop && beat.sop;
  always_comb begin
    drop_record         = '0;
    drop_record.reason  = seal.reason;
    drop_record.stage   = headend_tables_pkg::STAGE_ENCAP;
    drop_record.ingress = meta.ingress;
    drop_record.len     = meta.len;
    drop_record.vrf     = meta.vrf;
    drop_record.sa      = meta.sa_out;
    drop_record.spi     = seal.spi;
    drop_record.seq     = seal.seq;
    drop_record.data    = meta.decrypted ? '0 : beat.data;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      drop_valid_o <= 1'b0;
      rel_valid_o  <= 1'b0;
      stage_in_o   <= 1'b0;
      stage_out_o  <= 1'b0;
    end else begin
      drop_valid_o <= drop_now;
      rel_valid_o  <= drop_now;
      stage_in_o   <= first_in;
      stage_out_o  <= m_valid_o && m_ready_i && m_beat_o.eop;
    end
  end

  always_ff @(posedge clk_i) begin
    if (drop_now) begin
      drop_o       <= drop_record;
      rel_egress_o <= meta.egress;
      rel_beats_o  <= meta.resv;
    end
  end

endmodule

`default_nettype wire
