// SPDX-License-Identifier: Apache-2.0
//
// The outbound SAs, for all pipelines (RFC 4303 3.3): owns the tables SaOut and SaOutState. A pipeline's esp_encap asks
// for a packet (`req_*`) and gets the verdict, the sequence number and what it needs of the record (`res_*`, types in
// esp_out_pkg). One request per cycle in all, round robin between the pipelines; a pipeline's answers come in the order
// of its requests.
//
// - Order of the checks: SaOutInvalid (no such SA, another generation than asked for, tunnel and transport mixed up, UDP
//   around ESP for IPv6, ICV length other than 8, 12, 16), SaOutExpired (packets or bytes had reached a hard limit),
//   SeqExhausted (without ESN 2^32-1 was used, with ESN 2^64-1).
// - Requests, table reads and table writes go through one pipeline, one behind the other: a request sees exactly what
//   came before it. So no number is given twice, and an SA is replaced as a whole between two requests: those before
//   the write get the old record, those after it the new one with its sequence number, counters zero and no limit
//   reported. sa_out_count takes the numbers, sa_out_limit raises the events (`evt_*`, each once).
// - Table accesses: acknowledged after 10 cycles; requests wait for one of them. Key material reads as zero.
//
// Latency: the answer comes 3 cycles after its request was taken.

