/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Extracts the flow_key of a frame as Open vSwitch does (lib/flow.c, miniflow_extract). Truncated,
 * malformed and uncommon frames go to the vSwitch.
 */
#ifndef NORIKAE_PARSE_H
#define NORIKAE_PARSE_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "layout.h"

#define MAX_IPV6_EXTENSIONS 4
#define MAX_L4_OFFSET 1024
/* Padding behind the IP packet that Open vSwitch tolerates. */
#define MAX_L2_PADDING 255

#define FRAG_NONE 0
#define FRAG_FIRST 1
#define FRAG_LATER 2

/* A VLAN tag that the device stripped from the frame and reports as metadata. */
struct stripped_tag {
	__be16 tpid;
	__be16 tci;
};

/*
 * How to verify that every checksum in the packet is final, including those of encapsulated
 * packets. A sender on this host may leave one to its device (CHECKSUM_PARTIAL); only the skb says
 * which.
 */
enum checksum_proof {
	/* Not verifiable: tunnels, protocols without a checksum, headers that change the pseudo header. */
	PROOF_NONE,
	/* Always final: ARP; fragments (ip_do_fragment and ip6_fragment complete it first). */
	PROOF_SOFTWARE,
	/* The field is not the sum of the pseudo header alone, or the segment adds up: TCP, ICMPv6. */
	PROOF_FIELD,
	/*
	 * The segment adds up. UDP carries tunnels on any port: with an unfinished packet inside, the
	 * outer checksum does not add up yet (lco_csum in include/linux/skbuff.h).
	 */
	PROOF_SUM,
};

/* The transport segment of a packet. */
struct l4_place {
	/* Of the frame; and where it begins in the frame. */
	void *frame;
	__u32 offset;
	/* Bytes up to the end of the IP packet. */
	__u32 length;
	enum checksum_proof proof;
	__be16 checksum;
	/* Behind IPv6 extension headers, of which some change the pseudo header. */
	__u8 is_behind_extensions;
};

struct arp_ipv4 {
	__be16 hardware;
	__be16 protocol;
	__u8 hardware_length;
	__u8 protocol_length;
	__be16 operation;
	__u8 sha[6];
	__u8 spa[4];
	__u8 tha[6];
	__u8 tpa[4];
} __attribute__((packed));

struct tagged_header {
	__be16 tci;
	__be16 type;
};

struct extension_header {
	__u8 next;
	__u8 length;
	__be16 fragment_offset;
	__u32 rest;
};

/* Bytes from `from` to `end`, kept from being folded into pointer arithmetic on `end`. */
static __always_inline __u32 distance(void *from, void *end)
{
	__u64 start = (__u64)from;
	__u64 stop = (__u64)end;
	asm volatile("" : "+r"(start), "+r"(stop));
	return stop - start;
}

static __always_inline int is_vlan(__be16 type)
{
	return type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD);
}

/* `length`: bytes from `l4` to the end of the IP packet. */
static __always_inline int parse_l4(void *l4, void *end, __u32 length, __u8 proto,
				    struct flow_key *key, struct l4_place *place)
{
	__u8 *bytes = l4;
	__be16 *words = l4;

	place->offset = distance(place->frame, l4);
	place->length = length;

