/* SPDX-License-Identifier: Apache-2.0 */
/* The header fields of a packet as its entry rewrites them. */
#ifndef NORIKAE_FIELDS_H
#define NORIKAE_FIELDS_H

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

/* The first two bytes of an IPv6 header, which have the traffic class in their middle. */
static __always_inline __be16 ipv6_start_of(const struct flow_entry *entry, __be16 start)
{
	__be16 keep = bpf_htons(0xf00f | ((__u16)(__u8)~entry->ip_tos_mask << 4));
	return (start & keep) | bpf_htons((__u16)entry->ip_tos << 4);
}

#endif
