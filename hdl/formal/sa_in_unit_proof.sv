// SPDX-License-Identifier: Apache-2.0
//
// Proof of what esp_commit relies on, two lanes, whatever the tables hold and the table bus does: sa_in_unit answers each
// request exactly 4 cycles after it was taken, on its own lane, at most one in total per cycle; it calls a packet good
// (None) only if its ICV was right, its trailer was right and it was not empty.

`default_nettype none

module sa_in_unit_proof (
  input wire                                             clk_i,
  input wire [1:0]                                       valid_i,
  input wire [1:0][esp_in_pkg::ReqW-1:0]                 req_i,
  input wire                                             tbl_req_i,
  input wire                                             tbl_we_i,
  input wire [7:0]                                       tbl_sel_i,
  input wire [31:0]                                      tbl_index_i,
  input wire [headend_tables_pkg::RecordBits-1:0]        tbl_wdata_i,
  input wire                                             evt_ready_i
);

  logic rst_nq = 1'b0;
  always_ff @(posedge clk_i) rst_nq <= 1'b1;

  wire [1:0]                                  ready, res_valid;
  wire [1:0][esp_in_pkg::ResW-1:0]            res_bits;
  wire                                        unused_ack, unused_evt;
  wire [headend_tables_pkg::RecordBits-1:0]   unused_rdata;
  wire [1:0][63:0]                            unused_top;
  headend_tables_pkg::sa_event_t              unused_event;
  sa_in_unit #(.NumPipes(2), .Depth(2)) u_dut (
    .clk_i, .rst_ni(rst_nq), .req_valid_i(valid_i), .req_ready_o(ready), .req_i, .res_valid_o(res_valid), .res_o(res_bits),
    .tbl_req_i, .tbl_we_i, .tbl_sel_i, .tbl_index_i, .tbl_wdata_i, .tbl_ack_o(unused_ack), .tbl_rdata_o(unused_rdata),
    .seq_top_raddr_i('0), .seq_top_rdata_o(unused_top), .evt_valid_o(unused_evt), .evt_ready_i, .evt_o(unused_event)
  );

  wire [1:0]            taken = valid_i & ready;
  esp_in_pkg::request_t chosen;
  assign chosen = taken[1] ? req_i[1] : req_i[0];
  wire may = chosen.icv_ok && chosen.trailer_ok && !chosen.empty;

  logic [3:0][2:0] past_q = '0;      // {taken, may be good}, youngest lowest
  always_ff @(posedge clk_i) past_q <= rst_nq ? {past_q[2:0], {taken, may}} : '0;

  esp_in_pkg::response_t res;
  assign res = res_valid[1] ? res_bits[1] : res_bits[0];
  always_comb begin
    if (!rst_nq) assert (past_q == '0);
    if (rst_nq) begin
      assert (taken != 2'b11);
      assert (res_valid == past_q[3][2:1]);
      if (res_valid != '0 && res.reason == headend_tables_pkg::DROP_REASON_NONE) assert (past_q[3][0]);
    end
    cover (rst_nq && res_valid[1] && res.reason == headend_tables_pkg::DROP_REASON_NONE);
  end

endmodule

`default_nettype wire
