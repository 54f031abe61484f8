// SPDX-License-Identifier: GPL-2.0
/*
 * The flow table. Its entries limit what it holds: any of them takes a rule, or only those of the
 * bucket that the rule hashes to (ways), or only the next few (probes).
 *
 * A frame is looked up under each mask in use; among the hits, the lowest priority wins.
 */
#include <linux/bitmap.h>
#include <linux/delay.h>
#include <linux/hashtable.h>
#include <linux/jhash.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include "labnic.h"

/* Time that the firmware can have saved, so that late wake-ups do not lower its speed. */
#define MAX_CREDIT_NS NSEC_PER_MSEC

static DEFINE_HASHTABLE(by_key, 12);
static DEFINE_HASHTABLE(by_cookie, 12);
static LIST_HEAD(masks);
static unsigned long *occupied;
static struct labnic_totals totals;
/* Protects all of the above; lookups of frames use RCU. */
static DEFINE_MUTEX(table_lock);

static ktime_t firmware_is_free;
static DEFINE_MUTEX(firmware_lock);

static void read_counters(struct work_struct *work);
static DECLARE_DELAYED_WORK(reading, read_counters);

static void mask_key(const struct labnic_key *key, const struct labnic_key *mask,
		     struct labnic_key *out)
{
	unsigned int i;

	for (i = 0; i < LABNIC_KEY_WORDS; i++)
		((u32 *)out)[i] = ((const u32 *)key)[i] & ((const u32 *)mask)[i];
}

/* The same for each load of the module, so that tests can rely on what collides. */
static u32 hash_of(unsigned int in, const struct labnic_key *masked)
{
	unsigned int words = offsetof(struct labnic_key, outer) / sizeof(u32);

	return jhash2((const u32 *)masked, in == LABNIC_TUNNELS ? LABNIC_KEY_WORDS : words, in);
}

struct labnic_entry *labnic_table_lookup(unsigned int in, const struct labnic_key *key)
{
	struct labnic_entry *entry, *best = NULL;
	struct labnic_mask *mask;
	struct labnic_key masked;
	u32 hash;

	list_for_each_entry_rcu(mask, &masks, list) {
		mask_key(key, &mask->bits, &masked);
		hash = hash_of(in, &masked);
		hash_for_each_possible_rcu(by_key, entry, by_key, hash) {
			if (entry->hash != hash || entry->in != in || entry->mask != mask)
				continue;
			if (memcmp(&entry->key, &masked, sizeof(masked)))
				continue;
			if (!best || entry->prio < best->prio)
				best = entry;
		}
	}
	return best;
}

static struct labnic_entry *find_cookie(unsigned int in, unsigned long cookie)
{
	struct labnic_entry *entry;

	hash_for_each_possible(by_cookie, entry, by_cookie, cookie)
		if (entry->cookie == cookie && entry->in == in)
			return entry;
	return NULL;
}

static int find_slot(u32 hash, struct netlink_ext_ack *extack)
{
	unsigned int first = 0, count = labnic_entries, i, slot;

	if (totals.entries == labnic_entries) {
		NL_SET_ERR_MSG_MOD(extack, "Flow table is full");
		return -ENOSPC;
	}
	if (labnic_ways) {
		count = labnic_ways;
		first = hash % (labnic_entries / labnic_ways) * labnic_ways;
	} else if (labnic_probes) {
		count = labnic_probes;
		first = hash % labnic_entries;
	}
	for (i = 0; i < count; i++) {
		slot = (first + i) % labnic_entries;
		if (!test_bit(slot, occupied))
			return slot;
	}
	if (labnic_ways) {
		NL_SET_ERR_MSG_MOD(extack, "Hash bucket is full");
		return -ENOSPC;
	}
	NL_SET_ERR_MSG_MOD(extack, "No free entry within the probe limit");
	return -EBUSY;
}

static struct labnic_mask *get_mask(const struct labnic_key *bits)
{
	struct labnic_mask *mask;

	list_for_each_entry(mask, &masks, list) {
		if (memcmp(&mask->bits, bits, sizeof(*bits)))
			continue;
		mask->users++;
		return mask;
	}
	mask = kzalloc(sizeof(*mask), GFP_KERNEL);
	if (!mask)
		return NULL;
	mask->bits = *bits;
	mask->users = 1;
	list_add_tail_rcu(&mask->list, &masks);
	return mask;
}

static void put_mask(struct labnic_mask *mask)
{
	if (--mask->users)
		return;
	list_del_rcu(&mask->list);
	kfree_rcu(mask, rcu);
}

