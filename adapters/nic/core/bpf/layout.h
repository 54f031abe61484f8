/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the BPF programs and user space share through maps. The TypeScript side (key-layout.ts,
 * entry-value.ts, records.ts) has the same offsets; test/adapters/nic/core/layout.test.ts compares the two.
 */
#ifndef NORIKAE_LAYOUT_H
#define NORIKAE_LAYOUT_H

#include <linux/types.h>

/* Raised whenever a struct below changes: pinned maps of another version are not adopted. */
#define LAYOUT_VERSION 7

#define MAX_MASKS 128
#define KEY_WORDS 8

/* Header fields of a packet, network byte order, zero where the packet has no such header. */
struct flow_key {
	__u8 eth_dst[6];
	__u8 eth_src[6];
	__be16 vlan_tpid;
	__be16 vlan_tci;
	__be16 eth_type;
	__u8 ip_proto;
	__u8 ip_tos;
	__u8 ip_ttl;
	__u8 ip_frag;
	__be16 tcp_flags;
	/* TCP, UDP, SCTP ports; ICMP type and code as numbers of 16 bits; ARP operation. */
	__be16 l4_src;
	__be16 l4_dst;
	/* Of the packet around it, when it has arrived in a tunnel. */
	__u8 outer_tos;
	__u8 outer_ttl;
	__u8 outer_flags;
	__u8 spare;
	/* IPv6 address; or IPv4 address in the first 4 bytes; or ARP: protocol, then MAC address. */
	__u8 src[16];
	__u8 dst[16];
};

/* Bits of flow_key.outer_flags. */
/* DF in the outer IPv4 header. */
#define OUTER_DO_NOT_FRAGMENT (1U << 0)
/* The outer UDP header has a checksum. */
#define OUTER_CHECKSUM (1U << 1)

/* Key of the flow table: which mask, which port or tunnel (arrived_tunnel.id), and the packet's fields under that mask. */
struct table_key {
	__u32 mask_id;
	__u32 in_port;
	struct flow_key fields;
};

/* Bits of flow_entry.flags. */
#define ENTRY_DROP (1U << 0)
#define ENTRY_POP_VLAN (1U << 1)
#define ENTRY_PUSH_VLAN (1U << 2)
#define ENTRY_SET_ETH (1U << 3)
#define ENTRY_SET_IP (1U << 4)
#define ENTRY_SET_SRC (1U << 5)
#define ENTRY_SET_DST (1U << 6)
#define ENTRY_SET_PORTS (1U << 7)
#define ENTRY_PUSH_TUNNEL (1U << 8)
/* Rewrites of what identifies a connection. */
#define ENTRY_SET_TUPLE (ENTRY_SET_SRC | ENTRY_SET_DST | ENTRY_SET_PORTS)

/* What is done with the packets of a flow. */
struct flow_entry {
	/* CLOCK_MONOTONIC, ns, of the last packet that was left to the vSwitch. */
	__u64 last_left_ns;
	/* Packets that follow it closely go the same way until this time: see order.h. */
	__u64 train_until_ns;
	__u32 ufid[4];
	__u32 stats_slot;
	__u32 out_port;
	__u32 out_ifindex;
	__u16 flags;
	/* With ENTRY_PUSH_TUNNEL: the outer UDP source port. */
	__be16 tunnel_src_port;
	union {
		/* With ENTRY_PUSH_VLAN. */
		struct {
			__be16 push_tpid;
			__be16 push_tci;
		};
		/* With ENTRY_PUSH_TUNNEL, which excludes the other: index in tunnel_headers. */
		__u32 tunnel_header;
	};
	__u8 ip_ttl;
	__u8 ip_ttl_mask;
	__u8 ip_tos;
	__u8 ip_tos_mask;
	__u8 eth_dst[6];
	__u8 eth_src[6];
	__u8 eth_dst_mask[6];
	__u8 eth_src_mask[6];
	/* Read with ENTRY_SET_TUPLE alone. An IPv6 address; or an IPv4 address, then its mask. */
	__u8 src[16];
	__u8 dst[16];
	__be16 l4_src;
	__be16 l4_dst;
	__be16 l4_src_mask;
	__be16 l4_dst_mask;
};

/* Geneve options, bytes. */
#define MAX_TUNNEL_OPTIONS 64
/* Ethernet, a VLAN tag, IPv6, UDP, Geneve and its options. */
#define MAX_TUNNEL_HEADER (14 + 4 + 40 + 8 + 8 + MAX_TUNNEL_OPTIONS)

