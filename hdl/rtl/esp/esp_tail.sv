// SPDX-License-Identifier: Apache-2.0
//
// Looks at the end of each decrypted ESP packet as it streams by: separates the received ICV, checks the
// padding and finds the length of the inner packet (RFC 4303 2.4 to 2.6). Judges nothing by the ICV: that
// is esp_commit's task.
//
//   ... inner packet | padding 1, 2, 3, ... | pad length | next header | ICV (icv_len bytes) |
//
// Padding can be 255 bytes and so reach back over five beats. For each byte it is remembered whether it is
// its predecessor plus 1; the padding is right when its last byte equals the pad length and that holds for
// all of its bytes but the first.
//
// `beat_i` is a beat that was accepted (no stall here), `icv_len_i` comes with its first beat. Byte 0 is in
// bits 7:0. Results come with `valid_o`, one cycle per packet; with an `icv_len_i` other than 8, 12, 16
// they mean nothing but `len_o` and `beats_o`.
//
// Latency: 4 cycles from the last beat.

`default_nettype none

module esp_tail #(
  parameter int unsigned BeatsWidth = 10
) (
  input  wire                             clk_i,
  input  wire                             rst_ni,

  input  wire                             valid_i,
  input  wire  headend_tables_pkg::beat_t beat_i,
  input  wire  [4:0]                      icv_len_i,

  output logic                            valid_o,
  output logic [15:0]                     len_o,          // bytes of the packet, all included
  output logic [BeatsWidth-1:0]           beats_o,        // beats of the packet
  output logic [127:0]                    icv_o,          // from bit 0; bits past the ICV are zero
  output logic                            trailer_ok_o,   // trailer fits, padding is right
  output logic [7:0]                      next_header_o,
  output logic [15:0]                     inner_len_o     // bytes in front of the padding
);

  localparam int unsigned TailBytes = 19;             // last padding byte, pad length, next header, ICV
  localparam int unsigned TailW     = TailBytes * 8;
  localparam int unsigned PastBeats = 5;              // beats of history for the longest padding
  localparam int unsigned PastW     = PastBeats * 64;
  localparam int unsigned RunW      = 254;            // successors in the longest padding

  // ------------------------------------------------------------------------------ stage 1: the beat
  logic                      a_valid_q;
  headend_tables_pkg::beat_t a_q;
  logic [4:0]                a_icv_len_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      a_valid_q <= 1'b0;
    end else begin
      a_valid_q <= valid_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      a_q <= beat_i;
      if (beat_i.sop) begin
        a_icv_len_q <= icv_len_i;
      end
    end
  end

  // Which bytes are their predecessor plus 1.
  logic [511:0] b_data_q;
  logic [519:0] bytes;
  logic [63:0]  successor;
  assign bytes = {a_q.data, b_data_q[511:504]};
  always_comb begin
    successor = '0;
    if (a_valid_q) begin
      for (int i = 0; i < 64; i++) begin
        successor[i] = (bytes[8*(i+1) +: 8] == bytes[8*i +: 8] + 8'd1);
      end
    end
  end

  // ------------------------------------------------------------------------------ stage 2: history
  logic                  b_end_q;        // last beat of a packet
  logic [6:0]            b_bytes_q;
  logic [4:0]            b_icv_len_q;
  logic [6:0]            b_shift_q;      // that makes the last padding byte's successor bit the top one
  logic [BeatsWidth-1:0] b_beats_q;      // beats so far, this one included
  logic [63:0]           b_successor_q;
  logic [PastW-1:0]      b_past_q;       // successors of the beats before
  logic [TailW-1:0]      b_before_q;     // last bytes of the beat before

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      b_end_q <= 1'b0;
    end else begin
      b_end_q <= a_valid_q && a_q.eop;
    end
  end

  always_ff @(posedge clk_i) begin
    if (a_valid_q) begin
      b_data_q      <= a_q.data;
      b_bytes_q     <= a_q.bytes;
      b_icv_len_q   <= a_icv_len_q;
      b_shift_q     <= 7'd66 - a_q.bytes + {2'd0, a_icv_len_q};   // it is byte bytes - icv_len - 3 of the beat
      b_beats_q     <= a_q.sop ? BeatsWidth'(1) : b_beats_q + BeatsWidth'(1);
      b_successor_q <= successor;
      b_past_q      <= {b_successor_q, b_past_q[PastW-1:64]};
      b_before_q    <= b_data_q[511 -: TailW];
    end
  end

  // ------------------------------------------------------------------------------ stage 3: alignment
  logic                  c_valid_q;
  logic [4:0]            c_icv_len_q;
  logic                  c_icv_8_q;
  logic                  c_icv_12_q;
  logic [BeatsWidth-1:0] c_beats_q;
  logic [15:0]           c_len_q;
  logic [TailW-1:0]      c_tail_q;       // last 19 bytes of the packet
  logic [RunW-1:0]       c_run_q;        // successors; the top bit is the last padding byte's
  logic [PastW+63:0]     run;
  logic [TailW+511:0]    tail;

  always_comb begin
    run  = '0;
    tail = '0;
    if (b_end_q) begin
      run  = {b_successor_q, b_past_q} << b_shift_q;
      tail = {b_data_q, b_before_q} >> {b_bytes_q, 3'd0};
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      c_valid_q <= 1'b0;
    end else begin
      c_valid_q <= b_end_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (b_end_q) begin
      c_icv_len_q <= b_icv_len_q;
      c_icv_8_q   <= (b_icv_len_q == 5'd8);
      c_icv_12_q  <= (b_icv_len_q == 5'd12);
      c_beats_q   <= b_beats_q;
      c_len_q     <= ((16'(b_beats_q) - 16'd1) << 6) + 16'(b_bytes_q);
      c_tail_q    <= tail[TailW-1:0];
      c_run_q     <= run[PastW+63 -: RunW];
    end
  end

  // ------------------------------------------------------------------------------ stage 4: fields
  localparam int unsigned GapW  = 8;      // successor bits looked at together
  localparam int unsigned Gaps  = (RunW + GapW - 1) / GapW;

  logic [TailW-1:0]     end_bytes;      // byte 0 last padding byte, 1 pad length, 2 next header, 3... ICV
  logic [7:0]           pad_len;
  logic [15:0]          overhead;       // pad length, next header, ICV
  logic [RunW-1:0]      padding;        // bits that belong to it
  logic [Gaps*GapW-1:0] gaps;           // bytes of the padding that are not their predecessor plus 1

  always_comb begin
    if (c_icv_8_q) begin
      end_bytes = c_tail_q >> 64;
    end else if (c_icv_12_q) begin
      end_bytes = c_tail_q >> 32;
    end else begin
      end_bytes = c_tail_q;
    end
  end
  assign pad_len  = end_bytes[15:8];
  assign overhead = 16'(c_icv_len_q) + 16'd2;
  assign padding  = {RunW{1'b1}} << ~pad_len;
  assign gaps     = {{(Gaps * GapW - RunW){1'b0}}, padding & ~c_run_q};

  logic                  d_valid_q;
  logic                  d_fits_q;       // what is behind the padding
  logic [BeatsWidth-1:0] d_beats_q;
  logic [15:0]           d_len_q;
  logic [15:0]           d_room_q;       // bytes in front of the pad length
  logic [TailW-1:0]      d_end_q;
  logic [Gaps-1:0]       d_gaps_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      d_valid_q <= 1'b0;
    end else begin
      d_valid_q <= c_valid_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (c_valid_q) begin
      d_fits_q  <= (c_len_q >= overhead);
      d_beats_q <= c_beats_q;
      d_len_q   <= c_len_q;
      d_room_q  <= c_len_q - overhead;
      d_end_q   <= end_bytes;
      for (int i = 0; i < int'(Gaps); i++) begin
        d_gaps_q[i] <= |gaps[GapW*i +: GapW];
      end
    end
  end

  // ------------------------------------------------------------------------------ result
  logic [7:0] d_pad_len;
  logic       padding_ok;
  assign d_pad_len  = d_end_q[15:8];
  assign padding_ok = (d_pad_len == 8'd0) || (d_end_q[7:0] == d_pad_len && d_gaps_q == '0);

  assign valid_o       = d_valid_q;
  assign len_o         = d_len_q;
  assign beats_o       = d_beats_q;
  assign icv_o         = d_end_q[TailW-1:24];
  assign next_header_o = d_end_q[23:16];
  assign trailer_ok_o  = d_fits_q && (16'(d_pad_len) <= d_room_q) && padding_ok;
  assign inner_len_o   = d_room_q - 16'(d_pad_len);

  logic unused;
  assign unused = ^{run[PastW+63-RunW:0], tail[TailW+511:TailW]};

endmodule

`default_nettype wire
