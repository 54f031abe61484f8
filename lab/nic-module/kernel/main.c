// SPDX-License-Identifier: GPL-2.0
/* Parameters of the NIC, and its life. */
#include <linux/log2.h>
#include <linux/module.h>
#include "labnic.h"

static unsigned int vfs = 2;
module_param(vfs, uint, 0444);
MODULE_PARM_DESC(vfs, "virtual functions, 1 to 16");

unsigned int labnic_entries = 1024;
module_param_named(entries, labnic_entries, uint, 0444);
MODULE_PARM_DESC(entries, "entries of the flow table, up to 1048576");

unsigned int labnic_ways;
module_param_named(ways, labnic_ways, uint, 0444);
MODULE_PARM_DESC(ways, "entries of a hash bucket; 0: any entry takes any rule");

unsigned int labnic_probes;
module_param_named(probes, labnic_probes, uint, 0444);
MODULE_PARM_DESC(probes, "entries after the hashed one that a rule may take; 0: no limit");

unsigned int labnic_filters = 8192;
module_param_named(filters, labnic_filters, uint, 0444);
MODULE_PARM_DESC(filters, "receive filters (ethtool -N), a power of two up to 8192");

unsigned int labnic_filter_depth = 200;
module_param_named(filter_depth, labnic_filter_depth, uint, 0444);
MODULE_PARM_DESC(filter_depth, "probes for a receive filter");

bool labnic_legacy;
module_param_named(legacy, labnic_legacy, bool, 0444);
MODULE_PARM_DESC(legacy, "switch by MAC address, without representors");

unsigned int labnic_link_delay_ms;
module_param_named(link_delay_ms, labnic_link_delay_ms, uint, 0644);
MODULE_PARM_DESC(link_delay_ms, "until the link of a virtual function that is switched on is up");

unsigned int labnic_rules_per_s;

static int set_rules_per_s(const char *text, const struct kernel_param *kp)
{
	return param_set_uint_minmax(text, kp, 0, 1000000);
}

static const struct kernel_param_ops rules_per_s_ops = {
	.set = set_rules_per_s,
	.get = param_get_uint,
};

module_param_cb(rules_per_s, &rules_per_s_ops, &labnic_rules_per_s, 0644);
MODULE_PARM_DESC(rules_per_s, "rules that the firmware inserts in a second; 0: no limit");

unsigned int labnic_stats_delay_ms;
static bool running;

static int set_stats_delay(const char *text, const struct kernel_param *kp)
{
	int err = param_set_uint_minmax(text, kp, 0, 3600000);

	if (!err && running)
		labnic_table_restart_reading();
	return err;
}

static const struct kernel_param_ops stats_delay_ops = {
	.set = set_stats_delay,
	.get = param_get_uint,
};

module_param_cb(stats_delay_ms, &stats_delay_ops, &labnic_stats_delay_ms, 0644);
MODULE_PARM_DESC(stats_delay_ms, "period of reading the counters of rules; 0: at each request");

static bool parameters_are_valid(void)
{
	if (vfs < 1 || vfs > LABNIC_MAX_VFS)
		return false;
	if (labnic_entries < 1 || labnic_entries > 1 << 20)
		return false;
	if (labnic_ways && (labnic_probes || labnic_entries % labnic_ways))
		return false;
	if (labnic_probes > labnic_entries)
		return false;
	return is_power_of_2(labnic_filters) && labnic_filters <= 8192 && labnic_filter_depth;
}

static int __init labnic_init(void)
{
	int err;

	if (!parameters_are_valid()) {
		pr_err(LABNIC_NAME ": invalid parameters\n");
		return -EINVAL;
	}
	err = labnic_table_create();
	if (err)
		return err;
	err = labnic_filters_create();
	if (err)
		goto no_filters;
	err = labnic_ports_create(vfs);
	if (err)
		goto no_ports;
	err = labnic_indirect_register();
	if (err)
		goto no_indirect;
	running = true;
	labnic_table_restart_reading();
	return 0;

no_indirect:
	labnic_ports_destroy();
no_ports:
	labnic_filters_destroy();
no_filters:
	labnic_table_destroy();
	return err;
}

static void __exit labnic_exit(void)
{
	labnic_indirect_unregister();
	labnic_ports_destroy();
	labnic_filters_destroy();
	labnic_table_destroy();
}

module_init(labnic_init);
module_exit(labnic_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("switchdev NIC in software, for tests");
