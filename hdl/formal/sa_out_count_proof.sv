// SPDX-License-Identifier: Apache-2.0
//
// Proof that sa_out_count never gives out a sequence number twice under a key, at full width and for any order of
// requests and installs: of one SA (chosen by the solver) each number given is the one before plus 1, starting behind
// the installed one, and none is given once the last one (2^32-1, with ESN 2^64-1) is used. So numbers only grow.
//
// `last_q` is the last number used, as a machine that takes one access after the other would have it. Where that value
// stands in the pipeline and its memory is what makes the proof inductive.

`default_nettype none

module sa_out_count_proof (
  input wire        clk_i,
  input wire        re_i,
  input wire        addr_i,
  input wire        install_i,
  input wire [63:0] seq_i,
  input wire        new_esn_i,
  input wire [48:0] minus_bytes_i,
  input wire        use_i,
  input wire [15:0] len_i,
  input wire        other_esn_i,
  input wire        limit_packets_i,
  input wire [47:0] last_packet_i,
  input wire        limit_bytes_i
);

  (* anyconst *) logic mine;

  logic rst_nq = 1'b0;
  always_ff @(posedge clk_i) rst_nq <= 1'b1;

  // Stages, as in the module.
  logic read_valid_q = 1'b0, calc_valid_q = 1'b0, write_valid_q = 1'b0;
  logic read_addr_q, calc_addr_q, write_addr_q, calc_install_q;
  wire  read_mine  = read_valid_q && read_addr_q == mine;
  wire  calc_mine  = calc_valid_q && calc_addr_q == mine;
  wire  write_mine = write_valid_q && write_addr_q == mine;
  wire  install    = install_i && read_valid_q;
  always_ff @(posedge clk_i) begin
    {read_valid_q, calc_valid_q, write_valid_q} <= {re_i && rst_nq, read_valid_q && rst_nq, calc_valid_q && rst_nq};
    if (re_i) read_addr_q <= addr_i;
    calc_addr_q    <= read_addr_q;
    write_addr_q   <= calc_addr_q;
    calc_install_q <= install;
  end

  // The last number used, whether it is the last of all, and the key's ESN, known from the first install on.
  logic        known_q = 1'b0;
  logic [63:0] last_q;
  logic        esn_q;
  wire         go;
  wire  [63:0] seq;
  wire         used_up = new_esn_i ? (seq_i == '1) : (seq_i >= 64'hffff_ffff);
  always_ff @(posedge clk_i) begin
    if (install && read_mine) begin
      known_q <= 1'b1;
      last_q  <= seq_i;
      esn_q   <= new_esn_i;
    end else if (go && calc_mine) begin
      last_q <= seq;
    end
  end
  wire last_of_all = esn_q ? (last_q == '1) : (last_q >= 64'hffff_ffff);

  wire        unused_expired;
  wire [2:0]  unused_hits;
  wire [191:0] unused_after;
  sa_out_count #(.Depth(2)) u_dut (
    .clk_i, .rst_ni(rst_nq), .re_i(re_i && rst_nq), .addr_i,
    .install_i(install), .seq_i, .used_up_i(used_up), .minus_bytes_i,
    .use_i(use_i && calc_valid_q && !calc_install_q), .len_i, .esn_i(calc_addr_q == mine ? esn_q : other_esn_i),
    .limit_packets_i, .last_packet_i, .limit_bytes_i,
    .expired_o(unused_expired), .go_o(go), .seq_o(seq),
    .after_seq_o(unused_after[63:0]), .after_packets_o(unused_after[127:64]), .after_bytes_o(unused_after[191:128]),
    .after_packets_hit_o(unused_hits[0]), .after_bytes_hit_o(unused_hits[1]), .after_used_up_o(unused_hits[2])
  );

  // Fields seq (lowest 64 bits) and used_up (highest bit) of the states in the module.
  localparam int unsigned StateW = 3 * 64 + 52;
  (* hierconn *) wire [StateW-1:0] \u_dut.calc_q ;
  (* hierconn *) wire [StateW-1:0] \u_dut.write_q ;
  (* hierconn *) wire [StateW-1:0] \u_dut.stored ;
  (* hierconn *) wire [StateW-1:0] \u_dut.u_states.mem[0] ;
  (* hierconn *) wire [StateW-1:0] \u_dut.u_states.mem[1] ;
  (* hierconn *) wire              \u_dut.read_valid_q ;
  (* hierconn *) wire              \u_dut.calc_valid_q ;
  (* hierconn *) wire              \u_dut.write_valid_q ;
  (* hierconn *) wire [0:0]        \u_dut.read_addr_q ;
  (* hierconn *) wire [0:0]        \u_dut.calc_addr_q ;
  (* hierconn *) wire [0:0]        \u_dut.write_addr_q ;
  wire [StateW-1:0] calc   = \u_dut.calc_q ;
  wire [StateW-1:0] write  = \u_dut.write_q ;
  wire [StateW-1:0] stored = \u_dut.stored ;
  wire [StateW-1:0] memory = mine ? \u_dut.u_states.mem[1] : \u_dut.u_states.mem[0] ;

  // An access that installs is at calc with the new value while `last_q` already has it.
  always_comb begin
    if (!rst_nq) assert (!known_q && !read_valid_q && !calc_valid_q && !write_valid_q);
    if (rst_nq && known_q) begin
      if (go && calc_mine) begin
        assert (seq == last_q + 64'd1);
        assert (seq > last_q);
        assert (esn_q || seq[63:32] == '0);
      end
      // What makes it inductive.
      if (calc_mine) assert (calc[63:0] == last_q && calc[StateW-1] == last_of_all);
      else if (write_mine) assert (write[63:0] == last_q && write[StateW-1] == last_of_all);
      else assert (memory[63:0] == last_q && memory[StateW-1] == last_of_all);
      if (read_mine && !calc_mine && !write_mine) begin
        assert (stored[63:0] == last_q && stored[StateW-1] == last_of_all);
      end
    end
    if (rst_nq) begin
      assert (\u_dut.read_valid_q == read_valid_q && \u_dut.calc_valid_q == calc_valid_q);
      assert (\u_dut.write_valid_q == write_valid_q);
      assert (!read_valid_q || \u_dut.read_addr_q == read_addr_q);
      assert (!calc_valid_q || \u_dut.calc_addr_q == calc_addr_q);
      assert (!write_valid_q || \u_dut.write_addr_q == write_addr_q);
    end
    cover (rst_nq && known_q && go && calc_mine && write_mine && read_mine && seq == 64'hffff_ffff);
  end

endmodule

`default_nettype wire
