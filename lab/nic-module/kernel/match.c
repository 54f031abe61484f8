// SPDX-License-Identifier: GPL-2.0
/* What a rule of tc flower matches, as key and mask of the NIC. */
#include <linux/if_vlan.h>
#include "labnic.h"

#define SUPPORTED_KEYS (BIT_ULL(FLOW_DISSECTOR_KEY_META) | \
			BIT_ULL(FLOW_DISSECTOR_KEY_CONTROL) | \
			BIT_ULL(FLOW_DISSECTOR_KEY_BASIC) | \
			BIT_ULL(FLOW_DISSECTOR_KEY_ETH_ADDRS) | \
			BIT_ULL(FLOW_DISSECTOR_KEY_VLAN) | \
			BIT_ULL(FLOW_DISSECTOR_KEY_IPV4_ADDRS) | \
			BIT_ULL(FLOW_DISSECTOR_KEY_IPV6_ADDRS) | \
			BIT_ULL(FLOW_DISSECTOR_KEY_IP) | \
			BIT_ULL(FLOW_DISSECTOR_KEY_PORTS) | \
			BIT_ULL(FLOW_DISSECTOR_KEY_TCP))

static int parse_control(const struct flow_rule *rule, struct labnic_key *key,
			 struct labnic_key *mask, u16 *addr_type, struct netlink_ext_ack *extack)
{
	struct flow_match_control match;

	flow_rule_match_control(rule, &match);
	*addr_type = match.key->addr_type;
	if (match.mask->flags & ~(FLOW_DIS_IS_FRAGMENT | FLOW_DIS_FIRST_FRAG)) {
		NL_SET_ERR_MSG_MOD(extack, "Match on control flags is not supported");
		return -EOPNOTSUPP;
	}
	key->frag = match.key->flags;
	mask->frag = match.mask->flags;
	return 0;
}

/*
 * The protocol of a filter decides whether frames have a tag: flower's ethertype is that below
 * the tag.
 */
static void parse_vlan(struct flow_cls_offload *f, struct labnic_key *key, struct labnic_key *mask)
{
	const struct flow_rule *rule = flow_cls_offload_flow_rule(f);
	__be16 protocol = f->common.protocol;
	struct flow_match_vlan match;

	if (protocol != htons(ETH_P_ALL)) {
		key->vlan_tpid = eth_type_vlan(protocol) ? protocol : 0;
		mask->vlan_tpid = htons(0xffff);
	}
	if (!flow_rule_match_key(rule, FLOW_DISSECTOR_KEY_VLAN))
		return;
	flow_rule_match_vlan(rule, &match);
	key->vlan_tci = htons(match.key->vlan_priority << VLAN_PRIO_SHIFT | match.key->vlan_id);
	mask->vlan_tci = htons(match.mask->vlan_priority << VLAN_PRIO_SHIFT | match.mask->vlan_id);
	if (match.mask->vlan_tpid) {
		key->vlan_tpid = match.key->vlan_tpid;
		mask->vlan_tpid = match.mask->vlan_tpid;
	}
}

static void parse_l2(const struct flow_rule *rule, struct labnic_key *key, struct labnic_key *mask)
{
	struct flow_match_eth_addrs eth;
	struct flow_match_basic basic;

	if (flow_rule_match_key(rule, FLOW_DISSECTOR_KEY_ETH_ADDRS)) {
		flow_rule_match_eth_addrs(rule, &eth);
		ether_addr_copy(key->dst, eth.key->dst);
		ether_addr_copy(key->src, eth.key->src);
		ether_addr_copy(mask->dst, eth.mask->dst);
		ether_addr_copy(mask->src, eth.mask->src);
	}
	if (flow_rule_match_key(rule, FLOW_DISSECTOR_KEY_BASIC)) {
		flow_rule_match_basic(rule, &basic);
		key->proto = basic.key->n_proto;
		mask->proto = basic.mask->n_proto;
		key->ip_proto = basic.key->ip_proto;
		mask->ip_proto = basic.mask->ip_proto;
	}
}

