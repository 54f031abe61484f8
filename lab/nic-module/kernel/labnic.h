/* SPDX-License-Identifier: GPL-2.0 */
/*
 * labnic: a switchdev NIC in software, for tests.
 *
 * The NIC has an uplink and virtual functions (VFs). Each of them is a port with two devices:
 *
 *	port 0: nicp0 (uplink, in the host)      nicw0 (the far end of the wire)
 *	port n: nicrN-1 (representor, ditto)     nicfN-1 (the VF, for a guest)
 *
 * A frame from a VF or from the wire is looked up in the flow table, which tc flower fills through
 * the devices in the host. A hit is executed in the "hardware"; a miss goes to the device in the
 * host. A frame that the host sends on its device goes to the VF or the wire.
 *
 * In legacy mode there are no representors: the NIC switches between wire and VFs by MAC address, and
 * the physical function, nicp0, sets the VFs.
 *
 * A frame from the wire that is in a tunnel (VXLAN at port 4789, Geneve at 6081) is also looked up by
 * its outer headers and what is inside. Rules for it are on the tunnel's device, and reach the NIC
 * through an indirect block.
 */
#ifndef LABNIC_H
#define LABNIC_H

#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/in6.h>
#include <linux/netdevice.h>
#include <linux/workqueue.h>
#include <net/flow_offload.h>
#include <net/pkt_cls.h>

#define LABNIC_NAME	"labnic"
#define LABNIC_MAX_VFS	16
#define LABNIC_MAX_OPS	16

/* Rules of frames in tunnels: the number after those of all ports. */
#define LABNIC_TUNNELS	(LABNIC_MAX_VFS + 1)
/* Options of Geneve that the NIC reads and writes. */
#define LABNIC_OPTION_BYTES	64
#define LABNIC_VXLAN_PORT	4789
#define LABNIC_GENEVE_PORT	6081

union labnic_addr {
	__be32 v4;
	struct in6_addr v6;
};

enum labnic_tunnel { LABNIC_NO_TUNNEL, LABNIC_VXLAN, LABNIC_GENEVE };

/* The outer headers of a frame in a tunnel. */
struct labnic_outer {
	u8 kind;		/* enum labnic_tunnel */
	u8 tos;
	u8 ttl;
	u8 option_bytes;
	__be16 sport;
	__be16 dport;
	__be32 vni;
	union labnic_addr saddr, daddr;
	u8 options[LABNIC_OPTION_BYTES];
};

/* What the NIC reads of a frame. Fields that a frame lacks are 0. */
struct labnic_key {
	u8 dst[ETH_ALEN];
	u8 src[ETH_ALEN];
	__be16 vlan_tpid;
	__be16 vlan_tci;	/* priority and id */
	__be16 proto;		/* below the outer tag */
	u8 ip_proto;
	u8 tos;
	u8 ttl;
	u8 frag;		/* FLOW_DIS_IS_FRAGMENT, FLOW_DIS_FIRST_FRAG */
	__be16 tcp_flags;
	__be16 sport;
	__be16 dport;
	union labnic_addr saddr, daddr;
	struct labnic_outer outer;
};

#define LABNIC_KEY_WORDS	(sizeof(struct labnic_key) / sizeof(u32))
/* Keys are masked, hashed and compared by words, so that padding would matter. */
static_assert(sizeof(struct labnic_key) == 168);

enum labnic_op_kind { LABNIC_OP_VLAN_PUSH, LABNIC_OP_VLAN_POP, LABNIC_OP_WRITE };

struct labnic_op {
	enum labnic_op_kind kind;
	union {
		struct {
			__be16 proto;
			u16 tci;
		} push;
		struct {
			enum flow_action_mangle_base base;
			u32 offset;
			u32 keep;	/* bits of the frame that stay */
			u32 value;
		} write;
	};
};

