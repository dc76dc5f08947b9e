// SPDX-License-Identifier: Apache-2.0
//
// Owner of the states of the inbound SAs; judges the decrypted packets of all lanes, one per cycle in total, in turn.
// Exact for packets of one SA that follow each other in every cycle, from one lane or from several.
//
//   req_* -> R  lane chosen, policy read     W  states written, answer -> res_*
//            Q  generation, window, mode     ...  counters and events: sa_in_account
//            P  window state at hand
//            X  verdict
//
// Checks, the first that fails counts:
//   SaChanged          no such SA, or another generation than the packet was decrypted with
//   IcvMismatch
//   ReplayOld, ReplayDuplicate
//   SaInExpired        a hard limit was reached before this packet; the window stays as it is
//   (from here on the window has accepted the number)
//   EspTrailer         padding too long or wrong
//   EspDummy           next header 59
//   EspNextHeader      tunnel mode: neither 4 nor 41, or the inner packet's version does not agree
//   EcnIllegal         tunnel mode, unless no_ecn: outer header CE, inner packet not ECN-capable
//   EspTrailer         nothing left
// A good packet is counted. Events: see sa_in_account.
//
// `req_*`, `res_*`: requests and responses of each lane (esp_in_pkg), responses in the order of requests.
// `seq_top_*`: highest sequence number of an SA, one cycle after its address, for the lookup of each lane, which infers
// ESN by it; a copy of the numbers per lane.
//
// Tables: owns SaInState. Follows writes to SaIn (sa_lookup owns and acknowledges it): they replace the fields needed
// here and zero window, counters and flags, at once, 8 cycles after the request. For an access no packet is taken
// from the cycle after the request until all that were taken are through, 8 cycles. Reads take 11 cycles.
//
// Latency: 4 cycles from a request taken to its response.

