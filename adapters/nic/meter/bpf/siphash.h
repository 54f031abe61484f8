/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SipHash-2-4 with 128 bits of output (Aumasson and Bernstein): a sender that does not know the
 * key, which is the identity of a port, cannot make connections whose hashes are equal.
 */
#ifndef NORIKAE_SIPHASH_H
#define NORIKAE_SIPHASH_H

#include <bpf/bpf_helpers.h>
#include <linux/types.h>

struct sip_state {
	__u64 v0, v1, v2, v3;
};

static __always_inline __u64 rotate(__u64 word, int bits)
{
	return word << bits | word >> (64 - bits);
}

static __always_inline void sip_round(struct sip_state *s)
{
	s->v0 += s->v1;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v2 = rotate(s->v2, 32);
}

static __always_inline void sip_word(struct sip_state *s, __u64 word)
{
	s->v3 ^= word;
	sip_round(s);
	sip_round(s);
	s->v0 ^= word;
}

static __always_inline __u64 sip_output(struct sip_state *s)
{
#pragma unroll
	for (int i = 0; i < 4; i++)
		sip_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

/* Hashes `count` words, a constant, to the two words of `out`. */
static __always_inline void siphash(const __u64 *key, const __u64 *words, int count, __u64 *out)
{
	struct sip_state s = {
		.v0 = key[0] ^ 0x736f6d6570736575ULL,
		.v1 = key[1] ^ 0x646f72616e646f6dULL ^ 0xee,
		.v2 = key[0] ^ 0x6c7967656e657261ULL,
		.v3 = key[1] ^ 0x7465646279746573ULL,
	};
#pragma unroll
	for (int i = 0; i < count; i++)
		sip_word(&s, words[i]);
	/* The length in bytes ends the message. */
	sip_word(&s, (__u64)count * sizeof(__u64) << 56);
	s.v2 ^= 0xee;
	out[0] = sip_output(&s);
	s.v1 ^= 0xdd;
	out[1] = sip_output(&s);
}

#endif
