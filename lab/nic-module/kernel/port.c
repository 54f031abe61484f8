// SPDX-License-Identifier: GPL-2.0
/* The devices of the NIC, and what happens to their frames. */
#include <linux/rtnetlink.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/gso.h>
#include "labnic.h"

struct labnic_port labnic_ports[LABNIC_MAX_VFS + 1];
unsigned int labnic_port_count;

struct labnic_dev {
	struct labnic_port *port;
};

static const u8 switch_id[] = { 'l', 'a', 'b', 'n', 'i', 'c' };

static u32 segments_of(const struct sk_buff *skb)
{
	return skb_is_gso(skb) ? max_t(u32, 1, skb_shinfo(skb)->gso_segs) : 1;
}

/* Bytes on the wire: each segment has headers of its own. */
static u64 wire_bytes(const struct sk_buff *skb, u32 segments)
{
	unsigned int headers = 0;

	if (segments > 1 && skb_transport_header_was_set(skb)) {
		headers = skb_transport_offset(skb);
		if (skb_shinfo(skb)->gso_type & (SKB_GSO_TCPV4 | SKB_GSO_TCPV6))
			headers += tcp_hdrlen(skb);
		else
			headers += sizeof(struct udphdr);
	}
	return skb->len + (u64)headers * (segments - 1);
}

void labnic_deliver(struct net_device *to, struct sk_buff *skb)
{
	unsigned int len = skb->len;

	if (dev_forward_skb(to, skb) == NET_RX_SUCCESS)
		dev_sw_netstats_rx_add(to, len);
}

/* Segments are cut here: what is in a tunnel leaves finished. */
static void deliver_in_tunnel(struct sk_buff *skb, const struct labnic_encap *encap, u8 inner_tos)
{
	struct sk_buff *segments = skb, *next;

	if (skb_is_gso(skb)) {
		segments = skb_gso_segment(skb, NETIF_F_SG);
		if (IS_ERR_OR_NULL(segments)) {
			kfree_skb(skb);
			return;
		}
		consume_skb(skb);
	}
	skb_list_walk_safe(segments, skb, next) {
		skb_mark_not_on_list(skb);
		skb = labnic_encapsulate(skb, encap, inner_tos);
		if (skb)
			labnic_deliver(labnic_ports[0].far, skb);
	}
}

/* @key: of the frame that the rule matches; what is in a tunnel counts without it */
static void execute(struct labnic_port *port, struct labnic_entry *entry, struct sk_buff *skb,
		    const struct labnic_key *key)
{
	u32 segments = segments_of(skb);
	u64 bytes = wire_bytes(skb, segments);

	atomic64_add(segments, &entry->packets);
	atomic64_add(bytes, &entry->bytes);
	WRITE_ONCE(entry->lastuse, jiffies);
	atomic64_add(segments, &port->hits);
	atomic64_add(bytes, &port->hit_bytes);
	if (entry->actions.drop || labnic_run_actions(skb, &entry->actions)) {
		atomic64_add(segments, &port->drops);
		kfree_skb(skb);
		return;
	}
	if (entry->actions.encap.kind != LABNIC_NO_TUNNEL)
		deliver_in_tunnel(skb, &entry->actions.encap, key->tos);
	else
		labnic_deliver(labnic_ports[entry->actions.out].far, skb);
}

/* The rule of a frame; @inner: where the frame in a tunnel begins, if the rule is for that, or 0. */
static struct labnic_entry *find_entry(const struct labnic_port *port, const struct sk_buff *skb,
				       struct labnic_key *key, unsigned int *inner)
{
	struct labnic_entry *entry = labnic_table_lookup(port->index, key);

	*inner = 0;
	if (!entry && !port->index) {
		*inner = labnic_read_tunnel(skb, key);
		entry = *inner ? labnic_table_lookup(LABNIC_TUNNELS, key) : NULL;
	}
	if (entry && entry->actions.encap.kind != LABNIC_NO_TUNNEL &&
	    !labnic_encap_is_ready(&entry->actions.encap))
		return NULL;
	return entry;
}

/* A frame from the wire in legacy mode. */
static void switch_in(struct labnic_port *uplink, struct sk_buff *skb)
{
	struct labnic_key key;
	int to;

	labnic_read_frame(skb, 0, &key);
	to = labnic_filter_lookup(&key);
	if (to < 0) {
		labnic_vf_switch_in(&key, skb);
		return;
	}
	atomic64_inc(&uplink->filtered);
	if (to)
		labnic_vf_receive(&labnic_ports[to], &key, skb);
	else
		labnic_deliver(uplink->host, skb);
}

