/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounds the work of the verifier. It follows each way through parse() up to the end of the program as long as
 * it knows values that only that way leads to: more than 800,000 of at most 1,000,000 instructions, and half a
 * second of CPU time for each device. Values that it cannot know let it join the ways: 50,000 instructions.
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

/* Makes the verifier forget on which way a packet was parsed: what later branches depend on. */
static __always_inline void forget_way(struct flow_key *key, struct l4_place *place, int *offset,
				       __u64 unknown)
{
	*offset = opaque(*offset, unknown);
	key->ip_proto = opaque(key->ip_proto, unknown);
	key->vlan_tpid = opaque(key->vlan_tpid, unknown);
	key->tcp_flags = opaque(key->tcp_flags, unknown);
	place->proof = opaque(place->proof, unknown);
	place->is_behind_extensions = opaque(place->is_behind_extensions, unknown);
}

#endif
