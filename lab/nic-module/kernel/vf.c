// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual functions in legacy mode: without representors, set through the physical function
 * (`ip link set nicp0 vf 0 ...`). The NIC switches by MAC address and VLAN, and enforces the settings
 * on what a VF sends. Multicast frames from the wire go to the host alone.
 */
#include <linux/if_vlan.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include "labnic.h"

/* Bytes that a VF with a rate may send at once: two of the largest frames. */
#define BURST		(128 * 1024)
#define MAX_RATE	100000	/* Mbit/s */

/* The NIC as a device, on a bus that knows how many VFs it has: rtnetlink asks there. */
static int count_vfs(struct device *dev)
{
	return labnic_port_count ? labnic_port_count - 1 : 0;
}

static const struct bus_type nic_bus = { .name = LABNIC_NAME, .num_vf = count_vfs };

static struct device *nic;

static void release_nic(struct device *dev)
{
	kfree(dev);
}

/* The parent of the physical function's device. */
struct device *labnic_vfs_parent(void)
{
	return nic;
}

int labnic_vfs_create(void)
{
	int err;

	err = bus_register(&nic_bus);
	if (err)
		return err;
	nic = kzalloc(sizeof(*nic), GFP_KERNEL);
	if (!nic) {
		bus_unregister(&nic_bus);
		return -ENOMEM;
	}
	nic->bus = &nic_bus;
	nic->release = release_nic;
	dev_set_name(nic, LABNIC_NAME);
	err = device_register(nic);
	if (err) {
		put_device(nic);
		nic = NULL;
		bus_unregister(&nic_bus);
	}
	return err;
}

void labnic_vfs_destroy(void)
{
	if (!nic)
		return;
	device_unregister(nic);
	nic = NULL;
	bus_unregister(&nic_bus);
}

static void turn_link_on(struct work_struct *work)
{
	struct labnic_vf *vf = container_of(work, struct labnic_vf, link_on.work);

	netif_carrier_on(container_of(vf, struct labnic_port, vf)->far);
}

/* A VF has the address of its device until the physical function sets another one. */
void labnic_vf_init(struct labnic_port *port)
{
	struct labnic_vf *vf = &port->vf;

	memset(vf, 0, sizeof(*vf));
	spin_lock_init(&vf->lock);
	INIT_DELAYED_WORK(&vf->link_on, turn_link_on);
	ether_addr_copy(vf->mac, port->far->dev_addr);
	vf->spoofchk = true;
	vf->link_state = IFLA_VF_LINK_STATE_AUTO;
}

/* Before the VF's device is freed. */
void labnic_vf_end(struct labnic_port *port)
{
	cancel_delayed_work_sync(&port->vf.link_on);
}

/* The bytes that the rate allows grow with time, up to the burst. */
static bool is_within_rate(struct labnic_vf *vf, u64 bytes)
{
	u64 now = ktime_get_ns();

	if (!vf->max_tx_rate)
		return true;
	vf->budget += div_u64(min_t(u64, now - vf->counted_at, NSEC_PER_SEC) * vf->max_tx_rate,
			      8000);
	vf->budget = min_t(u64, vf->budget, BURST);
	vf->counted_at = now;
	if (vf->budget < bytes)
		return false;
	vf->budget -= bytes;
	return true;
}

static bool is_tagged(const struct labnic_key *key)
{
	return key->vlan_tpid;
}

/* The VF that has the frame's address in the frame's VLAN, or NULL. */
static struct labnic_port *vf_of(const struct labnic_key *key)
{
	u16 vlan = is_tagged(key) ? ntohs(key->vlan_tci) & VLAN_VID_MASK : 0;
	unsigned int i;

	for (i = 1; i < labnic_port_count; i++) {
		struct labnic_vf *vf = &labnic_ports[i].vf;
		bool has;

		spin_lock_bh(&vf->lock);
		has = ether_addr_equal(vf->mac, key->dst) && vf->vlan == vlan;
		spin_unlock_bh(&vf->lock);
		if (has)
			return &labnic_ports[i];
	}
	return NULL;
}

/* Functions for tags expect a frame as a driver's receive path has it. */
static void prepare_for_tags(struct sk_buff *skb)
{
	skb_reset_mac_header(skb);
	skb->protocol = eth_hdr(skb)->h_proto;
}

/* Without link, a VF receives nothing. A VF in a VLAN receives its frames without their tag. */
void labnic_vf_receive(struct labnic_port *port, const struct labnic_key *key, struct sk_buff *skb)
{
	bool has_vlan = READ_ONCE(port->vf.vlan);

	prepare_for_tags(skb);
	if (!netif_carrier_ok(port->far) || (has_vlan && (!is_tagged(key) || skb_vlan_pop(skb)))) {
		kfree_skb(skb);
		return;
	}
	labnic_deliver(port->far, skb);
}

/* A frame from the wire that no receive filter has taken. */
void labnic_vf_switch_in(const struct labnic_key *key, struct sk_buff *skb)
{
	struct labnic_port *to = vf_of(key);

	if (to) {
		labnic_vf_receive(to, key, skb);
		return;
	}
	atomic64_inc(&labnic_ports[0].misses);
	labnic_deliver(labnic_ports[0].host, skb);
}

