/* SPDX-License-Identifier: Apache-2.0 */
/* The flow table: its maps, and what every program does with them. */
#ifndef NORIKAE_TABLE_H
#define NORIKAE_TABLE_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "control.h"
#include "layout.h"

/* User space sizes all of these but control and masks when it creates them. */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct port_ref);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct port_info);
} port_info SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u32);
} devices SEC(".maps");

struct mask_set_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct mask_set));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct mask_set_map);
} masks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct table_key);
	__type(value, struct flow_entry);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct flow_stats);
} stats SEC(".maps");

/* Tunnels that packets arrive in. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct tunnel_key);
	__type(value, struct arrived_tunnel);
} arrived SEC(".maps");

/* Outer headers, by index; user space does not change one while an entry or a running program uses it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct tunnel_header);
} tunnel_headers SEC(".maps");

/*
 * Tuple space search. Flows are disjoint, so the first hit is the only one. A function of its own, for the stack
 * of its callers.
 */
static __attribute__((noinline)) struct flow_entry *find(const struct flow_key *packet, __u32 in_port)
{
	__u32 first = 0;
	void *inner = bpf_map_lookup_elem(&masks, &first);
	if (!inner)
		return NULL;
	struct mask_set *set = bpf_map_lookup_elem(inner, &first);
	if (!set)
		return NULL;

	const __u64 *from = (const __u64 *)packet;
	struct table_key key = {.in_port = in_port};
	__u64 *to = (__u64 *)&key.fields;
	for (int i = 0; i < MAX_MASKS; i++) {
		if (i >= set->count)
			break;
		struct flow_mask *mask = &set->masks[i];
#pragma unroll
		for (int word = 0; word < KEY_WORDS; word++)
			to[word] = from[word] & mask->words[word];
		key.mask_id = mask->mask_id;
		struct flow_entry *entry = bpf_map_lookup_elem(&flows, &key);
		if (entry)
			return entry;
	}
	return NULL;
}

static __always_inline void count(struct flow_stats *sum, __u32 bytes, __u64 now)
{
	sum->gap_ns = now - sum->last_ns;
	/* Written first: a reader that sees the packet counted also sees its time. */
	sum->last_ns = now;
	barrier();
	sum->packets += 1;
	sum->bytes += bytes;
}

/* The ingress port, if it is served and the lease holds. */
static __always_inline struct port_ref *serve(__u32 ifindex, __u64 now)
{
	if (now >= control_word(CONTROL_LEASE_UNTIL_NS))
		return NULL;
	return bpf_map_lookup_elem(&ports, &ifindex);
}

#endif
