/* SPDX-License-Identifier: Apache-2.0 */
/* What programs at tc ingress read of an skb. */
#ifndef NORIKAE_SKB_H
#define NORIKAE_SKB_H

#include "parse.h"

/* Headers up to the fields that are parsed, without options; others are readable where they are linear. */
#define IPV4_HEADERS (ETH_HLEN + sizeof(struct iphdr) + 20)
#define IPV6_HEADERS (ETH_HLEN + sizeof(struct ipv6hdr) + 20)

/* Makes the headers readable through data and data_end. */
static __always_inline int pull_headers(struct __sk_buff *skb)
{
	__u32 wanted = skb->protocol == bpf_htons(ETH_P_IPV6) ? IPV6_HEADERS : IPV4_HEADERS;
	if (wanted > skb->len)
		wanted = skb->len;
	if (distance((void *)(long)skb->data, (void *)(long)skb->data_end) >= wanted)
		return 0;
	return bpf_skb_pull_data(skb, wanted);
}

/* The outer tag, which the kernel has moved from the frame to the metadata. */
static __always_inline struct stripped_tag tag_of(struct __sk_buff *skb)
{
	struct stripped_tag tag = {};
	if (skb->vlan_present) {
		tag.tpid = skb->vlan_proto;
		tag.tci = bpf_htons(skb->vlan_tci);
	}
	return tag;
}

#endif
