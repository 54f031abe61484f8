/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the checksums of a packet are final. A sender on this host can leave a checksum to its
 * device (CHECKSUM_PARTIAL). A redirect drops what the kernel knows about that and sends the packet
 * as it is, so the receiver discards it. The vSwitch completes it.
 */
#ifndef NORIKAE_CHECKSUM_H
#define NORIKAE_CHECKSUM_H

#include "parse.h"

/* Larger segments count as unfinished, which bounds the work of the verifier. */
#define MAX_SEGMENT 2048

static __always_inline __u16 folded(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

/* Bytes of one call of the kernel, which sums them faster than a loop here. */
#define SUM_BYTES 256

/* Adds the next `size` bytes to the sum, where `length` has them. */
#define ADD_PART(size)                                                                             \
	if (length & (size)) {                                                                     \
		if (data + (size) > end)                                                           \
			return -1;                                                                 \
		sum = bpf_csum_diff(0, 0, data, size, sum);                                        \
		data += (size);                                                                    \
		asm volatile("" : "+r"(data));                                                     \
	}

/*
 * The sum of 16-bit words (RFC 1071) of `length` bytes from `offset` on, and of `seed`, folded; -1 if they are
 * not readable, or too many. A global function: the verifier verifies it once, not once per path that leads to
 * it.
 */
__attribute__((noinline)) int sum_up(struct xdp_md *ctx, __u32 offset, __u32 length, __u32 seed)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	__u64 at = offset;
	/* Check and use the same register: the verifier does not relate two registers. */
	asm volatile("" : "+r"(at));
	if (at > MAX_L4_OFFSET || length > MAX_SEGMENT)
		return -1;
	data += at;
	__u32 sum = seed;
	__u32 parts = length / SUM_BYTES;
	for (__u32 i = 0; i < MAX_SEGMENT / SUM_BYTES && i < parts; i++) {
		if (data + SUM_BYTES > end)
			return -1;
		sum = bpf_csum_diff(0, 0, data, SUM_BYTES, sum);
		data += SUM_BYTES;
		/* Keeps the compiler from arithmetic on `end`, which the verifier forbids. */
		asm volatile("" : "+r"(data));
	}
	ADD_PART(128)
	ADD_PART(64)
	ADD_PART(32)
	ADD_PART(16)
	ADD_PART(8)
	ADD_PART(4)
	__u64 total = sum;
	__u8 *tail = data;
	__u32 rest = length & 3;
	if (rest > 0) {
		if (data + 1 > end)
			return -1;
		total += tail[0];
	}
	if (rest > 1) {
		if (data + 2 > end)
			return -1;
		total += (__u32)tail[1] << 8;
	}
	if (rest > 2) {
		if (data + 3 > end)
			return -1;
		total += (__u32)tail[2] << 16;
	}
	return folded(total);
}

/*
 * Sums the pseudo header alone where that is sufficient, otherwise the whole segment. `inner`: offset of the
 * frame that `place` is in.
 */
static __always_inline int is_finished(struct xdp_md *ctx, const struct flow_key *key,
				       const struct l4_place *place, __u32 inner)
{
	if (place->proof == PROOF_NONE)
		return 0;
	if (place->proof == PROOF_SOFTWARE)
		return 1;
	const __be16 *address = (const __be16 *)key->src;
	__u32 length = place->length;
	__u32 sum = (__u32)bpf_htons(length) + bpf_htons(key->ip_proto);
#pragma unroll
	for (int i = 0; i < 16; i++)
		sum += address[i];
	sum = folded(sum);
	if (place->proof == PROOF_FIELD && sum != place->checksum)
		return 1;
	return sum_up(ctx, inner + place->offset, length, sum) == 0xffff;
}

#endif
