/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which packets of an offloaded flow go to the vSwitch, so that it keeps the flow alive and packets
 * keep their order.
 *
 * The vSwitch is slower than a redirect: a packet that soon follows one left to the vSwitch
 * overtakes it. Nothing overtakes in the other direction. So a heartbeat is a packet that a gap is
 * likely to follow, and packets that follow closely where many were left to the vSwitch go the same
 * way until a gap comes. A heartbeat itself is a single packet: a train of them can overflow the
 * vSwitch's receive buffer (docs/decisions/019-heartbeats-at-gaps.md).
 */
#ifndef NORIKAE_ORDER_H
#define NORIKAE_ORDER_H

#include <linux/in.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "layout.h"

#define NS_PER_US 1000ULL
#define NS_PER_MS (1000 * NS_PER_US)

/* The vSwitch delivers a packet within this gap, unless it is overloaded. */
#define GAP_NS (2 * NS_PER_MS)

/* A train ends the sooner the more packets it has. */
#define TRAIN_PACKET_NS (50 * NS_PER_US)
/* The gap that ends a train, as a part of its time left: shorter gaps will do near its end. */
#define TRAIN_GAPS 10

#define TCP_FIN_OR_RST 0x05
#define TCP_PSH 0x08

static __always_inline int has_tcp_flag(const struct flow_key *key, __u16 flags)
{
	return key->ip_proto == IPPROTO_TCP && key->tcp_flags & bpf_htons(flags);
}

/* Leaves a packet to the vSwitch that cannot be redirected; those that follow it must wait. */
static __always_inline void leave(struct flow_entry *entry, __u64 train_ns, __u64 now)
{
	entry->last_left_ns = now;
	entry->train_until_ns = now + train_ns;
}

/* Whether a packet follows others that were left to the vSwitch, and goes the same way. */
static __always_inline int is_in_train(struct flow_entry *entry, __u64 now)
{
	if (!entry->train_until_ns)
		return 0;
	__s64 left = entry->train_until_ns - now;
	if (left > (__s64)(now - entry->last_left_ns) * TRAIN_GAPS) {
		entry->train_until_ns -= TRAIN_PACKET_NS;
		entry->last_left_ns = now;
		return 1;
	}
	entry->train_until_ns = 0;
	return 0;
}

/*
 * Whether a packet is left to the vSwitch as a heartbeat. Once due, that is a packet
 * - behind two gaps: the flow is slow, and a third is likely to follow;
 * - with which a TCP sender has sent all it had (PSH), when the limit is near;
 * - after which the limit could pass before the next packet.
 * `carried`: what was redirected on this CPU.
 */
static __always_inline int is_heartbeat(struct flow_entry *entry, const struct port_ref *port,
					const struct flow_key *key,
					const struct flow_stats *carried, __u64 now)
{
	__s64 since = now - entry->last_left_ns;
	__s64 gap = now - carried->last_ns;
	__s64 limit = port->heartbeat_limit_ns;
	if (!limit || since < (__s64)port->heartbeat_ns)
		return 0;
	/* The last packet may have been a heartbeat. */
	if (gap > since)
		gap = since;
	int is_slow = gap >= (__s64)GAP_NS && carried->gap_ns >= GAP_NS;
	int is_last = has_tcp_flag(key, TCP_PSH) && since >= limit - (limit >> 2);
	if (!is_slow && !is_last && since + gap < limit)
		return 0;
	entry->last_left_ns = now;
	return 1;
}

#endif
