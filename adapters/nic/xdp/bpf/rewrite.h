/* SPDX-License-Identifier: Apache-2.0 */
/* Rewrites a frame according to its entry. */
#ifndef NORIKAE_REWRITE_H
#define NORIKAE_REWRITE_H

#include "fields.h"
#include "parse.h"
#include "tuple.h"

/* For the verifier: a segment begins at MAX_L4_OFFSET of a packet at most, behind its Ethernet header and tags. */
#define MAX_L4_BITS 0x7ff

struct vlan_tag {
	__be16 tpid;
	__be16 tci;
};

static __always_inline __u16 checksum_with(__u16 checksum, __u16 old, __u16 now)
{
	return checksum_by(checksum, (__u16)~old + now);
}

static __always_inline void set_ipv4(struct iphdr *ip, const struct flow_entry *entry)
{
	__u8 tos = tos_of(entry, ip->tos);
	__u8 ttl = ttl_of(entry, ip->ttl);
	if (tos != ip->tos) {
		ip->check = checksum_with(ip->check, bpf_htons(ip->tos), bpf_htons(tos));
		ip->tos = tos;
	}
	if (ttl != ip->ttl) {
		ip->check = checksum_with(ip->check, bpf_htons(ip->ttl << 8), bpf_htons(ttl << 8));
		ip->ttl = ttl;
	}
}

static __always_inline void set_ipv6(struct ipv6hdr *ip, const struct flow_entry *entry)
{
	__be16 *first = (__be16 *)ip;
	*first = ipv6_start_of(entry, *first);
	ip->hop_limit = ttl_of(entry, ip->hop_limit);
}

/* Bytes that the frame grows by. */
static __always_inline int growth(const struct flow_entry *entry, struct stripped_tag stripped)
{
	int pop = !!(entry->flags & ENTRY_POP_VLAN);
	int push = !!(entry->flags & ENTRY_PUSH_VLAN);
	/* A stripped tag that is kept must be written into the frame: redirects lose it. */
	int written = stripped.tpid ? !pop : -pop;
	return (written + push) * TAG_BYTES;
}

/*
 * `offset`: of the network header, from parse(). Returns 0, or -1 when the packet must go to the
 * vSwitch; the frame is unchanged then.
 */
static __always_inline int rewrite(struct xdp_md *ctx, const struct flow_entry *entry,
				   struct flow_key *key, const struct l4_place *place,
				   struct stripped_tag stripped, int offset)
{
	if (entry->flags & ENTRY_SET_TUPLE && place->is_behind_extensions)
		return -1;
	int grow = growth(entry, stripped);
	if (grow && bpf_xdp_adjust_head(ctx, -grow))
		return -1;
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;

	if (entry->flags & ENTRY_SET_ETH) {
		set_mac(key->eth_dst, entry->eth_dst, entry->eth_dst_mask);
		set_mac(key->eth_src, entry->eth_src, entry->eth_src_mask);
	}
	if (grow || entry->flags & ENTRY_SET_ETH) {
		if (data + 12 > end)
			return -1;
		__builtin_memcpy(data, key->eth_dst, 6);
		__builtin_memcpy(data + 6, key->eth_src, 6);
	}

	struct vlan_tag *tag = data + 12;
	if (entry->flags & ENTRY_PUSH_VLAN) {
		if ((void *)(tag + 1) > end)
			return -1;
		tag->tpid = entry->push_tpid;
		tag->tci = entry->push_tci;
		tag++;
	}
	if (stripped.tpid && !(entry->flags & ENTRY_POP_VLAN)) {
		if ((void *)(tag + 1) > end)
			return -1;
		tag->tpid = stripped.tpid;
		tag->tci = stripped.tci;
	}

	if (entry->flags & ENTRY_SET_IP) {
		void *l3 = data + ((offset + grow) & 0x3f);
		if (key->eth_type == bpf_htons(ETH_P_IP)) {
			if (l3 + sizeof(struct iphdr) > end)
				return -1;
			set_ipv4(l3, entry);
		} else {
			if (l3 + sizeof(struct ipv6hdr) > end)
				return -1;
			set_ipv6(l3, entry);
		}
	}
	if (entry->flags & ENTRY_SET_TUPLE) {
		void *l3 = data + ((offset + grow) & 0x3f);
		void *l4 = data + ((place->offset + grow) & MAX_L4_BITS);
		return set_tuple(entry, key, l3, l4, end);
	}
	return 0;
}

#endif
