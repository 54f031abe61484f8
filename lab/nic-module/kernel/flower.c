// SPDX-License-Identifier: GPL-2.0
/* tc flower, as the driver of a switchdev NIC takes it. */
#include <linux/slab.h>
#include "labnic.h"

static LIST_HEAD(block_callbacks);

static int replace(const struct labnic_origin *origin, struct flow_cls_offload *f)
{
	struct labnic_entry *entry;
	struct labnic_key mask;
	int err;

	entry = kzalloc(sizeof(*entry), GFP_KERNEL);
	if (!entry)
		return -ENOMEM;
	entry->cookie = f->cookie;
	entry->in = origin->in;
	entry->prio = f->common.prio;
	entry->lastuse = jiffies;
	entry->read.lastuse = entry->lastuse;
	err = labnic_parse_match(origin, f, &entry->key, &mask);
	if (!err)
		err = labnic_parse_actions(origin, f, &entry->key, &mask, &entry->actions);
	if (!err)
		err = labnic_table_insert(entry, &mask, f->common.extack);
	if (err)
		kfree(entry);
	return err;
}

int labnic_setup_flower(const struct labnic_origin *origin, struct flow_cls_offload *f)
{
	switch (f->command) {
	case FLOW_CLS_REPLACE:
		return replace(origin, f);
	case FLOW_CLS_DESTROY:
		return labnic_table_remove(origin->in, f->cookie);
	case FLOW_CLS_STATS:
		return labnic_table_stats(origin->in, f->cookie, &f->stats);
	default:
		return -EOPNOTSUPP;
	}
}

static int setup_flower(enum tc_setup_type type, void *data, void *priv)
{
	const struct labnic_port *port = priv;
	const struct labnic_origin origin = { .dev = port->host, .in = port->index };
	struct flow_cls_offload *f = data;

	if (type != TC_SETUP_CLSFLOWER)
		return -EOPNOTSUPP;
	if (!tc_cls_can_offload_and_chain0(port->host, &f->common))
		return -EOPNOTSUPP;
	return labnic_setup_flower(&origin, f);
}

int labnic_setup_tc(struct net_device *dev, enum tc_setup_type type, void *data)
{
	struct labnic_port *port = labnic_port_of(dev);

	if (type != TC_SETUP_BLOCK)
		return -EOPNOTSUPP;
	return flow_block_cb_setup_simple(data, &block_callbacks, setup_flower, port, port, true);
}
