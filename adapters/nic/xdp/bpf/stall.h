/* SPDX-License-Identifier: Apache-2.0 */
/* Ports that do not take redirected packets. */
#ifndef NORIKAE_STALL_H
#define NORIKAE_STALL_H

#include "table.h"

/* A port that redirects cannot reach. User space: stalls.ts. */
struct stall {
	/* CLOCK_MONOTONIC, ns. */
	__u64 until_ns;
	__u64 duration_ns;
};

/* Ports that redirects cannot reach at present, by port id. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct stall);
} stalled SEC(".maps");

static __always_inline int is_stalled(__u32 port_id, __u64 now)
{
	struct stall *stall = bpf_map_lookup_elem(&stalled, &port_id);
	return stall && now < stall->until_ns;
}

#endif
