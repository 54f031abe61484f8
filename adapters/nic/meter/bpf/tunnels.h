/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tunnels that the vSwitch ends: Geneve (RFC 8926) and VXLAN (RFC 7348). A tunnel is to a connection within it
 * what a port is to other connections; its identity is the keyed hash of the outer headers.
 */
#ifndef NORIKAE_METER_TUNNELS_H
#define NORIKAE_METER_TUNNELS_H

#include "records.h"
#include "siphash.h"
#include "skb.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct meter_endpoint);
	__type(value, __u32);
} meter_endpoints SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct meter_tunnel_key);
	__type(value, struct meter_tunnel);
} meter_tunnels SEC(".maps");

/* A tunnel's key, which the stack has no room for. Programs do not interrupt each other on a processor. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct meter_tunnel_key);
} meter_scratch SEC(".maps");

/* Words of a key that are hashed: all behind the port, whose identity is the key of the hash. */
#define TUNNEL_WORDS ((sizeof(struct meter_tunnel_key) - sizeof(__u64)) / sizeof(__u64))

/* Offsets of UDP in frames without a tag, IP options and extension headers. */
#define UDP_OFFSET_IPV4 (ETH_HLEN + sizeof(struct iphdr))
#define UDP_OFFSET_IPV6 (ETH_HLEN + sizeof(struct ipv6hdr))
#define UDP_BYTES 8
#define IPV4_FRAGMENT_OFFSET (ETH_HLEN + 6)
#define IPV4_DF 0x4000

/* Geneve's and VXLAN's headers have the same size without options. */
#define TUNNEL_BYTES 8
/* An inner frame's headers up to the fields that are parsed: a tag, IPv6, TCP. */
#define INNER_BYTES (ETH_HLEN + sizeof(struct tagged_header) + sizeof(struct ipv6hdr) + 20)
#define TUNNEL_HEADERS (UDP_OFFSET_IPV6 + UDP_BYTES + TUNNEL_BYTES + MAX_TUNNEL_OPTIONS + INNER_BYTES)

#define GENEVE_OPTIONS_MASK 0x3f
/* Control packets. */
#define GENEVE_OAM 0x80
#define VXLAN_HAS_VNI 0x08

static __always_inline __be16 tci_of(const struct flow_key *packet)
{
	return packet->vlan_tpid ? packet->vlan_tci | bpf_htons(TAG_PRESENT) : 0;
}

static __always_inline __u8 kind_of(const struct flow_key *packet)
{
	__u8 kind = packet->eth_type == bpf_htons(ETH_P_IP) ? 4 : 6;
	return packet->vlan_tpid == bpf_htons(ETH_P_8021AD) ? kind | KIND_802_1AD : kind;
}

/* The key of this processor's packet, all zero. */
static __always_inline struct meter_tunnel_key *new_key(void)
{
	__u32 first = 0;
	struct meter_tunnel_key *key = bpf_map_lookup_elem(&meter_scratch, &first);
	if (key)
		__builtin_memset(key, 0, sizeof(*key));
	return key;
}

/* How a packet is in a tunnel that the vSwitch ends; 0 if it is not. */
static __always_inline __u32 encapsulation_of(__u32 ifindex, const struct flow_key *packet)
{
	if (packet->ip_proto != IPPROTO_UDP || packet->ip_frag)
		return 0;
	struct meter_endpoint endpoint = {.ifindex = ifindex, .udp_dst = packet->l4_dst};
	__builtin_memcpy(endpoint.dst, packet->dst, sizeof(endpoint.dst));
	__u32 *encapsulation = bpf_map_lookup_elem(&meter_endpoints, &endpoint);
	return encapsulation ? *encapsulation : 0;
}

/* Takes VNI and options from the 8 bytes behind UDP; returns the bytes of the options, or -1. */
static __always_inline int parse_geneve(const __u8 *header, struct meter_tunnel_key *key)
{
	/* Another version. */
	if (header[0] & ~GENEVE_OPTIONS_MASK)
		return -1;
	if (header[1] & GENEVE_OAM || header[2] != ETH_P_TEB >> 8 || header[3] != (ETH_P_TEB & 0xff))
		return -1;
	__builtin_memcpy((__u8 *)&key->vni + 1, header + 4, 3);
	return (header[0] & GENEVE_OPTIONS_MASK) * 4;
}

static __always_inline int parse_vxlan(const __u8 *header, struct meter_tunnel_key *key)
{
	/* Extensions use the other bits. */
	if (header[0] != VXLAN_HAS_VNI || header[1] || header[2] || header[3])
		return -1;
	__builtin_memcpy((__u8 *)&key->vni + 1, header + 4, 3);
	return 0;
}

/* Bits of bpf_tunnel_key.tunnel_flags (TUNNEL_CSUM and TUNNEL_DONT_FRAGMENT of the kernel). */
#define METADATA_CHECKSUM bpf_htons(0x0001)
#define METADATA_DF bpf_htons(0x0100)

/* The identity of a tunnel, which a first packet adds. */
static __always_inline void identify(const struct meter_tunnel_key *key, const struct flow_key *outer,
				     __u64 *identity)
{
	struct meter_tunnel *known = bpf_map_lookup_elem(&meter_tunnels, key);
	if (known) {
		identity[0] = known->identity[0];
		identity[1] = known->identity[1];
		return;
	}
	struct meter_tunnel tunnel = {};
	siphash(identity, (const __u64 *)key + 1, TUNNEL_WORDS, tunnel.identity);
	__builtin_memcpy(tunnel.eth_dst, outer->eth_dst, sizeof(tunnel.eth_dst));
	__builtin_memcpy(tunnel.eth_src, outer->eth_src, sizeof(tunnel.eth_src));
	bpf_map_update_elem(&meter_tunnels, key, &tunnel, BPF_NOEXIST);
	identity[0] = tunnel.identity[0];
	identity[1] = tunnel.identity[1];
}

