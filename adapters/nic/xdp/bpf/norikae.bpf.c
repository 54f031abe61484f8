// SPDX-License-Identifier: Apache-2.0
/*
 * Forwards the packets of offloaded flows past the vSwitch. Packets without an entry, and all
 * packets once the lease has expired, go to the vSwitch unchanged (XDP_PASS).
 */
#include <linux/errno.h>
#include "checksum.h"
#include "order.h"
#include "parse.h"
#include "rewrite.h"

/* Longest stall of a port that keeps refusing redirects, as a multiple of the first one. */
#define MAX_STALLS 128

/* User space sizes flows, stats, ports, port_info and devices when it creates them. */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CONTROL_WORDS);
	__type(key, __u32);
	__type(value, __u64);
} control SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct port_ref);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct port_info);
} port_info SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u32);
} devices SEC(".maps");

/* Ports that redirects cannot reach at present, by port id. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct stall);
} stalled SEC(".maps");

struct mask_set_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct mask_set));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct mask_set_map);
} masks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct table_key);
	__type(value, struct flow_entry);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct flow_stats);
} stats SEC(".maps");

/* Linux 6.8 and later: the tag that the device stripped from the frame. */
extern int bpf_xdp_metadata_rx_vlan_tag(const struct xdp_md *ctx, __be16 *vlan_proto,
					__u16 *vlan_tci) __ksym __weak;

static __always_inline __u64 control_word(__u32 index)
{
	__u64 *word = bpf_map_lookup_elem(&control, &index);
	return word ? *word : 0;
}

/* Tuple space search. Flows are disjoint, so the first hit is the only one. */
static __always_inline struct flow_entry *find(const struct flow_key *packet, __u32 in_port)
{
	__u32 first = 0;
	void *inner = bpf_map_lookup_elem(&masks, &first);
	if (!inner)
		return NULL;
	struct mask_set *set = bpf_map_lookup_elem(inner, &first);
	if (!set)
		return NULL;

	const __u64 *from = (const __u64 *)packet;
	struct table_key key = {.in_port = in_port};
	__u64 *to = (__u64 *)&key.fields;
	for (int i = 0; i < MAX_MASKS; i++) {
		if (i >= set->count)
			break;
		struct flow_mask *mask = &set->masks[i];
#pragma unroll
		for (int word = 0; word < KEY_WORDS; word++)
			to[word] = from[word] & mask->words[word];
		key.mask_id = mask->mask_id;
		struct flow_entry *entry = bpf_map_lookup_elem(&flows, &key);
		if (entry)
			return entry;
	}
	return NULL;
}

/* Whether the outgoing frame exceeds the device's MTU; the device would drop it. */
static __always_inline int too_large(struct xdp_md *ctx, const struct flow_entry *entry,
				     const struct flow_key *key, struct stripped_tag stripped)
{
	__u32 leaving = distance((void *)(long)ctx->data, (void *)(long)ctx->data_end) +
			growth(entry, stripped);
	int tagged = entry->flags & ENTRY_PUSH_VLAN ||
		     (key->vlan_tpid && !(entry->flags & ENTRY_POP_VLAN));
	__u32 l3 = leaving - ETH_HLEN - (tagged ? TAG_BYTES : 0);
	return bpf_check_mtu(ctx, entry->out_ifindex, &l3, 0, 0) != BPF_MTU_CHK_RET_SUCCESS;
}

static __always_inline void count(struct flow_stats *sum, __u32 bytes, __u64 now)
{
	sum->gap_ns = now - sum->last_ns;
	/* Written first: a reader that sees the packet counted also sees its time. */
	sum->last_ns = now;
	barrier();
	sum->packets += 1;
	sum->bytes += bytes;
}

static __always_inline int process(struct xdp_md *ctx, const struct port_ref *port, __u64 now,
				   struct stripped_tag stripped)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct flow_key key = {};
	struct l4_place place = {};
	int offset = parse(data, end, stripped, &key, &place);
	if (offset < 0)
		return XDP_PASS;
	struct flow_entry *entry = find(&key, port->port_id);
	if (!entry)
		return XDP_PASS;
	__u32 slot = entry->stats_slot;
	struct flow_stats *sum = bpf_map_lookup_elem(&stats, &slot);
	if (!sum)
		return XDP_PASS;
	/* What is dropped needs no checksum. */
	if (!(entry->flags & ENTRY_DROP) && port->flags & PORT_CHECKSUMS_OPEN &&
	    !is_finished(ctx, &key, &place))
		return leave(entry, control_word(CONTROL_TRAIN_NS), now);
	/* Rules can shorten their time-outs when a connection ends (fin_timeout): no train waits. */
	if (has_tcp_flag(&key, TCP_FIN_OR_RST)) {
		entry->last_left_ns = now;
		return XDP_PASS;
	}
	if (is_in_train(entry, now) || is_heartbeat(entry, port, &key, sum, now))
		return XDP_PASS;

	/* Like the vSwitch, counts the tag, in the frame or stripped. */
	__u32 bytes = distance(data, end) + (stripped.tpid ? TAG_BYTES : 0);
	if (entry->flags & ENTRY_DROP) {
		count(sum, bytes, now);
		return XDP_DROP;
	}
	struct stall *stall = bpf_map_lookup_elem(&stalled, &entry->out_port);
	if (stall && now < stall->until_ns)
		return leave(entry, control_word(CONTROL_TRAIN_NS), now);
	/* Look up the device before rewriting: a packet that cannot go there must stay unchanged. */
	if (bpf_redirect_map(&devices, entry->out_port, XDP_PASS) != XDP_REDIRECT ||
	    too_large(ctx, entry, &key, stripped) || rewrite(ctx, entry, &key, stripped, offset))
		return leave(entry, control_word(CONTROL_TRAIN_NS), now);
	count(sum, bytes, now);
	return XDP_REDIRECT;
}

