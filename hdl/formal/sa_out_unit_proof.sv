// SPDX-License-Identifier: Apache-2.0
//
// Proof that two lanes never get the same sequence number of an SA: after an SA was written (once, at a time that the
// solver chooses) every number that either lane is given for it is the one before plus 1, whatever the lanes ask for and
// when. Answers come 3 cycles after their request, each on its own lane. (The numbers of one SA over any writes:
// sa_out_count.)

`default_nettype none

module sa_out_unit_proof (
  input wire                                      clk_i,
  input wire [1:0]                                valid_i,
  input wire [1:0][esp_out_pkg::ReqW-1:0]         req_i,
  input wire                                      tbl_req_i,
  input wire [headend_tables_pkg::RecordBits-1:0] tbl_wdata_i,
  input wire                                      evt_ready_i
);

  (* anyconst *) logic                                      mine;
  (* anyconst *) logic [headend_tables_pkg::RecordBits-1:0] record;   // stays until acknowledged

  logic rst_nq = 1'b0;
  always_ff @(posedge clk_i) rst_nq <= 1'b1;

  logic                                     written_q = 1'b0;
  wire [1:0]                                ready, res_valid;
  wire [1:0][esp_out_pkg::ResW-1:0]         res_bits;
  wire                                      ack, unused_evt;
  wire [headend_tables_pkg::RecordBits-1:0] unused_rdata;
  headend_tables_pkg::sa_event_t            unused_event;
  wire                                      write = tbl_req_i && !written_q && rst_nq;
  sa_out_unit #(.NumPipes(2), .Depth(2)) u_dut (
    .clk_i, .rst_ni(rst_nq), .req_valid_i(valid_i), .req_ready_o(ready), .req_i, .res_valid_o(res_valid), .res_o(res_bits),
    .tbl_req_i(write), .tbl_we_i(1'b1), .tbl_sel_i(headend_tables_pkg::TABLE_SA_OUT), .tbl_index_i({31'd0, mine}),
    .tbl_wdata_i(record), .tbl_ack_o(ack), .tbl_rdata_o(unused_rdata), .evt_valid_o(unused_evt), .evt_ready_i,
    .evt_o(unused_event)
  );

  wire [1:0]         taken = valid_i & ready;
  esp_out_pkg::req_t chosen;
  esp_out_pkg::res_t res;
  assign chosen = taken[1] ? req_i[1] : req_i[0];
  assign res    = res_valid[1] ? res_bits[1] : res_bits[0];

  logic            acked_q = 1'b0;  // the SA is written
  logic [2:0][2:0] past_q = '0;     // {taken, of the watched SA and behind the write}, youngest lowest
  logic            given_q = 1'b0;
  logic [63:0]     last_q;
  always_ff @(posedge clk_i) begin
    past_q <= rst_nq ? {past_q[1:0], {taken, acked_q && chosen.sa == 16'(mine)}} : '0;
    if (write) written_q <= 1'b1;
    if (rst_nq && ack && written_q) acked_q <= 1'b1;
    if (rst_nq && res_valid != '0 && res.ok && past_q[2][0]) begin
      given_q <= 1'b1;
      last_q  <= res.seq;
    end
  end

  always_comb begin
    if (rst_nq) begin
      assert (taken != 2'b11);
      assert (res_valid == past_q[2][2:1]);
      if (given_q && res_valid != '0 && res.ok && past_q[2][0]) begin
        assert (res.seq == last_q + 64'd1 && res.seq != '0);
      end
    end
    cover (rst_nq && given_q && res_valid[1] && res.ok && past_q[2][0] && past_q[1][1] && past_q[1][0]);
  end

  logic unused;
  assign unused = ^tbl_wdata_i;

endmodule

`default_nettype wire
