// SPDX-License-Identifier: Apache-2.0
//
// RAM of one table (or one slice of it) with its port to the table bus.
//
//   lookup port: re_i, raddr_i -> rdata_o one cycle later; rdata_o holds its value while re_i is 0.
//   table bus:   answers requests for table `Table` with an index in [Base, Base + Span); tbl_ack_o comes
//                one cycle after the request, tbl_rdata_o with it and zero otherwise. Indices past `Depth`
//                read as zero and ignore writes.
//
// Two ports, one clock: a lookup in the cycle of a write to the same record sees the old record, whole; a
// lookup one cycle later sees the new one. The bus port reads in every access, writes included, so that tools
// infer a read-first memory, for which this holds in block RAM. UltraRAM runs the bus port first: there the
// lookup of that cycle sees the new record, as whole as the old one.
//
// Power-up: all records are zero, that is invalid. In simulation `initial` does it. For synthesis no initial
// value is given; configuration leaves zeros in block RAM and UltraRAM of AMD FPGAs without one. Reset does not
// clear the memory: after a reset without configuration the records are those from before.

`default_nettype none

module table_ram #(
    parameter logic [7:0]  Table = 8'd0,
    parameter int unsigned Base  = 0,
    parameter int unsigned Depth = 16,
    parameter int unsigned Span  = Depth,
    parameter int unsigned Width = 32,
    localparam int unsigned AddrW = $clog2(Depth)
) (
    input  logic             clk_i,
    input  logic             rst_ni,

    input  logic             tbl_req_i,
    input  logic             tbl_we_i,
    input  logic [7:0]       tbl_sel_i,
    input  logic [31:0]      tbl_index_i,
    input  logic [Width-1:0] tbl_wdata_i,
    output logic             tbl_ack_o,
    output logic [Width-1:0] tbl_rdata_o,

    input  logic             re_i,
    input  logic [AddrW-1:0] raddr_i,
    output logic [Width-1:0] rdata_o
);

  logic [Width-1:0] mem [0:Depth-1];

`ifndef SYNTHESIS
  initial begin
    for (int unsigned i = 0; i < Depth; i++) mem[i] = '0;
  end
`endif

  logic [31:0] offset;
  logic hit, in_ram;
  assign offset = tbl_index_i - Base;
  assign hit = tbl_req_i && (tbl_sel_i == Table) && (offset < Span);
  assign in_ram = offset < Depth;

  logic [Width-1:0] bus_rdata_q;
  logic ack_q, read_q;

  always_ff @(posedge clk_i) begin
    if (hit && in_ram) begin
      if (tbl_we_i) mem[offset[AddrW-1:0]] <= tbl_wdata_i;
      bus_rdata_q <= mem[offset[AddrW-1:0]];
    end
  end

  always_ff @(posedge clk_i) begin
    if (re_i) rdata_o <= mem[raddr_i];
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      ack_q  <= 1'b0;
      read_q <= 1'b0;
    end else begin
      ack_q  <= hit;
      read_q <= hit && in_ram && !tbl_we_i;
    end
  end

  assign tbl_ack_o   = ack_q;
  assign tbl_rdata_o = read_q ? bus_rdata_q : '0;

endmodule

`default_nettype wire