static void switch_legacy(struct labnic_port *port, struct sk_buff *skb)
{
	rcu_read_lock();
	if (port->index)
		labnic_vf_switch_out(port, skb, wire_bytes(skb, segments_of(skb)));
	else
		switch_in(port, skb);
	rcu_read_unlock();
}

/* A frame from a VF or from the wire. */
static void switch_frame(struct labnic_port *port, struct sk_buff *skb)
{
	struct labnic_entry *entry;
	struct labnic_key key;
	unsigned int inner;
	int to;

	labnic_read_frame(skb, 0, &key);
	rcu_read_lock();
	to = port->index ? -ENOENT : labnic_filter_lookup(&key);
	entry = to < 0 ? find_entry(port, skb, &key, &inner) : NULL;
	if (to >= 0) {
		atomic64_inc(&port->filtered);
		labnic_deliver(to ? labnic_ports[to].far : port->host, skb);
	} else if (entry && inner && labnic_decap(skb, inner)) {
		atomic64_inc(&port->drops);
		kfree_skb(skb);
	} else if (entry) {
		execute(port, entry, skb, &key);
	} else {
		atomic64_inc(&port->misses);
		labnic_deliver(port->host, skb);
	}
	rcu_read_unlock();
}

static netdev_tx_t start_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct labnic_port *port = labnic_port_of(dev);

	if (!pskb_may_pull(skb, ETH_HLEN)) {
		kfree_skb(skb);
		return NETDEV_TX_OK;
	}
	dev_sw_netstats_tx_add(dev, 1, skb->len);
	if (dev == port->far && labnic_legacy)
		switch_legacy(port, skb);
	else if (dev == port->far)
		switch_frame(port, skb);
	else
		labnic_deliver(port->far, skb);
	return NETDEV_TX_OK;
}

/* In legacy mode there is no switch that the host can see. */
static int get_port_parent_id(struct net_device *dev, struct netdev_phys_item_id *id)
{
	if (labnic_legacy)
		return -EOPNOTSUPP;
	id->id_len = sizeof(switch_id);
	memcpy(id->id, switch_id, sizeof(switch_id));
	return 0;
}

static int get_phys_port_name(struct net_device *dev, char *name, size_t len)
{
	unsigned int index = labnic_port_of(dev)->index;

	if (index)
		snprintf(name, len, "pf0vf%u", index - 1);
	else
		snprintf(name, len, "p0");
	return 0;
}

static void get_drvinfo(struct net_device *dev, struct ethtool_drvinfo *info)
{
	strscpy(info->driver, LABNIC_NAME, sizeof(info->driver));
	strscpy(info->bus_info, LABNIC_NAME, sizeof(info->bus_info));
}

/* The first are the port's, the others the table's. */
static const char counter_names[][ETH_GSTRING_LEN] = {
	"hw_packets", "hw_bytes", "hw_drops", "hw_misses", "filter_packets",
	"table_entries", "table_insertions", "table_refusals", "table_insert_wait_ns",
};

static int get_sset_count(struct net_device *dev, int set)
{
	return set == ETH_SS_STATS ? ARRAY_SIZE(counter_names) : -EOPNOTSUPP;
}

static void get_strings(struct net_device *dev, u32 set, u8 *strings)
{
	if (set == ETH_SS_STATS)
		memcpy(strings, counter_names, sizeof(counter_names));
}

static void get_ethtool_stats(struct net_device *dev, struct ethtool_stats *stats, u64 *values)
{
	const struct labnic_port *port = labnic_port_of(dev);
	struct labnic_totals totals;

	labnic_table_totals(&totals);
	values[0] = atomic64_read(&port->hits);
	values[1] = atomic64_read(&port->hit_bytes);
	values[2] = atomic64_read(&port->drops);
	values[3] = atomic64_read(&port->misses);
	values[4] = atomic64_read(&port->filtered);
	values[5] = totals.entries;
	values[6] = totals.insertions;
	values[7] = totals.refusals;
	values[8] = totals.insert_wait_ns;
}

static const struct ethtool_ops host_ethtool_ops = {
	.get_drvinfo = get_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_sset_count = get_sset_count,
	.get_strings = get_strings,
	.get_ethtool_stats = get_ethtool_stats,
	.get_rxnfc = labnic_get_rxnfc,
	.set_rxnfc = labnic_set_rxnfc,
};

static const struct ethtool_ops far_ethtool_ops = {
	.get_drvinfo = get_drvinfo,
	.get_link = ethtool_op_get_link,
};