	switch (proto) {
	case IPPROTO_TCP: {
		if (length < 20 || l4 + 20 > end)
			return -1;
		__u32 header = (bytes[12] >> 4) * 4;
		if (header < 20 || header > length)
			return -1;
		place->checksum = words[8];
		place->proof = PROOF_FIELD;
		key->l4_src = words[0];
		key->l4_dst = words[1];
		key->tcp_flags = words[6] & bpf_htons(0x0fff);
		return 0;
	}
	case IPPROTO_UDP:
		if (length < 8 || l4 + 8 > end)
			return -1;
		place->checksum = words[3];
		/* Has no checksum, but its payload may have one. */
		place->proof = words[3] ? PROOF_SUM : PROOF_NONE;
		key->l4_src = words[0];
		key->l4_dst = words[1];
		return 0;
	case IPPROTO_SCTP:
		if (length < 12 || l4 + 12 > end)
			return -1;
		/* An unfinished CRC32c is zero (sctp_packet_pack in net/sctp/output.c). */
		place->proof = words[4] || words[5] ? PROOF_SOFTWARE : PROOF_NONE;
		key->l4_src = words[0];
		key->l4_dst = words[1];
		return 0;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		if (length < 8 || l4 + 8 > end)
			return -1;
		/* ICMP has no pseudo header: left to a device, its field would be zero. */
		place->checksum = words[1];
		if (proto == IPPROTO_ICMPV6)
			place->proof = PROOF_FIELD;
		else if (words[1])
			place->proof = PROOF_SOFTWARE;
		key->l4_src = bpf_htons(bytes[0]);
		key->l4_dst = bpf_htons(bytes[1]);
		return 0;
	default:
		return 0;
	}
}

/* `available`: bytes from `l3` to the end of the frame. */
static __always_inline int parse_ipv4(void *l3, void *end, __u32 available, struct flow_key *key,
				      struct l4_place *place)
{
	struct iphdr *ip = l3;
	if ((void *)(ip + 1) > end)
		return -1;
	__u32 header = ip->ihl * 4;
	__u32 total = bpf_ntohs(ip->tot_len);
	if (ip->version != 4 || header < sizeof(*ip) || total < header || total > available ||
	    available - total > MAX_L2_PADDING)
		return -1;

	key->ip_proto = ip->protocol;
	key->ip_tos = ip->tos;
	key->ip_ttl = ip->ttl;
	__builtin_memcpy(key->src, &ip->saddr, 4);
	__builtin_memcpy(key->dst, &ip->daddr, 4);
	if (ip->frag_off & bpf_htons(0x1fff)) {
		key->ip_frag = FRAG_LATER;
		place->proof = PROOF_SOFTWARE;
		return 0;
	}
	if (ip->frag_off & bpf_htons(0x2000))
		key->ip_frag = FRAG_FIRST;
	int failed = parse_l4(l3 + header, end, total - header, ip->protocol, key, place);
	if (key->ip_frag)
		place->proof = PROOF_SOFTWARE;
	/* With a source route the pseudo header has another destination. */
	else if (header > sizeof(*ip) && place->proof == PROOF_FIELD)
		place->proof = PROOF_NONE;
	return failed;
}

/* `available`: bytes from `l3` to the end of the frame. */
static __always_inline int parse_ipv6(void *l3, void *end, __u32 available, struct flow_key *key,
				      struct l4_place *place)
{
	struct ipv6hdr *ip = l3;
	if ((void *)(ip + 1) > end)
		return -1;
	__u32 length = bpf_ntohs(ip->payload_len);
	available -= sizeof(*ip);
	if (ip->version != 6 || length > available || available - length > MAX_L2_PADDING)
		return -1;

	key->ip_tos = bpf_ntohs(*(__be16 *)l3) >> 4;
	key->ip_ttl = ip->hop_limit;
	__builtin_memcpy(key->src, &ip->saddr, 16);
	__builtin_memcpy(key->dst, &ip->daddr, 16);

