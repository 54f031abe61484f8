/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The dead man of flower rules in software: a filter before them that lets packets reach them. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
#include "control.h"
#include "lease.h"

/* While the lease holds, the next filter is asked; afterwards the packet goes to the vSwitch. */
SEC("tc")
int norikae_gate(struct __sk_buff *skb)
{
	(void)skb;
	return bpf_ktime_get_ns() < control_word(CONTROL_LEASE_UNTIL_NS) ? TC_ACT_UNSPEC : TC_ACT_OK;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
