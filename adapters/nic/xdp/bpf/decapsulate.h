/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets that arrive in a tunnel, as Open vSwitch takes them out (lib/netdev-native-tnl.c,
 * netdev_tnl_ip_extract_tnl_md and its callers). What is doubtful about the outer headers is for the vSwitch.
 */
#ifndef NORIKAE_DECAPSULATE_H
#define NORIKAE_DECAPSULATE_H

#include <linux/udp.h>
#include "checksum.h"
#include "table.h"

#define GENEVE_ETHERNET 0x6558
#define GENEVE_OPTION_WORDS 0x3f
#define IPV4_PLAIN 0x45
#define ECN_CE 3
/* Fragment offset, and the flag of more fragments. */
#define IPV4_FRAGMENT 0x3fff
#define IPV4_DF 0x4000
/* Ethernet, IPv6, UDP, Geneve and its options. */
#define MAX_OUTER (14 + 40 + 8 + 8 + MAX_TUNNEL_OPTIONS)

/* What is known of a packet that has arrived in a tunnel. */
struct arrival {
	struct tunnel_key key;
	/* Of the tunnel. */
	__u32 id;
	/* Offset in the frame of the UDP header, and the sum of its pseudo header. */
	__u32 l4;
	__u32 pseudo;
	__u8 tos;
	__u8 ttl;
	__u8 flags;
	/* Only the vSwitch can tell what becomes of the packet. */
	__u8 is_doubtful;
};

/* Of the packet on this CPU: too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct arrival);
} arrival SEC(".maps");

static __always_inline struct arrival *arrival_here(void)
{
	__u32 first = 0;
	return bpf_map_lookup_elem(&arrival, &first);
}

static __always_inline int is_tunnel_port(__be16 port)
{
	__u64 ports = control_word(CONTROL_TUNNEL_PORTS);
#pragma unroll
	for (int i = 0; i < 4; i++, ports >>= 16)
		if (port && (__u16)ports == port)
			return 1;
	return 0;
}

/* Offset of the UDP header of a plain packet; 0: it has none that is looked at. */
static __always_inline __u32 udp_offset(const struct ethhdr *eth, void *end)
{
	const void *l3 = eth + 1;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		const struct iphdr *ip = l3;
		if ((void *)(ip + 1) > end || *(const __u8 *)l3 != IPV4_PLAIN ||
		    ip->protocol != IPPROTO_UDP || ip->frag_off & bpf_htons(IPV4_FRAGMENT))
			return 0;
		return ETH_HLEN + sizeof(*ip);
	}
	const struct ipv6hdr *ip = l3;
	if (eth->h_proto != bpf_htons(ETH_P_IPV6) || (void *)(ip + 1) > end || ip->version != 6 ||
	    ip->nexthdr != IPPROTO_UDP)
		return 0;
	return ETH_HLEN + sizeof(*ip);
}

/* `length`: of the frame, whose headers are readable. */
static __always_inline void read_ipv4(const struct iphdr *ip, __u32 length, struct arrival *here)
{
	__u64 sum = 0;
	const __u16 *words = (const __u16 *)ip;
#pragma unroll
	for (int i = 0; i < 10; i++)
		sum += words[i];
	here->is_doubtful = folded(sum) != 0xffff || bpf_ntohs(ip->tot_len) != length - ETH_HLEN;
	here->tos = ip->tos;
	here->ttl = ip->ttl;
	here->flags = ip->frag_off & bpf_htons(IPV4_DF) ? OUTER_DO_NOT_FRAGMENT : 0;
	*(__be32 *)here->key.src = ip->saddr;
	*(__be32 *)here->key.dst = ip->daddr;
}

static __always_inline void read_ipv6(const struct ipv6hdr *ip, __u32 length, struct arrival *here)
{
	here->is_doubtful = bpf_ntohs(ip->payload_len) != length - ETH_HLEN - sizeof(*ip);
	here->tos = bpf_ntohs(*(const __be16 *)ip) >> 4;
	here->ttl = ip->hop_limit;
	here->flags = 0;
	__builtin_memcpy(here->key.src, &ip->saddr, 16);
	__builtin_memcpy(here->key.dst, &ip->daddr, 16);
}