	__u8 next = ip->nexthdr;
	__u32 offset = sizeof(*ip);
#pragma unroll
	for (int i = 0; i <= MAX_IPV6_EXTENSIONS; i++) {
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING &&
		    next != IPPROTO_DSTOPTS && next != IPPROTO_FRAGMENT) {
			/* Authentication headers are rare and go to the vSwitch. */
			if (next == IPPROTO_AH)
				return -1;
			key->ip_proto = next;
			place->is_behind_extensions = i > 0;
			int failed = parse_l4(l3 + offset, end, length, next, key, place);
			if (key->ip_frag)
				place->proof = PROOF_SOFTWARE;
			/* With a routing header the pseudo header has another destination. */
			else if (i > 0 && place->proof == PROOF_FIELD)
				place->proof = PROOF_NONE;
			return failed;
		}
		struct extension_header *extension = l3 + offset;
		if (i == MAX_IPV6_EXTENSIONS || length < sizeof(*extension) ||
		    (void *)(extension + 1) > end)
			return -1;
		__u32 size = sizeof(*extension);
		if (next == IPPROTO_FRAGMENT) {
			if (extension->fragment_offset & bpf_htons(0xfff8)) {
				key->ip_frag = FRAG_LATER;
				key->ip_proto = IPPROTO_FRAGMENT;
				place->proof = PROOF_SOFTWARE;
				return 0;
			}
			if (extension->fragment_offset)
				key->ip_frag = FRAG_FIRST;
		} else {
			size = (extension->length + 1) * 8;
		}
		next = extension->next;
		if (size > length)
			return -1;
		length -= size;
		offset += size;
		if (offset > MAX_L4_OFFSET)
			return -1;
	}
	return -1;
}

static __always_inline int parse_arp(void *l3, void *end, struct flow_key *key,
				     struct l4_place *place)
{
	struct arp_ipv4 *arp = l3;
	if ((void *)(arp + 1) > end || arp->hardware != bpf_htons(1) ||
	    arp->protocol != bpf_htons(ETH_P_IP) || arp->hardware_length != 6 ||
	    arp->protocol_length != 4 || bpf_ntohs(arp->operation) > 255)
		return -1;
	place->proof = PROOF_SOFTWARE;
	key->l4_src = arp->operation;
	__builtin_memcpy(key->src, arp->spa, 4);
	__builtin_memcpy(key->src + 4, arp->sha, 6);
	__builtin_memcpy(key->dst, arp->tpa, 4);
	__builtin_memcpy(key->dst + 4, arp->tha, 6);
	return 0;
}

/*
 * Fills `key` and `place`, which are zero. `length`: bytes of the frame, of which those from `data` to `end`
 * are readable. Returns the offset of the header behind the Ethernet header and a tag in the frame (14 or
 * 18), or -1 when the frame is for the vSwitch.
 */
static __always_inline int parse(void *data, void *end, __u32 length, struct stripped_tag stripped,
				 struct flow_key *key, struct l4_place *place)
{
	struct ethhdr *eth = data;
	if ((void *)(eth + 1) > end)
		return -1;
	__builtin_memcpy(key->eth_dst, eth->h_dest, 6);
	__builtin_memcpy(key->eth_src, eth->h_source, 6);

	__be16 type = eth->h_proto;
	int offset = sizeof(*eth);
	if (stripped.tpid) {
		key->vlan_tpid = stripped.tpid;
		key->vlan_tci = stripped.tci;
	} else if (is_vlan(type)) {
		struct tagged_header *tag = data + offset;
		if ((void *)(tag + 1) > end)
			return -1;
		key->vlan_tpid = type;
		key->vlan_tci = tag->tci;
		type = tag->type;
		offset += sizeof(*tag);
	}
	/* A further tag, and frames with a length instead of a type (IEEE 802.3). */
	if (is_vlan(type) || bpf_ntohs(type) < ETH_P_802_3_MIN)
		return -1;

	key->eth_type = type;
	place->frame = data;
	int failed = 0;
	if (type == bpf_htons(ETH_P_IP))
		failed = parse_ipv4(data + offset, end, length - offset, key, place);
	else if (type == bpf_htons(ETH_P_IPV6))
		failed = parse_ipv6(data + offset, end, length - offset, key, place);
	else if (type == bpf_htons(ETH_P_ARP))
		failed = parse_arp(data + offset, end, key, place);
	return failed ? -1 : offset;
}

#endif
