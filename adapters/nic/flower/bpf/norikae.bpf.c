/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The gate of flower rules in software: a filter before them that lets packets reach them. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
#include "control.h"
#include "lease.h"

/* Longest options of a tunnel: their length is in 6 bits, in words. */
#define MAX_OPTION_BYTES 252
#define OPTION_HEADER_BYTES 4
/* The length of an option of Geneve without its header, in words, in its fourth byte. */
#define OPTION_WORDS(options) ((options)[3] & 0x1f)

/* Devices by ifindex; the second byte has the bytes of options that rules on the device expect. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u32);
} devices SEC(".maps");

/*
 * Rules compare the lengths of options under masks that other lengths pass, too. Packets without options pass no rule
 * that expects some.
 */
static __always_inline int options_fit(struct __sk_buff *skb)
{
	__u8 options[MAX_OPTION_BYTES];
	long bytes = bpf_skb_get_tunnel_opt(skb, options, sizeof(options));
	if (bytes == 0 || bytes == -2 /* ENOENT */)
		return 1;
	if (bytes < OPTION_HEADER_BYTES)
		return 0;
	__u32 ifindex = skb->ifindex;
	__u32 *device = bpf_map_lookup_elem(&devices, &ifindex);
	__u32 expected = device ? *device >> 8 & 0xff : 0;
	return bytes == expected &&
	       bytes == OPTION_HEADER_BYTES + 4 * OPTION_WORDS(options);
}

/* While the lease holds, the next filter is asked; afterwards the packet goes to the vSwitch. */
SEC("tc")
int norikae_gate(struct __sk_buff *skb)
{
	int holds = bpf_ktime_get_ns() < control_word(CONTROL_LEASE_UNTIL_NS);
	return holds && options_fit(skb) ? TC_ACT_UNSPEC : TC_ACT_OK;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
