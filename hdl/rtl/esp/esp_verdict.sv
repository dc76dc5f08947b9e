// SPDX-License-Identifier: Apache-2.0
//
// Judges decrypted packets, one per cycle: SA unchanged, ICV, anti-replay, ESP trailer (the order and the
// reasons are in esp_commit). Owns the state of the inbound SAs.
//
// A packet (`valid_i`, `ready_o`) waits for its tag; `decrypt_i` = 0 is a packet that only passes, it takes a
// tag too and is always good. In the cycle it is taken, tag and ICV are compared and the SA's state is
// read; in the next cycle it is judged and the state written. Packets of one SA may follow each other in
// every cycle: the memories return what is being written.
//
// Table writes wait until no packet is between read and write (2 cycles, during which none is taken).
//
// Latency: 1 cycle from a packet taken to `verdict_valid_o`, 2 to `drop_valid_o`.

`default_nettype none

module esp_verdict #(
  parameter int unsigned BeatsWidth = 10,
  parameter int unsigned Depth      = headend_tables_pkg::SaDepth
) (
  input  wire                                 clk_i,
  input  wire                                 rst_ni,

  input  wire                                 valid_i,
  output logic                                ready_o,
  input  wire                                 decrypt_i,
  input  wire  [1:0]                          ingress_i,
  input  wire  [11:0]                         vrf_i,
  input  wire  [15:0]                         sa_i,
  input  wire  [7:0]                          gen_i,
  input  wire  [31:0]                         spi_i,
  input  wire  [63:0]                         seq_i,
  input  wire  [4:0]                          icv_len_i,
  input  wire  [15:0]                         len_i,
  input  wire  [BeatsWidth-1:0]               beats_i,
  input  wire  [127:0]                        icv_i,
  input  wire                                 trailer_ok_i,
  input  wire  [7:0]                          next_header_i,
  input  wire  [15:0]                         inner_len_i,

  input  wire                                 tag_valid_i,
  output logic                                tag_ready_o,
  input  wire  [127:0]                        tag_i,

  output logic                                verdict_valid_o,
  output logic                                good_o,
  output logic                                decrypted_o,
  output logic [11:0]                         ivrf_o,
  output logic [15:0]                         out_len_o,     // bytes to send when good
  output logic [BeatsWidth-1:0]               beats_o,       // beats stored

  input  wire                                 tbl_req_i,
  input  wire                                 tbl_we_i,
  input  wire  [7:0]                          tbl_sel_i,
  input  wire  [31:0]                         tbl_index_i,
  input  wire  [headend_tables_pkg::RecordBits-1:0]                       tbl_wdata_i,
  output logic                                tbl_ack_o,
  output logic [headend_tables_pkg::RecordBits-1:0]                       tbl_rdata_o,

  input  wire  [15:0]                         seq_top_raddr_i,
  output logic [63:0]                         seq_top_rdata_o,

  output logic                                drop_valid_o,
  output headend_tables_pkg::drop_record_t    drop_o
);

  localparam int unsigned AddrW   = $clog2(Depth);
  localparam int unsigned StateW  = headend_tables_pkg::SA_IN_STATE_W;
  localparam int unsigned WindowW = headend_tables_pkg::ReplayWindowMax;
  localparam logic [7:0] NextHeaderIpv4  = 8'd4;
  localparam logic [7:0] NextHeaderDummy = 8'd59;

  // The fields of an SA record that matter here.
  typedef struct packed {
    logic        valid;
    logic        tunnel;
    logic [7:0]  gen;
    logic [11:0] replay_window;
    logic [11:0] ivrf;
  } policy_t;
  localparam int unsigned PolicyW = 1 + 1 + 8 + 12 + 12;

  // ---------------------------------------------------------------------------------- table access
  headend_tables_pkg::sa_in_t tbl_record;
  logic             tbl_mine;
  logic             tbl_pend_q;     // access waits: no packet is taken
  logic             tbl_go_q;       // no packet is between read and write: access the memories
  logic             tbl_done_q;     // read data is here
  logic             tbl_install_q;  // write of SaIn, else access to SaInState
  logic [AddrW-1:0] tbl_addr_q;
  policy_t          tbl_policy_q;
  assign tbl_record = tbl_wdata_i[headend_tables_pkg::SA_IN_W-1:0];
  assign tbl_mine   = tbl_req_i && ((tbl_sel_i == headend_tables_pkg::TABLE_SA_IN && tbl_we_i) ||
                                    tbl_sel_i == headend_tables_pkg::TABLE_SA_IN_STATE);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      tbl_pend_q <= 1'b0;
      tbl_go_q   <= 1'b0;
      tbl_done_q <= 1'b0;
    end else begin
      tbl_pend_q <= tbl_mine || (tbl_pend_q && !tbl_go_q);
      tbl_go_q   <= tbl_pend_q && !tbl_go_q;
      tbl_done_q <= tbl_go_q && !tbl_install_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (tbl_mine) begin
      tbl_install_q              <= (tbl_sel_i == headend_tables_pkg::TABLE_SA_IN);
      tbl_addr_q                 <= tbl_index_i[AddrW-1:0];
      tbl_policy_q.valid         <= tbl_record.valid;
      tbl_policy_q.tunnel        <= tbl_record.tunnel;
      tbl_policy_q.gen           <= tbl_record.gen;
      tbl_policy_q.replay_window <= tbl_record.replay_window;
      tbl_policy_q.ivrf          <= tbl_record.ivrf;
    end
  end

  logic install;
  assign install = tbl_go_q && tbl_install_q;

  // ---------------------------------------------------------------------------------- take a packet
  logic             take;
  logic             read;
  logic [AddrW-1:0] read_addr;
  assign ready_o     = tag_valid_i && !tbl_pend_q;
  assign tag_ready_o = valid_i && !tbl_pend_q;
  assign take        = valid_i && ready_o;
  assign read        = tbl_go_q || (take && decrypt_i);
  assign read_addr   = tbl_go_q ? tbl_addr_q : sa_i[AddrW-1:0];

  logic [127:0] icv_differs;
  logic         icv_ok;
  assign icv_differs = icv_i ^ tag_i;
  always_comb begin
    unique case (icv_len_i)
      5'd8:    icv_ok = (icv_differs[63:0] == '0);
      5'd12:   icv_ok = (icv_differs[95:0] == '0);
      5'd16:   icv_ok = (icv_differs == '0);
      default: icv_ok = 1'b0;
    endcase
  end

  logic                  r_valid_q;
  logic                  r_decrypt_q;
  logic                  r_icv_ok_q;
  logic                  r_sa_ok_q;       // index inside the table
  logic [1:0]            r_ingress_q;
  logic [11:0]           r_vrf_q;
  logic [15:0]           r_sa_q;
  logic [7:0]            r_gen_q;
  logic [31:0]           r_spi_q;
  logic [63:0]           r_seq_q;
  logic [15:0]           r_len_q;
  logic [BeatsWidth-1:0] r_beats_q;
  logic                  r_trailer_ok_q;
  logic [7:0]            r_next_header_q;
  logic [15:0]           r_inner_len_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      r_valid_q <= 1'b0;
    end else begin
      r_valid_q <= take;
    end
  end

  always_ff @(posedge clk_i) begin
    if (take) begin
      r_decrypt_q     <= decrypt_i;
      r_icv_ok_q      <= icv_ok;
      r_sa_ok_q       <= (32'(sa_i) < Depth);
      r_ingress_q     <= ingress_i;
      r_vrf_q         <= vrf_i;
      r_sa_q          <= sa_i;
      r_gen_q         <= gen_i;
      r_spi_q         <= spi_i;
      r_seq_q         <= seq_i;
      r_len_q         <= len_i;
      r_beats_q       <= beats_i;
      r_trailer_ok_q  <= trailer_ok_i;
      r_next_header_q <= next_header_i;
      r_inner_len_q   <= inner_len_i;
    end
  end

  // ---------------------------------------------------------------------------------- SA memories
  policy_t                           policy;
  headend_tables_pkg::sa_in_state_t  state;
  headend_tables_pkg::sa_in_state_t  state_next;
  logic [WindowW-1:0]                window;
  logic [WindowW-1:0]                window_next;
  logic                              state_we;
  logic                              window_we;
  logic [AddrW-1:0]                  write_addr;
  assign write_addr = install ? tbl_addr_q : r_sa_q[AddrW-1:0];

  ram_1r1w #(.Width(PolicyW), .Depth(Depth)) u_policy (
    .clk_i, .rst_ni,
    .we_i(install), .waddr_i(tbl_addr_q), .wdata_i(tbl_policy_q),
    .re_i(read), .raddr_i(read_addr), .rdata_o(policy)
  );

  ram_1r1w #(.Width(StateW), .Depth(Depth)) u_state (
    .clk_i, .rst_ni,
    .we_i(install || state_we), .waddr_i(write_addr), .wdata_i(install ? '0 : state_next),
    .re_i(read), .raddr_i(read_addr), .rdata_o(state)
  );

  ram_1r1w #(.Width(WindowW), .Depth(Depth)) u_window (
    .clk_i, .rst_ni,
    .we_i(install || window_we), .waddr_i(write_addr), .wdata_i(install ? '0 : window_next),
    .re_i(read), .raddr_i(read_addr), .rdata_o(window)
  );

  // A second copy of the highest sequence numbers, with a read port for sa_lookup.
  ram_1r1w #(.Width(64), .Depth(Depth)) u_seq_top (
    .clk_i, .rst_ni,
    .we_i(install || state_we), .waddr_i(write_addr), .wdata_i(install ? '0 : state_next.seq_top),
    .re_i(1'b1), .raddr_i(seq_top_raddr_i[AddrW-1:0]), .rdata_o(seq_top_rdata_o)
  );

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      tbl_ack_o   <= 1'b0;
      tbl_rdata_o <= '0;
    end else begin
      tbl_ack_o <= tbl_done_q;
      if (tbl_done_q) begin
        tbl_rdata_o <= headend_tables_pkg::RecordBits'(state);
      end else if (tbl_ack_o) begin
        tbl_rdata_o <= '0;
      end
    end
  end

  // ---------------------------------------------------------------------------------- judge
  logic        replay_ok;
  logic        replay_duplicate;
  logic        replay_old;
  logic [63:0] seq_top_next;

  replay_window u_replay (
    .bitmap_i   (window),
    .top_i      (state.seq_top),
    .seq_i      (r_seq_q),
    .window_i   (policy.replay_window),
    .accept_o   (replay_ok),
    .duplicate_o(replay_duplicate),
    .old_o      (replay_old),
    .bitmap_o   (window_next),
    .top_o      (seq_top_next)
  );

  logic                                         authentic;    // ours and unaltered
  logic [headend_tables_pkg::DROP_REASON_W-1:0] reason;
  logic                                         judging;
  assign judging = r_valid_q && r_decrypt_q;

  always_comb begin
    authentic = 1'b0;
    if (!r_sa_ok_q || !policy.valid || policy.gen != r_gen_q) begin
      reason = headend_tables_pkg::DROP_REASON_SA_CHANGED;
    end else if (!r_icv_ok_q) begin
      reason = headend_tables_pkg::DROP_REASON_ICV_MISMATCH;
    end else if (replay_old) begin
      reason = headend_tables_pkg::DROP_REASON_REPLAY_OLD;
    end else if (!replay_ok) begin
      reason = headend_tables_pkg::DROP_REASON_REPLAY_DUPLICATE;
    end else begin
      authentic = 1'b1;
      if (!r_trailer_ok_q) begin
        reason = headend_tables_pkg::DROP_REASON_ESP_TRAILER;
      end else if (r_next_header_q == NextHeaderDummy) begin
        reason = headend_tables_pkg::DROP_REASON_ESP_DUMMY;
      end else if (r_next_header_q != NextHeaderIpv4 || !policy.tunnel) begin
        reason = headend_tables_pkg::DROP_REASON_ESP_NEXT_HEADER;
      end else if (r_inner_len_q == '0) begin
        reason = headend_tables_pkg::DROP_REASON_ESP_TRAILER;
      end else begin
        reason = headend_tables_pkg::DROP_REASON_NONE;
      end
    end
  end

  logic good;
  assign good      = (reason == headend_tables_pkg::DROP_REASON_NONE);
  assign state_we  = judging && (reason != headend_tables_pkg::DROP_REASON_SA_CHANGED);
  assign window_we = judging && authentic;

  always_comb begin
    state_next = state;
    if (authentic) begin
      state_next.seq_top = seq_top_next;
    end else if (!r_icv_ok_q) begin
      state_next.auth_fail = state.auth_fail + 32'd1;
    end else begin
      state_next.replay_fail = state.replay_fail + 32'd1;
    end
    if (good) begin
      state_next.packets = state.packets + 64'd1;
      state_next.bytes   = state.bytes + 64'(r_inner_len_q);
    end
  end

  assign verdict_valid_o = r_valid_q;
  assign good_o          = !r_decrypt_q || good;
  assign decrypted_o     = r_decrypt_q;
  assign ivrf_o          = policy.ivrf;
  assign out_len_o       = r_decrypt_q ? r_inner_len_q : r_len_q;
  assign beats_o         = r_beats_q;

  // ---------------------------------------------------------------------------------- reports
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      drop_valid_o <= 1'b0;
    end else begin
      drop_valid_o <= judging && !good;
    end
  end

  always_ff @(posedge clk_i) begin
    if (judging && !good) begin
      drop_o         <= '0;
      drop_o.reason  <= reason;
      drop_o.stage   <= headend_tables_pkg::STAGE_COMMIT;
      drop_o.ingress <= r_ingress_q;
      drop_o.len     <= r_len_q;
      drop_o.vrf     <= r_vrf_q;
      drop_o.sa      <= r_sa_q;
      drop_o.spi     <= r_spi_q;
      drop_o.seq     <= r_seq_q;
    end
  end

  logic unused;
  assign unused = ^{tbl_index_i[31:AddrW], tbl_wdata_i[headend_tables_pkg::RecordBits-1:headend_tables_pkg::SA_IN_W], tbl_record,
                    seq_top_raddr_i[15:AddrW], replay_duplicate};

endmodule

`default_nettype wire
