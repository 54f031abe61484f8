/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rewrites addresses and ports, and the checksums that cover them, one field after the other as Open vSwitch
 * does (lib/packets.c): even a wrong checksum leaves as it would leave the vSwitch.
 */
#ifndef NORIKAE_XDP_TUPLE_H
#define NORIKAE_XDP_TUPLE_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include "fields.h"

/* RFC 1624, equation 3. `change`: the sum of the complements of the old words and of the new words. */
static __always_inline __u16 checksum_by(__u16 checksum, __u32 change)
{
	__u32 sum = (__u16)~checksum + change;
	sum = (sum & 0xffff) + (sum >> 16);
	return ~(sum + (sum >> 16));
}

/* The checksum of a segment. In UDP, zero means no checksum. */
struct segment_checksum {
	__u16 value;
	__u8 is_udp;
};

static __always_inline void change_segment(struct segment_checksum *checksum, __u32 change)
{
	if (checksum->is_udp && !checksum->value)
		return;
	checksum->value = checksum_by(checksum->value, change);
	if (checksum->is_udp && !checksum->value)
		checksum->value = 0xffff;
}

static __always_inline void set_ipv4_address(__be32 *field, const __u8 *rewrite, struct iphdr *ip,
					     struct segment_checksum *segment)
{
	__be32 old = *field;
	__be32 now = ipv4_address_of(rewrite, old);
	if (now == old)
		return;
	__u32 change = (__u16)~old + (__u16)(~old >> 16) + (__u16)now + (now >> 16);
	*field = now;
	ip->check = checksum_by(ip->check, change);
	change_segment(segment, change);
}

static __always_inline void set_ipv6_address(struct in6_addr *field, const __u8 *rewrite,
					     struct segment_checksum *segment)
{
	const __u32 *to = (const __u32 *)rewrite;
	__u32 *words = field->in6_u.u6_addr32;
	__u32 change = 0;
	__u32 differs = 0;
#pragma unroll
	for (int i = 0; i < 4; i++) {
		__u32 old = words[i];
		__u32 now = to[i];
		change += (__u16)~old + (__u16)(~old >> 16) + (__u16)now + (now >> 16);
		differs |= old ^ now;
		words[i] = now;
	}
	if (differs)
		change_segment(segment, change);
}

static __always_inline void set_port(__be16 *field, __be16 now, struct segment_checksum *segment)
{
	__be16 old = *field;
	if (now == old)
		return;
	*field = now;
	change_segment(segment, (__u16)~old + now);
}

/* `l3`, `l4`: the headers of a packet that is no fragment. Returns 0, or -1 if they exceed the frame. */
static __always_inline int set_tuple(const struct flow_entry *entry, const struct flow_key *key,
				     void *l3, void *l4, void *end)
{
	struct segment_checksum segment = {.is_udp = key->ip_proto == IPPROTO_UDP};
	__u32 at = l4_checksum_offset(key);
	__u16 *field = l4 + at;
	if (at) {
		if ((void *)(field + 1) > end)
			return -1;
		segment.value = *field;
	}
	if (key->eth_type == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = l3;
		if ((void *)(ip + 1) > end)
			return -1;
		if (entry->flags & ENTRY_SET_SRC)
			set_ipv4_address(&ip->saddr, entry->src, ip, &segment);
		if (entry->flags & ENTRY_SET_DST)
			set_ipv4_address(&ip->daddr, entry->dst, ip, &segment);
	} else {
		struct ipv6hdr *ip = l3;
		if ((void *)(ip + 1) > end)
			return -1;
		if (entry->flags & ENTRY_SET_SRC)
			set_ipv6_address(&ip->saddr, entry->src, &segment);
		if (entry->flags & ENTRY_SET_DST)
			set_ipv6_address(&ip->daddr, entry->dst, &segment);
	}
	if (entry->flags & ENTRY_SET_PORTS) {
		__be16 *ports = l4;
		if ((void *)(ports + 2) > end)
			return -1;
		set_port(&ports[0], l4_src_of(entry, ports[0]), &segment);
		set_port(&ports[1], l4_dst_of(entry, ports[1]), &segment);
	}
	if (at)
		*field = segment.value;
	return 0;
}

#endif
