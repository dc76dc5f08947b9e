// SPDX-License-Identifier: Apache-2.0
//
// The 64-bit counters of stages, ports and the host rings, and their place in BAR0. Every counter has an
// adder of its own, so pulses of any number of sites in the same cycle all count; that of a stage adds up what all
// pipelines tell. Host reasons are counted in a memory bank: packets reach the host one at a time.
//
// Stages: rx_stored_i, then those of a pipeline (classify, commit, forward, qos, encap from bit 0), then host_in_i and
// host_out_i (rx in bit 0, tx in bit 1).
//
// Zero at power-up; neither reset nor soft reset touches them.
//
// Latency: 1 cycle from pulse to value; `rd_data_o` and `rd_hit_o` follow `rd_i` by 2 cycles.

`default_nettype none

module stat_counters #(
  parameter int unsigned NumPipes = headend_tables_pkg::NumPipes,
  localparam int unsigned Stages     = 9,
  localparam int unsigned PipeStages = 5
) (
  input  wire                clk_i,
  input  wire                rst_ni,

  input  wire  [NumPipes-1:0][PipeStages-1:0] stage_in_i,
  input  wire  [NumPipes-1:0][PipeStages-1:0] stage_out_i,
  input  wire  [1:0]         host_in_i,
  input  wire  [1:0]         host_out_i,
  input  wire  [1:0]         rx_frame_i,      // also the stage's packets in
  input  wire  [1:0]         rx_stored_i,     // packets out of the receive stages
  input  wire  [1:0][15:0]   rx_bytes_i,
  input  wire  [1:0]         rx_drop_i,
  input  wire  [1:0]         tx_frame_i,
  input  wire  [1:0][15:0]   tx_bytes_i,
  input  wire  [4:0]         host_reason_i,   // of the packet that host_out_i[0] says was delivered on rx[0]

  input  wire                rd_i,
  input  wire  [15:0]        rd_addr_i,       // byte offset in BAR0; bits 2:0 are not looked at
  output logic               rd_hit_o,
  output logic [63:0]        rd_data_o
);
  localparam int unsigned AtStageIn  = 0;
  localparam int unsigned AtStageOut = AtStageIn + Stages;
  localparam int unsigned AtRxFrames = AtStageOut + Stages;
  localparam int unsigned AtRxBytes  = AtRxFrames + 2;
  localparam int unsigned AtRxDrops  = AtRxBytes + 2;
  localparam int unsigned AtTxFrames = AtRxDrops + 2;
  localparam int unsigned AtTxBytes  = AtTxFrames + 2;
  localparam int unsigned AtHostRx   = AtTxBytes + 2;
  localparam int unsigned AtHostTx   = AtHostRx + 1;
  localparam int unsigned Counters   = AtHostTx + 1;
  localparam int unsigned SlotW      = $clog2(Counters);

  // How many packets each of a pipeline's stages took in and let out in this cycle, in all pipelines.
  localparam int unsigned SumW = $clog2(NumPipes + 1);
  logic [PipeStages-1:0][SumW-1:0] sum_in;
  logic [PipeStages-1:0][SumW-1:0] sum_out;
  logic [PipeStages-1:0]           any_in;
  logic [PipeStages-1:0]           any_out;

  always_comb begin
    sum_in  = '0;
    sum_out = '0;
    any_in  = '0;
    any_out = '0;
    for (int p = 0; p < int'(NumPipes); p++) begin
      any_in  = any_in | stage_in_i[p];
      any_out = any_out | stage_out_i[p];
      for (int s = 0; s < int'(PipeStages); s++) begin
        sum_in[s]  = sum_in[s] + SumW'(stage_in_i[p][s]);
        sum_out[s] = sum_out[s] + SumW'(stage_out_i[p][s]);
      end
    end
  end

  logic [Counters-1:0]       inc;
  logic [Counters-1:0][63:0] count_q;
  logic                      host_rx;
  assign host_rx = host_out_i[0];
  assign inc = {host_in_i[1], host_rx, tx_frame_i, tx_frame_i, rx_drop_i, rx_frame_i, rx_frame_i,
                host_out_i, any_out, rx_stored_i, host_in_i, any_in, rx_frame_i};

  for (genvar n = 0; n < int'(Counters); n++) begin : gen_counter
    logic [15:0] amount;
    if (n >= AtRxBytes && n < AtRxBytes + 2) begin : gen_rx_bytes
      assign amount = rx_bytes_i[n - AtRxBytes];
    end else if (n >= AtTxBytes && n < AtTxBytes + 2) begin : gen_tx_bytes
      assign amount = tx_bytes_i[n - AtTxBytes];
    end else if (n >= AtStageIn + 2 && n < AtStageIn + 2 + PipeStages) begin : gen_in
      assign amount = 16'(sum_in[n - AtStageIn - 2]);
    end else if (n >= AtStageOut + 2 && n < AtStageOut + 2 + PipeStages) begin : gen_out
      assign amount = 16'(sum_out[n - AtStageOut - 2]);
    end else begin : gen_one
      assign amount = 16'd1;
    end

    initial begin
      count_q[n] = '0;
    end

    always_ff @(posedge clk_i) begin
      if (rst_ni && inc[n]) begin
        count_q[n] <= count_q[n] + 64'(amount);
      end
    end
  end

  // ------------------------------------------------------------------------------------ host reasons
  logic        reason_hit;
  logic        reason_hit_q;
  logic [63:0] reason_count;
  logic [12:0] word;             // rd_addr_i / 8

  assign word       = rd_addr_i[15:3];
  assign reason_hit = (word[12:5] == headend_tables_pkg::REG_HOST_REASON_COUNT[15:8]);

  counter_bank #(
    .Depth(headend_tables_pkg::REG_HOST_REASON_COUNT_COUNT)
  ) u_reasons (
    .clk_i,
    .rst_ni,
    .inc_i     (host_rx),
    .index_i   (host_reason_i),
    .rd_i      (rd_i && reason_hit),
    .rd_index_i(word[4:0]),
    .count_o   (reason_count)
  );

  // ------------------------------------------------------------------------------------ reading
  // Register places in words of 8 bytes.
  localparam logic [31:0] WordStageIn       = 32'(headend_tables_pkg::REG_STAGE_IN) >> 3;
  localparam logic [31:0] WordStageOut      = 32'(headend_tables_pkg::REG_STAGE_OUT) >> 3;
  localparam logic [31:0] WordPortRxFrames  = 32'(headend_tables_pkg::REG_PORT_RX_FRAMES) >> 3;
  localparam logic [31:0] WordPortRxBytes   = 32'(headend_tables_pkg::REG_PORT_RX_BYTES) >> 3;
  localparam logic [31:0] WordPortRxDrops   = 32'(headend_tables_pkg::REG_PORT_RX_DROPS) >> 3;
  localparam logic [31:0] WordPortTxFrames  = 32'(headend_tables_pkg::REG_PORT_TX_FRAMES) >> 3;
  localparam logic [31:0] WordPortTxBytes   = 32'(headend_tables_pkg::REG_PORT_TX_BYTES) >> 3;
  localparam logic [31:0] WordHostRxFrames  = 32'(headend_tables_pkg::REG_HOST_RX_FRAMES) >> 3;
  localparam logic [31:0] WordHostTxFrames  = 32'(headend_tables_pkg::REG_HOST_TX_FRAMES) >> 3;

  function automatic logic in_range(input logic [12:0] word_i, input logic [31:0] base_i, input int unsigned count_i);
    in_range = (32'(word_i) >= base_i) && (32'(word_i) < base_i + count_i);
  endfunction

  function automatic logic [SlotW-1:0] slot_of(input int unsigned at_i, input logic [12:0] word_i, input logic [31:0] base_i);
    slot_of = SlotW'(at_i + 32'(word_i) - base_i);
  endfunction

  logic             hit;
  logic             hit_q;
  logic [SlotW-1:0] slot;
  logic             rd_q;             // the place is known
  logic [SlotW-1:0] slot_q;
  logic             found_q;
  logic             reason_sel_q;
  logic [63:0]      value_q;

  always_comb begin
    hit  = 1'b1;
    slot = '0;
    if (in_range(word, WordStageIn, Stages)) begin
      slot = slot_of(AtStageIn, word, WordStageIn);
    end else if (in_range(word, WordStageOut, Stages)) begin
      slot = slot_of(AtStageOut, word, WordStageOut);
    end else if (in_range(word, WordPortRxFrames, 2)) begin
      slot = slot_of(AtRxFrames, word, WordPortRxFrames);
    end else if (in_range(word, WordPortRxBytes, 2)) begin
      slot = slot_of(AtRxBytes, word, WordPortRxBytes);
    end else if (in_range(word, WordPortRxDrops, 2)) begin
      slot = slot_of(AtRxDrops, word, WordPortRxDrops);
    end else if (in_range(word, WordPortTxFrames, 2)) begin
      slot = slot_of(AtTxFrames, word, WordPortTxFrames);
    end else if (in_range(word, WordPortTxBytes, 2)) begin
      slot = slot_of(AtTxBytes, word, WordPortTxBytes);
    end else if (in_range(word, WordHostRxFrames, 1)) begin
      slot = slot_of(AtHostRx, word, WordHostRxFrames);
    end else if (in_range(word, WordHostTxFrames, 1)) begin
      slot = slot_of(AtHostTx, word, WordHostTxFrames);
    end else begin
      hit = 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    rd_q <= rst_ni && rd_i;
    if (rd_i) begin
      slot_q       <= slot;
      found_q      <= hit;
      reason_sel_q <= reason_hit;
    end
    if (rd_q) begin
      value_q      <= count_q[slot_q];
      hit_q        <= found_q;
      reason_hit_q <= reason_sel_q;
    end
  end

  assign rd_hit_o  = hit_q || reason_hit_q;
  assign rd_data_o = reason_hit_q ? reason_count : value_q;

  logic unused;
  assign unused = ^rd_addr_i[2:0];

endmodule

`default_nettype wire
