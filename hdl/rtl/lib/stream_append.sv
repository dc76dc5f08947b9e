// SPDX-License-Identifier: Apache-2.0
//
// Puts bytes behind each packet of a stream.
//
// `app_len_i` (0 to MaxBytes, at most 64) and `app_data_i` (byte 0, the first to leave, in bits 7:0; bytes
// past `app_len_i` are ignored) come with the first beat, or, with AtEop = 1, with the last beat of the
// packet. `side_i` (opaque) comes with the first beat and leaves with it as `side_o`.
//
// One output beat per cycle is sustained, without bubbles between packets.
//
// Latency: 1 cycle.

`default_nettype none

module stream_append #(
  parameter int unsigned MaxBytes  = 16,
  parameter int unsigned SideWidth = 1,
  parameter bit          AtEop     = 1'b0,
  localparam int unsigned LenW = $clog2(MaxBytes + 1)
) (
  input  wire                             clk_i,
  input  wire                             rst_ni,

  input  wire                             s_valid_i,
  output logic                            s_ready_o,
  input  wire  headend_tables_pkg::beat_t s_beat_i,
  input  wire  [LenW-1:0]                 app_len_i,
  input  wire  [MaxBytes*8-1:0]           app_data_i,
  input  wire  [SideWidth-1:0]            side_i,

  output logic                            m_valid_o,
  input  wire                             m_ready_i,
  output headend_tables_pkg::beat_t       m_beat_o,
  output logic [SideWidth-1:0]            side_o
);

  localparam int unsigned BeatW = headend_tables_pkg::BEAT_W;

  if (MaxBytes > 64) begin : gen_check_bytes
    $error("stream_append: MaxBytes must not exceed one beat");
  end

  // The bytes to append, cut to their length.
  logic [6:0]            new_len;
  logic [MaxBytes*8-1:0] new_data;
  assign new_len  = 7'(app_len_i);
  assign new_data = app_data_i & ~({MaxBytes * 8{1'b1}} << {new_len, 3'd0});

  logic [6:0]            len;
  logic [MaxBytes*8-1:0] data;
  if (AtEop) begin : gen_at_eop
    assign len  = new_len;
    assign data = new_data;
  end else begin : gen_at_sop
    logic [6:0]            len_q;
    logic [MaxBytes*8-1:0] data_q;
    assign len  = s_beat_i.sop ? new_len : len_q;
    assign data = s_beat_i.sop ? new_data : data_q;
    always_ff @(posedge clk_i) begin
      if (s_valid_i && s_beat_i.sop) begin
        len_q  <= new_len;
        data_q <= new_data;
      end
    end
  end

  logic         flush_q;
  logic [6:0]   flush_bytes_q;
  logic [511:0] flush_data_q;

  logic                      out_ready;
  headend_tables_pkg::beat_t out;
  logic                      accept;
  logic [7:0]                total;
  logic [1023:0]             pair;

  assign s_ready_o = out_ready && !flush_q;
  assign accept    = s_valid_i && s_ready_o;

  always_comb begin
    total = {1'b0, s_beat_i.bytes} + {1'b0, len};
    pair  = '0;
    if (s_valid_i && s_beat_i.eop) begin
      pair = 1024'(data) << {s_beat_i.bytes, 3'd0};
    end
    if (flush_q) begin
      out.data  = flush_data_q;
      out.bytes = flush_bytes_q;
      out.sop   = 1'b0;
      out.eop   = 1'b1;
    end else begin
      out = s_beat_i;
      if (s_beat_i.eop) begin
        out.data  = s_beat_i.data | pair[511:0];
        out.bytes = (total > 8'd64) ? 7'd64 : total[6:0];
        out.eop   = (total <= 8'd64);
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      flush_q <= 1'b0;
    end else if (out_ready) begin
      flush_q <= accept && s_beat_i.eop && (total > 8'd64);
    end
  end

  always_ff @(posedge clk_i) begin
    if (accept && s_beat_i.eop) begin
      flush_data_q  <= pair[1023:512];
      flush_bytes_q <= total[6:0] - 7'd64;
    end
  end

  // Two buffers that move in step: the wide words are never put together, which costs simulation time.
  skid_buffer #(
    .Width(BeatW)
  ) u_out (
    .clk_i,
    .rst_ni,
    .s_valid_i(flush_q || s_valid_i),
    .s_ready_o(out_ready),
    .s_data_i (out),
    .m_valid_o,
    .m_ready_i,
    .m_data_o (m_beat_o)
  );

  logic unused_side_ready;
  logic unused_side_valid;
  skid_buffer #(
    .Width(SideWidth)
  ) u_side (
    .clk_i,
    .rst_ni,
    .s_valid_i(flush_q || s_valid_i),
    .s_ready_o(unused_side_ready),
    .s_data_i (side_i),
    .m_valid_o(unused_side_valid),
    .m_ready_i,
    .m_data_o (side_o)
  );

endmodule

`default_nettype wire
