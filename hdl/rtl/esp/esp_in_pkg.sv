// SPDX-License-Identifier: Apache-2.0
//
// What the inbound ESP lanes (esp_commit, one per pipeline) and the shared owner of the SA states (sa_in_unit) say to
// each other, and what esp_commit tells esp_restore.

`default_nettype none

package esp_in_pkg;

  // Width of headend_tables_pkg::drop_reason_e, which Yosys does not see from here; sa_in_unit checks it.
  localparam int unsigned ReasonW = 6;

  // A decrypted packet to judge. All checks that need no SA state are done: each flag says "this one would pass", and is
  // only looked at when all checks in front of it have passed (the order is in sa_in_unit).
  typedef struct packed {
    logic        icv_ok;       // ICV equal to the tag
    logic        trailer_ok;   // padding fits and is 1, 2, 3, ...
    logic        dummy;        // next header 59
    logic        version_ok;   // next header 4 or 41, and the inner packet's version says the same
    logic        ecn_illegal;  // outer header CE, inner packet not ECN-capable (RFC 6040 4.2)
    logic        empty;        // nothing in front of the padding
    logic [15:0] inner_len;    // bytes in front of the padding
    logic [63:0] seq;          // inferred sequence number
    logic [31:0] spi;
    logic [7:0]  gen;          // generation of the SA that the packet was decrypted with
    logic [15:0] sa;
  } request_t;
  localparam int unsigned ReqW = 6 + 16 + 64 + 32 + 8 + 16;

  // The verdict. Everything but `reason` is the SA's and means nothing when the packet is dropped.
  typedef struct packed {
    logic [ReasonW-1:0] reason;   // None: good
    logic               tunnel;   // tunnel mode, else transport mode
    logic               ecn;      // tunnel mode: combine the ECN fields
    logic [11:0]        ivrf;
  } response_t;
  localparam int unsigned ResW = ReasonW + 2 + 12;

  // What esp_restore does to a packet; all zero: nothing.
  typedef struct packed {
    logic        header;       // put an IP header in front, of the version that meta.parsed says
    logic        ecn_v4;       // write `ecn` and `csum` into the IPv4 header in front
    logic        ecn_v6;       // write `ecn` into the IPv6 header in front
    logic [1:0]  ecn;
    logic [15:0] csum;         // IPv4 header checksum, of the new header or of the changed one
    logic [7:0]  next_header;  // of the new header
    logic [15:0] len;          // length field of the new header
  } restore_t;
  localparam int unsigned RestoreW = 3 + 2 + 16 + 8 + 16;

endpackage

`default_nettype wire