/* The ingress port, if it is served and the lease holds. */
static __always_inline struct port_ref *serve(struct xdp_md *ctx, __u64 now)
{
	if (now >= control_word(CONTROL_LEASE_UNTIL_NS))
		return NULL;
	__u32 ifindex = ctx->ingress_ifindex;
	return bpf_map_lookup_elem(&ports, &ifindex);
}

/* For devices whose tags are always in the frame; works in every mode. */
SEC("xdp")
int norikae_plain(struct xdp_md *ctx)
{
	__u64 now = bpf_ktime_get_ns();
	struct port_ref *port = serve(ctx, now);
	if (!port)
		return XDP_PASS;
	struct stripped_tag none = {};
	return process(ctx, port, now, none);
}

/* Bound to one device, whose driver reports VLAN tags in metadata (native mode only). */
SEC("xdp")
int norikae_bound(struct xdp_md *ctx)
{
	__u64 now = bpf_ktime_get_ns();
	struct port_ref *port = serve(ctx, now);
	if (!port)
		return XDP_PASS;

	struct stripped_tag stripped = {};
	__be16 tpid = 0;
	__u16 tci = 0;
	int error = bpf_xdp_metadata_rx_vlan_tag(ctx, &tpid, &tci);
	if (!error) {
		stripped.tpid = tpid;
		stripped.tci = bpf_htons(tci);
	} else if (error != -ENODATA && !(port->flags & PORT_TAGS_IN_FRAME)) {
		return XDP_PASS;
	}
	return process(ctx, port, now, stripped);
}

/*
 * A device can drop a redirected packet after the program has run: a veth whose peer has no NAPI, a
 * device that is down. After one such packet the port is stalled, and for twice as long each time
 * it happens again soon. Arguments: device, program, target, error, map type, map id, index in the
 * map.
 */
SEC("raw_tp/xdp_redirect_err")
int norikae_guard(struct bpf_raw_tracepoint_args *ctx)
{
	int error = ctx->args[3];
	__u32 map_id = ctx->args[5];
	__u32 port_id = ctx->args[6];
	if ((error != -EOPNOTSUPP && error != -ENETDOWN) ||
	    map_id != control_word(CONTROL_DEVICES_MAP_ID))
		return 0;
	__u64 now = bpf_ktime_get_ns();
	__u64 shortest = control_word(CONTROL_MIN_STALL_NS);
	struct stall next = {.duration_ns = shortest};
	struct stall *last = bpf_map_lookup_elem(&stalled, &port_id);
	if (last && now < last->until_ns + last->duration_ns) {
		/* Redirects in flight when the stall began count once. */
		if (now < last->until_ns)
			return 0;
		next.duration_ns = last->duration_ns * 2;
		if (next.duration_ns > shortest * MAX_STALLS)
			next.duration_ns = shortest * MAX_STALLS;
	}
	next.until_ns = now + next.duration_ns;
	bpf_map_update_elem(&stalled, &port_id, &next, BPF_ANY);
	return 0;
}

/*
 * Renews or ends the lease, run by user space. Comparing and writing are one run of a program, so
 * that a daemon that is stopped cannot come between them. 1: renewed, 0: not in force.
 */
SEC("syscall")
int norikae_lease(struct lease_request *request)
{
	__u32 word = CONTROL_LEASE_UNTIL_NS;
	__u64 *until = bpf_map_lookup_elem(&control, &word);
	if (!until)
		return 0;
	__u64 now = bpf_ktime_get_ns();
	__u64 last = *until;
	/* Expired: the entries must have been verified since. */
	if (now >= last && request->verified_ns < last)
		return 0;
	if (request->until_ns > now) {
		*until = request->until_ns;
		return 1;
	}
	if (last > now)
		*until = now;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