/* What is put in front of a frame that leaves by the wire. */
struct labnic_encap {
	u8 kind;		/* enum labnic_tunnel; LABNIC_NO_TUNNEL: nothing */
	bool v6;
	u8 tos;
	u8 ttl;
	bool df;
	bool csum;
	u8 option_bytes;
	__be16 dport;
	__be32 vni;
	union labnic_addr saddr, daddr, next_hop;
	u8 options[LABNIC_OPTION_BYTES];
};

struct labnic_actions {
	bool drop;
	bool decap;
	struct labnic_encap encap;
	unsigned int out;	/* port, if not dropped */
	u32 csum;		/* TCA_CSUM_UPDATE_FLAG_* */
	unsigned int count;
	struct labnic_op ops[LABNIC_MAX_OPS];
};

struct labnic_mask {
	struct list_head list;
	struct rcu_head rcu;
	struct labnic_key bits;
	unsigned int users;
};

struct labnic_counters {
	u64 packets;
	u64 bytes;
	u64 lastuse;		/* jiffies */
};

struct labnic_entry {
	struct hlist_node by_key;
	struct hlist_node by_cookie;
	struct rcu_head rcu;
	unsigned long cookie;
	unsigned int in;	/* port */
	unsigned int slot;
	u32 prio;
	u32 hash;
	struct labnic_mask *mask;
	struct labnic_key key;	/* masked */
	struct labnic_actions actions;
	atomic64_t packets;
	atomic64_t bytes;
	unsigned long lastuse;
	/* What the driver has read of the counters, and what it has reported of that. */
	struct labnic_counters read;
	struct labnic_counters reported;
};

/* A VF in legacy mode. The lock is for what frames and settings share. */
struct labnic_vf {
	spinlock_t lock;
	u8 mac[ETH_ALEN];
	u16 vlan;		/* 0: none */
	u8 qos;
	bool spoofchk;
	int link_state;		/* IFLA_VF_LINK_STATE_* */
	unsigned int max_tx_rate;	/* Mbit/s; 0: no limit */
	u64 budget;		/* bytes that it may send now */
	u64 counted_at;		/* ns */
	struct delayed_work link_on;
};

struct labnic_port {
	unsigned int index;
	struct net_device *host;	/* uplink or representor; NULL for a VF in legacy mode */
	struct net_device *far;		/* wire or VF */
	atomic64_t hits;
	atomic64_t hit_bytes;
	atomic64_t drops;
	atomic64_t misses;
	atomic64_t filtered;
	struct labnic_vf vf;
};

/* The device that rules are on. */
struct labnic_origin {
	const struct net_device *dev;
	unsigned int in;	/* port, or LABNIC_TUNNELS */
	enum labnic_tunnel kind;
};

/* main.c */
extern unsigned int labnic_entries;
extern unsigned int labnic_ways;
extern unsigned int labnic_probes;
extern unsigned int labnic_stats_delay_ms;
extern unsigned int labnic_rules_per_s;
extern unsigned int labnic_filters;
extern unsigned int labnic_filter_depth;
extern bool labnic_legacy;
extern unsigned int labnic_link_delay_ms;

/* port.c */
extern struct labnic_port labnic_ports[LABNIC_MAX_VFS + 1];
extern unsigned int labnic_port_count;
struct labnic_port *labnic_port_of(const struct net_device *dev);
void labnic_deliver(struct net_device *to, struct sk_buff *skb);
int labnic_ports_create(unsigned int vfs);
void labnic_ports_destroy(void);

/* packet.c */
unsigned int labnic_l3_offset(const struct sk_buff *skb);
void labnic_read_frame(const struct sk_buff *skb, unsigned int from, struct labnic_key *key);

/* decap.c */
unsigned int labnic_read_tunnel(const struct sk_buff *skb, struct labnic_key *key);
int labnic_decap(struct sk_buff *skb, unsigned int inner);

/* encap.c */
int labnic_parse_encap(const struct ip_tunnel_info *info, const struct net_device *dev,
		       struct labnic_encap *encap, struct netlink_ext_ack *extack);
bool labnic_encap_is_ready(const struct labnic_encap *encap);
struct sk_buff *labnic_encapsulate(struct sk_buff *skb, const struct labnic_encap *encap,
				   u8 inner_tos);