/* Sets the id of the tunnel with the addresses of `key`. Returns 0, or -1 when there is no such tunnel. */
static __always_inline int find_tunnel(struct arrival *here, const struct ethhdr *eth)
{
	__u64 shapes = control_word(CONTROL_TUNNEL_SHAPES);
	struct tunnel_key *key = &here->key;
	__u8 src[16];
	__u8 dst[16];
	__builtin_memcpy(src, key->src, 16);
	__builtin_memcpy(dst, key->dst, 16);
	for (__u32 shape = 0; shape < TUNNEL_SHAPES; shape++) {
		if (!(shapes & (1ULL << shape)))
			continue;
		key->shape = shape;
		__builtin_memset(key->eth_dst, 0, 12);
		__builtin_memset(key->src, 0, 32);
		if (shape & TUNNEL_ETH_DST)
			__builtin_memcpy(key->eth_dst, eth->h_dest, 6);
		if (shape & TUNNEL_ETH_SRC)
			__builtin_memcpy(key->eth_src, eth->h_source, 6);
		if (shape & TUNNEL_IP_SRC)
			__builtin_memcpy(key->src, src, 16);
		if (shape & TUNNEL_IP_DST)
			__builtin_memcpy(key->dst, dst, 16);
		struct arrived_tunnel *tunnel = bpf_map_lookup_elem(&arrived, key);
		if (tunnel) {
			here->id = tunnel->id;
			return 0;
		}
	}
	return -1;
}

static __always_inline __u32 pseudo_sum(const struct tunnel_key *key, __be16 length)
{
	const __u16 *addresses = (const __u16 *)key->src;
	__u64 sum = (__u64)length + bpf_htons(IPPROTO_UDP);
#pragma unroll
	for (int i = 0; i < 16; i++)
		sum += addresses[i];
	return folded(sum);
}

/*
 * Looks for the tunnel that a frame of `length` bytes has arrived in by a port. Returns the offset of the frame
 * inside, and fills the arrival of this CPU; 0 when there is no such tunnel. A global function, see sum_up().
 */
__attribute__((noinline)) int arrive(struct xdp_md *ctx, __u32 in_port, __u32 length)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	if ((void *)(eth + 1) > end)
		return 0;
	__u32 offset = udp_offset(eth, end);
	if (!offset)
		return 0;
	struct udphdr *udp = data + offset;
	__u8 *head = (void *)(udp + 1);
	if (head + 8 > (__u8 *)end || !is_tunnel_port(udp->dest))
		return 0;
	struct arrival *here = arrival_here();
	if (!here)
		return 0;
	__builtin_memset(&here->key, 0, sizeof(here->key));
	/* For the verifier, this says how much is readable. */
	if (offset == ETH_HLEN + sizeof(struct iphdr))
		read_ipv4((void *)(eth + 1), length, here);
	else
		read_ipv6((void *)(eth + 1), length, here);
	here->l4 = offset;
	if (udp->check) {
		here->flags |= OUTER_CHECKSUM;
		here->pseudo = pseudo_sum(&here->key, udp->len);
	}
	if (bpf_ntohs(udp->len) != length - offset || (here->tos & ECN_CE) == ECN_CE)
		here->is_doubtful = 1;
	here->key.in_port = in_port;
	here->key.eth_type = eth->h_proto;
	here->key.udp_dst = udp->dest;
	__builtin_memcpy(here->key.head, head, 8);
	offset += sizeof(*udp) + 8;

	__u32 words = *(__be16 *)(head + 2) == bpf_htons(GENEVE_ETHERNET) ?
			      head[0] & GENEVE_OPTION_WORDS :
			      0;
	if (words > MAX_TUNNEL_OPTIONS / 4)
		return 0;
	const __u8 *from = head + 8;
	__u32 *to = (__u32 *)here->key.options;
	for (__u32 i = 0; i < MAX_TUNNEL_OPTIONS / 4 && i < words; i++) {
		if (from + 4 > (__u8 *)end)
			return 0;
		to[i] = *(const __u32 *)from;
		from += 4;
	}
	if (find_tunnel(here, eth))
		return 0;
	return offset + words * 4;
}

/* Whether the vSwitch would take the packet out of its tunnel, too. */
static __always_inline int is_intact(struct xdp_md *ctx, const struct arrival *here, __u32 length)
{
	if (here->is_doubtful)
		return 0;
	return !(here->flags & OUTER_CHECKSUM) ||
	       sum_up(ctx, here->l4, length - here->l4, here->pseudo) == 0xffff;
}

#endif
