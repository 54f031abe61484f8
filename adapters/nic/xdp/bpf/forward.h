/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forwards the packets of offloaded flows past the vSwitch. Packets without an entry, and all
 * packets once the lease has expired, go to the vSwitch unchanged (XDP_PASS).
 */
#ifndef NORIKAE_FORWARD_H
#define NORIKAE_FORWARD_H

#include "checksum.h"
#include "decapsulate.h"
#include "encapsulate.h"
#include "opaque.h"
#include "order.h"
#include "parse.h"
#include "rewrite.h"
#include "stall.h"
#include "table.h"

/* Bytes of the frame; those of a jumbo frame are in several buffers, of which the first can be accessed. */
static __always_inline __u32 frame_length(struct xdp_md *ctx, int is_jumbo)
{
	if (is_jumbo)
		return bpf_xdp_get_buff_len(ctx);
	return distance((void *)(long)ctx->data, (void *)(long)ctx->data_end);
}

/*
 * Whether the outgoing frame exceeds the device's MTU; the device would drop it. `leaving`: its bytes but for
 * the tunnel header.
 */
static __always_inline int too_large(struct xdp_md *ctx, const struct flow_entry *entry, const struct flow_key *key,
				     struct stripped_tag stripped,
				     const struct tunnel_header *header, __u32 leaving)
{
	int tagged = entry->flags & ENTRY_PUSH_VLAN ||
		     (key->vlan_tpid && !(entry->flags & ENTRY_POP_VLAN));
	__u32 l3 = header ? leaving + header->length - header->l3 :
			    leaving - ETH_HLEN - (tagged ? TAG_BYTES : 0);
	return bpf_check_mtu(ctx, entry->out_ifindex, &l3, 0, 0) != BPF_MTU_CHK_RET_SUCCESS;
}

/* Leaves a packet of the flow to the vSwitch, and those that follow it closely. */
static __always_inline int leave_to_vswitch(struct flow_entry *entry, __u64 now)
{
	leave(entry, control_word(CONTROL_TRAIN_NS), now);
	return XDP_PASS;
}

/*
 * Makes the frame what leaves by the output device. XDP_REDIRECT; XDP_PASS: the frame is unchanged, and for the
 * vSwitch. `inner`: offset of the frame that leaves; the headers before it go.
 */
static __always_inline int prepare(struct xdp_md *ctx, int is_jumbo, const struct flow_entry *entry,
				   struct flow_key *key, const struct l4_place *place,
				   struct stripped_tag stripped, int offset, __u32 inner)
{
	const struct tunnel_header *header = NULL;
	if (entry->flags & ENTRY_PUSH_TUNNEL) {
		header = header_of(entry);
		if (!header)
			return XDP_PASS;
	}
	__u32 length = frame_length(ctx, is_jumbo) - inner + growth(entry, stripped);
	if (too_large(ctx, entry, key, stripped, header, length))
		return XDP_PASS;
	if (header && !has_room(ctx, is_jumbo, header, length))
		return XDP_PASS;
	if (inner && bpf_xdp_adjust_head(ctx, inner))
		return XDP_PASS;
	if (rewrite(ctx, entry, key, place, stripped, offset)) {
		/* What is in front of a frame stays as it is. */
		if (inner && bpf_xdp_adjust_head(ctx, -(int)inner))
			return XDP_DROP;
		return XDP_PASS;
	}
	if (header && encapsulate(ctx, entry->tunnel_header, entry->tunnel_src_port, length))
		return XDP_DROP;
	return XDP_REDIRECT;
}

static __always_inline int process(struct xdp_md *ctx, int is_jumbo, const struct port_ref *port,
				   __u64 now, struct stripped_tag stripped)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct flow_key key = {};
	struct l4_place place = {};
	__u32 in_port = port->port_id;
	const struct arrival *here = NULL;
	__u64 inner = 0;
	__u32 length = frame_length(ctx, is_jumbo);
	if (control_word(CONTROL_TUNNEL_SHAPES) && !stripped.tpid) {
		inner = (__u32)arrive(ctx, in_port, length);
		/* The compiler knows the bound of what a global function returns, but the verifier does not. */
		asm volatile("" : "+r"(inner));
		if (inner > MAX_OUTER)
			return XDP_PASS;
		if (inner) {
			here = arrival_here();
			if (!here)
				return XDP_PASS;
			in_port = here->id;
			key.outer_tos = here->tos;
			key.outer_ttl = here->ttl;
			key.outer_flags = here->flags;
		}
	}
	void *frame = data + inner;
	/* One register, see sum_up(). */
	asm volatile("" : "+r"(frame));
	int offset = parse(frame, end, length - inner, stripped, &key, &place);
	if (offset < 0)
		return XDP_PASS;
	forget_path(&key, &place, &offset, now);
	struct flow_entry *entry = find(&key, in_port);
	if (!entry)
		return XDP_PASS;
	__u32 slot = entry->stats_slot;
	struct flow_stats *sum = bpf_map_lookup_elem(&stats, &slot);
	if (!sum)
		return XDP_PASS;
	/* What is dropped needs no checksum. */
	if (!(entry->flags & ENTRY_DROP)) {
		if (here && !is_intact(ctx, here, length))
			return leave_to_vswitch(entry, now);
		/* An outer checksum covers those inside: it is right when they are final. */
		int is_covered = here && here->flags & OUTER_CHECKSUM;
		if (port->flags & PORT_CHECKSUMS_OPEN && !is_covered &&
		    !is_finished(ctx, &key, &place, inner))
			return leave_to_vswitch(entry, now);
	}
	/* Rules can shorten their time-outs when a connection ends (fin_timeout): no train waits. */
	if (has_tcp_flag(&key, TCP_FIN_OR_RST)) {
		entry->last_left_ns = now;
		return XDP_PASS;
	}
	if (is_in_train(entry, now) || is_heartbeat(entry, port, &key, sum, now))
		return XDP_PASS;

	/* Like the vSwitch, counts the tag, in the frame or stripped. */
	__u32 bytes = length + (stripped.tpid ? TAG_BYTES : 0);
	if (entry->flags & ENTRY_DROP) {
		count(sum, bytes, now);
		return XDP_DROP;
	}
	if (is_stalled(entry->out_port, now))
		return leave_to_vswitch(entry, now);
	/* Look up the device before rewriting: a packet that cannot go there must stay unchanged. */
	if (bpf_redirect_map(&devices, entry->out_port, XDP_PASS) != XDP_REDIRECT)
		return leave_to_vswitch(entry, now);
	int verdict = prepare(ctx, is_jumbo, entry, &key, &place, stripped, offset, inner);
	if (verdict == XDP_PASS)
		return leave_to_vswitch(entry, now);
	count(sum, bytes, now);
	return verdict;
}

#endif
