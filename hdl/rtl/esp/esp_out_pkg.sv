// SPDX-License-Identifier: Apache-2.0
//
// What esp_encap asks of sa_out_unit for a packet to protect, and what it is told.
//
// Yosys does not let a package use another one: GcmKeyW is checked against headend_tables_pkg in sa_out_unit.

`default_nettype none

package esp_out_pkg;

  localparam int unsigned GcmKeyW = 936;

  // A packet of `len` bytes (before padding) wants to leave through an outbound SA.
  typedef struct packed {
    logic               ipv6;       // transport mode: the packet is IPv6
    logic               transport;  // the adjacency means a transport mode SA
    logic [15:0]        len;
    logic [7:0]         gen;        // generation that the SA must have
    logic [15:0]        sa;
  } req_t;

  localparam int unsigned ReqW = 1 + 1 + 16 + 8 + 16;

  // The verdict. With `ok` = 0 the packet is dropped for `reason`.
  typedef struct packed {
    logic               ok;
    logic [5:0]         reason;
    logic [63:0]        seq;        // the packet's number; if dropped, the last one used (0: no such SA)
    logic [31:0]        spi;        // 0: no such SA
    logic               esn;
    logic               ipv6;       // tunnel mode: outer header is IPv6
    logic               udp;
    logic               copy_dscp;
    logic               no_ecn;
    logic               df;
    logic               copy_df;
    logic [5:0]         dscp;
    logic [7:0]         ttl;
    logic [15:0]        sport;
    logic [15:0]        dport;
    logic [127:0]       src;
    logic [127:0]       dst;
    logic [15:0]        sum;        // of all IPv4 header words that the record alone determines, see sa_out_sum
    logic [GcmKeyW-1:0] gcm;        // gcm_key_t
  } res_t;

  localparam int unsigned ResW = 1 + 6 + 64 + 32 + 7 + 6 + 8 + 16 + 16 + 128 + 128 + 16 + GcmKeyW;

  // What the outer headers need of a packet, and what follows from its length.
  typedef struct packed {
    logic [18:0]        sum;        // of the IPv4 header words that the packet alone determines, see esp_info
    logic [13:0]        last_word;  // 32-bit words to encrypt, less one
    logic [1:0]         pad;        // ESP padding bytes
    logic               transport;
    logic               ipv6;       // the packet; in transport mode also its outer header
    logic               df;
    logic [7:0]         tos;
    logic [7:0]         ttl;
    logic [7:0]         proto;
    logic [19:0]        ip_id;      // identification or flow label
    logic [127:0]       src;
    logic [127:0]       dst;
    logic [47:0]        dmac;
    logic [47:0]        smac;
  } info_t;

  localparam int unsigned InfoW = 19 + 14 + 2 + 1 + 1 + 1 + 8 + 8 + 8 + 20 + 128 + 128 + 48 + 48;

  // A packet's fate: dropped (`ok` = 0), or all that goes around it.
  typedef struct packed {
    logic               ok;
    logic [5:0]         reason;
    logic [63:0]        seq;
    logic [31:0]        spi;
    logic               esn;
    logic [13:0]        last_word;
    logic [1:0]         pad;
    logic [7:0]         next_header;
    logic [6:0]         hdr_len;
    logic [767:0]       hdr;
    logic [GcmKeyW-1:0] gcm;        // gcm_key_t
  } seal_t;

  localparam int unsigned SealW = 1 + 6 + 64 + 32 + 1 + 14 + 2 + 8 + 7 + 768 + GcmKeyW;

endpackage

`default_nettype wire
