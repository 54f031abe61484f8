/* SPDX-License-Identifier: Apache-2.0 */
/* The header fields of a packet as its entry rewrites them. */
#ifndef NORIKAE_FIELDS_H
#define NORIKAE_FIELDS_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "layout.h"

#define TAG_BYTES 4

static __always_inline void set_mac(__u8 *mac, const __u8 *value, const __u8 *mask)
{
#pragma unroll
	for (int i = 0; i < 6; i++)
		mac[i] = (mac[i] & ~mask[i]) | value[i];
}

static __always_inline __u8 tos_of(const struct flow_entry *entry, __u8 tos)
{
	return (tos & ~entry->ip_tos_mask) | entry->ip_tos;
}

static __always_inline __u8 ttl_of(const struct flow_entry *entry, __u8 ttl)
{
	return (ttl & ~entry->ip_ttl_mask) | entry->ip_ttl;
}

/* `rewrite`: src or dst of an entry, value and mask. */
static __always_inline __be32 ipv4_address_of(const __u8 *rewrite, __be32 address)
{
	const __be32 *words = (const __be32 *)rewrite;
	return (address & ~words[1]) | words[0];
}

static __always_inline __be16 l4_src_of(const struct flow_entry *entry, __be16 port)
{
	return (port & ~entry->l4_src_mask) | entry->l4_src;
}

static __always_inline __be16 l4_dst_of(const struct flow_entry *entry, __be16 port)
{
	return (port & ~entry->l4_dst_mask) | entry->l4_dst;
}

/* The first two bytes of an IPv6 header, which have the traffic class in their middle. */
static __always_inline __be16 ipv6_start_of(const struct flow_entry *entry, __be16 start)
{
	__be16 keep = bpf_htons(0xf00f | ((__u16)(__u8)~entry->ip_tos_mask << 4));
	return (start & keep) | bpf_htons((__u16)entry->ip_tos << 4);
}

/* Offset in the segment of the checksum that covers the addresses; 0: no such checksum. */
static __always_inline __u32 l4_checksum_offset(const struct flow_key *key)
{
	if (key->ip_proto == IPPROTO_TCP)
		return 16;
	if (key->ip_proto == IPPROTO_UDP)
		return 6;
	if (key->ip_proto == IPPROTO_ICMPV6 && key->eth_type == bpf_htons(ETH_P_IPV6))
		return 2;
	return 0;
}

#endif