/* Addresses of a tunnel_key that are compared; its shape is a combination of them. */
#define TUNNEL_ETH_DST (1U << 0)
#define TUNNEL_ETH_SRC (1U << 1)
#define TUNNEL_IP_SRC (1U << 2)
#define TUNNEL_IP_DST (1U << 3)
#define TUNNEL_SHAPES 16

/* Outer headers of packets that arrive in a tunnel, network byte order; zero where they are not compared. */
struct tunnel_key {
	/* Port id. */
	__u32 in_port;
	__u32 shape;
	__u8 eth_dst[6];
	__u8 eth_src[6];
	/* IPv6 address, or IPv4 address in the first 4 bytes. */
	__u8 src[16];
	__u8 dst[16];
	__be16 eth_type;
	__be16 udp_dst;
	/* The header of VXLAN or Geneve, which has the VNI in its second half. */
	__u8 head[8];
	__u8 options[MAX_TUNNEL_OPTIONS];
};

/* A tunnel that packets arrive in. */
struct arrived_tunnel {
	/* Stands for it in table_key.in_port, where no port id has the highest bit. Never used again. */
	__u32 id;
};

/* Bits of tunnel_header.flags. */
/* The outer IP header is IPv4, which has a checksum. */
#define HEADER_IPV4 (1U << 0)
/* The outer UDP header has a checksum. */
#define HEADER_CHECKSUM (1U << 1)
#define HEADER_DO_NOT_FRAGMENT (1U << 2)

/*
 * Outer headers that entries share, as they stand in front of a packet but for what depends on it: lengths,
 * checksums and the UDP source port are zero.
 */
struct tunnel_header {
	__u16 length;
	/* Offsets of the outer IP and UDP headers. */
	__u8 l3;
	__u8 l4;
	__u32 flags;
	/* Sum of the 16-bit words of the outer IPv4 header, in the order of the wire. */
	__u32 ip_sum;
	/* The same for what the UDP checksum covers: pseudo header, UDP header, and what is behind it here. */
	__u32 udp_sum;
	__u8 bytes[MAX_TUNNEL_HEADER];
	__u8 spare[2];
};

struct flow_mask {
	__u64 words[KEY_WORDS];
	__u32 mask_id;
	__u32 spare;
};

/* Immutable once reachable: a change installs another set. */
struct mask_set {
	__u32 count;
	__u32 spare;
	struct flow_mask masks[MAX_MASKS];
};

/* Bits of port_ref.flags. */
/* The driver keeps VLAN tags in the frame though it cannot say so through the tag kfunc. */
#define PORT_TAGS_IN_FRAME (1U << 0)
/* Packets can arrive from a sender on this host that has left checksums to its device. */
#define PORT_CHECKSUMS_OPEN (1U << 1)

/* What is known of an attached device. */
struct port_ref {
	__u32 port_id;
	__u32 flags;
	/* Times of the heartbeats of flows that enter here, ns, see order.h; limit 0: no heartbeats. */
	__u64 heartbeat_ns;
	__u64 heartbeat_limit_ns;
};

/* Identifies the port of a port id, for the next daemon. */
struct port_info {
	__u32 ifindex;
	__u32 flags;
	__u8 identity[32];
};

struct flow_stats {
	__u64 packets;
	__u64 bytes;
	/* CLOCK_MONOTONIC, ns, of the last packet that was carried on this CPU. */
	__u64 last_ns;
	/* Time between that packet and the one before it. */
	__u64 gap_ns;
};

/* The context of norikae_lease, on the clock of bpf_ktime_get_ns(). */
struct lease_request {
	/* When the flows that the entries were compared with were asked for. */
	__u64 verified_ns;
	/* End of the lease; in the past: it ends now. */
	__u64 until_ns;
};

/* Words of the control map. */
#define CONTROL_LEASE_UNTIL_NS 0
/* Duration of a port's first stall, ns. */
#define CONTROL_MIN_STALL_NS 1
#define CONTROL_LAYOUT_VERSION 2
#define CONTROL_NEXT_PORT_ID 3
#define CONTROL_NEXT_MASK_ID 4
/* Kernel id of the devices map: distinguishes our failed redirects from those of others. */
#define CONTROL_DEVICES_MAP_ID 5
/* Longest train after a packet that could not be redirected, ns, see order.h. */
#define CONTROL_TRAIN_NS 6
/* UDP ports of the tunnels in `arrived`: up to four numbers of 16 bits, as on the wire; 0: none. */
#define CONTROL_TUNNEL_PORTS 7
/* Their shapes: bit n is set when there are tunnels with shape n. */
#define CONTROL_TUNNEL_SHAPES 8
#define CONTROL_WORDS 9

#endif
