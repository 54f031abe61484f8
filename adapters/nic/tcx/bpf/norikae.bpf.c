// SPDX-License-Identifier: Apache-2.0
/*
 * Forwards the packets of offloaded flows at tcx ingress, before an rx handler such as the kernel datapath of
 * Open vSwitch gets them. Segments and checksums that a sender left to its device stay as they are: the
 * output device completes them, as it does for the vSwitch. Packets without an entry, and all packets once
 * the lease has expired, go on unchanged (TC_ACT_UNSPEC).
 */
#include <linux/errno.h>
#include <linux/pkt_cls.h>
#include "lease.h"
#include "order.h"
#include "rewrite.h"
#include "skb.h"
#include "table.h"
#include "tunnel.h"

/* Whether the outgoing packet, or a segment of it, exceeds the device's MTU. */
static __always_inline int too_large(struct __sk_buff *skb, const struct flow_entry *entry)
{
	__u32 length = 0;
	if (skb->gso_size)
		return bpf_check_mtu(skb, entry->out_ifindex, &length, 0, BPF_MTU_CHK_SEGS) !=
		       BPF_MTU_CHK_RET_SUCCESS;
	/* One tag is metadata and no part of skb->len; a second one is written into the frame. */
	int grow = skb->vlan_present && entry->flags & ENTRY_PUSH_VLAN &&
		   !(entry->flags & ENTRY_POP_VLAN);
	return bpf_check_mtu(skb, entry->out_ifindex, &length, grow ? TAG_BYTES : 0, 0) !=
	       BPF_MTU_CHK_RET_SUCCESS;
}

/* Leaves a packet of the flow to the vSwitch, and those that follow it closely. */
static __always_inline int leave_to_vswitch(struct flow_entry *entry, __u64 now)
{
	leave(entry, control_word(CONTROL_TRAIN_NS), now);
	return TC_ACT_UNSPEC;
}

SEC("tc")
int norikae_tcx(struct __sk_buff *skb)
{
	__u64 now = bpf_ktime_get_ns();
	struct port_ref *port = serve(skb->ifindex, now);
	if (!port || pull_headers(skb))
		return TC_ACT_UNSPEC;

	struct flow_key key = {};
	struct l4_place place = {};
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;
	/* The kernel has moved the outer tag to the metadata: with one in the frame there are two. */
	if (parse(data, end, skb->len, tag_of(skb), &key, &place) != ETH_HLEN)
		return TC_ACT_UNSPEC;
	__u32 in_port = port->port_id;
	if (control_word(CONTROL_TUNNEL_SHAPES)) {
		__u32 tunnel = arrive(skb, in_port, &key);
		if (tunnel)
			in_port = tunnel;
	}
	struct flow_entry *entry = find(&key, in_port);
	if (!entry)
		return TC_ACT_UNSPEC;
	__u32 slot = entry->stats_slot;
	struct flow_stats *sum = bpf_map_lookup_elem(&stats, &slot);
	if (!sum)
		return TC_ACT_UNSPEC;
	/* The vSwitch takes a datagram that the device is to fragment (UFO) for a fragment. */
	if (skb->gso_size && key.ip_proto == IPPROTO_UDP)
		return leave_to_vswitch(entry, now);
	/* Rules can shorten their time-outs when a connection ends (fin_timeout): no train waits. */
	if (has_tcp_flag(&key, TCP_FIN_OR_RST)) {
		entry->last_left_ns = now;
		return TC_ACT_UNSPEC;
	}
	if (is_in_train(entry, now) || is_heartbeat(entry, port, &key, sum, now))
		return TC_ACT_UNSPEC;

	/* Like the vSwitch, counts packets before segmentation, and the tag. */
	__u32 bytes = skb->len + (skb->vlan_present ? TAG_BYTES : 0);
	if (entry->flags & ENTRY_DROP) {
		count(sum, bytes, now);
		return TC_ACT_SHOT;
	}
	/* Look up the device before rewriting: a packet that cannot go there must stay unchanged. */
	__u32 out_port = entry->out_port;
	__u32 *device = bpf_map_lookup_elem(&devices, &out_port);
	if (!device || too_large(skb, entry) ||
	    (entry->flags & ENTRY_SET_TUPLE && place.is_behind_extensions))
		return leave_to_vswitch(entry, now);
	__u32 ifindex = *device;
	if (rewrite(skb, entry, &key, &place))
		return TC_ACT_SHOT;
	if (entry->flags & ENTRY_PUSH_TUNNEL && encapsulate(skb, entry))
		return TC_ACT_SHOT;
	count(sum, bytes, now);
	return bpf_redirect(ifindex, 0);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