/* Whether the NIC lets a VF send a frame; with its VLAN tag then. */
static bool admit(struct labnic_port *port, const struct labnic_key *key, struct sk_buff *skb,
		  u64 bytes)
{
	struct labnic_vf *vf = &port->vf;
	u16 vlan, qos;
	bool may;

	spin_lock_bh(&vf->lock);
	vlan = vf->vlan;
	qos = vf->qos;
	may = netif_carrier_ok(port->far) && !(vlan && is_tagged(key)) &&
	      (!vf->spoofchk || ether_addr_equal(vf->mac, key->src)) && is_within_rate(vf, bytes);
	spin_unlock_bh(&vf->lock);
	if (!may)
		return false;
	prepare_for_tags(skb);
	return !vlan || !skb_vlan_push(skb, htons(ETH_P_8021Q), vlan | qos << VLAN_PRIO_SHIFT);
}

/* A frame from a VF goes to the VF with its address, or leaves by the wire. */
void labnic_vf_switch_out(struct labnic_port *port, struct sk_buff *skb, u64 bytes)
{
	struct labnic_port *to;
	struct labnic_key key;

	labnic_read_frame(skb, 0, &key);
	if (!admit(port, &key, skb, bytes)) {
		atomic64_inc(&port->drops);
		kfree_skb(skb);
		return;
	}
	labnic_read_frame(skb, 0, &key);
	to = vf_of(&key);
	if (to)
		labnic_vf_receive(to, &key, skb);
	else
		labnic_deliver(labnic_ports[0].far, skb);
}

static int find_vf(struct net_device *dev, int number, struct labnic_vf **vf)
{
	if (!labnic_legacy || labnic_port_of(dev)->index)
		return -EOPNOTSUPP;
	if (number < 0 || number + 1 >= labnic_port_count)
		return -EINVAL;
	*vf = &labnic_ports[number + 1].vf;
	return 0;
}

int labnic_set_vf_mac(struct net_device *dev, int number, u8 *mac)
{
	struct labnic_vf *vf;
	int err = find_vf(dev, number, &vf);

	if (err)
		return err;
	if (!is_valid_ether_addr(mac))
		return -EINVAL;
	spin_lock_bh(&vf->lock);
	ether_addr_copy(vf->mac, mac);
	spin_unlock_bh(&vf->lock);
	return 0;
}

int labnic_set_vf_vlan(struct net_device *dev, int number, u16 vlan, u8 qos, __be16 proto)
{
	struct labnic_vf *vf;
	int err = find_vf(dev, number, &vf);

	if (err)
		return err;
	if (vlan >= VLAN_VID_MASK || qos > 7)
		return -EINVAL;
	if (proto != htons(ETH_P_8021Q))
		return -EPROTONOSUPPORT;
	spin_lock_bh(&vf->lock);
	vf->vlan = vlan;
	vf->qos = qos;
	spin_unlock_bh(&vf->lock);
	return 0;
}

int labnic_set_vf_rate(struct net_device *dev, int number, int min_rate, int max_rate)
{
	struct labnic_vf *vf;
	int err = find_vf(dev, number, &vf);

	if (err)
		return err;
	if (min_rate || max_rate < 0 || max_rate > MAX_RATE)
		return -EINVAL;
	spin_lock_bh(&vf->lock);
	vf->max_tx_rate = max_rate;
	vf->budget = BURST;
	vf->counted_at = ktime_get_ns();
	spin_unlock_bh(&vf->lock);
	return 0;
}

int labnic_set_vf_spoofchk(struct net_device *dev, int number, bool setting)
{
	struct labnic_vf *vf;
	int err = find_vf(dev, number, &vf);

	if (err)
		return err;
	spin_lock_bh(&vf->lock);
	vf->spoofchk = setting;
	spin_unlock_bh(&vf->lock);
	return 0;
}

/* The link goes off at once, and on after the delay: a VF's driver hears of it by a message. */
int labnic_set_vf_link_state(struct net_device *dev, int number, int state)
{
	struct labnic_vf *vf;
	int err = find_vf(dev, number, &vf);

	if (err)
		return err;
	if (state < IFLA_VF_LINK_STATE_AUTO || state > IFLA_VF_LINK_STATE_DISABLE)
		return -EINVAL;
	vf->link_state = state;
	cancel_delayed_work_sync(&vf->link_on);
	if (state == IFLA_VF_LINK_STATE_DISABLE)
		netif_carrier_off(labnic_ports[number + 1].far);
	else
		schedule_delayed_work(&vf->link_on, msecs_to_jiffies(labnic_link_delay_ms));
	return 0;
}

int labnic_get_vf_config(struct net_device *dev, int number, struct ifla_vf_info *info)
{
	struct labnic_vf *vf;
	int err = find_vf(dev, number, &vf);

	if (err)
		return err;
	info->vf = number;
	ether_addr_copy(info->mac, vf->mac);
	info->vlan = vf->vlan;
	info->qos = vf->qos;
	info->vlan_proto = htons(ETH_P_8021Q);
	info->spoofchk = vf->spoofchk;
	info->linkstate = vf->link_state;
	info->max_tx_rate = vf->max_tx_rate;
	return 0;
}
