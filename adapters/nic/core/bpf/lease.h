/* SPDX-License-Identifier: Apache-2.0 */
/* The program that writes the lease. Every BPF object has it. */
#ifndef NORIKAE_LEASE_H
#define NORIKAE_LEASE_H

#include "control.h"

/*
 * Renews or ends the lease, run by user space. Comparing and writing are one run of a program, so
 * that a daemon that is stopped cannot come between them. 1: renewed, 0: not in force.
 */
SEC("syscall")
int norikae_lease(struct lease_request *request)
{
	__u32 word = CONTROL_LEASE_UNTIL_NS;
	__u64 *until = bpf_map_lookup_elem(&control, &word);
	if (!until)
		return 0;
	__u64 now = bpf_ktime_get_ns();
	__u64 last = *until;
	/* Expired: the entries must have been verified since. */
	if (now >= last && request->verified_ns < last)
		return 0;
	if (request->until_ns > now) {
		*until = request->until_ns;
		return 1;
	}
	if (last > now)
		*until = now;
	return 0;
}

#endif
