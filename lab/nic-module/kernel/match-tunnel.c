// SPDX-License-Identifier: GPL-2.0
/* What a rule of tc flower matches in outer headers. */
#include <net/geneve.h>
#include <net/ip_tunnels.h>
#include "labnic.h"

static int parse_addresses(const struct flow_rule *rule, struct labnic_outer *key,
			   struct labnic_outer *mask, struct netlink_ext_ack *extack)
{
	struct flow_match_control control;
	struct flow_match_ipv4_addrs v4;
	struct flow_match_ipv6_addrs v6;

	if (!flow_rule_match_key(rule, FLOW_DISSECTOR_KEY_ENC_CONTROL)) {
		NL_SET_ERR_MSG_MOD(extack, "Match on a tunnel needs its addresses");
		return -EOPNOTSUPP;
	}
	flow_rule_match_enc_control(rule, &control);
	if (control.mask->flags) {
		NL_SET_ERR_MSG_MOD(extack, "Match on flags of a tunnel is not supported");
		return -EOPNOTSUPP;
	}
	if (control.key->addr_type == FLOW_DISSECTOR_KEY_IPV4_ADDRS) {
		flow_rule_match_enc_ipv4_addrs(rule, &v4);
		key->saddr.v4 = v4.key->src;
		key->daddr.v4 = v4.key->dst;
		mask->saddr.v4 = v4.mask->src;
		mask->daddr.v4 = v4.mask->dst;
	} else {
		flow_rule_match_enc_ipv6_addrs(rule, &v6);
		key->saddr.v6 = v6.key->src;
		key->daddr.v6 = v6.key->dst;
		mask->saddr.v6 = v6.mask->src;
		mask->daddr.v6 = v6.mask->dst;
	}
	return 0;
}

static int parse_ports(const struct flow_rule *rule, enum labnic_tunnel kind,
		       struct labnic_outer *key, struct labnic_outer *mask,
		       struct netlink_ext_ack *extack)
{
	__be16 parsed = htons(kind == LABNIC_VXLAN ? LABNIC_VXLAN_PORT : LABNIC_GENEVE_PORT);
	struct flow_match_ports ports = {};

	if (flow_rule_match_key(rule, FLOW_DISSECTOR_KEY_ENC_PORTS))
		flow_rule_match_enc_ports(rule, &ports);
	if (!ports.key || ports.mask->dst != htons(0xffff) || ports.key->dst != parsed) {
		NL_SET_ERR_MSG_MOD(extack, "Match on a tunnel needs the port that is parsed");
		return -EOPNOTSUPP;
	}
	key->sport = ports.key->src;
	key->dport = ports.key->dst;
	mask->sport = ports.mask->src;
	mask->dport = ports.mask->dst;
	return 0;
}

/* Lengths are compared as a whole, those in the headers of options, too. */
static int parse_options(const struct flow_rule *rule, struct labnic_outer *key,
			 struct labnic_outer *mask, struct netlink_ext_ack *extack)
{
	struct flow_match_enc_opts opts;
	unsigned int at;

	if (!flow_rule_match_key(rule, FLOW_DISSECTOR_KEY_ENC_OPTS))
		return 0;
	flow_rule_match_enc_opts(rule, &opts);
	if (opts.key->dst_opt_type != IP_TUNNEL_GENEVE_OPT_BIT ||
	    opts.key->len > sizeof(key->options)) {
		NL_SET_ERR_MSG_MOD(extack, "Match on these options of a tunnel is not supported");
		return -EOPNOTSUPP;
	}
	key->option_bytes = opts.key->len;
	mask->option_bytes = 0xff;
	memcpy(key->options, opts.key->data, opts.key->len);
	memcpy(mask->options, opts.mask->data, opts.key->len);
	for (at = 0; at + sizeof(struct geneve_opt) <= opts.key->len;) {
		const struct geneve_opt *opt = (const struct geneve_opt *)&key->options[at];

		((struct geneve_opt *)&mask->options[at])->length = 0x1f;
		at += sizeof(*opt) + opt->length * 4;
	}
	return 0;
}

int labnic_parse_tunnel_match(const struct flow_rule *rule, enum labnic_tunnel kind,
			      struct labnic_outer *key, struct labnic_outer *mask,
			      struct netlink_ext_ack *extack)
{
	struct flow_match_enc_keyid id = {};
	struct flow_match_ip ip;
	int err;

	if (flow_rule_match_key(rule, FLOW_DISSECTOR_KEY_ENC_KEYID))
		flow_rule_match_enc_keyid(rule, &id);
	if (!id.key || ~id.mask->keyid) {
		NL_SET_ERR_MSG_MOD(extack, "Match on a tunnel needs its id");
		return -EOPNOTSUPP;
	}
	key->kind = kind;
	mask->kind = 0xff;
	key->vni = id.key->keyid;
	mask->vni = id.mask->keyid;
	err = parse_addresses(rule, key, mask, extack);
	if (!err)
		err = parse_ports(rule, kind, key, mask, extack);
	if (!err)
		err = parse_options(rule, key, mask, extack);
	if (err || !flow_rule_match_key(rule, FLOW_DISSECTOR_KEY_ENC_IP))
		return err;
	flow_rule_match_enc_ip(rule, &ip);
	key->tos = ip.key->tos;
	key->ttl = ip.key->ttl;
	mask->tos = ip.mask->tos;
	mask->ttl = ip.mask->ttl;
	return 0;
}
