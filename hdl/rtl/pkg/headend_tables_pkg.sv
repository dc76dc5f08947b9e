// SPDX-License-Identifier: Apache-2.0
// Generated from hdl/tables.toml by `make gen`: do not edit.
//
// Sizes, codes, records and registers of the card, as docs/registers.md describes them. In a packed
// struct the last field is the least significant: the file lists them in the reverse order.

`default_nettype none

// Users take what they need from here.
/* verilator lint_off UNUSED */

package headend_tables_pkg;

  // Interface version
  localparam int unsigned InterfaceMajor = 2;
  localparam int unsigned InterfaceMinor = 0;

  // Sizes

  // Ethernet ports of the card.
  localparam int unsigned NumPorts = 2;
  // Pipelines of the card, at most NumPorts: with as many as ports each port has its own, with one all ports share it. The core's parameter of the same name overrides it.
  localparam int unsigned NumPipes = 2;
  // Bytes in one beat of the data path.
  localparam int unsigned BeatBytes = 64;
  // Largest Ethernet frame accepted or sent, without FCS.
  localparam int unsigned MaxFrameBytes = 9216;
  // Smallest frame accepted: an Ethernet header. Shorter ones are dropped as runts. Frames are padded to 60 bytes when sent on a port.
  localparam int unsigned MinFrameBytes = 14;
  // Bytes from the start of a packet that the parser can see.
  localparam int unsigned HeaderWindowBytes = 128;
  // Deepest MPLS label stack the parser records.
  localparam int unsigned MaxLabels = 4;
  // Most MPLS labels an adjacency can push.
  localparam int unsigned MaxPushLabels = 3;
  // VRFs, including the default VRF 0.
  localparam int unsigned VrfDepth = 256;
  // Logical interfaces (ports and VLAN sub-interfaces). Entry 0..NumPorts-1 is the untagged interface of that port.
  localparam int unsigned IntfDepth = 256;
  // Security associations in each direction.
  localparam int unsigned SaDepth = 1024;
  // Ways of the inbound SA cuckoo hash.
  localparam int unsigned SaHashWays = 4;
  // Rows per way of the inbound SA cuckoo hash (power of two).
  localparam int unsigned SaHashRows = 512;
  // Entries of the fully associative stash behind the cuckoo hash.
  localparam int unsigned SaStashDepth = 8;
  // Packets covered by the anti-replay window.
  localparam int unsigned ReplayWindowMax = 1024;
  // Levels of the IPv4 multibit trie (stride 4; level 8 holds only the /32 bit).
  localparam int unsigned FibLevels = 9;
  // Trie nodes per level from level 1 on; level 0 has VrfDepth nodes, its index is the VRF.
  localparam int unsigned FibNodeDepth = 4096;
  // Entries of the route result table.
  localparam int unsigned FibResultDepth = 16384;
  // Incoming labels: the label itself is the index; larger labels are unknown.
  localparam int unsigned LabelDepth = 65536;
  // Adjacencies.
  localparam int unsigned AdjDepth = 4096;
  // Bits of the record that a command carries; no table's record is wider.
  localparam int unsigned RecordBits = 1792;
  // UDP port on which the card takes ESP in UDP (RFC 3948).
  localparam int unsigned NattPort = 4500;
  // Bytes of one command and of one command completion: 32 of header, 224 of record.
  localparam int unsigned CmdEntryBytes = 256;
  // Bytes of one event.
  localparam int unsigned EventEntryBytes = 128;
  // Bytes of one rx or tx descriptor or completion.
  localparam int unsigned RingEntryBytes = 64;
  // Alignment in bytes of packet buffers in host memory, and the granule of rx writes.
  localparam int unsigned HostBufferAlign = 64;
  // Largest ring: 2^15 entries.
  localparam int unsigned MaxRingLog2 = 15;

  // Codes

  // Where a packet entered the pipeline.
  localparam int unsigned INGRESS_W = 2;
  typedef enum logic [1:0] {
    INGRESS_PORT0 = 2'd0,  // Port 0.
    INGRESS_PORT1 = 2'd1,  // Port 1.
    INGRESS_HOST = 2'd2  // tx[0] ring.
  } ingress_e;

  // Where a packet leaves the pipeline.
  localparam int unsigned EGRESS_W = 2;
  typedef enum logic [1:0] {
    EGRESS_PORT0 = 2'd0,  // Port 0.
    EGRESS_PORT1 = 2'd1,  // Port 1.
    EGRESS_HOST = 2'd2  // rx[0] ring.
  } egress_e;

  // What the pipeline has decided to do with a packet so far.
  localparam int unsigned OP_W = 3;
  typedef enum logic [2:0] {
    OP_FORWARD = 3'd0,  // Look up and forward.
    OP_DECRYPT = 3'd1,  // ESP for one of our SAs: decrypt, then look up in the IVRF.
    OP_HOST = 3'd2,  // Hand the frame to the host unchanged; `host_reason` says why.
    OP_DIRECT = 3'd3,  // From the host to a port, unchanged.
    OP_DROP = 3'd4  // Drop; `drop_reason` says why.
  } op_e;

  // Stages of the pipeline that count packets and may drop them.
  localparam int unsigned STAGE_W = 4;
  typedef enum logic [3:0] {
    STAGE_RX0 = 4'd0,  // Port 0 receive FIFO.
    STAGE_RX1 = 4'd1,  // Port 1 receive FIFO.
    STAGE_CLASSIFY = 4'd2,  // Outer parse, interface and SA lookup.
    STAGE_COMMIT = 4'd3,  // Decryption verdict: tag, replay, ESP trailer.
    STAGE_FORWARD = 4'd4,  // Inner parse, selectors, VRF, label and adjacency lookup.
    STAGE_QOS = 4'd5,  // Egress queues.
    STAGE_ENCAP = 4'd6,  // Sequence number and ESP encapsulation.
    STAGE_HOST_RX = 4'd7,  // rx[0] DMA to the host.
    STAGE_HOST_TX = 4'd8  // tx[0] DMA from the host.
  } stage_e;

  // Closed list of reasons for dropping a packet. Every reason belongs to one stage. Rx reasons are counted by each port.
  localparam int unsigned DROP_REASON_W = 6;
  typedef enum logic [5:0] {
    DROP_REASON_NONE = 6'd0,  // Not dropped.
    DROP_REASON_RX_ERROR = 6'd1,  // The MAC marked the frame bad (FCS, alignment).
    DROP_REASON_RX_RUNT = 6'd2,  // Shorter than an Ethernet header.
    DROP_REASON_RX_OVERSIZE = 6'd3,  // Longer than MaxFrameBytes.
    DROP_REASON_RX_OVERFLOW = 6'd4,  // The receive FIFO had no room for the whole frame.
    DROP_REASON_INTF_DOWN = 6'd8,  // No interface is configured for this port (or VLAN).
    DROP_REASON_MAC_NOT_OURS = 6'd9,  // Unicast to another MAC address.
    DROP_REASON_OUTER_MALFORMED = 6'd10,  // Header truncated, or a length field contradicts the frame.
    DROP_REASON_OUTER_CHECKSUM = 6'd11,  // IPv4 header checksum wrong.
    DROP_REASON_ESP_TOO_SHORT = 6'd12,  // ESP packet without room for IV, trailer and ICV, or not a multiple of 4 bytes.
    DROP_REASON_ESP_SEQ_ZERO = 6'd13,  // Sequence number 0, on an SA with ESN the inferred 64-bit one: the first packet has 1 (RFC 4303 3.3.3).
    DROP_REASON_MPLS_DISABLED = 6'd14,  // MPLS frame on an interface without MPLS.
    DROP_REASON_ESP_ENCAP = 6'd15,  // ESP in UDP for an SA without UDP encapsulation, or bare ESP for an SA with it.
    DROP_REASON_ICV_MISMATCH = 6'd16,  // ICV wrong: tampered, or another key.
    DROP_REASON_REPLAY_DUPLICATE = 6'd17,  // Sequence number already seen inside the window.
    DROP_REASON_REPLAY_OLD = 6'd18,  // Sequence number left of the window.
    DROP_REASON_ESP_TRAILER = 6'd19,  // Pad length larger than the payload, or padding bytes not 1, 2, 3 and so on.
    DROP_REASON_ESP_NEXT_HEADER = 6'd20,  // Next header not allowed by the SA's mode: tunnel mode takes 4 (IPv4) and 41 (IPv6).
    DROP_REASON_ESP_DUMMY = 6'd21,  // Dummy packet (next header 59), discarded as RFC 4303 2.6 demands.
    DROP_REASON_SA_CHANGED = 6'd22,  // The SA was replaced or deleted while the packet was in flight.
    DROP_REASON_ECN_ILLEGAL = 6'd23,  // Outer header marked Congestion Experienced, inner packet not ECN-capable (RFC 6040 4.2).
    DROP_REASON_SA_IN_EXPIRED = 6'd36,  // The inbound SA has reached a hard limit.
    DROP_REASON_INNER_MALFORMED = 6'd24,  // Header after decryption or label pop truncated or contradictory.
    DROP_REASON_INNER_CHECKSUM = 6'd25,  // IPv4 header checksum wrong after decryption or label pop.
    DROP_REASON_SELECTOR_MISMATCH = 6'd26,  // Decrypted packet outside the SA's selectors (RFC 4301 5.2).
    DROP_REASON_SA_NOT_FOUND = 6'd27,  // ESP to a local address, but no SA for its SPI, destination and FVRF.
    DROP_REASON_NO_ROUTE = 6'd28,  // No route in the VRF.
    DROP_REASON_NO_LABEL = 6'd29,  // Incoming MPLS label unknown.
    DROP_REASON_ADJ_INVALID = 6'd30,  // The route or label points to an adjacency that is not installed.
    DROP_REASON_ROUTE_DROP = 6'd31,  // The route or adjacency says drop (blackhole).
    DROP_REASON_LABEL_STACK = 6'd32,  // Label stack deeper than the parser, or bottom-of-stack contradicts the action.
    DROP_REASON_MULTICAST = 6'd33,  // Multicast or broadcast destination arrived through a tunnel or MPLS.
    DROP_REASON_ADJ_LOOP = 6'd34,  // A packet from the host ring routed back to the host.
    DROP_REASON_QUEUE_FULL_PORT0 = 6'd40,  // Tail drop: port 0 queue.
    DROP_REASON_QUEUE_FULL_PORT1 = 6'd41,  // Tail drop: port 1 queue.
    DROP_REASON_QUEUE_FULL_HOST = 6'd42,  // Tail drop: host queue (the host posts no rx buffers fast enough).
    DROP_REASON_SA_OUT_INVALID = 6'd48,  // The route says protect, but the SA is missing or of another generation than the adjacency says.
    DROP_REASON_SEQ_EXHAUSTED = 6'd49,  // Sequence number space used up; a nonce is never reused.
    DROP_REASON_SA_OUT_EXPIRED = 6'd50,  // The outbound SA has reached a hard limit of packets or bytes.
    DROP_REASON_RX_DMA_ERROR = 6'd56,  // Write to the host's rx buffer failed.
    DROP_REASON_RX_BUFFER_TOO_SMALL = 6'd57,  // Packet longer than the posted rx buffer.
    DROP_REASON_TX_DMA_ERROR = 6'd58,  // Read of the host's tx buffer failed.
    DROP_REASON_TX_BAD_DESCRIPTOR = 6'd59  // tx descriptor with a bad length, alignment or destination.
  } drop_reason_e;

  // Why a packet was handed to the host.
  localparam int unsigned HOST_REASON_W = 5;
  typedef enum logic [4:0] {
    HOST_REASON_NONE = 5'd0,  // Not for the host.
    HOST_REASON_LOCAL_ADDRESS = 5'd1,  // Routed to a host adjacency: a local address.
    HOST_REASON_ARP = 5'd2,  // ARP.
    HOST_REASON_UNKNOWN_ETHERTYPE = 5'd3,  // Neither IPv4 nor MPLS (IPv6, LLDP and so on).
    HOST_REASON_MULTICAST_MAC = 5'd4,  // Layer 2 broadcast or multicast.
    HOST_REASON_IP_OPTIONS = 5'd5,  // IPv4 header with options.
    HOST_REASON_TTL_EXPIRED = 5'd6,  // TTL 0 or 1: ICMP time exceeded is due.
    HOST_REASON_TOO_BIG = 5'd7,  // Larger than the egress MTU, or the frame to send would exceed MaxFrameBytes: fragmentation or ICMP is due.
    HOST_REASON_FRAGMENT = 5'd8,  // Fragment of an encrypted packet (reassembly is due), or a fragment routed to a transport mode SA, which protects whole packets only (RFC 4303 3.1.1).
    HOST_REASON_AH = 5'd9,  // Authentication Header: handled in software.
    HOST_REASON_VLAN_UNKNOWN = 5'd10,  // 802.1Q tag without a configured sub-interface.
    HOST_REASON_ROUTER_ALERT = 5'd11,  // MPLS router alert label or reserved label.
    HOST_REASON_MPLS_TTL = 5'd12,  // MPLS TTL 0 or 1.
    HOST_REASON_IPV6_EXTENSION = 5'd13  // IPv6 extension header that the card does not walk, on a packet for one of our SAs' protocols.
  } host_reason_e;

  // What an adjacency does with a packet.
  localparam int unsigned ADJ_KIND_W = 3;
  typedef enum logic [2:0] {
    ADJ_KIND_DROP = 3'd0,  // Blackhole.
    ADJ_KIND_IP = 3'd1,  // Send as plain IP to a neighbour (no labels).
    ADJ_KIND_MPLS = 3'd2,  // Push `label_count` labels and send to a neighbour.
    ADJ_KIND_PROTECT = 3'd3,  // Encrypt with outbound SA `sa`; MAC addresses and port are those of the outer packet.
    ADJ_KIND_HOST = 3'd4  // Hand to the host.
  } adj_kind_e;

  // What to do with an incoming label.
  localparam int unsigned LABEL_OP_W = 2;
  typedef enum logic [1:0] {
    LABEL_OP_INVALID = 2'd0,  // Label not installed.
    LABEL_OP_POP_VRF = 2'd1,  // Pop (the label must be the bottom of the stack), look the IP packet up in `vrf`.
    LABEL_OP_POP_ADJ = 2'd2,  // Pop (the label must be the bottom of the stack), send the IP packet to adjacency `adj`.
    LABEL_OP_SWAP = 2'd3  // Replace the label: the adjacency's labels take its place, what lies below stays.
  } label_op_e;

  // Tables that commands address.
  localparam int unsigned TABLE_W = 8;
  typedef enum logic [7:0] {
    TABLE_INTF = 8'd1,  // Logical interfaces.
    TABLE_SA_HASH = 8'd2,  // Inbound SA hash: index = way * SaHashRows + row; the stash follows the last way.
    TABLE_SA_IN = 8'd3,  // Inbound SA records. A write installs the whole SA at once and resets its state.
    TABLE_SA_IN_STATE = 8'd4,  // Inbound SA state (window top, counters): read only.
    TABLE_SA_OUT = 8'd5,  // Outbound SA records. A write installs the whole SA at once and sets its state: sequence as in the record, counters zero.
    TABLE_SA_OUT_STATE = 8'd6,  // Outbound SA state (sequence, counters): read only.
    TABLE_FIB_NODE = 8'd7,  // Trie nodes: index = level * FibNodeDepth + node; level 0 node = VRF.
    TABLE_FIB_RESULT = 8'd8,  // Route results.
    TABLE_LABEL = 8'd9,  // Incoming labels.
    TABLE_ADJ = 8'd10  // Adjacencies.
  } table_e;

  // Operation of a command.
  localparam int unsigned CMD_OP_W = 8;
  typedef enum logic [7:0] {
    CMD_OP_NOP = 8'd0,  // Complete only.
    CMD_OP_WRITE = 8'd1,  // Write one record.
    CMD_OP_READ = 8'd2,  // Read one record; secret fields read as zero.
    CMD_OP_FENCE = 8'd3  // Complete after every packet that the Classify stage had taken in has left the lookup stages (past Forward, or dropped): none is looked up any more. Packets still in the receive FIFOs are looked up later, by the tables as they are then. Packets in egress queues are not waited for: their SA is checked by its generation (adj.sa_gen).
  } cmd_op_e;

  // Status of a completed command.
  localparam int unsigned CMD_STATUS_W = 8;
  typedef enum logic [7:0] {
    CMD_STATUS_OK = 8'd0,  // Done.
    CMD_STATUS_BAD_OP = 8'd1,  // Unknown operation.
    CMD_STATUS_BAD_TABLE = 8'd2,  // Unknown table.
    CMD_STATUS_BAD_INDEX = 8'd3,  // Index outside the table.
    CMD_STATUS_READ_ONLY = 8'd4  // The table cannot be written.
  } cmd_status_e;

  // Kind of an event.
  localparam int unsigned EVENT_KIND_W = 8;
  typedef enum logic [7:0] {
    EVENT_KIND_DROP = 8'd1,  // A packet was dropped; rate limited.
    EVENT_KIND_ACQUIRE = 8'd2,  // A packet needs an outbound SA that is missing: at most one event per SA and interval (event_interval), the others count in lost.
    EVENT_KIND_SA_SOFT = 8'd3,  // An SA reached a soft limit: once per limit and SA. `info` bit 0: 1 outbound; bits 2:1: which (`sa_limit`).
    EVENT_KIND_SA_HARD = 8'd4,  // An SA reached a hard limit and takes no more packets: once per SA. `info` as in SaSoft.
    EVENT_KIND_LINK = 8'd6,  // Port link state changed; `info` bits 7:0 are the port, bit 8 is 1 when the link is up.
    EVENT_KIND_DMA_ERROR = 8'd7  // A DMA access was refused; `info` is the ring, `addr` the address.
  } event_kind_e;

  // Limit of an SA.
  localparam int unsigned SA_LIMIT_W = 2;
  typedef enum logic [1:0] {
    SA_LIMIT_PACKETS = 2'd0,  // Packets since the SA was written.
    SA_LIMIT_BYTES = 2'd1,  // Bytes since the SA was written, as its state counts them.
    SA_LIMIT_SEQUENCE = 2'd2  // Sequence numbers used under the key.
  } sa_limit_e;

  // Rings. The number is also the MSI-X vector.
  localparam int unsigned RING_W = 3;
  typedef enum logic [2:0] {
    RING_CMD = 3'd0,  // Commands and their completions.
    RING_EVENT = 3'd1,  // Events (completion ring only).
    RING_RX0 = 3'd2,  // Packets to the host.
    RING_TX0 = 3'd3  // Packets from the host.
  } ring_e;

  // Why a ring stopped.
  localparam int unsigned RING_ERROR_W = 4;
  typedef enum logic [3:0] {
    RING_ERROR_NONE = 4'd0,  // Running or disabled.
    RING_ERROR_SQ_READ = 4'd1,  // Reading a descriptor failed.
    RING_ERROR_CQ_WRITE = 4'd2,  // Writing a completion failed.
    RING_ERROR_INDEX_WRITE = 4'd3,  // Writing the indices back failed.
    RING_ERROR_BAD_TAIL = 4'd4  // The doorbell announced more entries than the ring holds.
  } ring_error_e;

  // Where a packet of the tx ring goes.
  localparam int unsigned TX_DEST_W = 2;
  typedef enum logic [1:0] {
    TX_DEST_PORT0 = 2'd0,  // Out of port 0, unchanged.
    TX_DEST_PORT1 = 2'd1,  // Out of port 1, unchanged.
    TX_DEST_ROUTE = 2'd2  // Into the pipeline at the routing step: the buffer starts with the IP header, looked up in `vrf`.
  } tx_dest_e;

  // Status of an rx or tx completion.
  localparam int unsigned IO_STATUS_W = 4;
  typedef enum logic [3:0] {
    IO_STATUS_OK = 4'd0,  // Done.
    IO_STATUS_DMA_ERROR = 4'd1,  // The buffer could not be read or written.
    IO_STATUS_BAD_DESCRIPTOR = 4'd2,  // Bad length, alignment or destination.
    IO_STATUS_TOO_SMALL = 4'd3  // The packet did not fit the buffer.
  } io_status_e;

  // Records

  // Logical interface.
  localparam int unsigned INTF_W = 80;
  typedef struct packed {
    logic [47:0] mac;  // [79:32] Our MAC address on this interface.
    logic [11:0] rsvd1;  // [31:20] Zero.
    logic [11:0] vrf;  // [19:8] VRF of packets that arrive here in clear; the FVRF of ESP that arrives here.
    logic [5:0] rsvd0;  // [7:2] Zero.
    logic mpls;  // [1:1] Accept MPLS frames.
    logic valid;  // [0:0] Interface is up.
  } intf_t;

  // One entry of the inbound SA hash: exact match of (SPI, destination, protocol, FVRF).
  localparam int unsigned SA_HASH_W = 208;
  typedef struct packed {
    logic [15:0] sa;  // [207:192] Index into SaIn.
    logic [127:0] dst;  // [191:64] Outer destination address.
    logic [31:0] spi;  // [63:32] SPI.
    logic [3:0] rsvd1;  // [31:28] Zero.
    logic [11:0] fvrf;  // [27:16] FVRF.
    logic [7:0] proto;  // [15:8] IP protocol: 50 ESP, 51 AH.
    logic [5:0] rsvd0;  // [7:2] Zero.
    logic ipv6;  // [1:1] Destination is IPv6.
    logic valid;  // [0:0] Entry in use.
  } sa_hash_t;

  // One traffic selector pair as prefixes (RFC 4301 4.4.1.1). Source and destination as seen in the inner packet.
  localparam int unsigned SELECTOR_W = 288;
  typedef struct packed {
    logic [5:0] rsvd;  // [287:282] Zero.
    logic any;  // [281:281] Everything passes, prefixes are not looked at.
    logic ipv6;  // [280:280] Selector is IPv6.
    logic [7:0] proto;  // [279:272] Protocol; 0 is any.
    logic [7:0] dst_len;  // [271:264] Destination prefix length.
    logic [7:0] src_len;  // [263:256] Source prefix length.
    logic [127:0] dst;  // [255:128] Destination prefix.
    logic [127:0] src;  // [127:0] Source prefix.
  } selector_t;

  // AES-GCM key material of one SA (RFC 4106).
  localparam int unsigned GCM_KEY_W = 936;
  typedef struct packed {
    logic [1:0] rsvd;  // [935:934] Zero.
    logic [4:0] icv_len;  // [933:929] ICV length in bytes: 8, 12 or 16.
    logic aes256;  // [928:928] 256-bit key; else 128-bit.
    logic [127:0] hfb;  // [927:800] H^(4L), L = GHASH multiplier latency (capability register): feedback power of the phase scheme. (secret)
    logic [127:0] h4;  // [799:672] H^4. (secret)
    logic [127:0] h3;  // [671:544] H^3. (secret)
    logic [127:0] h2;  // [543:416] H^2. (secret)
    logic [127:0] h1;  // [415:288] H^1, the hash key. (secret)
    logic [31:0] salt;  // [287:256] Salt, the first 4 nonce bytes. (secret)
    logic [255:0] key;  // [255:0] AES key; AES-128 uses the first 16 bytes. (secret)
  } gcm_key_t;

  // Inbound security association.
  localparam int unsigned SA_IN_W = 1464;
  typedef struct packed {
    selector_t sel;  // [1463:1176] Inbound selector check: source is the remote side, destination ours.
    gcm_key_t gcm;  // [1175:240] Key material.
    logic [47:0] hard_bytes;  // [239:192] Hard limit in bytes as the state counts them: the packet that reaches it is the last one accepted. 0: none.
    logic [47:0] soft_bytes;  // [191:144] Soft limit in bytes as the state counts them. 0: none.
    logic [47:0] hard_packets;  // [143:96] Hard limit: so many packets are accepted, then none. 0: none.
    logic [47:0] soft_packets;  // [95:48] Soft limit: event SaSoft when so many packets were accepted. 0: none.
    logic [3:0] rsvd2;  // [47:44] Zero.
    logic [11:0] ivrf;  // [43:32] VRF in which the decrypted packet is looked up.
    logic [3:0] rsvd1;  // [31:28] Zero.
    logic [11:0] replay_window;  // [27:16] Anti-replay window in packets, 0 (off) to 1024.
    logic [7:0] gen;  // [15:8] Generation, changed by the driver whenever the index is reused.
    logic [2:0] rsvd0;  // [7:5] Zero.
    logic no_ecn;  // [4:4] Tunnel mode: leave the inner ECN field as it is; else combine it with the outer one (RFC 6040 4.2).
    logic udp;  // [3:3] ESP comes in UDP to NattPort (RFC 3948), from any source port; else bare.
    logic tunnel;  // [2:2] Tunnel mode; else transport mode.
    logic esn;  // [1:1] Extended sequence numbers (RFC 4304).
    logic valid;  // [0:0] SA in use.
  } sa_in_t;

  // State of an inbound SA.
  localparam int unsigned SA_IN_STATE_W = 260;
  typedef struct packed {
    logic hard_done;  // [259:259] SaHard was raised.
    logic [2:0] soft_done;  // [258:256] SaSoft was raised, by limit (bit number is `sa_limit`).
    logic [31:0] replay_fail;  // [255:224] Packets dropped with ReplayDuplicate or ReplayOld.
    logic [31:0] auth_fail;  // [223:192] Packets dropped with IcvMismatch.
    logic [63:0] bytes;  // [191:128] Payload bytes accepted: the inner packet (tunnel mode, with the sender's TFC zeros) or what follows the IP header (transport mode), without ESP padding.
    logic [63:0] packets;  // [127:64] Packets accepted.
    logic [63:0] seq_top;  // [63:0] Highest authenticated sequence number.
  } sa_in_state_t;

  // Outbound security association.
  localparam int unsigned SA_OUT_W = 1640;
  typedef struct packed {
    gcm_key_t gcm;  // [1639:704] Key material.
    logic [31:0] key_check;  // [703:672] Check value of the key for the driver, which recognises by it a key that has been used; the card ignores it.
    logic [63:0] soft_seq;  // [671:608] Soft limit: event SaSoft when this sequence number is used. 0: none. The hard limit is the end of the number space.
    logic [47:0] hard_bytes;  // [607:560] Hard limit in bytes as the state counts them: the packet that reaches it is the last one sent. 0: none.
    logic [47:0] soft_bytes;  // [559:512] Soft limit in bytes as the state counts them. 0: none.
    logic [47:0] hard_packets;  // [511:464] Hard limit: so many packets are sent, then none. 0: none.
    logic [47:0] soft_packets;  // [463:416] Soft limit: event SaSoft when so many packets were sent. 0: none.
    logic [63:0] seq;  // [415:352] Sequence numbers used under this key before: the first packet gets the next one. 0 for a new key.
    logic [15:0] dport;  // [351:336] UDP destination port: 4500, or where the peer's NAT put it.
    logic [15:0] sport;  // [335:320] UDP source port.
    logic [127:0] dst;  // [319:192] Outer destination address in tunnel mode.
    logic [127:0] src;  // [191:64] Outer source address in tunnel mode.
    logic [31:0] spi;  // [63:32] SPI.
    logic [7:0] ttl;  // [31:24] TTL or hop limit of the outer header in tunnel mode.
    logic rsvd1;  // [23:23] Zero.
    logic no_ecn;  // [22:22] Outer ECN field is 0, the compatibility mode of RFC 6040 4.1; else copied.
    logic [5:0] dscp;  // [21:16] DSCP of the outer header when not copied.
    logic [7:0] gen;  // [15:8] Generation, changed by the driver whenever the index is reused; an adjacency names the one it means.
    logic udp;  // [7:7] ESP in UDP (RFC 3948), outer IPv4 only; UDP checksum 0.
    logic copy_df;  // [6:6] Tunnel mode: outer DF is set when `df` is, or when the inner packet is IPv4 with DF or IPv6.
    logic df;  // [5:5] Tunnel mode: set DF in the outer IPv4 header.
    logic copy_dscp;  // [4:4] Copy the inner DSCP to the outer header; else use `dscp`.
    logic ipv6;  // [3:3] Outer header is IPv6.
    logic tunnel;  // [2:2] Tunnel mode; else transport mode.
    logic esn;  // [1:1] Extended sequence numbers (RFC 4304).
    logic valid;  // [0:0] SA in use.
  } sa_out_t;

  // State of an outbound SA.
  localparam int unsigned SA_OUT_STATE_W = 196;
  typedef struct packed {
    logic hard_done;  // [195:195] SaHard was raised.
    logic [2:0] soft_done;  // [194:192] SaSoft was raised, by limit (bit number is `sa_limit`).
    logic [63:0] bytes;  // [191:128] Payload bytes sent: the inner packet (tunnel mode, without TFC zeros) or what follows the IP header (transport mode), without ESP padding.
    logic [63:0] packets;  // [127:64] Packets sent.
    logic [63:0] seq;  // [63:0] Last sequence number used.
  } sa_out_state_t;

  // Tree-bitmap node of stride 4. `internal` bit (2^len - 1 + value) marks the prefix `value/len` (len 0 to 3) of this node;
  // `external` bit i marks a child for nibble i. The child of nibble i is node child_base + popcount(external bits below i) of the
  // next level; the result of internal bit i is result_base + popcount(internal bits below i).
  localparam int unsigned FIB_NODE_W = 80;
  typedef struct packed {
    logic [23:0] result_base;  // [79:56] First result of this node.
    logic [23:0] child_base;  // [55:32] First child in the next level.
    logic [15:0] external;  // [31:16] Children.
    logic rsvd;  // [15:15] Zero.
    logic [14:0] internal;  // [14:0] Prefixes that end in this node.
  } fib_node_t;

  // What a route leads to.
  localparam int unsigned FIB_RESULT_W = 24;
  typedef struct packed {
    logic [15:0] adj;  // [23:8] Adjacency.
    logic [6:0] rsvd;  // [7:1] Zero.
    logic valid;  // [0:0] Route present.
  } fib_result_t;

  // Action of an incoming label (NHLFE, RFC 3031 3.10).
  localparam int unsigned LABEL_W = 32;
  typedef struct packed {
    logic [15:0] adj;  // [31:16] Adjacency of PopAdj and Swap.
    logic [11:0] vrf;  // [15:4] VRF of PopVrf.
    logic [1:0] rsvd0;  // [3:2] Zero.
    logic [LABEL_OP_W-1:0] op;  // [1:0] Action.
  } label_t;

  // Adjacency: how to reach a next hop.
  localparam int unsigned ADJ_W = 233;
  typedef struct packed {
    logic copy_exp;  // [232:232] Traffic class of pushed labels = IP precedence.
    logic [2:0] label_exp;  // [231:229] Traffic class of pushed labels when not copied.
    logic [7:0] label_ttl;  // [228:221] TTL of pushed labels; 0 copies the IP TTL as in the uniform model of RFC 3443. Popping is always pipe: a label's TTL never goes back into the IP header.
    logic [19:0] label2;  // [220:201] Third label.
    logic [19:0] label1;  // [200:181] Second label.
    logic [19:0] label0;  // [180:161] Outermost label.
    logic [47:0] smac;  // [160:113] Source MAC address.
    logic [47:0] dmac;  // [112:65] Destination MAC address.
    logic [7:0] sa_gen;  // [64:57] Generation that this SA must have when the packet is sealed; else SaOutInvalid. So a packet that waited in a queue does not meet another SA at the same index, unless the index was rewritten 256 times meanwhile.
    logic [15:0] sa;  // [56:41] Outbound SA of Protect.
    logic [15:0] mtu;  // [40:25] Largest IP packet in bytes (before labels and ESP) that this adjacency takes.
    logic [15:0] tfc_len;  // [24:9] Protect in tunnel mode: traffic flow confidentiality (RFC 4303 2.7). Inner packets shorter than this many bytes are followed by zeros up to it. 0: none.
    logic transport;  // [8:8] Protect: the SA is in transport mode; else in tunnel mode. When SA and adjacency differ the packet is dropped as SaOutInvalid.
    logic [1:0] label_count;  // [7:6] Labels to push, 0 to 3.
    logic [EGRESS_W-1:0] egress;  // [5:4] Where the packet leaves.
    logic [ADJ_KIND_W-1:0] kind;  // [3:1] What to do.
    logic valid;  // [0:0] Installed.
  } adj_t;

  // Command (256 bytes).
  localparam int unsigned CMD_ENTRY_W = 2048;
  typedef struct packed {
    logic [1791:0] record;  // [2047:256] The record, from its bit 0. (secret)
    logic [191:0] rsvd;  // [255:64] Zero.
    logic [31:0] index;  // [63:32] Record index.
    logic [15:0] cookie;  // [31:16] Returned in the completion.
    logic [TABLE_W-1:0] table_id;  // [15:8] Table.
    logic [CMD_OP_W-1:0] op;  // [7:0] Operation.
  } cmd_entry_t;

  // Completion of a command (256 bytes).
  localparam int unsigned CMD_COMPLETION_W = 2048;
  typedef struct packed {
    logic [1791:0] record;  // [2047:256] The record that was read; zero for other operations.
    logic [191:0] rsvd1;  // [255:64] Zero.
    logic [31:0] index;  // [63:32] Index of the command.
    logic [15:0] cookie;  // [31:16] Cookie of the command.
    logic [CMD_STATUS_W-1:0] status;  // [15:8] Status.
    logic [6:0] rsvd0;  // [7:1] Zero.
    logic phase;  // [0:0] Flips each time the ring wraps; the first pass writes 1.
  } cmd_completion_t;

  // Event (128 bytes).
  localparam int unsigned EVENT_ENTRY_W = 1024;
  typedef struct packed {
    logic [511:0] data;  // [1023:512] First 64 bytes of the packet as it is at that stage; zero for Commit and for packets that were decrypted (no plaintext of an SA leaves this way).
    logic [223:0] rsvd2;  // [511:288] Zero.
    logic [63:0] cycle;  // [287:224] Core clock cycles since reset.
    logic [63:0] addr;  // [223:160] Depends on the kind: refused DMA address, or the sequence number.
    logic [31:0] info;  // [159:128] Depends on the kind.
    logic [31:0] spi;  // [127:96] SPI; 0 when none.
    logic [15:0] sa;  // [95:80] SA index; 0xffff when none.
    logic [15:0] vrf;  // [79:64] VRF.
    logic [15:0] len;  // [63:48] Packet length at that stage in bytes.
    logic [15:0] lost;  // [47:32] Events that were suppressed or found no room since the last one written, saturating.
    logic [7:0] reason;  // [31:24] Drop reason of Drop.
    logic [1:0] rsvd1;  // [23:22] Zero.
    logic [INGRESS_W-1:0] ingress;  // [21:20] Where the packet entered.
    logic [STAGE_W-1:0] stage;  // [19:16] Stage that raised it.
    logic [EVENT_KIND_W-1:0] kind;  // [15:8] Kind.
    logic [6:0] rsvd0;  // [7:1] Zero.
    logic phase;  // [0:0] Flips each time the ring wraps; the first pass writes 1.
  } event_entry_t;

  // Receive buffer posted by the host (64 bytes).
  localparam int unsigned RX_DESC_W = 512;
  typedef struct packed {
    logic [383:0] rsvd;  // [511:128] Zero.
    logic [31:0] cookie;  // [127:96] Returned in the completion.
    logic [31:0] len;  // [95:64] Bytes of the buffer, a multiple of 64.
    logic [63:0] addr;  // [63:0] IOVA of the buffer, 64-byte aligned.
  } rx_desc_t;

  // A packet given to the host (64 bytes).
  localparam int unsigned RX_COMPLETION_W = 512;
  typedef struct packed {
    logic [327:0] rsvd2;  // [511:184] Zero.
    logic [63:0] cycle;  // [183:120] Core clock cycle at which the packet entered.
    logic [31:0] cookie;  // [119:88] Cookie of the buffer.
    logic [15:0] intf;  // [87:72] Logical interface.
    logic [15:0] len;  // [71:56] Bytes of the packet.
    logic [15:0] sa;  // [55:40] Inbound SA; 0xffff when none.
    logic [15:0] vrf;  // [39:24] VRF.
    logic [5:0] rsvd1;  // [23:18] Zero.
    logic [INGRESS_W-1:0] ingress;  // [17:16] Where the packet entered.
    logic [7:0] reason;  // [15:8] Host reason (`host_reason`).
    logic [IO_STATUS_W-1:0] status;  // [7:4] Status.
    logic rsvd0;  // [3:3] Zero.
    logic l3;  // [2:2] The buffer starts with an IP header; else with an Ethernet header.
    logic decrypted;  // [1:1] The packet came out of SA `sa` and starts with its IP header.
    logic phase;  // [0:0] Flips each time the ring wraps; the first pass writes 1.
  } rx_completion_t;

  // Packet to send (64 bytes).
  localparam int unsigned TX_DESC_W = 512;
  typedef struct packed {
    logic [359:0] rsvd;  // [511:152] Zero.
    logic [15:0] vrf;  // [151:136] VRF of `Route`.
    logic [5:0] rsvd0;  // [135:130] Zero.
    logic [TX_DEST_W-1:0] dest;  // [129:128] Destination.
    logic [31:0] cookie;  // [127:96] Returned in the completion.
    logic [31:0] len;  // [95:64] Bytes, 14 (ports) or 20 (route) to MaxFrameBytes.
    logic [63:0] addr;  // [63:0] IOVA of the packet, 64-byte aligned.
  } tx_desc_t;

  // A packet was taken from the host (64 bytes).
  localparam int unsigned TX_COMPLETION_W = 512;
  typedef struct packed {
    logic [447:0] rsvd2;  // [511:64] Zero.
    logic [31:0] cookie;  // [63:32] Cookie of the descriptor.
    logic [23:0] rsvd1;  // [31:8] Zero.
    logic [IO_STATUS_W-1:0] status;  // [7:4] Status.
    logic [2:0] rsvd0;  // [3:1] Zero.
    logic phase;  // [0:0] Flips each time the ring wraps; the first pass writes 1.
  } tx_completion_t;

  // Index block that the card writes to host memory at a ring's index address (64 bytes).
  localparam int unsigned RING_INDICES_W = 512;
  typedef struct packed {
    logic [447:0] rsvd;  // [511:64] Zero.
    logic [31:0] cq_tail;  // [63:32] Completions the card has produced, modulo 2^32.
    logic [31:0] sq_head;  // [31:0] Descriptors the card has consumed, modulo 2^32.
  } ring_indices_t;

  // One beat of a packet.
  localparam int unsigned BEAT_W = 521;
  typedef struct packed {
    logic eop;  // [520:520] Last beat.
    logic sop;  // [519:519] First beat.
    logic [6:0] bytes;  // [518:512] Valid bytes, 1 to 64; 64 on every beat but the last.
    logic [511:0] data;  // [511:0] Bytes; those past `bytes` are zero.
  } beat_t;

  // What the parser found in the header window.
  localparam int unsigned PARSED_W = 668;
  typedef struct packed {
    logic [31:0] seq;  // [667:636] ESP sequence number field.
    logic [31:0] spi;  // [635:604] SPI.
    logic [15:0] dport;  // [603:588] Destination port of TCP or UDP.
    logic [15:0] sport;  // [587:572] Source port of TCP or UDP.
    logic [19:0] ip_id;  // [571:552] IPv4 identification (low 16 bits) or IPv6 flow label.
    logic [15:0] ip_csum;  // [551:536] IPv4 header checksum field.
    logic [7:0] tos;  // [535:528] TOS or traffic class.
    logic [7:0] ttl;  // [527:520] TTL or hop limit.
    logic [7:0] proto;  // [519:512] IP protocol.
    logic [127:0] dst;  // [511:384] IP destination.
    logic [127:0] src;  // [383:256] IP source.
    logic [31:0] label3;  // [255:224] Fourth entry.
    logic [31:0] label2;  // [223:192] Third entry.
    logic [31:0] label1;  // [191:160] Second entry.
    logic [31:0] label0;  // [159:128] Top label stack entry: label, TC, S, TTL (RFC 3032).
    logic [11:0] vid0;  // [127:116] VLAN id of the outer tag.
    logic [47:0] dmac;  // [115:68] Destination MAC address.
    logic [15:0] ethertype;  // [67:52] EtherType after VLAN tags.
    logic [15:0] ip_len;  // [51:36] IP packet length from its header.
    logic [7:0] l4_off;  // [35:28] Offset of the header after IP in bytes.
    logic [7:0] l3_off;  // [27:20] Offset of the IP header (after labels) in bytes.
    logic stack_too_deep;  // [19:19] No bottom of stack within 4 labels.
    logic [2:0] label_count;  // [18:16] Labels recorded, 0 to 4.
    logic [1:0] vlan_count;  // [15:14] 802.1Q tags.
    logic mac_bcast;  // [13:13] Group bit of the destination MAC set.
    logic ip6_ext;  // [12:12] An IPv6 extension header follows the IPv6 header.
    logic udp_encap;  // [11:11] ESP inside UDP to NattPort; `l4_off` is that of the ESP header.
    logic is_ah;  // [10:10] Authentication Header.
    logic is_esp;  // [9:9] ESP header at `l4_off`.
    logic df;  // [8:8] DF bit.
    logic is_fragment;  // [7:7] Fragment (offset not 0, or more fragments).
    logic has_options;  // [6:6] IPv4 options present.
    logic is_mpls;  // [5:5] At least one label.
    logic is_arp;  // [4:4] ARP.
    logic is_ipv6;  // [3:3] IPv6 header present at `l3_off`.
    logic is_ipv4;  // [2:2] IPv4 header present at `l3_off`.
    logic csum_bad;  // [1:1] IPv4 header checksum wrong.
    logic malformed;  // [0:0] A header is truncated or a length contradicts the packet.
  } parsed_t;

  // Metadata that travels with the first beat of a packet.
  localparam int unsigned META_W = 1193;
  typedef struct packed {
    logic [15:0] push_ethertype;  // [1192:1177] EtherType of the new Ethernet header.
    logic [31:0] push2;  // [1176:1145] Third entry.
    logic [31:0] push1;  // [1144:1113] Second entry.
    logic [31:0] push0;  // [1112:1081] Outermost label stack entry to push, S bit included.
    logic [1:0] push_count;  // [1080:1079] Labels that rewrite pushes.
    logic [47:0] smac;  // [1078:1031] MAC addresses of the frame to send.
    logic [47:0] dmac;  // [1030:983] MAC addresses of the frame to send.
    logic [7:0] sa_out_gen;  // [982:975] Generation that it must have.
    logic [15:0] sa_out;  // [974:959] Outbound SA of Protect.
    logic [7:0] resv;  // [958:951] Beats reserved in the egress buffer by the QoS scheduler.
    logic [EGRESS_W-1:0] egress;  // [950:949] Where it leaves.
    logic [15:0] tfc_len;  // [948:933] Bytes to which esp_encap pads the packet with zeros; 0 none.
    logic transport;  // [932:932] Protect in transport mode: rewrite strips the IP header too, esp_encap makes the new one from `parsed`.
    logic [ADJ_KIND_W-1:0] adj_kind;  // [931:929] Kind of adjacency.
    logic patch_ttl;  // [928:928] Rewrite decrements the IPv4 TTL found right behind the stripped bytes.
    logic [7:0] strip;  // [927:920] Bytes that rewrite removes from the front.
    parsed_t parsed;  // [919:252] Parser output of the latest parse.
    logic [4:0] icv_len;  // [251:247] ICV bytes at the end of the stream.
    logic [63:0] seq;  // [246:183] Inferred 64-bit sequence number (RFC 4303 appendix A2).
    logic [31:0] spi;  // [182:151] SPI of the inbound SA.
    logic [7:0] sa_in_gen;  // [150:143] Generation of the inbound SA.
    logic [15:0] sa_in;  // [142:127] Inbound SA index; 0xffff when none.
    logic decrypted;  // [126:126] Came out of SA `sa_in`.
    logic esp_miss;  // [125:125] ESP packet without an SA.
    logic [63:0] cycle;  // [124:61] Cycle at which the first beat entered.
    logic [11:0] vrf;  // [60:49] VRF for the next lookup.
    logic [15:0] intf;  // [48:33] Logical interface.
    logic [15:0] len;  // [32:17] Bytes in the stream.
    logic starts_l3;  // [16:16] The stream starts with an IP header, not Ethernet.
    logic [HOST_REASON_W-1:0] host;  // [15:11] Reason of Host.
    logic [DROP_REASON_W-1:0] drop;  // [10:5] Reason of Drop.
    logic [OP_W-1:0] op;  // [4:2] Decision so far.
    logic [INGRESS_W-1:0] ingress;  // [1:0] Where it entered.
  } meta_t;

  // Everything the GCM engine needs for one packet. Valid with the first beat.
  localparam int unsigned GCM_CTX_W = 1114;
  typedef struct packed {
    logic [15:0] len;  // [1113:1098] Bytes to encrypt or decrypt from the start of the stream; the rest (ICV room) passes unchanged.
    logic aad12;  // [1097:1097] AAD is 12 bytes (ESN); else 8.
    logic [95:0] aad;  // [1096:1001] SPI, [sequence high,] sequence low, as on the wire.
    logic [63:0] iv;  // [1000:937] Explicit IV, the last 8 nonce bytes.
    gcm_key_t gcm;  // [936:1] Key material.
    logic crypt;  // [0:0] Process; else the packet passes unchanged.
  } gcm_ctx_t;

  // Header that esp_finish puts in front of an encrypted packet (Ethernet, tags, IP, UDP, ESP, IV).
  localparam int unsigned OUTER_HDR_W = 781;
  typedef struct packed {
    logic [767:0] data;  // [780:13] Header bytes.
    logic [4:0] icv_len;  // [12:8] ICV bytes to append.
    logic [7:0] len;  // [7:0] Bytes used; 0 when there is nothing to prepend.
  } outer_hdr_t;

  // A limit that an SA reached, on its way to the event ring.
  localparam int unsigned SA_EVENT_W = 116;
  typedef struct packed {
    logic [63:0] seq;  // [115:52] Sequence number of the packet that raised it: the one that reached the limit, or a later one if there was no room for the event.
    logic [31:0] spi;  // [51:20] SPI.
    logic [15:0] sa;  // [19:4] SA index.
    logic [SA_LIMIT_W-1:0] limit;  // [3:2] Which limit.
    logic out;  // [1:1] Outbound SA.
    logic hard;  // [0:0] SaHard; else SaSoft.
  } sa_event_t;

  // A drop as a stage reports it to the drop monitor, with the counted reason.
  localparam int unsigned DROP_RECORD_W = 664;
  typedef struct packed {
    logic [511:0] data;  // [663:152] First beat of the packet; zero for Commit and for packets that were decrypted.
    logic [63:0] seq;  // [151:88] Sequence number.
    logic [31:0] spi;  // [87:56] SPI.
    logic [15:0] sa;  // [55:40] SA index; 0xffff when none.
    logic [11:0] vrf;  // [39:28] VRF.
    logic [15:0] len;  // [27:12] Packet length.
    logic [INGRESS_W-1:0] ingress;  // [11:10] Where the packet entered.
    logic [STAGE_W-1:0] stage;  // [9:6] Stage.
    logic [DROP_REASON_W-1:0] reason;  // [5:0] Reason.
  } drop_record_t;

  // Tables: entries and record bits, then vectors indexed by table number.

  localparam int unsigned INTF_DEPTH = IntfDepth;
  localparam int unsigned SA_HASH_DEPTH = SaHashWays * SaHashRows + SaStashDepth;
  localparam int unsigned SA_IN_DEPTH = SaDepth;
  localparam int unsigned SA_IN_STATE_DEPTH = SaDepth;
  localparam int unsigned SA_OUT_DEPTH = SaDepth;
  localparam int unsigned SA_OUT_STATE_DEPTH = SaDepth;
  localparam int unsigned FIB_NODE_DEPTH = FibLevels * FibNodeDepth;
  localparam int unsigned FIB_RESULT_DEPTH = FibResultDepth;
  localparam int unsigned LABEL_DEPTH = LabelDepth;
  localparam int unsigned ADJ_DEPTH = AdjDepth;

  localparam int unsigned TableSlots = 16;
  // Depth of table n in bits 32*n +: 32.
  localparam logic [511:0] TABLE_DEPTHS = {
    32'd0, 32'd0, 32'd0, 32'd0, 32'd0, 32'd4096, 32'd65536, 32'd16384,
    32'd36864, 32'd1024, 32'd1024, 32'd1024, 32'd1024, 32'd2056, 32'd256, 32'd0
  };
  // Record bits of table n in bits 16*n +: 16.
  localparam logic [255:0] TABLE_WIDTHS = {
    16'd0, 16'd0, 16'd0, 16'd0, 16'd0, 16'd233, 16'd32, 16'd24,
    16'd80, 16'd196, 16'd1640, 16'd260, 16'd1464, 16'd208, 16'd80, 16'd0
  };
  // Bit n: commands cannot write table n.
  localparam logic [15:0] TABLE_READ_ONLY = {
    1'd0, 1'd0, 1'd0, 1'd0, 1'd0, 1'd0, 1'd0, 1'd0,
    1'd0, 1'd1, 1'd0, 1'd1, 1'd0, 1'd0, 1'd0, 1'd0
  };

  // Registers of BAR0

  localparam int unsigned Bar0Bytes = 65536;

  // Identity: ASCII 'HEAD' as a big-endian word.
  localparam logic [15:0] REG_ID = 16'h0000;
  localparam logic [31:0] REG_ID_RESET = 32'h48454144;

  // Interface version; see [interface].
  localparam logic [15:0] REG_INTERFACE = 16'h0004;
  localparam int unsigned REG_INTERFACE_MINOR_LSB = 0;
  localparam int unsigned REG_INTERFACE_MINOR_W = 16;
  localparam logic [31:0] REG_INTERFACE_MINOR_MASK = 32'h0000ffff;
  localparam int unsigned REG_INTERFACE_MAJOR_LSB = 16;
  localparam int unsigned REG_INTERFACE_MAJOR_W = 16;
  localparam logic [31:0] REG_INTERFACE_MAJOR_MASK = 32'hffff0000;

  // First 32 bits of the git commit the card was built from; 0 in simulation.
  localparam logic [15:0] REG_BUILD = 16'h0008;

  // Capabilities.
  localparam logic [15:0] REG_CAPS0 = 16'h000c;
  // Ethernet ports.
  localparam int unsigned REG_CAPS0_PORTS_LSB = 0;
  localparam int unsigned REG_CAPS0_PORTS_W = 4;
  localparam logic [31:0] REG_CAPS0_PORTS_MASK = 32'h0000000f;
  // Pipelines.
  localparam int unsigned REG_CAPS0_PIPES_LSB = 4;
  localparam int unsigned REG_CAPS0_PIPES_W = 4;
  localparam logic [31:0] REG_CAPS0_PIPES_MASK = 32'h000000f0;
  // L: GHASH multiplier latency; sa records carry H^(4L).
  localparam int unsigned REG_CAPS0_GHASH_LATENCY_LSB = 8;
  localparam int unsigned REG_CAPS0_GHASH_LATENCY_W = 4;
  localparam logic [31:0] REG_CAPS0_GHASH_LATENCY_MASK = 32'h00000f00;
  // ESN works.
  localparam int unsigned REG_CAPS0_ESN_LSB = 12;
  localparam int unsigned REG_CAPS0_ESN_W = 1;
  localparam logic [31:0] REG_CAPS0_ESN_MASK = 32'h00001000;
  // AES-128.
  localparam int unsigned REG_CAPS0_AES128_LSB = 13;
  localparam int unsigned REG_CAPS0_AES128_W = 1;
  localparam logic [31:0] REG_CAPS0_AES128_MASK = 32'h00002000;
  // AES-256.
  localparam int unsigned REG_CAPS0_AES256_LSB = 14;
  localparam int unsigned REG_CAPS0_AES256_W = 1;
  localparam logic [31:0] REG_CAPS0_AES256_MASK = 32'h00004000;
  // IPv6 forwarding.
  localparam int unsigned REG_CAPS0_IPV6_LSB = 15;
  localparam int unsigned REG_CAPS0_IPV6_W = 1;
  localparam logic [31:0] REG_CAPS0_IPV6_MASK = 32'h00008000;
  // ESP transport mode.
  localparam int unsigned REG_CAPS0_TRANSPORT_LSB = 16;
  localparam int unsigned REG_CAPS0_TRANSPORT_W = 1;
  localparam logic [31:0] REG_CAPS0_TRANSPORT_MASK = 32'h00010000;
  // ESP in UDP over IPv4.
  localparam int unsigned REG_CAPS0_UDP_ENCAP_LSB = 17;
  localparam int unsigned REG_CAPS0_UDP_ENCAP_W = 1;
  localparam logic [31:0] REG_CAPS0_UDP_ENCAP_MASK = 32'h00020000;
  // ESP over IPv6.
  localparam int unsigned REG_CAPS0_OUTER_IPV6_LSB = 20;
  localparam int unsigned REG_CAPS0_OUTER_IPV6_W = 1;
  localparam logic [31:0] REG_CAPS0_OUTER_IPV6_MASK = 32'h00100000;
  // Soft and hard limits of SAs.
  localparam int unsigned REG_CAPS0_SA_LIMITS_LSB = 18;
  localparam int unsigned REG_CAPS0_SA_LIMITS_W = 1;
  localparam logic [31:0] REG_CAPS0_SA_LIMITS_MASK = 32'h00040000;
  // Traffic flow confidentiality padding.
  localparam int unsigned REG_CAPS0_TFC_LSB = 19;
  localparam int unsigned REG_CAPS0_TFC_W = 1;
  localparam logic [31:0] REG_CAPS0_TFC_MASK = 32'h00080000;

  // Control.
  localparam logic [15:0] REG_CONTROL = 16'h0010;
  // Ports receive. While 0, received frames are discarded before the receive FIFO and not counted; nothing is sent in clear or otherwise.
  localparam int unsigned REG_CONTROL_ENABLE_LSB = 0;
  localparam int unsigned REG_CONTROL_ENABLE_W = 1;
  localparam logic [31:0] REG_CONTROL_ENABLE_MASK = 32'h00000001;
  // Write 1: stop and reset all rings. Tables and counters keep their values. Reads 1 until done.
  localparam int unsigned REG_CONTROL_SOFT_RESET_LSB = 1;
  localparam int unsigned REG_CONTROL_SOFT_RESET_W = 1;
  localparam logic [31:0] REG_CONTROL_SOFT_RESET_MASK = 32'h00000002;

  // Status.
  localparam logic [15:0] REG_STATUS = 16'h0014;
  // A packet, DMA transfer or command is in flight.
  localparam int unsigned REG_STATUS_BUSY_LSB = 0;
  localparam int unsigned REG_STATUS_BUSY_W = 1;
  localparam logic [31:0] REG_STATUS_BUSY_MASK = 32'h00000001;
  // Port 0 link is up.
  localparam int unsigned REG_STATUS_LINK0_LSB = 8;
  localparam int unsigned REG_STATUS_LINK0_W = 1;
  localparam logic [31:0] REG_STATUS_LINK0_MASK = 32'h00000100;
  // Port 1 link is up.
  localparam int unsigned REG_STATUS_LINK1_LSB = 9;
  localparam int unsigned REG_STATUS_LINK1_W = 1;
  localparam logic [31:0] REG_STATUS_LINK1_MASK = 32'h00000200;

  // Shortest distance of two Drop events in core clock cycles, and the time in which an outbound SA gets at most one Acquire or SeqExhausted event; drops in between are counted in `lost`.
  localparam logic [15:0] REG_EVENT_INTERVAL = 16'h0018;
  localparam logic [31:0] REG_EVENT_INTERVAL_RESET = 32'h00000040;

  // DMA accesses that the host refused.
  localparam logic [15:0] REG_DMA_ERRORS = 16'h001c;

  // Core clock cycles since reset, low word; latches the high word.
  localparam logic [15:0] REG_CYCLE_LO = 16'h0020;

  // High word of cycle.
  localparam logic [15:0] REG_CYCLE_HI = 16'h0024;

  // Entries of table n, by table number; 0 where there is none. The driver takes table sizes from here.
  localparam logic [15:0] REG_TABLE_DEPTH = 16'h0040;
  localparam int unsigned REG_TABLE_DEPTH_COUNT = 16;
  localparam int unsigned REG_TABLE_DEPTH_STRIDE = 4;

  // Ring control.
  localparam logic [15:0] REG_RING_CONTROL = 16'h0100;
  localparam int unsigned REG_RING_CONTROL_COUNT = 4;
  localparam int unsigned REG_RING_CONTROL_STRIDE = 64;
  // Run. Writing 0 stops the ring and resets its indices, phases and error; it reads 1 until DMA under way has ended. Base, index address and sizes can be written only while it reads 0.
  localparam int unsigned REG_RING_CONTROL_ENABLE_LSB = 0;
  localparam int unsigned REG_RING_CONTROL_ENABLE_W = 1;
  localparam logic [31:0] REG_RING_CONTROL_ENABLE_MASK = 32'h00000001;
  // Raise the ring's MSI-X vector when completions were written.
  localparam int unsigned REG_RING_CONTROL_IRQ_ENABLE_LSB = 1;
  localparam int unsigned REG_RING_CONTROL_IRQ_ENABLE_W = 1;
  localparam logic [31:0] REG_RING_CONTROL_IRQ_ENABLE_MASK = 32'h00000002;
  // log2 of the submission ring's entries.
  localparam int unsigned REG_RING_CONTROL_SQ_LOG2_LSB = 8;
  localparam int unsigned REG_RING_CONTROL_SQ_LOG2_W = 4;
  localparam logic [31:0] REG_RING_CONTROL_SQ_LOG2_MASK = 32'h00000f00;
  // log2 of the completion ring's entries.
  localparam int unsigned REG_RING_CONTROL_CQ_LOG2_LSB = 16;
  localparam int unsigned REG_RING_CONTROL_CQ_LOG2_W = 4;
  localparam logic [31:0] REG_RING_CONTROL_CQ_LOG2_MASK = 32'h000f0000;

  // Ring status.
  localparam logic [15:0] REG_RING_STATUS = 16'h0104;
  localparam int unsigned REG_RING_STATUS_COUNT = 4;
  localparam int unsigned REG_RING_STATUS_STRIDE = 64;
  // Enabled, or still stopping, and not in error.
  localparam int unsigned REG_RING_STATUS_RUNNING_LSB = 0;
  localparam int unsigned REG_RING_STATUS_RUNNING_W = 1;
  localparam logic [31:0] REG_RING_STATUS_RUNNING_MASK = 32'h00000001;
  // Why it stopped (`ring_error`).
  localparam int unsigned REG_RING_STATUS_ERROR_LSB = 4;
  localparam int unsigned REG_RING_STATUS_ERROR_W = 4;
  localparam logic [31:0] REG_RING_STATUS_ERROR_MASK = 32'h000000f0;

  // IOVA of the submission ring, 4,096-byte aligned, low word.
  localparam logic [15:0] REG_RING_SQ_BASE_LO = 16'h0108;
  localparam int unsigned REG_RING_SQ_BASE_LO_COUNT = 4;
  localparam int unsigned REG_RING_SQ_BASE_LO_STRIDE = 64;

  // High word.
  localparam logic [15:0] REG_RING_SQ_BASE_HI = 16'h010c;
  localparam int unsigned REG_RING_SQ_BASE_HI_COUNT = 4;
  localparam int unsigned REG_RING_SQ_BASE_HI_STRIDE = 64;

  // IOVA of the completion ring, 4,096-byte aligned, low word.
  localparam logic [15:0] REG_RING_CQ_BASE_LO = 16'h0110;
  localparam int unsigned REG_RING_CQ_BASE_LO_COUNT = 4;
  localparam int unsigned REG_RING_CQ_BASE_LO_STRIDE = 64;

  // High word.
  localparam logic [15:0] REG_RING_CQ_BASE_HI = 16'h0114;
  localparam int unsigned REG_RING_CQ_BASE_HI_COUNT = 4;
  localparam int unsigned REG_RING_CQ_BASE_HI_STRIDE = 64;

  // IOVA of the index block (struct ring_indices), 64-byte aligned, low word.
  localparam logic [15:0] REG_RING_INDEX_LO = 16'h0118;
  localparam int unsigned REG_RING_INDEX_LO_COUNT = 4;
  localparam int unsigned REG_RING_INDEX_LO_STRIDE = 64;

  // High word.
  localparam logic [15:0] REG_RING_INDEX_HI = 16'h011c;
  localparam int unsigned REG_RING_INDEX_HI_COUNT = 4;
  localparam int unsigned REG_RING_INDEX_HI_STRIDE = 64;

  // Doorbell: descriptors the host has produced, modulo 2^32. Ignored while the ring is not enabled.
  localparam logic [15:0] REG_RING_SQ_TAIL = 16'h0120;
  localparam int unsigned REG_RING_SQ_TAIL_COUNT = 4;
  localparam int unsigned REG_RING_SQ_TAIL_STRIDE = 64;

  // Doorbell: completions the host has consumed, modulo 2^32. The card never overruns it.
  localparam logic [15:0] REG_RING_CQ_HEAD = 16'h0124;
  localparam int unsigned REG_RING_CQ_HEAD_COUNT = 4;
  localparam int unsigned REG_RING_CQ_HEAD_STRIDE = 64;

  // Descriptors the card has consumed.
  localparam logic [15:0] REG_RING_SQ_HEAD = 16'h0128;
  localparam int unsigned REG_RING_SQ_HEAD_COUNT = 4;
  localparam int unsigned REG_RING_SQ_HEAD_STRIDE = 64;

  // Completions the card has produced.
  localparam logic [15:0] REG_RING_CQ_TAIL = 16'h012c;
  localparam int unsigned REG_RING_CQ_TAIL_COUNT = 4;
  localparam int unsigned REG_RING_CQ_TAIL_STRIDE = 64;

  // Packets dropped, by drop_reason. The Rx reasons (1 to 4) are the sum over ports; per port see port_rx_drops.
  localparam logic [15:0] REG_DROP_COUNT = 16'h1000;
  localparam int unsigned REG_DROP_COUNT_COUNT = 64;
  localparam int unsigned REG_DROP_COUNT_STRIDE = 8;

  // Packets that entered a stage, by stage number.
  localparam logic [15:0] REG_STAGE_IN = 16'h1200;
  localparam int unsigned REG_STAGE_IN_COUNT = 16;
  localparam int unsigned REG_STAGE_IN_STRIDE = 8;

  // Packets that left a stage (not dropped), by stage number.
  localparam logic [15:0] REG_STAGE_OUT = 16'h1280;
  localparam int unsigned REG_STAGE_OUT_COUNT = 16;
  localparam int unsigned REG_STAGE_OUT_STRIDE = 8;

  // Packets handed to the host, by host_reason.
  localparam logic [15:0] REG_HOST_REASON_COUNT = 16'h1300;
  localparam int unsigned REG_HOST_REASON_COUNT_COUNT = 32;
  localparam int unsigned REG_HOST_REASON_COUNT_STRIDE = 8;

  // Frames received by a port while enabled, dropped ones included.
  localparam logic [15:0] REG_PORT_RX_FRAMES = 16'h1400;
  localparam int unsigned REG_PORT_RX_FRAMES_COUNT = 2;
  localparam int unsigned REG_PORT_RX_FRAMES_STRIDE = 8;

  // Bytes of those frames, without FCS.
  localparam logic [15:0] REG_PORT_RX_BYTES = 16'h1410;
  localparam int unsigned REG_PORT_RX_BYTES_COUNT = 2;
  localparam int unsigned REG_PORT_RX_BYTES_STRIDE = 8;

  // Frames dropped by the receive FIFO, for any Rx reason.
  localparam logic [15:0] REG_PORT_RX_DROPS = 16'h1420;
  localparam int unsigned REG_PORT_RX_DROPS_COUNT = 2;
  localparam int unsigned REG_PORT_RX_DROPS_STRIDE = 8;

  // Frames sent by a port.
  localparam logic [15:0] REG_PORT_TX_FRAMES = 16'h1430;
  localparam int unsigned REG_PORT_TX_FRAMES_COUNT = 2;
  localparam int unsigned REG_PORT_TX_FRAMES_STRIDE = 8;

  // Bytes of those frames, padding included, without FCS.
  localparam logic [15:0] REG_PORT_TX_BYTES = 16'h1440;
  localparam int unsigned REG_PORT_TX_BYTES_COUNT = 2;
  localparam int unsigned REG_PORT_TX_BYTES_STRIDE = 8;

  // Packets delivered to the host on rx[0].
  localparam logic [15:0] REG_HOST_RX_FRAMES = 16'h1450;

  // Descriptors taken from tx[0], dropped ones included. Conservation: rx frames + host_tx = tx frames + host_rx + drops + in flight.
  localparam logic [15:0] REG_HOST_TX_FRAMES = 16'h1458;

endpackage

/* verilator lint_on UNUSED */

`default_nettype wire
