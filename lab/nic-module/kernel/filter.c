// SPDX-License-Identifier: GPL-2.0
/*
 * Receive filters (ethtool -N) that steer frames from the wire to the host or to a VF, with the
 * limits of Solarflare's SFN5122F: a table of TCP and UDP filters, open addressing, a hash that is
 * a linear-feedback shift register over the folded tuple, and a bounded number of probes.
 */
#include <linux/mm.h>
#include <linux/spinlock.h>
#include "labnic.h"

/* Full filters match both ends, wild ones the local end. In the order of their precedence. */
enum filter_type { TCP_FULL, UDP_FULL, TCP_WILD, UDP_WILD, FILTER_TYPES };

#define WILD_LOCATION	8192	/* locations of wild filters are above those of full ones */

struct filter {
	bool used;
	u8 type;
	__be32 saddr;
	__be32 daddr;
	__be16 sport;
	__be16 dport;
	u64 ring_cookie;
};

static struct filter *filters;
static unsigned int used;
/* Longest search for a filter of a type since the table was empty. */
static unsigned int search_limit[FILTER_TYPES];
static DEFINE_SPINLOCK(filter_lock);

static bool is_udp(u8 type)
{
	return type == UDP_FULL || type == UDP_WILD;
}

static bool is_wild(u8 type)
{
	return type >= TCP_WILD;
}

/* The register holds source address, source port, destination port and destination address. */
static u32 fold(const struct filter *filter)
{
	u32 saddr = ntohl(filter->saddr);
	u32 first = ntohs(filter->sport), second = ntohs(filter->dport);

	/* A wild UDP filter has its port in the other place. */
	if (filter->type == UDP_WILD)
		swap(first, second);
	return (saddr << 16 | first) ^ (second << 16 | saddr >> 16) ^ ntohl(filter->daddr) ^
	       is_udp(filter->type);
}

/* x^16 + x^3 + 1, fed with the folded tuple from its highest bit. */
static u16 shift_register(u32 tuple)
{
	u16 state = 0xffff;
	int bit;

	for (bit = 31; bit >= 0; bit--)
		state = state << 1 | ((state >> 15 ^ state >> 2 ^ tuple >> bit) & 1);
	return state;
}

static bool is_same(const struct filter *a, const struct filter *b)
{
	return a->type == b->type && a->saddr == b->saddr && a->daddr == b->daddr &&
	       a->sport == b->sport && a->dport == b->dport;
}

struct search {
	int found;	/* the filter itself, or -1 */
	int slot;	/* for the filter: the first free one, or the filter itself; -1: none */
	unsigned int depth;
};

/* Looks for a filter up to the search limit, and for room for it up to the depth of the table. */
static struct search search(const struct filter *wanted, unsigned int depth)
{
	u32 tuple = fold(wanted);
	unsigned int at = shift_register(tuple), step = (u16)(tuple * 2 - 1);
	struct search result = { .found = -1, .slot = -1, .depth = 1 };

	for (;; result.depth++, at += step) {
		at &= labnic_filters - 1;
		if (!filters[at].used) {
			if (result.slot < 0)
				result.slot = at;
		} else if (is_same(&filters[at], wanted)) {
			result.found = at;
			if (result.slot < 0)
				result.slot = at;
			break;
		}
		if (result.depth >= search_limit[wanted->type] &&
		    (result.slot >= 0 || result.depth >= depth))
			break;
	}
	return result;
}

static void key_to_filter(const struct labnic_key *key, u8 type, struct filter *filter)
{
	memset(filter, 0, sizeof(*filter));
	filter->type = type;
	filter->daddr = key->daddr.v4;
	filter->dport = key->dport;
	if (!is_wild(type)) {
		filter->saddr = key->saddr.v4;
		filter->sport = key->sport;
	}
}

/* Returns the port that a frame from the wire goes to, 0 for the host, or -ENOENT. */
int labnic_filter_lookup(const struct labnic_key *key)
{
	bool udp = key->ip_proto == IPPROTO_UDP;
	u8 types[] = { udp ? UDP_FULL : TCP_FULL, udp ? UDP_WILD : TCP_WILD };
	struct filter wanted;
	int i, found, port = -ENOENT;

	if (!READ_ONCE(used) || key->vlan_tpid || key->frag || key->proto != htons(ETH_P_IP) ||
	    (!udp && key->ip_proto != IPPROTO_TCP))
		return -ENOENT;
	spin_lock_bh(&filter_lock);
	for (i = 0; i < ARRAY_SIZE(types) && port < 0; i++) {
		if (!search_limit[types[i]])
			continue;
		key_to_filter(key, types[i], &wanted);
		found = search(&wanted, 0).found;
		if (found >= 0)
			port = ethtool_get_flow_spec_ring_vf(filters[found].ring_cookie);
	}
	spin_unlock_bh(&filter_lock);
	return port;
}

static int spec_to_filter(const struct ethtool_rx_flow_spec *spec, struct filter *filter)
{
	const struct ethtool_tcpip4_spec *value = &spec->h_u.tcp_ip4_spec;
	const struct ethtool_tcpip4_spec *mask = &spec->m_u.tcp_ip4_spec;
	bool full = mask->ip4src && mask->psrc;
	const __be32 address = htonl(0xffffffff);
	const __be16 port = htons(0xffff);

	if (spec->flow_type != TCP_V4_FLOW && spec->flow_type != UDP_V4_FLOW)
		return -EOPNOTSUPP;
	if (mask->ip4dst != address || mask->pdst != port || mask->tos)
		return -EINVAL;
	if (full ? mask->ip4src != address || mask->psrc != port : mask->ip4src || mask->psrc)
		return -EINVAL;
	if (ethtool_get_flow_spec_ring(spec->ring_cookie) ||
	    ethtool_get_flow_spec_ring_vf(spec->ring_cookie) >= labnic_port_count)
		return -EINVAL;
	memset(filter, 0, sizeof(*filter));
	filter->used = true;
	if (spec->flow_type == UDP_V4_FLOW)
		filter->type = full ? UDP_FULL : UDP_WILD;
	else
		filter->type = full ? TCP_FULL : TCP_WILD;
	filter->daddr = value->ip4dst;
	filter->dport = value->pdst;
	filter->saddr = full ? value->ip4src : 0;
	filter->sport = full ? value->psrc : 0;
	filter->ring_cookie = spec->ring_cookie;
	return 0;
}

