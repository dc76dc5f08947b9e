// SPDX-License-Identifier: Apache-2.0
//
// RAM of one table (or one slice of it), in memory once, shared by the lookups of all pipelines and the table bus.
//
//   lookup ports: re_i[p], raddr_i[p] -> rdata_o[p] one cycle later. rdata_o[p] means nothing in other cycles.
//   table bus:    answers requests for table `Table` with an index in [Base, Base + Span), one at a time. tbl_we_i,
//                 tbl_sel_i, tbl_index_i and tbl_wdata_i stay from tbl_req_i until the acknowledge. Indices past
//                 `Depth` read as zero and ignore writes. tbl_rdata_o comes with tbl_ack_o and is zero otherwise.
//
// The memory has two ports. One pipeline: A is its lookup, B is the bus; tbl_ack_o comes one cycle after tbl_req_i.
// Two pipelines: A belongs to pipeline 0; B to pipeline 1, and to the bus in the first cycle from tbl_req_i on in
// which pipeline 1 does not read: tbl_ack_o comes one cycle after that. So every request is carried out exactly
// once; table_gap sees to it that such a cycle comes.
//
// A lookup by port A in the cycle of a write to the same record sees the old record, whole; one cycle later every
// lookup sees the new one. Small memories are block RAM, whose bus port reads in every access, so that tools infer a
// read-first memory, for which this holds. Large ones are UltraRAM, which runs port A before port B in each cycle;
// it is inferred when a write leaves the read data alone.
//
// Power-up: all records are zero, that is invalid. In simulation `initial` does it. For synthesis no initial
// value is given; configuration leaves zeros in block RAM and UltraRAM of AMD FPGAs without one. Reset does not
// clear the memory: after a reset without configuration the records are those from before.

`default_nettype none

module table_ram #(
    parameter int unsigned NumPipes = 1,
    parameter logic [7:0]  Table = 8'd0,
    parameter int unsigned Base  = 0,
    parameter int unsigned Depth = 16,
    parameter int unsigned Span  = Depth,
    parameter int unsigned Width = 32,
    localparam int unsigned AddrW = $clog2(Depth)
) (
    input  logic                           clk_i,
    input  logic                           rst_ni,

    input  logic                           tbl_req_i,
    input  logic                           tbl_we_i,
    input  logic [7:0]                     tbl_sel_i,
    input  logic [31:0]                    tbl_index_i,
    input  logic [Width-1:0]               tbl_wdata_i,
    output logic                           tbl_ack_o,
    output logic [Width-1:0]               tbl_rdata_o,

    input  logic [NumPipes-1:0]            re_i,
    input  logic [NumPipes-1:0][AddrW-1:0] raddr_i,
    output logic [NumPipes-1:0][Width-1:0] rdata_o
);

  // From here on UltraRAM (4,096 rows of 72 bits) wastes less than block RAM.
  localparam bit Ultra = (Depth >= 4096) && (Width >= 64);

  if (NumPipes > 2) begin : gen_check_pipes
    $error("table_ram: a memory with two ports serves two pipelines at most");
  end

  // ------------------------------------------------------------------ the bus takes its turn
  logic [31:0] offset;
  logic hit, in_ram, waiting_q, lane_b, turn;
  assign offset = tbl_index_i - Base;
  assign hit = tbl_req_i && (tbl_sel_i == Table) && (offset < Span);
  assign in_ram = offset < Depth;
  assign turn = (hit || waiting_q) && !lane_b;

  logic ack_q, read_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      waiting_q <= 1'b0;
      ack_q     <= 1'b0;
      read_q    <= 1'b0;
    end else begin
      waiting_q <= (hit || waiting_q) && lane_b;
      ack_q     <= turn;
      read_q    <= turn && in_ram && !tbl_we_i;
    end
  end

  // ------------------------------------------------------------------ port B
  logic b_en, b_we;
  logic [AddrW-1:0] b_addr;
  logic [Width-1:0] a_rdata_q, b_rdata_q;
  if (NumPipes == 1) begin : gen_bus_only
    assign lane_b = 1'b0;
    assign b_addr = offset[AddrW-1:0];
    assign rdata_o = a_rdata_q;
  end else begin : gen_shared
    assign lane_b = re_i[NumPipes-1];
    assign b_addr = lane_b ? raddr_i[NumPipes-1] : offset[AddrW-1:0];
    assign rdata_o = {b_rdata_q, a_rdata_q};
  end
  assign b_en = lane_b || (turn && in_ram);
  assign b_we = turn && in_ram && tbl_we_i;

  // ------------------------------------------------------------------ memory
  if (Ultra) begin : gen_ultra
    (* ram_style = "ultra" *) logic [Width-1:0] mem [0:Depth-1];
`ifndef SYNTHESIS
    initial begin
      for (int unsigned i = 0; i < Depth; i++) mem[i] = '0;
    end
`endif
    always_ff @(posedge clk_i) begin
      if (re_i[0]) a_rdata_q <= mem[raddr_i[0]];
    end
    always_ff @(posedge clk_i) begin
      if (b_en) begin
        if (b_we) mem[b_addr] <= tbl_wdata_i;
        else b_rdata_q <= mem[b_addr];
      end
    end
  end else begin : gen_block
    (* ram_style = "block" *) logic [Width-1:0] mem [0:Depth-1];
`ifndef SYNTHESIS
    initial begin
      for (int unsigned i = 0; i < Depth; i++) mem[i] = '0;
    end
`endif
    always_ff @(posedge clk_i) begin
      if (re_i[0]) a_rdata_q <= mem[raddr_i[0]];
    end
    always_ff @(posedge clk_i) begin
      if (b_en) begin
        if (b_we) mem[b_addr] <= tbl_wdata_i;
        b_rdata_q <= mem[b_addr];
      end
    end
  end

  assign tbl_ack_o   = ack_q;
  assign tbl_rdata_o = read_q ? b_rdata_q : '0;

endmodule

`default_nettype wire
