/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rewrites a packet according to its entry. Checksums that are sums of the whole packet (CHECKSUM_COMPLETE)
 * stay right; those that the sender left to its device (CHECKSUM_PARTIAL) cover only addresses and ports of what
 * is rewritten.
 */
#ifndef NORIKAE_TCX_REWRITE_H
#define NORIKAE_TCX_REWRITE_H

#include <stddef.h>
#include "fields.h"
#include "parse.h"
#include "tuple.h"

/* The header checksum makes up for each change, so the sum over the packet stays the same. */
static __always_inline int set_ipv4(struct __sk_buff *skb, const struct flow_entry *entry,
				    const struct flow_key *key, __u32 l3)
{
	__u32 check = l3 + offsetof(struct iphdr, check);
	__u8 tos = tos_of(entry, key->ip_tos);
	__u8 ttl = ttl_of(entry, key->ip_ttl);
	if (tos != key->ip_tos &&
	    (bpf_l3_csum_replace(skb, check, bpf_htons(key->ip_tos), bpf_htons(tos), 2) ||
	     bpf_skb_store_bytes(skb, l3 + offsetof(struct iphdr, tos), &tos, 1, 0)))
		return -1;
	if (ttl != key->ip_ttl &&
	    (bpf_l3_csum_replace(skb, check, bpf_htons(key->ip_ttl << 8), bpf_htons(ttl << 8), 2) ||
	     bpf_skb_store_bytes(skb, l3 + offsetof(struct iphdr, ttl), &ttl, 1, 0)))
		return -1;
	return 0;
}

static __always_inline int set_ipv6(struct __sk_buff *skb, const struct flow_entry *entry,
				    const struct flow_key *key, __u32 l3)
{
	__be16 start;
	if (bpf_skb_load_bytes(skb, l3, &start, sizeof(start)))
		return -1;
	start = ipv6_start_of(entry, start);
	__u8 hops = ttl_of(entry, key->ip_ttl);
	if (bpf_skb_store_bytes(skb, l3, &start, sizeof(start), BPF_F_RECOMPUTE_CSUM) ||
	    bpf_skb_store_bytes(skb, l3 + offsetof(struct ipv6hdr, hop_limit), &hops, 1,
				BPF_F_RECOMPUTE_CSUM))
		return -1;
	return 0;
}

/*
 * Returns 0, or -1 when the kernel has no memory. The packet may have changed then, and must be dropped: so
 * does the vSwitch.
 */
static __always_inline int rewrite(struct __sk_buff *skb, const struct flow_entry *entry,
				   struct flow_key *key, const struct l4_place *place)
{
	if (entry->flags & ENTRY_SET_ETH) {
		set_mac(key->eth_dst, entry->eth_dst, entry->eth_dst_mask);
		set_mac(key->eth_src, entry->eth_src, entry->eth_src_mask);
		/* Adjacent in the key, too. The sum over the packet begins behind them. */
		if (bpf_skb_store_bytes(skb, 0, key, 12, 0))
			return -1;
	}
	if (entry->flags & ENTRY_SET_IP) {
		int failed = key->eth_type == bpf_htons(ETH_P_IP) ?
				     set_ipv4(skb, entry, key, ETH_HLEN) :
				     set_ipv6(skb, entry, key, ETH_HLEN);
		if (failed)
			return -1;
	}
	if (entry->flags & ENTRY_SET_TUPLE && set_tuple(skb, entry, key, place))
		return -1;
	if (entry->flags & ENTRY_POP_VLAN && bpf_skb_vlan_pop(skb))
		return -1;
	if (entry->flags & ENTRY_PUSH_VLAN &&
	    bpf_skb_vlan_push(skb, entry->push_tpid, bpf_ntohs(entry->push_tci)))
		return -1;
	return 0;
}

#endif