static void filter_to_spec(const struct filter *filter, struct ethtool_rx_flow_spec *spec)
{
	struct ethtool_tcpip4_spec *value = &spec->h_u.tcp_ip4_spec;
	struct ethtool_tcpip4_spec *mask = &spec->m_u.tcp_ip4_spec;

	spec->flow_type = is_udp(filter->type) ? UDP_V4_FLOW : TCP_V4_FLOW;
	spec->ring_cookie = filter->ring_cookie;
	value->ip4dst = filter->daddr;
	value->pdst = filter->dport;
	mask->ip4dst = htonl(0xffffffff);
	mask->pdst = htons(0xffff);
	if (is_wild(filter->type))
		return;
	value->ip4src = filter->saddr;
	value->psrc = filter->sport;
	mask->ip4src = htonl(0xffffffff);
	mask->psrc = htons(0xffff);
}

static u32 location_of(int slot)
{
	return slot + (is_wild(filters[slot].type) ? WILD_LOCATION : 0);
}

static struct filter *filter_at(u32 location)
{
	u32 slot = location % WILD_LOCATION;

	if (location >= 2 * WILD_LOCATION || slot >= labnic_filters || !filters[slot].used ||
	    location_of(slot) != location)
		return NULL;
	return &filters[slot];
}

static void clear(struct filter *filter)
{
	filter->used = false;
	if (!--used)
		memset(search_limit, 0, sizeof(search_limit));
}

/* A filter with the same match is replaced. */
static int insert(struct ethtool_rx_flow_spec *spec)
{
	struct search place;
	struct filter filter;
	int err;

	if (spec->location != RX_CLS_LOC_ANY)
		return -EINVAL;
	err = spec_to_filter(spec, &filter);
	if (err)
		return err;
	spin_lock_bh(&filter_lock);
	place = search(&filter, labnic_filter_depth);
	if (place.slot < 0) {
		spin_unlock_bh(&filter_lock);
		return -EBUSY;
	}
	if (place.slot != place.found)
		used++;
	filters[place.slot] = filter;
	search_limit[filter.type] = max(search_limit[filter.type], place.depth);
	if (place.found >= 0 && place.found != place.slot)
		clear(&filters[place.found]);
	spec->location = location_of(place.slot);
	spin_unlock_bh(&filter_lock);
	return 0;
}

int labnic_set_rxnfc(struct net_device *dev, struct ethtool_rxnfc *cmd)
{
	struct filter *filter;

	if (labnic_port_of(dev)->index)
		return -EOPNOTSUPP;
	switch (cmd->cmd) {
	case ETHTOOL_SRXCLSRLINS:
		return insert(&cmd->fs);
	case ETHTOOL_SRXCLSRLDEL:
		spin_lock_bh(&filter_lock);
		filter = filter_at(cmd->fs.location);
		if (filter)
			clear(filter);
		spin_unlock_bh(&filter_lock);
		return filter ? 0 : -ENOENT;
	default:
		return -EOPNOTSUPP;
	}
}

static int list_locations(struct ethtool_rxnfc *cmd, u32 *locations)
{
	unsigned int count = 0, slot;
	int err = 0;

	spin_lock_bh(&filter_lock);
	for (slot = 0; slot < labnic_filters && !err; slot++) {
		if (!filters[slot].used)
			continue;
		if (count == cmd->rule_cnt)
			err = -EMSGSIZE;
		else
			locations[count++] = location_of(slot);
	}
	spin_unlock_bh(&filter_lock);
	cmd->data = 2 * WILD_LOCATION;
	cmd->rule_cnt = count;
	return err;
}

int labnic_get_rxnfc(struct net_device *dev, struct ethtool_rxnfc *cmd, u32 *locations)
{
	const struct filter *filter;

	if (labnic_port_of(dev)->index)
		return -EOPNOTSUPP;
	switch (cmd->cmd) {
	case ETHTOOL_GRXRINGS:
		cmd->data = 1;
		return 0;
	case ETHTOOL_GRXCLSRLCNT:
		cmd->data = 2 * WILD_LOCATION | RX_CLS_LOC_SPECIAL;
		cmd->rule_cnt = used;
		return 0;
	case ETHTOOL_GRXCLSRULE:
		spin_lock_bh(&filter_lock);
		filter = filter_at(cmd->fs.location);
		if (filter)
			filter_to_spec(filter, &cmd->fs);
		spin_unlock_bh(&filter_lock);
		return filter ? 0 : -ENOENT;
	case ETHTOOL_GRXCLSRLALL:
		return list_locations(cmd, locations);
	default:
		return -EOPNOTSUPP;
	}
}

int labnic_filters_create(void)
{
	filters = kvcalloc(labnic_filters, sizeof(*filters), GFP_KERNEL);
	return filters ? 0 : -ENOMEM;
}

void labnic_filters_destroy(void)
{
	kvfree(filters);
}