static const struct net_device_ops host_netdev_ops = {
	.ndo_start_xmit = start_xmit,
	.ndo_setup_tc = labnic_setup_tc,
	.ndo_get_port_parent_id = get_port_parent_id,
	.ndo_get_phys_port_name = get_phys_port_name,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_validate_addr = eth_validate_addr,
	.ndo_set_vf_mac = labnic_set_vf_mac,
	.ndo_set_vf_vlan = labnic_set_vf_vlan,
	.ndo_set_vf_rate = labnic_set_vf_rate,
	.ndo_set_vf_spoofchk = labnic_set_vf_spoofchk,
	.ndo_set_vf_link_state = labnic_set_vf_link_state,
	.ndo_get_vf_config = labnic_get_vf_config,
};

static const struct net_device_ops far_netdev_ops = {
	.ndo_start_xmit = start_xmit,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_validate_addr = eth_validate_addr,
};

/* NULL for a device of another driver. */
struct labnic_port *labnic_port_of(const struct net_device *dev)
{
	if (dev->netdev_ops != &host_netdev_ops && dev->netdev_ops != &far_netdev_ops)
		return NULL;
	return ((const struct labnic_dev *)netdev_priv(dev))->port;
}

static void set_up(struct net_device *dev)
{
	ether_setup(dev);
	dev->lltx = true;
	dev->needs_free_netdev = true;
	dev->pcpu_stat_type = NETDEV_PCPU_STAT_TSTATS;
	dev->priv_flags |= IFF_LIVE_ADDR_CHANGE;
	/* Frames are handed on, so a sender must not keep a reference. */
	dev->priv_flags &= ~IFF_TX_SKB_SHARING;
	dev->max_mtu = ETH_MAX_MTU;
	dev->hw_features = NETIF_F_SG | NETIF_F_FRAGLIST | NETIF_F_HW_CSUM | NETIF_F_GSO_SOFTWARE |
			   NETIF_F_HIGHDMA;
	dev->features = dev->hw_features;
	eth_hw_addr_random(dev);
}

static struct net_device *allocate(struct labnic_port *port, const char *prefix, bool host)
{
	char name[IFNAMSIZ];
	struct net_device *dev;

	snprintf(name, sizeof(name), "%s%u", prefix, port->index ? port->index - 1 : 0);
	dev = alloc_netdev(sizeof(struct labnic_dev), name, NET_NAME_PREDICTABLE, set_up);
	if (!dev)
		return NULL;
	((struct labnic_dev *)netdev_priv(dev))->port = port;
	dev->netdev_ops = host ? &host_netdev_ops : &far_netdev_ops;
	dev->ethtool_ops = host ? &host_ethtool_ops : &far_ethtool_ops;
	if (host) {
		dev->hw_features |= NETIF_F_NTUPLE | (labnic_legacy ? 0 : NETIF_F_HW_TC);
		dev->features = dev->hw_features;
	}
	return dev;
}

/* Both devices exist before one of them can send. A VF in legacy mode has one. */
static int create_port(unsigned int index)
{
	struct labnic_port *port = &labnic_ports[index];
	bool has_host = !index || !labnic_legacy;
	int err = -ENOMEM;

	port->index = index;
	port->host = has_host ? allocate(port, index ? "nicr" : "nicp", true) : NULL;
	if (has_host && !port->host)
		return err;
	port->far = allocate(port, index ? "nicf" : "nicw", false);
	if (!port->far)
		goto no_far;
	labnic_vf_init(port);
	if (!index)
		SET_NETDEV_DEV(port->host, labnic_vfs_parent());
	err = port->host ? register_netdev(port->host) : 0;
	if (err)
		goto not_registered;
	err = register_netdev(port->far);
	if (err)
		goto far_not_registered;
	return 0;

far_not_registered:
	if (port->host)
		unregister_netdev(port->host);
	free_netdev(port->far);
	return err;
not_registered:
	free_netdev(port->far);
no_far:
	if (port->host)
		free_netdev(port->host);
	return err;
}

int labnic_ports_create(unsigned int vfs)
{
	int err = labnic_legacy ? labnic_vfs_create() : 0;

	if (err)
		return err;
	for (labnic_port_count = 0; labnic_port_count <= vfs; labnic_port_count++) {
		err = create_port(labnic_port_count);
		if (err) {
			labnic_ports_destroy();
			return err;
		}
	}
	return 0;
}

/* All in one transaction: a device must not send to one that is freed. */
void labnic_ports_destroy(void)
{
	LIST_HEAD(all);
	unsigned int i;

	rtnl_lock();
	for (i = 0; i < labnic_port_count; i++) {
		labnic_vf_end(&labnic_ports[i]);
		unregister_netdevice_queue(labnic_ports[i].far, &all);
		if (labnic_ports[i].host)
			unregister_netdevice_queue(labnic_ports[i].host, &all);
	}
	unregister_netdevice_many(&all);
	rtnl_unlock();
	labnic_vfs_destroy();
}
