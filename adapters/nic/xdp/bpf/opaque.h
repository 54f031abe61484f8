/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounds the work of the verifier. It follows every path through parse() to the end of the program, as long as
 * it knows values that only this path has: that takes several times as many instructions, of which a kernel
 * processes a million at most, and as much more CPU time for each device. When it does not know them, it joins the
 * paths.
 */
#ifndef NORIKAE_OPAQUE_H
#define NORIKAE_OPAQUE_H

#include "parse.h"

/* The same value, unknown to the verifier. `unknown`: any value that it does not know. */
static __always_inline __u64 opaque(__u64 value, __u64 unknown)
{
	value ^= unknown;
	/* Keeps the compiler from leaving out both operations. */
	asm volatile("" : "+r"(value));
	return value ^ unknown;
}

/* Hides from the verifier on which path a packet was parsed: the values that later branches depend on. */
static __always_inline void forget_path(struct flow_key *key, struct l4_place *place, int *offset,
					__u64 unknown)
{
	*offset = opaque(*offset, unknown);
	key->ip_proto = opaque(key->ip_proto, unknown);
	key->vlan_tpid = opaque(key->vlan_tpid, unknown);
	key->tcp_flags = opaque(key->tcp_flags, unknown);
	place->offset = opaque(place->offset, unknown);
	place->proof = opaque(place->proof, unknown);
	place->is_behind_extensions = opaque(place->is_behind_extensions, unknown);
}

#endif
