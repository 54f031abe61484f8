// SPDX-License-Identifier: GPL-2.0
/* The NIC's parser. */
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <net/dsfield.h>
#include <net/ip.h>
#include "labnic.h"

/* Offset of the network header: behind the tags in the frame. The tag beside it does not count. */
unsigned int labnic_l3_offset(const struct sk_buff *skb)
{
	unsigned int at = ETH_HLEN;
	__be16 buffer;
	const __be16 *proto = skb_header_pointer(skb, at - 2, sizeof(buffer), &buffer);

	while (proto && eth_type_vlan(*proto) && at < ETH_HLEN + 2 * VLAN_HLEN) {
		at += VLAN_HLEN;
		proto = skb_header_pointer(skb, at - 2, sizeof(buffer), &buffer);
	}
	return at;
}

static void read_ports(const struct sk_buff *skb, unsigned int at, struct labnic_key *key)
{
	struct tcphdr buffer;
	const struct tcphdr *tcp;
	const __be16 *ports;

	if (key->ip_proto != IPPROTO_TCP && key->ip_proto != IPPROTO_UDP)
		return;
	ports = skb_header_pointer(skb, at, 4, &buffer);
	if (!ports)
		return;
	key->sport = ports[0];
	key->dport = ports[1];
	if (key->ip_proto != IPPROTO_TCP)
		return;
	tcp = skb_header_pointer(skb, at, sizeof(buffer), &buffer);
	if (tcp)
		key->tcp_flags = *(const __be16 *)&tcp_flag_word(tcp) & htons(0x0fff);
}

static void read_ipv4(const struct sk_buff *skb, unsigned int at, struct labnic_key *key)
{
	struct iphdr buffer;
	const struct iphdr *ip = skb_header_pointer(skb, at, sizeof(buffer), &buffer);

	if (!ip)
		return;
	key->ip_proto = ip->protocol;
	key->tos = ip->tos;
	key->ttl = ip->ttl;
	key->saddr.v4 = ip->saddr;
	key->daddr.v4 = ip->daddr;
	if (ip_is_fragment(ip)) {
		key->frag = FLOW_DIS_IS_FRAGMENT;
		if (ip->frag_off & htons(IP_OFFSET))
			return;
		key->frag |= FLOW_DIS_FIRST_FRAG;
	}
	read_ports(skb, at + ip->ihl * 4, key);
}

/* Extension headers are not parsed: the protocol is that of the first of them. */
static void read_ipv6(const struct sk_buff *skb, unsigned int at, struct labnic_key *key)
{
	struct ipv6hdr buffer;
	const struct ipv6hdr *ip = skb_header_pointer(skb, at, sizeof(buffer), &buffer);

	if (!ip)
		return;
	key->ip_proto = ip->nexthdr;
	key->tos = ipv6_get_dsfield(ip);
	key->ttl = ip->hop_limit;
	key->saddr.v6 = ip->saddr;
	key->daddr.v6 = ip->daddr;
	read_ports(skb, at + sizeof(*ip), key);
}

/* Reads the frame that begins at an offset; the tag beside it belongs to the outermost frame. */
void labnic_read_frame(const struct sk_buff *skb, unsigned int from, struct labnic_key *key)
{
	struct vlan_ethhdr buffer = {};
	const struct vlan_ethhdr *eth;
	unsigned int at = from + ETH_HLEN;
	__be16 proto;

	memset(key, 0, sizeof(*key));
	eth = skb_header_pointer(skb, from, sizeof(buffer), &buffer);
	if (!eth) {
		if (skb_copy_bits(skb, from, &buffer, ETH_HLEN))
			return;
		eth = &buffer;
	}
	proto = eth->h_vlan_proto;
	ether_addr_copy(key->dst, eth->h_dest);
	ether_addr_copy(key->src, eth->h_source);
	if (!from && skb_vlan_tag_present(skb)) {
		key->vlan_tpid = skb->vlan_proto;
		key->vlan_tci = htons(skb_vlan_tag_get(skb) & ~VLAN_CFI_MASK);
	} else if (eth_type_vlan(proto)) {
		key->vlan_tpid = proto;
		key->vlan_tci = eth->h_vlan_TCI & htons((u16)~VLAN_CFI_MASK);
		proto = eth->h_vlan_encapsulated_proto;
		at = from + VLAN_ETH_HLEN;
	}
	key->proto = proto;
	if (proto == htons(ETH_P_IP))
		read_ipv4(skb, at, key);
	else if (proto == htons(ETH_P_IPV6))
		read_ipv6(skb, at, key);
}
