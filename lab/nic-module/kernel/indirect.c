// SPDX-License-Identifier: GPL-2.0
/* Rules on the devices of tunnels, which are of other drivers: the kernel offers their blocks to all. */
#include <linux/slab.h>
#include <net/geneve.h>
#include <net/vxlan.h>
#include "labnic.h"

static LIST_HEAD(block_callbacks);

enum labnic_tunnel labnic_tunnel_of(const struct net_device *dev)
{
	if (netif_is_vxlan(dev))
		return LABNIC_VXLAN;
	return netif_is_geneve(dev) ? LABNIC_GENEVE : LABNIC_NO_TUNNEL;
}

static int setup_tunnel(enum tc_setup_type type, void *data, void *priv)
{
	const struct labnic_origin *origin = priv;
	struct flow_cls_offload *f = data;

	/* A tunnel's device has no hw-tc-offload, which tc_cls_can_offload_and_chain0() asks for. */
	if (type != TC_SETUP_CLSFLOWER || f->common.chain_index)
		return -EOPNOTSUPP;
	return labnic_setup_flower(origin, f);
}

static void release(void *priv)
{
	kfree(priv);
}

/* The callback on a device; the list is protected by the network lock. */
static struct flow_block_cb *callback_of(const struct net_device *dev)
{
	struct flow_block_cb *callback;

	list_for_each_entry(callback, &block_callbacks, driver_list)
		if (((struct labnic_origin *)callback->cb_priv)->dev == dev)
			return callback;
	return NULL;
}

static int bind(struct net_device *dev, struct Qdisc *sch, struct flow_block_offload *f,
		void *data, void (*cleanup)(struct flow_block_cb *callback))
{
	struct flow_block_cb *callback;
	struct labnic_origin *origin;

	if (callback_of(dev))
		return -EBUSY;
	origin = kzalloc(sizeof(*origin), GFP_KERNEL);
	if (!origin)
		return -ENOMEM;
	origin->dev = dev;
	origin->in = LABNIC_TUNNELS;
	origin->kind = labnic_tunnel_of(dev);
	callback = flow_indr_block_cb_alloc(setup_tunnel, origin, origin, release, f, dev, sch,
					    data, &block_callbacks, cleanup);
	if (IS_ERR(callback)) {
		kfree(origin);
		return PTR_ERR(callback);
	}
	flow_block_cb_add(callback, f);
	list_add_tail(&callback->driver_list, &block_callbacks);
	return 0;
}

static int setup_block(struct net_device *dev, struct Qdisc *sch, void *priv,
		       enum tc_setup_type type, void *type_data, void *data,
		       void (*cleanup)(struct flow_block_cb *callback))
{
	struct flow_block_offload *f = type_data;
	struct flow_block_cb *callback;

	if (!dev || type != TC_SETUP_BLOCK || labnic_tunnel_of(dev) == LABNIC_NO_TUNNEL)
		return -EOPNOTSUPP;
	if (f->binder_type != FLOW_BLOCK_BINDER_TYPE_CLSACT_INGRESS)
		return -EOPNOTSUPP;
	f->unlocked_driver_cb = true;
	if (f->command == FLOW_BLOCK_BIND)
		return bind(dev, sch, f, data, cleanup);
	callback = callback_of(dev);
	if (!callback)
		return -ENOENT;
	flow_indr_block_cb_remove(callback, f);
	list_del(&callback->driver_list);
	return 0;
}

int labnic_indirect_register(void)
{
	return flow_indr_dev_register(setup_block, &block_callbacks);
}

void labnic_indirect_unregister(void)
{
	flow_indr_dev_unregister(setup_block, &block_callbacks, release);
}