/*
 * Replaces the headers of a packet by those of the packet inside, and the identity of its port by that of its
 * tunnel; -1 for packets that the vSwitch may not take out of it, or that are not parsed.
 */
static __always_inline int open_tunnel(struct __sk_buff *skb, __u32 encapsulation,
				       const struct l4_place *udp, __u64 *identity,
				       struct flow_key *packet)
{
	struct meter_tunnel_key *key = new_key();
	if (!key)
		return -1;
	key->port = identity[0];
	key->vlan_tci = tci_of(packet);
	key->kind = kind_of(packet);
	key->encapsulation = encapsulation;
	key->udp_dst = packet->l4_dst;
	__builtin_memcpy(key->src, packet->src, sizeof(key->src));
	__builtin_memcpy(key->dst, packet->dst, sizeof(key->dst));

	if (udp->checksum)
		key->flags |= TUNNEL_CHECKSUM;
	__u32 offset = UDP_OFFSET_IPV6;
	if (packet->eth_type == bpf_htons(ETH_P_IP)) {
		__be16 fragment;
		offset = UDP_OFFSET_IPV4;
		if (bpf_skb_load_bytes(skb, IPV4_FRAGMENT_OFFSET, &fragment, sizeof(fragment)))
			return -1;
		if (fragment & bpf_htons(IPV4_DF))
			key->flags |= TUNNEL_DF;
	}
	/* With IP options or extension headers. */
	if (udp->offset != offset)
		return -1;
	offset += UDP_BYTES;
	__u8 header[TUNNEL_BYTES];
	if (bpf_skb_load_bytes(skb, offset, header, sizeof(header)))
		return -1;
	int options = encapsulation == TUNNEL_GENEVE ? parse_geneve(header, key) : parse_vxlan(header, key);
	if (options < 0 || options > MAX_TUNNEL_OPTIONS)
		return -1;
	key->options_bytes = options;
	offset += TUNNEL_BYTES;
	/* One less, so that verifiers of all kernels see that it is not zero. */
	__u64 last = (__u64)options - 1;
	asm volatile("" : "+r"(last));
	if (last < MAX_TUNNEL_OPTIONS) {
		if (bpf_skb_load_bytes(skb, offset, key->options, last + 1))
			return -1;
		offset += last + 1;
	}
	/* The compiler takes udp->offset, whose bound verifiers do not know, for the equal offset. */
	asm volatile("" : "+r"(offset));
	offset &= 0xff;

	__u32 wanted = TUNNEL_HEADERS < skb->len ? TUNNEL_HEADERS : skb->len;
	void *data = (void *)(long)skb->data;
	if (distance(data, (void *)(long)skb->data_end) < wanted && bpf_skb_pull_data(skb, wanted))
		return -1;
	data = (void *)(long)skb->data;
	struct flow_key inner = {};
	struct l4_place place = {};
	struct stripped_tag none = {};
	if (parse(data + offset, (void *)(long)skb->data_end, skb->len - offset, none, &inner, &place) < 0)
		return -1;
	identify(key, packet, identity);
	*packet = inner;
	return 0;
}

/*
 * Replaces the identity of a device that takes packets out of tunnels by that of the packet's tunnel; -1 for a
 * packet without outer headers.
 */
static __always_inline int read_metadata(struct __sk_buff *skb, const struct meter_port *port, __u64 *identity,
					 __u8 *tos, __u8 *ttl)
{
	struct meter_tunnel_key *key = new_key();
	if (!key)
		return -1;
	key->port = identity[0];
	key->kind = 4;
	key->encapsulation = port->encapsulation;
	key->udp_dst = port->udp_dst;
	key->flags = TUNNEL_METADATA;
	struct bpf_tunnel_key outer = {};
	if (!bpf_skb_get_tunnel_key(skb, &outer, sizeof(outer), BPF_F_TUNINFO_FLAGS)) {
		__be32 src = bpf_htonl(outer.remote_ipv4);
		__be32 dst = bpf_htonl(outer.local_ipv4);
		__builtin_memcpy(key->src, &src, sizeof(src));
		__builtin_memcpy(key->dst, &dst, sizeof(dst));
	} else if (!bpf_skb_get_tunnel_key(skb, &outer, sizeof(outer), BPF_F_TUNINFO_IPV6 | BPF_F_TUNINFO_FLAGS)) {
		key->kind = 6;
		__builtin_memcpy(key->src, outer.remote_ipv6, sizeof(key->src));
		__builtin_memcpy(key->dst, outer.local_ipv6, sizeof(key->dst));
	} else {
		return -1;
	}
	key->vni = bpf_htonl(outer.tunnel_id);
	if (outer.tunnel_flags & METADATA_CHECKSUM)
		key->flags |= TUNNEL_CHECKSUM;
	if (outer.tunnel_flags & METADATA_DF)
		key->flags |= TUNNEL_DF;
	*tos = outer.tunnel_tos;
	*ttl = outer.tunnel_ttl;
	if (port->encapsulation == TUNNEL_GENEVE) {
		int options = bpf_skb_get_tunnel_opt(skb, key->options, sizeof(key->options));
		/* Too long for the buffer. */
		if (options == -12)
			return -1;
		if (options > 0)
			key->options_bytes = options;
	}
	struct flow_key unknown = {};
	identify(key, &unknown, identity);
	return 0;
}

#endif
