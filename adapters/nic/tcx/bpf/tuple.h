/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rewrites addresses and ports of a packet, and its checksums whatever their state. The helper for L4 changes
 * a finished checksum; of an unfinished one (CHECKSUM_PARTIAL) it changes the sum of the pseudo header, which
 * is what it has so far, also for all segments of a packet that awaits segmentation.
 */
#ifndef NORIKAE_TCX_TUPLE_H
#define NORIKAE_TCX_TUPLE_H

#include <stddef.h>
#include "fields.h"
#include "parse.h"

/* Where the checksum of a packet's segment is, and how to change it. */
struct segment_checksum {
	/* Offset in the frame; 0: no checksum covers the addresses. */
	__u32 at;
	/* For UDP: zero means no checksum. */
	__u64 flags;
};

static __always_inline struct segment_checksum segment_checksum_of(const struct flow_key *key,
								   const struct l4_place *place)
{
	struct segment_checksum checksum = {};
	__u32 at = l4_checksum_offset(key);
	if (at)
		checksum.at = place->offset + at;
	if (key->ip_proto == IPPROTO_UDP)
		checksum.flags = BPF_F_MARK_MANGLED_0;
	return checksum;
}

/*
 * The header checksum makes up for the change of the address, that of the segment does not: a sum over the
 * packet (CHECKSUM_COMPLETE) changes once, with BPF_F_PSEUDO_HDR.
 */
static __always_inline int set_ipv4_address(struct __sk_buff *skb, const __u8 *field,
					    const __u8 *rewrite, __u32 at,
					    const struct segment_checksum *segment)
{
	__be32 old = *(const __be32 *)field;
	__be32 now = ipv4_address_of(rewrite, old);
	if (now == old)
		return 0;
	if (segment->at && bpf_l4_csum_replace(skb, segment->at, old, now,
					       segment->flags | BPF_F_PSEUDO_HDR | sizeof(now)))
		return -1;
	if (bpf_l3_csum_replace(skb, ETH_HLEN + offsetof(struct iphdr, check), old, now,
				sizeof(now)) ||
	    bpf_skb_store_bytes(skb, at, &now, sizeof(now), BPF_F_INVALIDATE_HASH))
		return -1;
	return 0;
}

/*
 * There is no header checksum: with that of the segment, the sum over the packet stays the same. The helper for
 * L4 takes the change from it with BPF_F_PSEUDO_HDR, so storing the address must add it. (BPF_F_IPV6, which
 * keeps the helper from that, is newer than the kernels that we support.)
 */
static __always_inline int set_ipv6_address(struct __sk_buff *skb, const __u8 *field,
					    const __u8 *rewrite, __u32 at,
					    const struct segment_checksum *segment)
{
	__be32 old[4];
	__be32 now[4];
	__builtin_memcpy(old, field, sizeof(old));
	__builtin_memcpy(now, rewrite, sizeof(now));
	if (old[0] == now[0] && old[1] == now[1] && old[2] == now[2] && old[3] == now[3])
		return 0;
	__s64 change = bpf_csum_diff(old, sizeof(old), now, sizeof(now), 0);
	if (change < 0)
		return -1;
	if (segment->at && bpf_l4_csum_replace(skb, segment->at, 0, change,
					       segment->flags | BPF_F_PSEUDO_HDR))
		return -1;
	if (bpf_skb_store_bytes(skb, at, now, sizeof(now),
				BPF_F_RECOMPUTE_CSUM | BPF_F_INVALIDATE_HASH))
		return -1;
	return 0;
}

static __always_inline int set_port(struct __sk_buff *skb, __be16 old, __be16 now, __u32 at,
				    const struct segment_checksum *segment, __u64 store_flags)
{
	if (now == old)
		return 0;
	if (bpf_l4_csum_replace(skb, segment->at, old, now, segment->flags | sizeof(now)) ||
	    bpf_skb_store_bytes(skb, at, &now, sizeof(now), store_flags))
		return -1;
	return 0;
}

/* The segment's checksum makes up for the change of a port, unless it is UDP without one. */
static __always_inline int set_ports(struct __sk_buff *skb, const struct flow_entry *entry,
				     const struct flow_key *key, const struct l4_place *place,
				     const struct segment_checksum *segment)
{
	__u64 flags = BPF_F_INVALIDATE_HASH;
	if (key->ip_proto == IPPROTO_UDP && !place->checksum)
		flags |= BPF_F_RECOMPUTE_CSUM;
	if (set_port(skb, key->l4_src, l4_src_of(entry, key->l4_src), place->offset, segment, flags))
		return -1;
	return set_port(skb, key->l4_dst, l4_dst_of(entry, key->l4_dst), place->offset + 2, segment,
			flags);
}

/* `key` and `place`: of the packet as it is, which is no fragment. Returns 0, or -1 without memory. */
static __always_inline int set_tuple(struct __sk_buff *skb, const struct flow_entry *entry,
				     const struct flow_key *key, const struct l4_place *place)
{
	struct segment_checksum segment = segment_checksum_of(key, place);
	int is_ipv4 = key->eth_type == bpf_htons(ETH_P_IP);
	__u32 src = ETH_HLEN + (is_ipv4 ? offsetof(struct iphdr, saddr) :
					  offsetof(struct ipv6hdr, saddr));
	__u32 dst = ETH_HLEN + (is_ipv4 ? offsetof(struct iphdr, daddr) :
					  offsetof(struct ipv6hdr, daddr));
	if (entry->flags & ENTRY_SET_SRC) {
		int failed = is_ipv4 ?
				     set_ipv4_address(skb, key->src, entry->src, src, &segment) :
				     set_ipv6_address(skb, key->src, entry->src, src, &segment);
		if (failed)
			return -1;
	}
	if (entry->flags & ENTRY_SET_DST) {
		int failed = is_ipv4 ?
				     set_ipv4_address(skb, key->dst, entry->dst, dst, &segment) :
				     set_ipv6_address(skb, key->dst, entry->dst, dst, &segment);
		if (failed)
			return -1;
	}
	if (entry->flags & ENTRY_SET_PORTS)
		return set_ports(skb, entry, key, place, &segment);
	return 0;
}

#endif