`default_nettype none

module sa_out_unit #(
  parameter int unsigned NumPipes = headend_tables_pkg::NumPipes,
  parameter int unsigned Depth    = headend_tables_pkg::SaDepth
) (
  input  wire                                            clk_i,
  input  wire                                            rst_ni,

  input  wire  [NumPipes-1:0]                            req_valid_i,
  output logic [NumPipes-1:0]                            req_ready_o,
  input  wire  [NumPipes-1:0][esp_out_pkg::ReqW-1:0]     req_i,
  output logic [NumPipes-1:0]                            res_valid_o,
  output logic [NumPipes-1:0][esp_out_pkg::ResW-1:0]     res_o,

  input  wire                                            tbl_req_i,
  input  wire                                            tbl_we_i,
  input  wire  [7:0]                                     tbl_sel_i,
  input  wire  [31:0]                                    tbl_index_i,
  input  wire  [headend_tables_pkg::RecordBits-1:0]      tbl_wdata_i,
  output logic                                           tbl_ack_o,
  output logic [headend_tables_pkg::RecordBits-1:0]      tbl_rdata_o,

  output logic                                           evt_valid_o,
  input  wire                                            evt_ready_i,
  output headend_tables_pkg::sa_event_t                  evt_o
);

  localparam int unsigned RecordW = headend_tables_pkg::SA_OUT_W;
  localparam int unsigned StateW  = headend_tables_pkg::SA_OUT_STATE_W;
  localparam int unsigned AddrW   = $clog2(Depth);

  if (NumPipes != 1 && NumPipes != 2) begin : gen_check_pipes
    $error("sa_out_unit: NumPipes must be 1 or 2");
  end
  if (esp_out_pkg::GcmKeyW != headend_tables_pkg::GCM_KEY_W) begin : gen_check_key
    $error("sa_out_unit: GcmKeyW is not the width of gcm_key");
  end
  if (Depth != 2 ** AddrW) begin : gen_check_depth
    $error("sa_out_unit: Depth must be a power of two");
  end

  // A record as it is stored, with what is known about it beforehand.
  typedef struct packed {
    logic [15:0]                 sum;       // see sa_out_sum
    logic                        sealable;  // valid, its ICV length exists
    logic [4:0]                  limits;    // there are: soft_packets, soft_bytes, soft_seq, hard_bytes, hard_packets
    headend_tables_pkg::sa_out_t sa;        // its hard_packets less one
  } stored_t;
  localparam int unsigned StoredW = RecordW + 22;

  // ---------------------------------------------------------------------------------- table bus
  logic               tbl_mine;
  logic [2:0]         tbl_wait_q;    // the checksum of the new record is being made
  logic               tbl_go_q;      // the access takes this cycle's place in the pipeline
  logic               tbl_we_q;
  logic               tbl_state_q;   // SaOutState, else SaOut
  logic [AddrW-1:0]   tbl_addr_q;
  logic [RecordW-1:0] tbl_wdata_q;
  assign tbl_mine = tbl_req_i && (tbl_sel_i == headend_tables_pkg::TABLE_SA_OUT ||
                                  tbl_sel_i == headend_tables_pkg::TABLE_SA_OUT_STATE);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      tbl_wait_q <= '0;
      tbl_go_q   <= 1'b0;
    end else begin
      tbl_wait_q <= {tbl_wait_q[1:0], tbl_mine};
      tbl_go_q   <= tbl_wait_q[2];
    end
  end

  always_ff @(posedge clk_i) begin
    if (tbl_mine) begin
      tbl_we_q    <= tbl_we_i && (tbl_sel_i == headend_tables_pkg::TABLE_SA_OUT);
      tbl_state_q <= (tbl_sel_i == headend_tables_pkg::TABLE_SA_OUT_STATE);
      tbl_addr_q  <= tbl_index_i[AddrW-1:0];
      tbl_wdata_q <= tbl_wdata_i[RecordW-1:0];
    end
  end

  headend_tables_pkg::sa_out_t record_new;
  stored_t                     stored_new;
  logic [15:0]                 sum_new;
  logic [5:0]                  known_new_q;
  logic [48:0]                 minus_bytes_q;
  logic                        used_up_q;
  logic [47:0]                 last_packet_q;
  assign record_new = tbl_wdata_q;

  sa_out_sum u_sum (
    .clk_i,
    .record_i(record_new),
    .sum_o   (sum_new)
  );

  always_ff @(posedge clk_i) begin
    used_up_q     <= (&record_new.seq[31:0] && (!record_new.esn || (&record_new.seq[63:32]))) ||
                     (!record_new.esn && (|record_new.seq[63:32]));
    last_packet_q <= record_new.hard_packets - 48'd1;
    minus_bytes_q <= 49'd0 - 49'(record_new.hard_bytes);
    known_new_q   <= {record_new.valid && (record_new.gcm.icv_len == 5'd8 || record_new.gcm.icv_len == 5'd12 ||
                                           record_new.gcm.icv_len == 5'd16),
                      record_new.hard_packets != '0, record_new.hard_bytes != '0, record_new.soft_seq != '0,
                      record_new.soft_bytes != '0, record_new.soft_packets != '0};
  end

  always_comb begin
    stored_new                 = {sum_new, known_new_q, record_new};
    stored_new.sa.hard_packets = last_packet_q;
  end

  // ---------------------------------------------------------------------------------- cycle 1: one access
  logic [NumPipes-1:0] grant;
  if (NumPipes == 1) begin : gen_one
    assign grant = req_valid_i;
    assign req_ready_o = !tbl_go_q;
  end else begin : gen_two
    logic turn_q;           // the pipeline that is served when both ask
    assign grant       = {req_valid_i[1] && (turn_q || !req_valid_i[0]),
                          req_valid_i[0] && (!turn_q || !req_valid_i[1])};
    assign req_ready_o = {!tbl_go_q && (turn_q || !req_valid_i[0]),
                          !tbl_go_q && (!turn_q || !req_valid_i[1])};
    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        turn_q <= 1'b0;
      end else if (!tbl_go_q && (|req_valid_i)) begin
        turn_q <= grant[0];
      end
    end
  end

  esp_out_pkg::req_t req;
  logic              read;
  logic [AddrW-1:0]  read_addr;
  assign req       = grant[0] ? req_i[0] : req_i[NumPipes-1];
  assign read      = tbl_go_q || (|req_valid_i);
  assign read_addr = tbl_go_q ? tbl_addr_q : req.sa[AddrW-1:0];

  stored_t read_record;
  ram_1r1w #(
    .Width (StoredW),
    .Depth (Depth),
    .Bypass(1'b0)
  ) u_records (
    .clk_i,
    .rst_ni,
    .we_i   (tbl_go_q && tbl_we_q),
    .waddr_i(tbl_addr_q),
    .wdata_i(stored_new),
    .re_i   (read && !(tbl_go_q && tbl_we_q)),
    .raddr_i(read_addr),
    .rdata_o(read_record)
  );

  // ---------------------------------------------------------------------------------- cycle 2: the record arrives
  logic [NumPipes-1:0] read_grant_q;   // a request, and of which pipeline
  logic                read_tbl_q;     // a table access
  esp_out_pkg::req_t   read_req_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      read_grant_q <= '0;
      read_tbl_q   <= 1'b0;
    end else begin
      read_grant_q <= tbl_go_q ? '0 : grant;
      read_tbl_q   <= tbl_go_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (|req_valid_i) begin
      read_req_q <= req;
    end
  end

  // ---------------------------------------------------------------------------------- cycle 3: judgement
  logic [NumPipes-1:0] calc_grant_q;
  logic                calc_tbl_q;
  logic                calc_usable_q;
  logic [15:0]         calc_len_q;
  logic [AddrW-1:0]    calc_addr_q;
  stored_t             calc_record_q;
  logic                gen_ok;
  logic                mode_ok;
  logic                udp_ok;
  assign gen_ok  = (read_record.sa.gen == read_req_q.gen) && (32'(read_req_q.sa) < Depth);
  assign mode_ok = (read_record.sa.tunnel != read_req_q.transport);
  assign udp_ok  = !(read_record.sa.udp && (read_req_q.transport ? read_req_q.ipv6 : read_record.sa.ipv6));

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      calc_grant_q <= '0;
      calc_tbl_q   <= 1'b0;
    end else begin
      calc_grant_q <= read_grant_q;
      calc_tbl_q   <= read_tbl_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (read_tbl_q || (|read_grant_q)) begin
      calc_record_q <= read_record;
      calc_usable_q <= !read_tbl_q && read_record.sealable && gen_ok && mode_ok && udp_ok;
      calc_len_q    <= read_req_q.len;
      calc_addr_q   <= read_tbl_q ? tbl_addr_q : read_req_q.sa[AddrW-1:0];
    end
  end

  logic        expired;
  logic        go;
  logic [63:0] seq;
  logic [63:0] after_seq;
  logic [63:0] after_packets;
  logic [63:0] after_bytes;
  logic        after_packets_hit;
  logic        after_bytes_hit;
  logic        after_used_up;
  sa_out_count #(
    .Depth(Depth)
  ) u_count (
    .clk_i,
    .rst_ni,
    .re_i               (read),
    .addr_i             (read_addr),
    .install_i          (read_tbl_q && tbl_we_q),
    .seq_i              (record_new.seq),
    .used_up_i          (used_up_q),
    .minus_bytes_i      (minus_bytes_q),
    .use_i              (calc_usable_q),
    .len_i              (calc_len_q),
    .esn_i              (calc_record_q.sa.esn),
    .limit_packets_i    (calc_record_q.limits[4]),
    .last_packet_i      (calc_record_q.sa.hard_packets),
    .limit_bytes_i      (calc_record_q.limits[3]),
    .expired_o          (expired),
    .go_o               (go),
    .seq_o              (seq),
    .after_seq_o        (after_seq),
    .after_packets_o    (after_packets),
    .after_bytes_o      (after_bytes),
    .after_packets_hit_o(after_packets_hit),
    .after_bytes_hit_o  (after_bytes_hit),
    .after_used_up_o    (after_used_up)
  );

  // ---------------------------------------------------------------------------------- cycle 4: answer
  logic [NumPipes-1:0] res_grant_q;
  esp_out_pkg::res_t   res_q;
  esp_out_pkg::res_t   res;
  assign res_valid_o = res_grant_q;
  for (genvar p = 0; p < NumPipes; p++) begin : gen_res
    assign res_o[p] = res_q;
  end

  always_comb begin
    res           = '0;
    res.ok        = go;
    res.reason    = !calc_usable_q ? headend_tables_pkg::DROP_REASON_SA_OUT_INVALID :
                    expired        ? headend_tables_pkg::DROP_REASON_SA_OUT_EXPIRED :
                                     headend_tables_pkg::DROP_REASON_SEQ_EXHAUSTED;
    res.seq       = calc_usable_q ? seq : '0;
    res.spi       = calc_usable_q ? calc_record_q.sa.spi : '0;
    res.esn       = calc_record_q.sa.esn;
    res.ipv6      = calc_record_q.sa.ipv6;
    res.udp       = calc_record_q.sa.udp;
    res.copy_dscp = calc_record_q.sa.copy_dscp;
    res.no_ecn    = calc_record_q.sa.no_ecn;
    res.df        = calc_record_q.sa.df;
    res.copy_df   = calc_record_q.sa.copy_df;
    res.dscp      = calc_record_q.sa.dscp;
    res.ttl       = calc_record_q.sa.ttl;
    res.sport     = calc_record_q.sa.sport;
    res.dport     = calc_record_q.sa.dport;
    res.src       = calc_record_q.sa.src;
    res.dst       = calc_record_q.sa.dst;
    res.sum       = calc_record_q.sum;
    res.gcm       = calc_record_q.sa.gcm;
  end

  // What sa_out_limit needs of the record.
  logic        res_tbl_q;
  logic        res_usable_q;
  logic [31:0] res_spi_q;
  logic [3:0]  res_limits_q;
  logic [47:0] soft_packets_q;
  logic [47:0] soft_bytes_q;
  logic [63:0] soft_seq_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      res_grant_q <= '0;
      res_tbl_q   <= 1'b0;
    end else begin
      res_grant_q <= calc_grant_q;
      res_tbl_q   <= calc_tbl_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (|calc_grant_q) begin
      res_q          <= res;
      res_usable_q   <= calc_usable_q;
      res_spi_q      <= calc_record_q.sa.spi;
      res_limits_q   <= calc_record_q.limits[3:0];
      soft_packets_q <= calc_record_q.sa.soft_packets;
      soft_bytes_q   <= calc_record_q.sa.soft_bytes;
      soft_seq_q     <= calc_record_q.sa.soft_seq;
    end
  end

  logic [3:0] flags;
  sa_out_limit #(
    .Depth(Depth)
  ) u_limit (
    .clk_i,
    .rst_ni,
    .re_i          (calc_tbl_q || (|calc_grant_q)),
    .addr_i        (calc_addr_q),
    .check_i       (!res_tbl_q && res_usable_q),
    .install_i     (res_tbl_q && tbl_we_q),
    .used_up_i     (after_used_up),
    .spi_i         (res_spi_q),
    .seq_i         (after_seq),
    .packets_i     (after_packets),
    .bytes_i       (after_bytes),
    .limits_i      (res_limits_q),
    .soft_packets_i(soft_packets_q),
    .soft_bytes_i  (soft_bytes_q),
    .soft_seq_i    (soft_seq_q),
    .packets_hit_i (after_packets_hit),
    .bytes_hit_i   (after_bytes_hit),
    .flags_o       (flags),
    .evt_valid_o,
    .evt_ready_i,
    .evt_o
  );

  // ---------------------------------------------------------------------------------- table bus, answer
  headend_tables_pkg::sa_out_t       record_public;
  headend_tables_pkg::sa_out_state_t state;
  logic [RecordW-1:0]                tbl_data_q;   // record from cycle 3, or counters from cycle 4
  logic [3:0]                        tbl_flags_q;
  logic                              tbl_last_q;   // cycle 5
  logic                              tbl_ack_q;

  // Key material never leaves.
  always_comb begin
    record_public              = calc_record_q.sa;
    record_public.hard_packets = calc_record_q.sa.hard_packets + 48'd1;
    record_public.gcm.key      = '0;
    record_public.gcm.salt     = '0;
    record_public.gcm.h1       = '0;
    record_public.gcm.h2       = '0;
    record_public.gcm.h3       = '0;
    record_public.gcm.h4       = '0;
    record_public.gcm.hfb      = '0;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      tbl_last_q <= 1'b0;
      tbl_ack_q  <= 1'b0;
    end else begin
      tbl_last_q <= res_tbl_q;
      tbl_ack_q  <= tbl_last_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (calc_tbl_q && !tbl_state_q) begin
      tbl_data_q <= record_public;
    end else if (res_tbl_q && tbl_state_q) begin
      tbl_data_q <= RecordW'({after_bytes, after_packets, after_seq});
    end
    if (tbl_last_q) begin
      tbl_flags_q <= flags;
    end
  end

  always_comb begin
    state           = tbl_data_q[StateW-1:0];
    state.hard_done = tbl_flags_q[3];
    state.soft_done = tbl_flags_q[2:0];
    tbl_rdata_o     = '0;
    if (tbl_ack_q && !tbl_we_q) begin
      tbl_rdata_o = tbl_state_q ? headend_tables_pkg::RecordBits'(state) : headend_tables_pkg::RecordBits'(tbl_data_q);
    end
  end
  assign tbl_ack_o = tbl_ack_q;

  logic unused;
  assign unused = ^{tbl_index_i[31:AddrW], tbl_wdata_i[headend_tables_pkg::RecordBits-1:RecordW], calc_record_q, stored_new};

endmodule

`default_nettype wire