static void parse_l3(const struct flow_rule *rule, u16 addr_type, struct labnic_key *key,
		     struct labnic_key *mask)
{
	struct flow_match_ip ip;

	if (addr_type == FLOW_DISSECTOR_KEY_IPV4_ADDRS) {
		struct flow_match_ipv4_addrs match;

		flow_rule_match_ipv4_addrs(rule, &match);
		key->saddr.v4 = match.key->src;
		key->daddr.v4 = match.key->dst;
		mask->saddr.v4 = match.mask->src;
		mask->daddr.v4 = match.mask->dst;
	} else if (addr_type == FLOW_DISSECTOR_KEY_IPV6_ADDRS) {
		struct flow_match_ipv6_addrs match;

		flow_rule_match_ipv6_addrs(rule, &match);
		key->saddr.v6 = match.key->src;
		key->daddr.v6 = match.key->dst;
		mask->saddr.v6 = match.mask->src;
		mask->daddr.v6 = match.mask->dst;
	}
	if (flow_rule_match_key(rule, FLOW_DISSECTOR_KEY_IP)) {
		flow_rule_match_ip(rule, &ip);
		key->tos = ip.key->tos;
		key->ttl = ip.key->ttl;
		mask->tos = ip.mask->tos;
		mask->ttl = ip.mask->ttl;
	}
}

static void parse_l4(const struct flow_rule *rule, struct labnic_key *key, struct labnic_key *mask)
{
	struct flow_match_ports ports;
	struct flow_match_tcp tcp;

	if (flow_rule_match_key(rule, FLOW_DISSECTOR_KEY_PORTS)) {
		flow_rule_match_ports(rule, &ports);
		key->sport = ports.key->src;
		key->dport = ports.key->dst;
		mask->sport = ports.mask->src;
		mask->dport = ports.mask->dst;
	}
	if (flow_rule_match_key(rule, FLOW_DISSECTOR_KEY_TCP)) {
		flow_rule_match_tcp(rule, &tcp);
		key->tcp_flags = tcp.key->flags;
		mask->tcp_flags = tcp.mask->flags;
	}
}

int labnic_parse_match(const struct labnic_origin *origin, struct flow_cls_offload *f,
		       struct labnic_key *key, struct labnic_key *mask)
{
	const struct flow_rule *rule = flow_cls_offload_flow_rule(f);
	struct netlink_ext_ack *extack = f->common.extack;
	bool in_tunnel = origin->kind != LABNIC_NO_TUNNEL;
	struct flow_match_meta meta;
	u16 addr_type = 0;
	u32 *words = (u32 *)key;
	unsigned int i;
	int err;

	memset(key, 0, sizeof(*key));
	memset(mask, 0, sizeof(*mask));
	if (rule->match.dissector->used_keys &
	    ~(SUPPORTED_KEYS | (in_tunnel ? LABNIC_TUNNEL_KEYS : 0))) {
		NL_SET_ERR_MSG_MOD(extack, "Unsupported match key");
		return -EOPNOTSUPP;
	}
	if (flow_rule_match_key(rule, FLOW_DISSECTOR_KEY_META)) {
		flow_rule_match_meta(rule, &meta);
		if (meta.mask->l2_miss || (meta.mask->ingress_ifindex &&
					   meta.key->ingress_ifindex != origin->dev->ifindex)) {
			NL_SET_ERR_MSG_MOD(extack, "Unsupported match on metadata");
			return -EOPNOTSUPP;
		}
	}
	if (flow_rule_match_key(rule, FLOW_DISSECTOR_KEY_CONTROL)) {
		err = parse_control(rule, key, mask, &addr_type, extack);
		if (err)
			return err;
	}
	parse_vlan(f, key, mask);
	parse_l2(rule, key, mask);
	parse_l3(rule, addr_type, key, mask);
	parse_l4(rule, key, mask);
	if (in_tunnel) {
		err = labnic_parse_tunnel_match(rule, origin->kind, &key->outer, &mask->outer,
						extack);
		if (err)
			return err;
	}
	for (i = 0; i < LABNIC_KEY_WORDS; i++)
		words[i] &= ((u32 *)mask)[i];
	return 0;
}