`default_nettype none

module sa_in_unit #(
  parameter int unsigned NumPipes = headend_tables_pkg::NumPipes,   // 1 or 2
  parameter int unsigned Depth    = headend_tables_pkg::SaDepth
) (
  input  wire                                               clk_i,
  input  wire                                               rst_ni,

  input  wire  [NumPipes-1:0]                               req_valid_i,
  output logic [NumPipes-1:0]                               req_ready_o,
  input  wire  [NumPipes-1:0][esp_in_pkg::ReqW-1:0]         req_i,
  output logic [NumPipes-1:0]                               res_valid_o,
  output logic [NumPipes-1:0][esp_in_pkg::ResW-1:0]         res_o,

  input  wire                                               tbl_req_i,
  input  wire                                               tbl_we_i,
  input  wire  [7:0]                                        tbl_sel_i,
  input  wire  [31:0]                                       tbl_index_i,
  input  wire  [headend_tables_pkg::RecordBits-1:0]         tbl_wdata_i,
  output logic                                              tbl_ack_o,
  output logic [headend_tables_pkg::RecordBits-1:0]         tbl_rdata_o,

  input  wire  [NumPipes-1:0][15:0]                         seq_top_raddr_i,
  output logic [NumPipes-1:0][63:0]                         seq_top_rdata_o,

  output logic                                              evt_valid_o,
  input  wire                                               evt_ready_i,
  output headend_tables_pkg::sa_event_t                     evt_o
);

  localparam int unsigned AddrW     = $clog2(Depth);
  localparam int unsigned WindowMax = headend_tables_pkg::ReplayWindowMax;
  localparam int unsigned WinW      = $clog2(WindowMax) + 1;
  localparam int unsigned ReasonW   = esp_in_pkg::ReasonW;

  if (NumPipes != 1 && NumPipes != 2) begin : gen_check_pipes
    $error("sa_in_unit: NumPipes must be 1 or 2");
  end

  if (ReasonW != headend_tables_pkg::DROP_REASON_W) begin : gen_check_reason
    $error("esp_in_pkg: ReasonW is not the width of a drop reason");
  end

  // The fields of an SA record that are needed at Q.
  typedef struct packed {
    logic            valid;
    logic            tunnel;
    logic            no_ecn;
    logic [7:0]      gen;
    logic [WinW-1:0] window;
    logic [11:0]     ivrf;
  } policy_t;
  localparam int unsigned PolicyW = 3 + 8 + WinW + 12;

  // ---------------------------------------------------------------------------------- table access
  localparam int unsigned DrainCycles = 7;     // Q to E of sa_in_account

  headend_tables_pkg::sa_in_t tbl_record;
  logic                       tbl_mine;
  logic                       tbl_busy_q;      // no packet is taken
  logic [2:0]                 tbl_wait_q;
  logic                       tbl_go_q;        // all packets are through: access the memories
  logic                       tbl_set_q;       // to write them
  logic                       tbl_get_q;       // to read them
  logic [1:0]                 tbl_read_q;
  logic                       tbl_install_q;   // write of SaIn, else access to SaInState
  logic [AddrW-1:0]           tbl_addr_q;
  policy_t                    tbl_policy_q;
  logic [47:0]                tbl_soft_packets_q;
  logic [47:0]                tbl_hard_packets_q;
  logic [47:0]                tbl_soft_bytes_q;
  logic [47:0]                tbl_hard_bytes_q;
  assign tbl_record = tbl_wdata_i[headend_tables_pkg::SA_IN_W-1:0];
  assign tbl_mine   = tbl_req_i && ((tbl_sel_i == headend_tables_pkg::TABLE_SA_IN && tbl_we_i) ||
                                    tbl_sel_i == headend_tables_pkg::TABLE_SA_IN_STATE);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      tbl_busy_q <= 1'b0;
      tbl_wait_q <= '0;
      tbl_go_q   <= 1'b0;
      tbl_set_q  <= 1'b0;
      tbl_get_q  <= 1'b0;
      tbl_read_q <= '0;
    end else begin
      tbl_busy_q <= tbl_mine || (tbl_busy_q && !tbl_go_q);
      tbl_go_q   <= (tbl_wait_q == 3'd1);
      tbl_set_q  <= (tbl_wait_q == 3'd1) && tbl_install_q;
      tbl_get_q  <= (tbl_wait_q == 3'd1) && !tbl_install_q;
      tbl_wait_q <= tbl_mine ? 3'(DrainCycles) : tbl_wait_q - 3'(tbl_wait_q != '0);
      tbl_read_q <= {tbl_read_q[0], tbl_get_q};
    end
  end

  always_ff @(posedge clk_i) begin
    if (tbl_mine) begin
      tbl_install_q       <= (tbl_sel_i == headend_tables_pkg::TABLE_SA_IN);
      tbl_addr_q          <= tbl_index_i[AddrW-1:0];
      tbl_policy_q.valid  <= tbl_record.valid;
      tbl_policy_q.tunnel <= tbl_record.tunnel;
      tbl_policy_q.no_ecn <= tbl_record.no_ecn;
      tbl_policy_q.gen    <= tbl_record.gen;
      tbl_policy_q.ivrf   <= tbl_record.ivrf;
      if (32'(tbl_record.replay_window) > WindowMax) begin
        tbl_policy_q.window <= WinW'(WindowMax);
      end else begin
        tbl_policy_q.window <= tbl_record.replay_window[WinW-1:0];
      end
      tbl_soft_packets_q  <= tbl_record.soft_packets;
      tbl_hard_packets_q  <= tbl_record.hard_packets;
      tbl_soft_bytes_q    <= tbl_record.soft_bytes;
      tbl_hard_bytes_q    <= tbl_record.hard_bytes;
    end
  end

  logic install;
  logic get;
  assign install = rst_ni && tbl_set_q;
  assign get     = tbl_get_q;

  // ---------------------------------------------------------------------------------- R: choose a lane
  logic                 turn_q;      // lane that goes first when both ask
  logic                 r_lane;
  logic                 r_valid;
  logic                 r_prev;
  logic                 r_prev2;
  esp_in_pkg::request_t r_req;

  if (NumPipes == 1) begin : gen_one
    assign r_lane      = 1'b0;
    assign req_ready_o = !tbl_busy_q;
    assign r_req       = req_i[0];
  end else begin : gen_two
    assign r_lane         = (turn_q && req_valid_i[1]) || !req_valid_i[0];
    assign req_ready_o[0] = !tbl_busy_q && !(turn_q && req_valid_i[1]);
    assign req_ready_o[1] = !tbl_busy_q && !(!turn_q && req_valid_i[0]);
    assign r_req          = r_lane ? req_i[1] : req_i[0];
  end
  assign r_valid = !tbl_busy_q && (req_valid_i != '0);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      turn_q <= 1'b0;
    end else if (r_valid) begin
      turn_q <= !r_lane;
    end
  end

  policy_t policy;
  ram_1r1w #(.Width(PolicyW), .Depth(Depth)) u_policy (
    .clk_i, .rst_ni,
    .we_i(install), .waddr_i(tbl_addr_q), .wdata_i(tbl_policy_q),
    .re_i(r_valid), .raddr_i(r_req.sa[AddrW-1:0]), .rdata_o(policy)
  );

  logic                 q_valid_q;
  logic                 q_lane_q;
  logic                 q_known_q;   // index inside the table
  esp_in_pkg::request_t q_q;
  logic                 p_valid_q;
  esp_in_pkg::request_t p_q;
  assign r_prev  = q_valid_q && (q_q.sa == r_req.sa);
  assign r_prev2 = p_valid_q && (p_q.sa == r_req.sa);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      q_valid_q <= 1'b0;
      p_valid_q <= 1'b0;
      x_valid_q <= 1'b0;
      w_valid_q <= 1'b0;
    end else begin
      q_valid_q <= r_valid;
      p_valid_q <= q_valid_q;
      x_valid_q <= p_valid_q;
      w_valid_q <= x_valid_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (r_valid) begin
      q_lane_q  <= r_lane;
      q_known_q <= (32'(r_req.sa) < Depth);
      q_q       <= r_req;
    end
  end

  // ---------------------------------------------------------------------------------- Q: what the policy says
  // The reason of all checks behind the window.
  logic [ReasonW-1:0] q_content;
  always_comb begin
    if (!q_q.trailer_ok) begin
      q_content = headend_tables_pkg::DROP_REASON_ESP_TRAILER;
    end else if (q_q.dummy) begin
      q_content = headend_tables_pkg::DROP_REASON_ESP_DUMMY;
    end else if (policy.tunnel && !q_q.version_ok) begin
      q_content = headend_tables_pkg::DROP_REASON_ESP_NEXT_HEADER;
    end else if (policy.tunnel && !policy.no_ecn && q_q.ecn_illegal) begin
      q_content = headend_tables_pkg::DROP_REASON_ECN_ILLEGAL;
    end else if (q_q.empty) begin
      q_content = headend_tables_pkg::DROP_REASON_ESP_TRAILER;
    end else begin
      q_content = headend_tables_pkg::DROP_REASON_NONE;
    end
  end

  logic               p_lane_q;
  logic               p_same_q;      // the SA it was decrypted with
  logic [ReasonW-1:0] p_content_q;
  policy_t            p_policy_q;

  always_ff @(posedge clk_i) begin
    if (q_valid_q) begin
      p_lane_q    <= q_lane_q;
      p_same_q    <= q_known_q && policy.valid && (policy.gen == q_q.gen);
      p_content_q <= q_content;
      p_policy_q  <= policy;
      p_q         <= q_q;
    end
  end

  // ---------------------------------------------------------------------------------- P
  logic                 x_valid_q;
  logic                 x_lane_q;
  logic                 x_same_q;
  logic                 x_genuine_q;   // SA and ICV are right
  logic                 x_content_ok_q;
  logic [ReasonW-1:0]   x_content_q;
  policy_t              x_policy_q;
  esp_in_pkg::request_t x_q;

  always_ff @(posedge clk_i) begin
    if (p_valid_q) begin
      x_lane_q       <= p_lane_q;
      x_same_q       <= p_same_q;
      x_genuine_q    <= p_same_q && p_q.icv_ok;
      x_content_ok_q <= (p_content_q == headend_tables_pkg::DROP_REASON_NONE);
      x_content_q    <= p_content_q;
      x_policy_q     <= p_policy_q;
      x_q            <= p_q;
    end
  end

  // ---------------------------------------------------------------------------------- X
  logic x_allow;
  logic x_accept;
  logic x_old;
  logic x_expired;
  logic x_good;
  logic [1:0] x_packets_gone;     // if counted, if not
  logic [1:0] x_bytes_gone;
  assign x_allow = x_valid_q && x_genuine_q && !x_expired;
  assign x_good  = x_allow && x_accept && x_content_ok_q;

  sa_in_expiry #(
    .Depth(Depth)
  ) u_expiry (
    .clk_i,
    .rst_ni,
    .p_valid_i       (p_valid_q),
    .p_sa_i          (p_q.sa[AddrW-1:0]),
    .x_sa_i          (x_q.sa[AddrW-1:0]),
    .x_good_i        (x_good),
    .x_len_i         (x_q.inner_len),
    .x_expired_o     (x_expired),
    .x_packets_gone_o(x_packets_gone),
    .x_bytes_gone_o  (x_bytes_gone),
    .set_i           (install),
    .set_sa_i        (tbl_addr_q),
    .set_packets_i   (tbl_hard_packets_q),
    .set_bytes_i     (tbl_hard_bytes_q)
  );

  logic                 w_valid_q;
  logic                 w_lane_q;
  logic                 w_same_q;
  logic                 w_genuine_q;
  logic                 w_accept_q;
  logic                 w_old_q;
  logic                 w_expired_q;
  logic                 w_good_q;
  logic [1:0]           w_packets_gone_q;
  logic [1:0]           w_bytes_gone_q;
  logic [ReasonW-1:0]   w_content_q;
  policy_t              w_policy_q;
  esp_in_pkg::request_t w_q;

  always_ff @(posedge clk_i) begin
    if (x_valid_q) begin
      w_lane_q         <= x_lane_q;
      w_same_q         <= x_same_q;
      w_genuine_q      <= x_genuine_q;
      w_accept_q       <= x_accept;
      w_old_q          <= x_old;
      w_expired_q      <= x_expired;
      w_good_q         <= x_good;
      w_packets_gone_q <= x_packets_gone;
      w_bytes_gone_q   <= x_bytes_gone;
      w_content_q      <= x_content_q;
      w_policy_q       <= x_policy_q;
      w_q              <= x_q;
    end
  end

  // ---------------------------------------------------------------------------------- W: write and answer
  logic                 window_we;
  logic [63:0]          top;
  logic [63:0]          top_next;
  logic [WindowMax-1:0] bitmap;
  logic [WindowMax-1:0] bitmap_next;
  logic                 state_we;
  logic [AddrW-1:0]     state_waddr;
  logic                 state_re;
  logic [AddrW-1:0]     state_raddr;
  logic [63:0]          state_top;
  assign state_we    = install || (rst_ni && window_we);
  assign state_waddr = install ? tbl_addr_q : w_q.sa[AddrW-1:0];
  assign state_top   = install ? '0 : top_next;
  assign state_re    = get || q_valid_q;
  assign state_raddr = get ? tbl_addr_q : q_q.sa[AddrW-1:0];

  ram_1r1w #(.Width(64), .Depth(Depth)) u_top (
    .clk_i, .rst_ni,
    .we_i(state_we), .waddr_i(state_waddr), .wdata_i(state_top),
    .re_i(state_re), .raddr_i(state_raddr), .rdata_o(top)
  );

  ram_1r1w #(.Width(WindowMax), .Depth(Depth)) u_bitmap (
    .clk_i, .rst_ni,
    .we_i(state_we), .waddr_i(state_waddr), .wdata_i(install ? '0 : bitmap_next),
    .re_i(q_valid_q), .raddr_i(q_q.sa[AddrW-1:0]), .rdata_o(bitmap)
  );

  replay_pipe #(
    .WindowMax(WindowMax)
  ) u_replay (
    .clk_i,
    .rst_ni,
    .r_valid_i (r_valid),
    .r_prev_i  (r_prev),
    .r_prev2_i (r_prev2),
    .r_seq_i   (r_req.seq),
    .q_window_i(policy.window),
    .p_top_i   (top),
    .p_bitmap_i(bitmap),
    .x_allow_i (x_allow),
    .x_accept_o(x_accept),
    .x_old_o   (x_old),
    .w_we_o    (window_we),
    .w_top_o   (top_next),
    .w_bitmap_o(bitmap_next)
  );

  for (genvar n = 0; n < int'(NumPipes); n++) begin : gen_lane
    ram_1r1w #(.Width(64), .Depth(Depth)) u_seq_top (
      .clk_i, .rst_ni,
      .we_i(state_we), .waddr_i(state_waddr), .wdata_i(state_top),
      .re_i(1'b1), .raddr_i(seq_top_raddr_i[n][AddrW-1:0]), .rdata_o(seq_top_rdata_o[n])
    );
    assign res_valid_o[n] = w_valid_q && (w_lane_q == 1'(n));
    assign res_o[n]       = w_res;
  end

  esp_in_pkg::response_t w_res;
  always_comb begin
    w_res.tunnel = w_policy_q.tunnel;
    w_res.ecn    = w_policy_q.tunnel && !w_policy_q.no_ecn;
    w_res.ivrf   = w_policy_q.ivrf;
    if (!w_same_q) begin
      w_res.reason = headend_tables_pkg::DROP_REASON_SA_CHANGED;
    end else if (!w_genuine_q) begin
      w_res.reason = headend_tables_pkg::DROP_REASON_ICV_MISMATCH;
    end else if (!w_accept_q) begin
      w_res.reason = w_old_q ? headend_tables_pkg::DROP_REASON_REPLAY_OLD
                             : headend_tables_pkg::DROP_REASON_REPLAY_DUPLICATE;
    end else if (w_expired_q) begin
      w_res.reason = headend_tables_pkg::DROP_REASON_SA_IN_EXPIRED;
    end else begin
      w_res.reason = w_content_q;
    end
  end

  headend_tables_pkg::sa_in_state_t account_state;

  sa_in_account #(
    .Depth(Depth)
  ) u_account (
    .clk_i,
    .rst_ni,
    .x_valid_i         (x_valid_q),
    .x_sa_i            (x_q.sa[AddrW-1:0]),
    .w_valid_i         (w_valid_q),
    .w_sa_i            (w_q.sa),
    .w_spi_i           (w_q.spi),
    .w_seq_i           (w_q.seq),
    .w_len_i           (w_q.inner_len),
    .w_good_i          (w_good_q),
    .w_auth_fail_i     (w_same_q && !w_genuine_q),
    .w_replay_fail_i   (w_genuine_q && !w_accept_q),
    .w_expired_i       (w_genuine_q && w_accept_q && w_expired_q),
    .w_packets_gone_i  (w_packets_gone_q[w_good_q]),
    .w_bytes_gone_i    (w_bytes_gone_q[w_good_q]),
    .set_i             (install),
    .set_sa_i          (tbl_addr_q),
    .set_soft_packets_i(tbl_soft_packets_q),
    .set_soft_bytes_i  (tbl_soft_bytes_q),
    .get_i             (get),
    .get_sa_i          (tbl_addr_q),
    .get_state_o       (account_state),
    .evt_valid_o,
    .evt_ready_i,
    .evt_o
  );

  // ---------------------------------------------------------------------------------- read by the host
  headend_tables_pkg::sa_in_state_t tbl_state;
  always_comb begin
    tbl_state         = account_state;
    tbl_state.seq_top = top;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      tbl_ack_o   <= 1'b0;
      tbl_rdata_o <= '0;
    end else begin
      tbl_ack_o <= tbl_read_q[1];
      if (tbl_read_q[1]) begin
        tbl_rdata_o <= headend_tables_pkg::RecordBits'(tbl_state);
      end else if (tbl_ack_o) begin
        tbl_rdata_o <= '0;
      end
    end
  end

  logic unused;
  assign unused = ^{tbl_index_i[31:AddrW], tbl_wdata_i[headend_tables_pkg::RecordBits-1:headend_tables_pkg::SA_IN_W],
                    tbl_record, seq_top_raddr_i, turn_q, w_policy_q, w_q};

endmodule

`default_nettype wire
