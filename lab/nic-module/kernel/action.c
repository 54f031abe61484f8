// SPDX-License-Identifier: GPL-2.0
/* What a rule of tc flower does with a frame. */
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/tc_act/tc_csum.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip.h>
#include "labnic.h"

#define L4_CSUM (TCA_CSUM_UPDATE_FLAG_TCP | TCA_CSUM_UPDATE_FLAG_UDP)

/* Words of headers that the NIC can write, and the bits in them. */
static const struct {
	enum flow_action_mangle_base base;
	u32 offset;
	u32 bits;
} writable[] = {
	{ FLOW_ACT_MANGLE_HDR_TYPE_ETH, 0, ~0 },
	{ FLOW_ACT_MANGLE_HDR_TYPE_ETH, 4, ~0 },
	{ FLOW_ACT_MANGLE_HDR_TYPE_ETH, 8, ~0 },
	/* The time to live is the first byte of its word. */
	{ FLOW_ACT_MANGLE_HDR_TYPE_IP4, 8, (__force u32)cpu_to_be32(0xff000000) },
	{ FLOW_ACT_MANGLE_HDR_TYPE_IP4, offsetof(struct iphdr, saddr), ~0 },
	{ FLOW_ACT_MANGLE_HDR_TYPE_IP4, offsetof(struct iphdr, daddr), ~0 },
	{ FLOW_ACT_MANGLE_HDR_TYPE_TCP, 0, ~0 },
	{ FLOW_ACT_MANGLE_HDR_TYPE_UDP, 0, ~0 },
};

/* Whether a rule matches exactly the header that it writes. */
static bool matches_header(enum flow_action_mangle_base base, const struct labnic_key *key,
			   const struct labnic_key *mask)
{
	bool ipv4 = mask->proto == htons(0xffff) && key->proto == htons(ETH_P_IP);
	u8 ip_proto = mask->ip_proto == 0xff ? key->ip_proto : 0;

	switch (base) {
	case FLOW_ACT_MANGLE_HDR_TYPE_ETH:
		return true;
	case FLOW_ACT_MANGLE_HDR_TYPE_IP4:
		return ipv4;
	case FLOW_ACT_MANGLE_HDR_TYPE_TCP:
		return ipv4 && ip_proto == IPPROTO_TCP;
	case FLOW_ACT_MANGLE_HDR_TYPE_UDP:
		return ipv4 && ip_proto == IPPROTO_UDP;
	default:
		return false;
	}
}

static int parse_write(const struct flow_action_entry *act, const struct labnic_key *key,
		       const struct labnic_key *mask, struct labnic_op *op,
		       struct netlink_ext_ack *extack)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(writable); i++)
		if (writable[i].base == act->mangle.htype &&
		    writable[i].offset == act->mangle.offset)
			break;
	if (i == ARRAY_SIZE(writable) || ~act->mangle.mask & ~writable[i].bits) {
		NL_SET_ERR_MSG_MOD(extack, "Rewrite of this header field is not supported");
		return -EOPNOTSUPP;
	}
	if (!matches_header(act->mangle.htype, key, mask)) {
		NL_SET_ERR_MSG_MOD(extack, "Header rewrite needs an exact match on the header");
		return -EOPNOTSUPP;
	}
	op->kind = LABNIC_OP_WRITE;
	op->write.base = act->mangle.htype;
	op->write.offset = act->mangle.offset;
	op->write.keep = act->mangle.mask;
	op->write.value = act->mangle.val;
	return 0;
}

/* @tunnel: the outer headers that an action before has given to the frame; NULL: none */
static int parse_redirect(const struct net_device *dev, const struct ip_tunnel_info *tunnel,
			  struct labnic_actions *out, struct netlink_ext_ack *extack)
{
	const struct labnic_port *port = labnic_port_of(dev);

