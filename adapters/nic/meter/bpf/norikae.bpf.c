// SPDX-License-Identifier: Apache-2.0
/*
 * Counts packets by connection at tcx ingress or in a tc filter, behind the entries of the NIC table: what no entry has taken is
 * on its way to the vSwitch. Every packet goes on unchanged (TC_ACT_UNSPEC).
 *
 * A connection is what the vSwitch could match exactly in the packet as it arrives: port, VLAN tag, addresses,
 * protocol and ports. Fragments, protocols other than TCP and UDP, and packets that the parser leaves to the
 * vSwitch belong to no connection. A packet before its segmentation counts once, and its tag counts, as in the
 * kernel datapath. A packet in a tunnel that the vSwitch ends belongs to the connection inside; its bytes are all.
 */
#include <linux/pkt_cls.h>
#include "records.h"
#include "siphash.h"
#include "skb.h"
#include "tunnels.h"

/* User space sizes connections, meter_ports and the maps of tunnels.h when it creates them. */

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct meter_key);
	__type(value, struct meter_record);
} connections SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct meter_port);
} meter_ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, METER_WORDS);
	__type(key, __u32);
	__type(value, __u64);
} meter_control SEC(".maps");

/* Connections that were added since the map was created. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} meter_added SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct meter_pace);
} meter_paces SEC(".maps");

/* Words of a key that are hashed: all behind the port, whose identity is the key of the hash. */
#define HASHED_WORDS ((sizeof(struct meter_key) - sizeof(__u64)) / sizeof(__u64))

static __always_inline __u64 word_of(__u32 index)
{
	__u64 *word = bpf_map_lookup_elem(&meter_control, &index);
	return word ? *word : 0;
}

/* A packet that is counted. */
struct counted {
	struct meter_key key;
	/* Of the port or the tunnel. */
	__u64 identity[2];
	__u8 outer_tos;
	__u8 outer_ttl;
};

/* The connection of a packet without its port; -1 if it belongs to none. */
static __always_inline int key_of(const struct flow_key *packet, struct meter_key *key)
{
	if (packet->ip_frag)
		return -1;
	if (packet->ip_proto != IPPROTO_TCP && packet->ip_proto != IPPROTO_UDP)
		return -1;
	key->vlan_tci = tci_of(packet);
	key->kind |= kind_of(packet);
	key->ip_proto = packet->ip_proto;
	key->l4_src = packet->l4_src;
	key->l4_dst = packet->l4_dst;
	__builtin_memcpy(key->src, packet->src, sizeof(key->src));
	__builtin_memcpy(key->dst, packet->dst, sizeof(key->dst));
	return 0;
}

/* Adds a connection with its first packet; -1 if another CPU has just added it, or memory is short. */
static __always_inline int add(const struct counted *counted, const struct flow_key *packet,
			       struct meter_record *record)
{
	siphash(counted->identity, (const __u64 *)&counted->key + 1, HASHED_WORDS, record->id);
	__builtin_memcpy(record->eth_dst, packet->eth_dst, sizeof(record->eth_dst));
	__builtin_memcpy(record->eth_src, packet->eth_src, sizeof(record->eth_src));
	record->outer_tos = counted->outer_tos;
	record->outer_ttl = counted->outer_ttl;
	record->ip_tos = packet->ip_tos;
	record->ip_ttl = packet->ip_ttl;
	if (bpf_map_update_elem(&connections, &counted->key, record, BPF_NOEXIST))
		return -1;
	__u32 first = 0;
	__u64 *added = bpf_map_lookup_elem(&meter_added, &first);
	if (added)
		*added += 1;
	return 0;
}

/*
 * How many times a packet is counted. A processor that gets few packets counts each.
 * A busy one counts a random sample, whose distances are 1 to 2n - 1 and n on average: for a packet that is
 * passed over, it only counts down.
 */
static __always_inline __u32 pace(struct meter_pace *pace, __u64 now)
{
	__u64 window = now >> WINDOW_SHIFT;
	if (window != pace->window) {
		/* The mean over the windows since then. */
		__u64 busy = word_of(METER_BUSY_PACKETS) * (window - pace->window);
		pace->times = pace->packets > busy ? word_of(METER_SAMPLING) : 1;
		pace->window = window;
		pace->packets = 0;
	} else if (pace->times == 1 && pace->packets > word_of(METER_BUSY_PACKETS)) {
		pace->times = word_of(METER_SAMPLING);
	}
	pace->packets += 1;
	__u32 times = pace->times;
	if (times > 1)
		pace->skips = bpf_get_prandom_u32() % (2 * times - 1);
	return times;
}

/* Counts a packet `times` times. */
static __always_inline void count(struct __sk_buff *skb, __u64 now, __u32 times)
{
	__u32 ifindex = skb->ifindex;
	struct meter_port *port = bpf_map_lookup_elem(&meter_ports, &ifindex);
	if (!port || pull_headers(skb))
		return;

	struct flow_key packet = {};
	struct l4_place place = {};
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;
	/* With a tag in the frame, behind the one in the metadata, there are two. */
	if (parse(data, end, skb->len, tag_of(skb), &packet, &place) != ETH_HLEN)
		return;
	struct counted counted = {};
	counted.identity[0] = port->identity[0];
	counted.identity[1] = port->identity[1];
	__u32 encapsulation = port->flags & PORT_HAS_ENDPOINTS ? encapsulation_of(ifindex, &packet) : 0;
	if (port->encapsulation) {
		counted.key.kind = KIND_TUNNELLED;
		if (read_metadata(skb, port, counted.identity, &counted.outer_tos, &counted.outer_ttl))
			return;
	} else if (encapsulation) {
		counted.outer_tos = packet.ip_tos;
		counted.outer_ttl = packet.ip_ttl;
		counted.key.kind = KIND_TUNNELLED;
		if (open_tunnel(skb, encapsulation, &place, counted.identity, &packet))
			return;
	}
	if (key_of(&packet, &counted.key))
		return;
	counted.key.port = counted.identity[0];

	__u64 bytes = (__u64)(skb->len + (skb->vlan_present ? sizeof(struct tagged_header) : 0)) * times;
	struct meter_record *record = bpf_map_lookup_elem(&connections, &counted.key);
	if (!record) {
		struct meter_record first = {
			.packets = times, .bytes = bytes, .first_ns = now, .last_ns = now};
		if (!add(&counted, &packet, &first))
			return;
		record = bpf_map_lookup_elem(&connections, &counted.key);
		if (!record)
			return;
	}
	__sync_fetch_and_add(&record->packets, times);
	__sync_fetch_and_add(&record->bytes, bytes);
	record->last_ns = now;
}

SEC("tc")
int norikae_meter(struct __sk_buff *skb)
{
	__u32 first = 0;
	struct meter_pace *own = bpf_map_lookup_elem(&meter_paces, &first);
	if (!own)
		return TC_ACT_UNSPEC;
	if (own->skips) {
		own->skips -= 1;
		own->packets += 1;
		return TC_ACT_UNSPEC;
	}
	__u64 now = bpf_ktime_get_coarse_ns();
	if (now < word_of(METER_UNTIL_NS))
		count(skb, now, pace(own, now));
	return TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
