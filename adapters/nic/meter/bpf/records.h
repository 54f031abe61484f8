/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the meter and user space share through maps. The TypeScript side is records.ts;
 * test/adapters/nic/meter/layout.test.ts compares the two.
 */
#ifndef NORIKAE_METER_RECORDS_H
#define NORIKAE_METER_RECORDS_H

#include <linux/types.h>

/* Raised whenever a struct below, or the hash, changes: pinned maps of another version are not adopted. */
#define METER_LAYOUT_VERSION 2

/* Bits of meter_key.kind besides the IP version. */
#define KIND_802_1AD 0x10
/* The packet was in a tunnel: the port is a struct meter_tunnel, and the rest is that of the packet inside. */
#define KIND_TUNNELLED 0x20
/* Bit of meter_key.vlan_tci, which Open vSwitch uses in the same way: the packet has a tag. */
#define TAG_PRESENT 0x1000

/* One direction of a connection, and where it enters. Network byte order. */
struct meter_key {
	/* First half of the identity of the port, or of the tunnel. */
	__u64 port;
	__be16 vlan_tci;
	__u8 kind;
	__u8 ip_proto;
	__be16 l4_src;
	__be16 l4_dst;
	/* IPv6 address; or IPv4 address in the first 4 bytes, then zero. */
	__u8 src[16];
	__u8 dst[16];
};

struct meter_record {
	__u64 packets;
	__u64 bytes;
	/* CLOCK_MONOTONIC, ns, of the first packet and of the last; as exact as the kernel's tick. */
	__u64 first_ns;
	__u64 last_ns;
	/* Hash of the key, keyed by the identity of the port or the tunnel. */
	__u64 id[2];
	/* Of the first packet. */
	__u8 eth_dst[6];
	__u8 eth_src[6];
	/* Zero if it was not in a tunnel. */
	__u8 outer_tos;
	__u8 outer_ttl;
	__u8 ip_tos;
	__u8 ip_ttl;
};

/* Bits of meter_port.flags. */
/* The vSwitch takes packets out of tunnels that arrive there: see struct meter_endpoint. */
#define PORT_HAS_ENDPOINTS 0x1

/* A device that is metered, by its ifindex. */
struct meter_port {
	__u64 identity[2];
	__u32 flags;
	/* Of a device that takes packets out of tunnels itself, and keeps the outer headers as metadata; else zero. */
	__be16 udp_dst;
	__u16 encapsulation;
};

/* Longest Geneve options; packets with longer ones are not counted. */
#define MAX_TUNNEL_OPTIONS 64

/* How packets are in a tunnel. */
#define TUNNEL_GENEVE 1
#define TUNNEL_VXLAN 2

/* Bits of meter_tunnel_key.flags: the outer IPv4 header has DF, the outer UDP header a checksum. */
#define TUNNEL_DF 0x1
#define TUNNEL_CHECKSUM 0x2
/* The device has removed the outer headers: MAC addresses are not known. */
#define TUNNEL_METADATA 0x4

/* Where the vSwitch takes packets out of tunnels. The value is how they are in it. */
struct meter_endpoint {
	__u32 ifindex;
	__be16 udp_dst;
	__u16 spare;
	/* Outer destination; IPv4 address in the first 4 bytes, then zero. */
	__u8 dst[16];
};

/* The outer headers that tell tunnels apart. Network byte order. */
struct meter_tunnel_key {
	/* First half of the port's identity. */
	__u64 port;
	__be16 vlan_tci;
	/* IP version and KIND_802_1AD of the outer headers. */
	__u8 kind;
	__u8 encapsulation;
	__be16 udp_dst;
	__u8 options_bytes;
	__u8 flags;
	__be32 vni;
	__u32 spare;
	__u8 src[16];
	__u8 dst[16];
	/* Zero behind their end. */
	__u8 options[MAX_TUNNEL_OPTIONS];
};

struct meter_tunnel {
	/* Hash of the key, keyed by the port's identity. */
	__u64 identity[2];
	/* Of its first packet. */
	__u8 eth_dst[6];
	__u8 eth_src[6];
	__u32 spare;
};

/* Words of the map meter_control. */
/* CLOCK_MONOTONIC, ns: nothing is counted afterwards, because it is not read. */
#define METER_UNTIL_NS 0
#define METER_VERSION 1
/* A busy processor counts one packet in so many, and counts it so many times; at least 1. */
#define METER_SAMPLING 2
/* A processor is busy with more packets in a window. */
#define METER_BUSY_PACKETS 3
#define METER_WORDS 4

/* A window has 2^24 ns, 17 ms. */
#define WINDOW_SHIFT 24

/* How a processor samples. */
struct meter_pace {
	/* The time, in windows, of the last packet that was counted. */
	__u64 window;
	/* Packets in that window. */
	__u32 packets;
	/* Packets to pass over until the next that is counted. */
	__u32 skips;
	/* How many times a packet is counted. */
	__u32 times;
	__u32 spare;
};

#endif