	if (tunnel) {
		out->out = 0;
		return labnic_parse_encap(tunnel, dev, &out->encap, extack);
	}
	if (!port || port->host != dev) {
		NL_SET_ERR_MSG_MOD(extack, "Redirect to a device that is not on this switch");
		return -EOPNOTSUPP;
	}
	out->out = port->index;
	return 0;
}

static int parse_change(const struct flow_action_entry *act, const struct labnic_key *key,
			const struct labnic_key *mask, struct labnic_actions *out,
			struct netlink_ext_ack *extack)
{
	struct labnic_op *op = &out->ops[out->count];

	if (out->count == LABNIC_MAX_OPS) {
		NL_SET_ERR_MSG_MOD(extack, "Too many actions");
		return -EOPNOTSUPP;
	}
	out->count++;
	switch (act->id) {
	case FLOW_ACTION_VLAN_PUSH:
		op->kind = LABNIC_OP_VLAN_PUSH;
		op->push.proto = act->vlan.proto;
		op->push.tci = act->vlan.prio << VLAN_PRIO_SHIFT | act->vlan.vid;
		return 0;
	case FLOW_ACTION_VLAN_POP:
		op->kind = LABNIC_OP_VLAN_POP;
		return 0;
	case FLOW_ACTION_MANGLE:
		return parse_write(act, key, mask, op, extack);
	default:
		NL_SET_ERR_MSG_MOD(extack, "Unsupported action");
		return -EOPNOTSUPP;
	}
}

/* Changes and checksum updates, then one redirect or drop. */
int labnic_parse_actions(const struct labnic_origin *origin, struct flow_cls_offload *f,
			 const struct labnic_key *key, const struct labnic_key *mask,
			 struct labnic_actions *out)
{
	const struct flow_action *action = &flow_cls_offload_flow_rule(f)->action;
	struct netlink_ext_ack *extack = f->common.extack;
	const struct ip_tunnel_info *tunnel = NULL;
	const struct flow_action_entry *act;
	bool ended = false, writes = false;
	int i, err;

	memset(out, 0, sizeof(*out));
	/* Counters are read now and then, not for each packet. */
	if (!flow_action_hw_stats_check(action, extack, FLOW_ACTION_HW_STATS_DELAYED_BIT))
		return -EOPNOTSUPP;
	flow_action_for_each(i, act, action) {
		err = 0;
		if (ended) {
			NL_SET_ERR_MSG_MOD(extack, "Action after redirect or drop");
			return -EOPNOTSUPP;
		}
		if (act->id == FLOW_ACTION_DROP) {
			out->drop = true;
			ended = true;
		} else if (act->id == FLOW_ACTION_REDIRECT) {
			err = parse_redirect(act->dev, tunnel, out, extack);
			ended = true;
		} else if (act->id == FLOW_ACTION_TUNNEL_ENCAP) {
			tunnel = act->tunnel;
		} else if (act->id == FLOW_ACTION_TUNNEL_DECAP) {
			out->decap = true;
		} else if (act->id == FLOW_ACTION_CSUM) {
			out->csum |= act->csum_flags;
		} else {
			err = parse_change(act, key, mask, out, extack);
			writes |= act->id == FLOW_ACTION_MANGLE;
		}
		if (err)
			return err;
	}
	if (!ended) {
		NL_SET_ERR_MSG_MOD(extack, "Rule has neither redirect nor drop");
		return -EOPNOTSUPP;
	}
	if (out->csum & ~(TCA_CSUM_UPDATE_FLAG_IPV4HDR | L4_CSUM) || (out->csum && !writes)) {
		NL_SET_ERR_MSG_MOD(extack, "Unsupported checksum update");
		return -EOPNOTSUPP;
	}
	if (out->decap != (origin->kind != LABNIC_NO_TUNNEL)) {
		NL_SET_ERR_MSG_MOD(extack, "Rules on tunnels, and only they, take the tunnel away");
		return -EOPNOTSUPP;
	}
	return 0;
}

