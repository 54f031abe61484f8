/* SPDX-License-Identifier: Apache-2.0 */
/* The program that detects failed redirects. */
#ifndef NORIKAE_GUARD_H
#define NORIKAE_GUARD_H

#include <linux/errno.h>
#include "stall.h"

/* Longest stall of a port that keeps refusing redirects, as a multiple of the first one. */
#define MAX_STALLS 128

/*
 * A device can drop a redirected packet after the program has run: a veth whose peer has no NAPI, a
 * device that is down. After one such packet the port is stalled, and for twice as long each time
 * it happens again soon. Arguments: device, program, target, error, map type, map id, index in the
 * map.
 */
SEC("raw_tp/xdp_redirect_err")
int norikae_guard(struct bpf_raw_tracepoint_args *ctx)
{
	int error = ctx->args[3];
	__u32 map_id = ctx->args[5];
	__u32 port_id = ctx->args[6];
	if ((error != -EOPNOTSUPP && error != -ENETDOWN) ||
	    map_id != control_word(CONTROL_DEVICES_MAP_ID))
		return 0;
	__u64 now = bpf_ktime_get_ns();
	__u64 shortest = control_word(CONTROL_MIN_STALL_NS);
	struct stall next = {.duration_ns = shortest};
	struct stall *last = bpf_map_lookup_elem(&stalled, &port_id);
	if (last && now < last->until_ns + last->duration_ns) {
		/* Redirects in flight when the stall began count once. */
		if (now < last->until_ns)
			return 0;
		next.duration_ns = last->duration_ns * 2;
		if (next.duration_ns > shortest * MAX_STALLS)
			next.duration_ns = shortest * MAX_STALLS;
	}
	next.until_ns = now + next.duration_ns;
	bpf_map_update_elem(&stalled, &port_id, &next, BPF_ANY);
	return 0;
}

#endif
