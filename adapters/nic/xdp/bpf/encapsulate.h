/* SPDX-License-Identifier: Apache-2.0 */
/* Puts a frame into a tunnel, as Open vSwitch does (lib/netdev-native-tnl.c, netdev_tnl_push_udp_header). */
#ifndef NORIKAE_ENCAPSULATE_H
#define NORIKAE_ENCAPSULATE_H

#include <linux/udp.h>
#include "checksum.h"
#include "fields.h"
#include "table.h"

/* Behind the first two bytes, headers are whole words. */
#define FIRST_BYTES 2
#define HEADER_WORDS ((MAX_TUNNEL_HEADER - FIRST_BYTES) / 4)

/* Outer headers of an entry with ENTRY_PUSH_TUNNEL. */
static __always_inline const struct tunnel_header *header_of(const struct flow_entry *entry)
{
	__u32 index = entry->tunnel_header;
	return bpf_map_lookup_elem(&tunnel_headers, &index);
}

/*
 * Whether the frame can be put behind the headers once it is rewritten, to `length` bytes: there is room in
 * front of it, and all of it can be summed. It is unchanged.
 */
static __always_inline int has_room(struct xdp_md *ctx, int is_jumbo,
				    const struct tunnel_header *header, __u32 length)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	if (header->flags & HEADER_CHECKSUM &&
	    (length > MAX_SEGMENT || (is_jumbo && bpf_xdp_get_buff_len(ctx) != distance(data, end))))
		return 0;
	/* Rewriting can write two tags, too. */
	int bytes = (header->length & 0xff) + 2 * TAG_BYTES;
	return !bpf_xdp_adjust_head(ctx, -bytes) && !bpf_xdp_adjust_head(ctx, bytes);
}

static __always_inline void finish_ip(void *l3, const struct tunnel_header *header, __u32 length)
{
	if (header->flags & HEADER_IPV4) {
		struct iphdr *ip = l3;
		ip->tot_len = bpf_htons(length);
		ip->check = ~folded((__u64)header->ip_sum + ip->tot_len);
	} else {
		struct ipv6hdr *ip = l3;
		ip->payload_len = bpf_htons(length - sizeof(*ip));
	}
}

/*
 * Puts the headers in front of a frame of `length` bytes. 0, or -1 where has_room() was not asked; the frame may
 * have changed then. A global function, see sum_up().
 */
__attribute__((noinline)) int encapsulate(struct xdp_md *ctx, __u32 index, __u32 src_port,
					  __u32 length)
{
	const struct tunnel_header *header = bpf_map_lookup_elem(&tunnel_headers, &index);
	if (!header)
		return -1;
	__u32 size = header->length;
	__u64 l3 = header->l3;
	__u64 l4 = header->l4;
	if (size > MAX_TUNNEL_HEADER || l3 > 18 || l4 > 58)
		return -1;
	__u64 udp_length = size - l4 + length;
	__u16 sum = 0;
	if (header->flags & HEADER_CHECKSUM) {
		int inner = sum_up(ctx, 0, length, header->udp_sum);
		if (inner < 0)
			return -1;
		/* The length is in the pseudo header, too. */
		sum = ~folded((__u64)inner + (__u16)src_port + 2 * (__u64)bpf_htons(udp_length));
		if (!sum)
			sum = 0xffff;
	}
	if (bpf_xdp_adjust_head(ctx, -(int)size))
		return -1;
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	__be16 *first = data;
	if ((void *)(first + 1) > end)
		return -1;
	*first = *(__be16 *)header->bytes;
	__u32 words = (size - FIRST_BYTES) / 4;
	const __u16 *from = (const __u16 *)(header->bytes + FIRST_BYTES);
	__u16 *to = data + FIRST_BYTES;
	for (__u32 i = 0; i < HEADER_WORDS && i < words; i++) {
		if ((void *)(to + 2) > end)
			return -1;
		to[0] = from[0];
		to[1] = from[1];
		from += 2;
		to += 2;
	}
	void *ip = data + l3;
	struct udphdr *udp = data + l4;
	if (ip + sizeof(struct ipv6hdr) > end || (void *)(udp + 1) > end)
		return -1;
	finish_ip(ip, header, size - l3 + length);
	udp->source = src_port;
	udp->len = bpf_htons(udp_length);
	udp->check = sum;
	return 0;
}

#endif