static void update_l4_checksum(struct sk_buff *skb, unsigned int at, bool udp, __be32 from,
			       __be32 to, bool in_pseudo_header)
{
	__sum16 *sum = (__sum16 *)(skb->data + at);

	/* A UDP datagram without a checksum stays one. */
	if (udp && !*sum && skb->ip_summed != CHECKSUM_PARTIAL)
		return;
	inet_proto_csum_replace4(sum, skb, from, to, in_pseudo_header);
	if (udp && !*sum)
		*sum = CSUM_MANGLED_0;
}

/* Writes to an IPv4 or L4 header. A checksum without its csum action becomes wrong, as in tc. */
static int write_ipv4(struct sk_buff *skb, const struct labnic_op *op, u32 csum)
{
	bool in_ip = op->write.base == FLOW_ACT_MANGLE_HDR_TYPE_IP4;
	unsigned int l3 = labnic_l3_offset(skb), at, check = 0;
	struct iphdr *ip;
	__be32 from, to;
	bool udp;

	if (skb_ensure_writable(skb, l3 + sizeof(*ip)))
		return -EINVAL;
	ip = (struct iphdr *)(skb->data + l3);
	at = l3 + (in_ip ? 0 : ip->ihl * 4) + op->write.offset;
	udp = ip->protocol == IPPROTO_UDP;
	if (!(ip->frag_off & htons(IP_OFFSET))) {
		if (udp && csum & TCA_CSUM_UPDATE_FLAG_UDP)
			check = l3 + ip->ihl * 4 + offsetof(struct udphdr, check);
		else if (ip->protocol == IPPROTO_TCP && csum & TCA_CSUM_UPDATE_FLAG_TCP)
			check = l3 + ip->ihl * 4 + offsetof(struct tcphdr, check);
	} else if (!in_ip) {
		return 0;
	}
	if (skb_ensure_writable(skb, max_t(unsigned int, at + 4, check ? check + 2 : 0)))
		return -EINVAL;
	ip = (struct iphdr *)(skb->data + l3);
	from = *(__be32 *)(skb->data + at);
	to = (__force __be32)(((__force u32)from & op->write.keep) ^ op->write.value);
	*(__be32 *)(skb->data + at) = to;
	if (in_ip && csum & TCA_CSUM_UPDATE_FLAG_IPV4HDR)
		csum_replace4(&ip->check, from, to);
	/* The time to live is not in the pseudo-header. */
	if (check && !(in_ip && op->write.offset < offsetof(struct iphdr, saddr)))
		update_l4_checksum(skb, check, udp, from, to, in_ip);
	return 0;
}

static int write_ethernet(struct sk_buff *skb, const struct labnic_op *op)
{
	u32 *word;

	if (skb_ensure_writable(skb, ETH_HLEN))
		return -EINVAL;
	word = (u32 *)(skb->data + op->write.offset);
	*word = (*word & op->write.keep) ^ op->write.value;
	return 0;
}

static int run_op(struct sk_buff *skb, const struct labnic_op *op, u32 csum)
{
	switch (op->kind) {
	case LABNIC_OP_VLAN_PUSH:
		return skb_vlan_push(skb, op->push.proto, op->push.tci);
	case LABNIC_OP_VLAN_POP:
		return skb_vlan_pop(skb);
	case LABNIC_OP_WRITE:
		if (op->write.base == FLOW_ACT_MANGLE_HDR_TYPE_ETH)
			return write_ethernet(skb, op);
		return write_ipv4(skb, op, csum);
	}
	return -EINVAL;
}

int labnic_run_actions(struct sk_buff *skb, const struct labnic_actions *actions)
{
	unsigned int i;
	int err;

	skb_reset_mac_header(skb);
	skb->protocol = eth_hdr(skb)->h_proto;
	for (i = 0; i < actions->count; i++) {
		err = run_op(skb, &actions->ops[i], actions->csum);
		if (err)
			return err;
	}
	return 0;
}