/* Waits until the firmware has worked on a rule as long as its speed demands. */
static u64 wait_for_firmware(void)
{
	unsigned int rate = READ_ONCE(labnic_rules_per_s);
	ktime_t started = ktime_get(), earliest;
	s64 left;

	if (!rate)
		return 0;
	mutex_lock(&firmware_lock);
	earliest = ktime_sub_ns(ktime_get(), MAX_CREDIT_NS);
	if (ktime_before(firmware_is_free, earliest))
		firmware_is_free = earliest;
	firmware_is_free = ktime_add_ns(firmware_is_free, NSEC_PER_SEC / rate);
	for (;;) {
		left = ktime_us_delta(firmware_is_free, ktime_get());
		if (left <= 0)
			break;
		if (left < 20)
			udelay(left);
		else
			usleep_range(left, left + 20);
	}
	mutex_unlock(&firmware_lock);
	return ktime_to_ns(ktime_sub(ktime_get(), started));
}

/* Takes the entry, unless it fails. */
int labnic_table_insert(struct labnic_entry *entry, const struct labnic_key *mask,
			struct netlink_ext_ack *extack)
{
	u64 waited = wait_for_firmware();
	int slot;

	mutex_lock(&table_lock);
	totals.insert_wait_ns += waited;
	entry->hash = hash_of(entry->in, &entry->key);
	slot = find_cookie(entry->in, entry->cookie) ? -EEXIST : find_slot(entry->hash, extack);
	if (slot < 0)
		goto refused;
	entry->mask = get_mask(mask);
	if (!entry->mask) {
		slot = -ENOMEM;
		goto refused;
	}
	entry->slot = slot;
	__set_bit(slot, occupied);
	hash_add(by_cookie, &entry->by_cookie, entry->cookie);
	hash_add_rcu(by_key, &entry->by_key, entry->hash);
	totals.entries++;
	totals.insertions++;
	mutex_unlock(&table_lock);
	return 0;

refused:
	totals.refusals++;
	mutex_unlock(&table_lock);
	return slot;
}

static void remove_entry(struct labnic_entry *entry)
{
	hash_del(&entry->by_cookie);
	hash_del_rcu(&entry->by_key);
	__clear_bit(entry->slot, occupied);
	put_mask(entry->mask);
	totals.entries--;
	kfree_rcu(entry, rcu);
}

int labnic_table_remove(unsigned int in, unsigned long cookie)
{
	struct labnic_entry *entry;

	mutex_lock(&table_lock);
	entry = find_cookie(in, cookie);
	if (entry)
		remove_entry(entry);
	mutex_unlock(&table_lock);
	return entry ? 0 : -ENOENT;
}

static void read_entry(struct labnic_entry *entry)
{
	entry->read.packets = atomic64_read(&entry->packets);
	entry->read.bytes = atomic64_read(&entry->bytes);
	entry->read.lastuse = READ_ONCE(entry->lastuse);
}

static void read_counters(struct work_struct *work)
{
	unsigned int delay_ms = READ_ONCE(labnic_stats_delay_ms);
	struct labnic_entry *entry;
	int bucket;

	if (!delay_ms)
		return;
	mutex_lock(&table_lock);
	hash_for_each(by_cookie, bucket, entry, by_cookie)
		read_entry(entry);
	mutex_unlock(&table_lock);
	schedule_delayed_work(&reading, msecs_to_jiffies(delay_ms));
}

void labnic_table_restart_reading(void)
{
	unsigned int delay_ms = READ_ONCE(labnic_stats_delay_ms);

	if (delay_ms)
		mod_delayed_work(system_wq, &reading, msecs_to_jiffies(delay_ms));
}

int labnic_table_stats(unsigned int in, unsigned long cookie, struct flow_stats *stats)
{
	struct labnic_entry *entry;

	mutex_lock(&table_lock);
	entry = find_cookie(in, cookie);
	if (entry) {
		if (!READ_ONCE(labnic_stats_delay_ms))
			read_entry(entry);
		flow_stats_update(stats, entry->read.bytes - entry->reported.bytes,
				  entry->read.packets - entry->reported.packets, 0,
				  entry->read.lastuse, FLOW_ACTION_HW_STATS_DELAYED);
		entry->reported = entry->read;
	}
	mutex_unlock(&table_lock);
	return entry ? 0 : -ENOENT;
}

void labnic_table_totals(struct labnic_totals *out)
{
	mutex_lock(&table_lock);
	*out = totals;
	mutex_unlock(&table_lock);
}

int labnic_table_create(void)
{
	occupied = bitmap_zalloc(labnic_entries, GFP_KERNEL);
	return occupied ? 0 : -ENOMEM;
}

/* After the devices are gone, and with them their filters. */
void labnic_table_destroy(void)
{
	cancel_delayed_work_sync(&reading);
	WARN_ON(totals.entries);
	bitmap_free(occupied);
}
