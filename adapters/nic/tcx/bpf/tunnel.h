/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tunnels of the kernel datapath: a device that all tunnels of a kind share takes the outer headers from packets
 * that arrive, and puts them in front of packets that leave. The kernel keeps them as metadata of the packet.
 */
#ifndef NORIKAE_TCX_TUNNEL_H
#define NORIKAE_TCX_TUNNEL_H

#include <linux/bpf.h>
#include "parse.h"
#include "table.h"

#define ECN_CE 3
/* Bits of bpf_tunnel_key.tunnel_flags (include/uapi/linux/if_tunnel.h). */
#define FLAG_CHECKSUM bpf_htons(0x01)
#define FLAG_DO_NOT_FRAGMENT bpf_htons(0x0100)
#define FLAG_OAM bpf_htons(0x0200)

#define UDP_BYTES 8
#define TUNNEL_BYTES 8
#define IPV6_TOS(word) ((__u8)(bpf_ntohs(word) >> 4))

/* What is known of a packet that has arrived in a tunnel. */
struct arrival {
	struct tunnel_key key;
	struct bpf_tunnel_key outer;
};

/* Of the packet on this CPU: too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct arrival);
} arrival SEC(".maps");

/* Reads the outer headers. Returns their ethertype, or 0 when the packet has arrived in no tunnel. */
static __always_inline __be16 read_outer(struct __sk_buff *skb, struct bpf_tunnel_key *outer)
{
	if (!bpf_skb_get_tunnel_key(skb, outer, sizeof(*outer), BPF_F_TUNINFO_FLAGS))
		return bpf_htons(ETH_P_IP);
	if (!bpf_skb_get_tunnel_key(skb, outer, sizeof(*outer),
				    BPF_F_TUNINFO_FLAGS | BPF_F_TUNINFO_IPV6))
		return bpf_htons(ETH_P_IPV6);
	return 0;
}

static __always_inline void set_addresses(struct tunnel_key *key, const struct bpf_tunnel_key *outer,
					  int has_src, int has_dst)
{
	__builtin_memset(key->src, 0, 32);
	if (key->eth_type == bpf_htons(ETH_P_IP)) {
		if (has_src)
			*(__be32 *)key->src = bpf_htonl(outer->remote_ipv4);
		if (has_dst)
			*(__be32 *)key->dst = bpf_htonl(outer->local_ipv4);
		return;
	}
	if (has_src)
		__builtin_memcpy(key->src, outer->remote_ipv6, 16);
	if (has_dst)
		__builtin_memcpy(key->dst, outer->local_ipv6, 16);
}

/*
 * Looks for the tunnel that a packet has arrived in by a port. Returns its id, and sets what of the outer headers
 * is in `fields`; 0 when there is no such tunnel.
 */
static __attribute__((noinline)) __u32 arrive(struct __sk_buff *skb, __u32 in_port,
					      struct flow_key *fields)
{
	__u32 first = 0;
	struct arrival *here = bpf_map_lookup_elem(&arrival, &first);
	if (!here)
		return 0;
	struct tunnel_key *key = &here->key;
	__be16 type = read_outer(skb, &here->outer);
	if (!type)
		return 0;
	__builtin_memset(key, 0, sizeof(*key));
	key->eth_type = type;
	/* A packet without options has no error either, or this one. */
	int options = bpf_skb_get_tunnel_opt(skb, key->options, sizeof(key->options));
	if (options == -ENOENT)
		options = 0;
	const struct bpf_tunnel_key *outer = &here->outer;
	if (options < 0 || outer->tunnel_flags & FLAG_OAM || (outer->tunnel_tos & ECN_CE) == ECN_CE)
		return 0;
	key->in_port = in_port;
	key->head[0] = options / 4;
	*(__be32 *)(key->head + 4) = bpf_htonl(outer->tunnel_id << 8);
	/* Devices give no MAC addresses. */
	__u64 shapes = control_word(CONTROL_TUNNEL_SHAPES);
	for (__u32 shape = 0; shape < TUNNEL_SHAPES; shape += TUNNEL_IP_SRC) {
		if (!(shapes & (1ULL << shape)))
			continue;
		key->shape = shape;
		set_addresses(key, outer, shape & TUNNEL_IP_SRC, shape & TUNNEL_IP_DST);
		struct arrived_tunnel *tunnel = bpf_map_lookup_elem(&arrived, key);
		if (!tunnel)
			continue;
		fields->outer_tos = outer->tunnel_tos;
		fields->outer_ttl = outer->tunnel_ttl;
		fields->outer_flags =
			(outer->tunnel_flags & FLAG_DO_NOT_FRAGMENT ? OUTER_DO_NOT_FRAGMENT : 0) |
			(outer->tunnel_flags & FLAG_CHECKSUM ? OUTER_CHECKSUM : 0);
		return tunnel->id;
	}
	return 0;
}

/*
 * Tells the tunnel's device which outer headers a packet leaves with. Returns 0, or -1 when the kernel takes them
 * not; the packet may have metadata then, and must be dropped.
 */
static __attribute__((noinline)) int encapsulate(struct __sk_buff *skb,
						 const struct flow_entry *entry)
{
	__u32 index = entry->tunnel_header;
	const struct tunnel_header *header = bpf_map_lookup_elem(&tunnel_headers, &index);
	if (!header)
		return -1;
	const __u8 *ip = header->bytes + ETH_HLEN;
	struct bpf_tunnel_key key = {};
	__u64 flags = header->flags & HEADER_CHECKSUM ? 0 : BPF_F_ZERO_CSUM_TX;
	__u32 at = ETH_HLEN + sizeof(struct ipv6hdr) + UDP_BYTES;
	if (header->flags & HEADER_IPV4) {
		const struct iphdr *ipv4 = (const struct iphdr *)ip;
		key.remote_ipv4 = bpf_ntohl(ipv4->daddr);
		key.local_ipv4 = bpf_ntohl(ipv4->saddr);
		key.tunnel_tos = ipv4->tos;
		key.tunnel_ttl = ipv4->ttl;
		at -= sizeof(struct ipv6hdr) - sizeof(*ipv4);
	} else {
		const struct ipv6hdr *ipv6 = (const struct ipv6hdr *)ip;
		__builtin_memcpy(key.remote_ipv6, &ipv6->daddr, 16);
		__builtin_memcpy(key.local_ipv6, &ipv6->saddr, 16);
		key.tunnel_tos = IPV6_TOS(*(const __be16 *)ip);
		key.tunnel_ttl = ipv6->hop_limit;
		flags |= BPF_F_TUNINFO_IPV6;
	}
	if (header->flags & HEADER_DO_NOT_FRAGMENT)
		flags |= BPF_F_DONT_FRAGMENT;
	const __u8 *head = header->bytes + at;
	key.tunnel_id = bpf_ntohl(*(const __be32 *)(head + 4)) >> 8;
	if (bpf_skb_set_tunnel_key(skb, &key, sizeof(key), flags))
		return -1;
	__u64 options = header->length - at - TUNNEL_BYTES;
	if (!options)
		return 0;
	if (options > MAX_TUNNEL_OPTIONS)
		return -1;
	/* The compiler knows that there are some, but the verifier of Linux 6.1 does not. Options are whole words. */
	asm volatile("" : "+r"(options));
	options = ((options - 4) & (MAX_TUNNEL_OPTIONS - 1)) + 4;
	return bpf_skb_set_tunnel_opt(skb, (void *)(head + TUNNEL_BYTES), options) ? -1 : 0;
}

#endif