/* match.c */
int labnic_parse_match(const struct labnic_origin *origin, struct flow_cls_offload *f,
		       struct labnic_key *key, struct labnic_key *mask);

/* match-tunnel.c */
#define LABNIC_TUNNEL_KEYS (BIT_ULL(FLOW_DISSECTOR_KEY_ENC_KEYID) | \
			    BIT_ULL(FLOW_DISSECTOR_KEY_ENC_CONTROL) | \
			    BIT_ULL(FLOW_DISSECTOR_KEY_ENC_IPV4_ADDRS) | \
			    BIT_ULL(FLOW_DISSECTOR_KEY_ENC_IPV6_ADDRS) | \
			    BIT_ULL(FLOW_DISSECTOR_KEY_ENC_PORTS) | \
			    BIT_ULL(FLOW_DISSECTOR_KEY_ENC_IP) | \
			    BIT_ULL(FLOW_DISSECTOR_KEY_ENC_OPTS))
int labnic_parse_tunnel_match(const struct flow_rule *rule, enum labnic_tunnel kind,
			      struct labnic_outer *key, struct labnic_outer *mask,
			      struct netlink_ext_ack *extack);

/* action.c */
int labnic_parse_actions(const struct labnic_origin *origin, struct flow_cls_offload *f,
			 const struct labnic_key *key, const struct labnic_key *mask,
			 struct labnic_actions *out);
int labnic_run_actions(struct sk_buff *skb, const struct labnic_actions *actions);

/* table.c */
struct labnic_totals {
	u64 entries;
	u64 insertions;
	u64 refusals;
	u64 insert_wait_ns;
};

int labnic_table_create(void);
void labnic_table_destroy(void);
struct labnic_entry *labnic_table_lookup(unsigned int in, const struct labnic_key *key);
int labnic_table_insert(struct labnic_entry *entry, const struct labnic_key *mask,
			struct netlink_ext_ack *extack);
int labnic_table_remove(unsigned int in, unsigned long cookie);
int labnic_table_stats(unsigned int in, unsigned long cookie, struct flow_stats *stats);
void labnic_table_restart_reading(void);
void labnic_table_totals(struct labnic_totals *totals);

/* flower.c */
enum labnic_tunnel labnic_tunnel_of(const struct net_device *dev);
int labnic_setup_flower(const struct labnic_origin *origin, struct flow_cls_offload *f);
int labnic_setup_tc(struct net_device *dev, enum tc_setup_type type, void *data);

/* indirect.c */
int labnic_indirect_register(void);
void labnic_indirect_unregister(void);

/* filter.c */
int labnic_filters_create(void);
void labnic_filters_destroy(void);
int labnic_filter_lookup(const struct labnic_key *key);
int labnic_get_rxnfc(struct net_device *dev, struct ethtool_rxnfc *cmd, u32 *locations);
int labnic_set_rxnfc(struct net_device *dev, struct ethtool_rxnfc *cmd);

/* vf.c */
struct device *labnic_vfs_parent(void);
int labnic_vfs_create(void);
void labnic_vfs_destroy(void);
void labnic_vf_init(struct labnic_port *port);
void labnic_vf_end(struct labnic_port *port);
void labnic_vf_receive(struct labnic_port *port, const struct labnic_key *key, struct sk_buff *skb);
void labnic_vf_switch_in(const struct labnic_key *key, struct sk_buff *skb);
void labnic_vf_switch_out(struct labnic_port *port, struct sk_buff *skb, u64 bytes);
int labnic_set_vf_mac(struct net_device *dev, int number, u8 *mac);
int labnic_set_vf_vlan(struct net_device *dev, int number, u16 vlan, u8 qos, __be16 proto);
int labnic_set_vf_rate(struct net_device *dev, int number, int min_rate, int max_rate);
int labnic_set_vf_spoofchk(struct net_device *dev, int number, bool setting);
int labnic_set_vf_link_state(struct net_device *dev, int number, int state);
int labnic_get_vf_config(struct net_device *dev, int number, struct ifla_vf_info *info);

#endif
