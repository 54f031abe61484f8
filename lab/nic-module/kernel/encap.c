// SPDX-License-Identifier: GPL-2.0
/*
 * Frames that leave in tunnels. The route is looked up when a rule is inserted, the neighbour's address
 * for each frame, so that a frame whose neighbour is not known goes to the host, which resolves it.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/arp.h>
#include <net/geneve.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ip_tunnels.h>
#include <net/ipv6_stubs.h>
#include <net/ndisc.h>
#include <net/route.h>
#include <net/udp.h>
#include <net/vxlan.h>
#include "labnic.h"

#define HEAD_BYTES (ETH_HLEN + sizeof(struct ipv6hdr) + sizeof(struct udphdr) + \
		    sizeof(struct genevehdr) + LABNIC_OPTION_BYTES)

static struct net_device *uplink(void)
{
	return labnic_ports[0].host;
}

static void resolve(struct dst_entry *dst, const void *address)
{
	struct neighbour *neighbour = dst_neigh_lookup(dst, address);

	if (!neighbour)
		return;
	if (!(READ_ONCE(neighbour->nud_state) & NUD_VALID))
		neigh_event_send(neighbour, NULL);
	neigh_release(neighbour);
}

static int route_v4(struct labnic_encap *encap)
{
	struct flowi4 flow = {
		.daddr = encap->daddr.v4,
		.saddr = encap->saddr.v4,
		.flowi4_proto = IPPROTO_UDP,
	};
	struct rtable *route = ip_route_output_key(dev_net(uplink()), &flow);
	bool by_uplink;

	if (IS_ERR(route))
		return PTR_ERR(route);
	by_uplink = route->dst.dev == uplink();
	encap->saddr.v4 = flow.saddr;
	encap->next_hop.v4 = rt_nexthop(route, flow.daddr);
	if (by_uplink)
		resolve(&route->dst, &encap->next_hop);
	ip_rt_put(route);
	return by_uplink ? 0 : -EOPNOTSUPP;
}

static int route_v6(struct labnic_encap *encap)
{
	struct flowi6 flow = {
		.daddr = encap->daddr.v6,
		.saddr = encap->saddr.v6,
		.flowi6_proto = IPPROTO_UDP,
	};
	struct dst_entry *dst;
	bool by_uplink;

	dst = ipv6_stub->ipv6_dst_lookup_flow(dev_net(uplink()), NULL, &flow, NULL);
	if (IS_ERR(dst))
		return PTR_ERR(dst);
	by_uplink = dst->dev == uplink();
	encap->saddr.v6 = flow.saddr;
	encap->next_hop.v6 = *rt6_nexthop(dst_rt6_info(dst), &flow.daddr);
	if (by_uplink)
		resolve(dst, &encap->next_hop);
	dst_release(dst);
	return by_uplink ? 0 : -EOPNOTSUPP;
}

int labnic_parse_encap(const struct ip_tunnel_info *info, const struct net_device *dev,
		       struct labnic_encap *encap, struct netlink_ext_ack *extack)
{
	const struct ip_tunnel_key *key = &info->key;
	int err;

	memset(encap, 0, sizeof(*encap));
	encap->kind = labnic_tunnel_of(dev);
	if (encap->kind == LABNIC_NO_TUNNEL || !key->tp_dst ||
	    info->options_len > sizeof(encap->options) ||
	    (info->options_len && encap->kind != LABNIC_GENEVE)) {
		NL_SET_ERR_MSG_MOD(extack, "Unsupported tunnel");
		return -EOPNOTSUPP;
	}
	encap->v6 = ip_tunnel_info_af(info) == AF_INET6;
	encap->tos = key->tos;
	encap->ttl = key->ttl;
	encap->dport = key->tp_dst;
	encap->vni = tunnel_id_to_key32(key->tun_id);
	encap->df = test_bit(IP_TUNNEL_DONT_FRAGMENT_BIT, key->tun_flags);
	encap->csum = test_bit(IP_TUNNEL_CSUM_BIT, key->tun_flags);
	encap->option_bytes = info->options_len;
	memcpy(encap->options, ip_tunnel_info_opts((struct ip_tunnel_info *)info),
	       info->options_len);
	if (encap->v6) {
		encap->saddr.v6 = key->u.ipv6.src;
		encap->daddr.v6 = key->u.ipv6.dst;
		err = route_v6(encap);
	} else {
		encap->saddr.v4 = key->u.ipv4.src;
		encap->daddr.v4 = key->u.ipv4.dst;
		err = route_v4(encap);
	}
	if (err)
		NL_SET_ERR_MSG_MOD(extack, "The tunnel does not leave by the uplink");
	return err ? -EOPNOTSUPP : 0;
}

/* The address that frames go to; in an RCU section. */
static bool next_address(const struct labnic_encap *encap, u8 *address)
{
	const struct neighbour *neighbour;

	if (encap->v6)
		neighbour = __ipv6_neigh_lookup_noref_stub(uplink(), &encap->next_hop.v6);
	else
		neighbour = __ipv4_neigh_lookup_noref(uplink(), (__force u32)encap->next_hop.v4);
	if (!neighbour || !(READ_ONCE(neighbour->nud_state) & NUD_VALID))
		return false;
	neigh_ha_snapshot((char *)address, neighbour, uplink());
	return true;
}

bool labnic_encap_is_ready(const struct labnic_encap *encap)
{
	u8 address[MAX_ADDR_LEN];

	return next_address(encap, address);
}

static void push_tunnel(struct sk_buff *skb, const struct labnic_encap *encap)
{
	struct genevehdr *geneve;
	struct vxlanhdr *vxlan;

	if (encap->kind == LABNIC_VXLAN) {
		vxlan = skb_push(skb, sizeof(*vxlan));
		vxlan->vx_flags = VXLAN_HF_VNI;
		vxlan->vx_vni = vxlan_vni_field(encap->vni);
		return;
	}
	geneve = skb_push(skb, sizeof(*geneve) + encap->option_bytes);
	memset(geneve, 0, sizeof(*geneve));
	geneve->opt_len = encap->option_bytes / 4;
	geneve->proto_type = htons(ETH_P_TEB);
	geneve->vni[0] = ntohl(encap->vni) >> 16;
	geneve->vni[1] = ntohl(encap->vni) >> 8;
	geneve->vni[2] = ntohl(encap->vni);
	memcpy(geneve->options, encap->options, encap->option_bytes);
}

static int push_udp(struct sk_buff *skb, const struct labnic_encap *encap, __be16 sport)
{
	struct udphdr *udp = skb_push(skb, sizeof(*udp));

	skb_reset_transport_header(skb);
	udp->source = sport;
	udp->dest = encap->dport;
	udp->len = htons(skb->len);
	udp->check = 0;
	if (!encap->csum)
		return 0;
	if (encap->v6)
		udp6_set_csum(false, skb, &encap->saddr.v6, &encap->daddr.v6, skb->len);
	else
		udp_set_csum(false, skb, encap->saddr.v4, encap->daddr.v4, skb->len);
	return skb_checksum_help(skb);
}

static void push_ip(struct sk_buff *skb, const struct labnic_encap *encap, u8 tos)
{
	unsigned int bytes = skb->len;
	struct ipv6hdr *ip6;
	struct iphdr *ip;

	if (encap->v6) {
		ip6 = skb_push(skb, sizeof(*ip6));
		ip6_flow_hdr(ip6, tos, 0);
		ip6->payload_len = htons(bytes);
		ip6->nexthdr = IPPROTO_UDP;
		ip6->hop_limit = encap->ttl;
		ip6->saddr = encap->saddr.v6;
		ip6->daddr = encap->daddr.v6;
		return;
	}
	ip = skb_push(skb, sizeof(*ip));
	memset(ip, 0, sizeof(*ip));
	ip->version = 4;
	ip->ihl = sizeof(*ip) / 4;
	ip->tos = tos;
	ip->tot_len = htons(skb->len);
	ip->frag_off = encap->df ? htons(IP_DF) : 0;
	ip->ttl = encap->ttl;
	ip->protocol = IPPROTO_UDP;
	ip->saddr = encap->saddr.v4;
	ip->daddr = encap->daddr.v4;
	__ip_select_ident(dev_net(uplink()), ip, 1);
	ip_send_check(ip);
}

/*
 * Puts the outer headers in front of a frame whose checksums and segments are finished; in an RCU section.
 * Frees the frame if that fails.
 */
struct sk_buff *labnic_encapsulate(struct sk_buff *skb, const struct labnic_encap *encap,
				   u8 inner_tos)
{
	u8 address[MAX_ADDR_LEN];
	struct ethhdr *eth;
	__be16 sport;

	if (skb->ip_summed == CHECKSUM_PARTIAL && skb_checksum_help(skb))
		goto failed;
	if (skb_vlan_tag_present(skb)) {
		skb = __vlan_hwaccel_push_inside(skb);
		if (!skb)
			return NULL;
	}
	sport = udp_flow_src_port(dev_net(uplink()), skb, 0, 0, true);
	if (!next_address(encap, address) || skb_cow_head(skb, HEAD_BYTES))
		goto failed;
	push_tunnel(skb, encap);
	if (push_udp(skb, encap, sport))
		goto failed;
	push_ip(skb, encap, INET_ECN_encapsulate(encap->tos, inner_tos));
	skb_reset_network_header(skb);
	eth = skb_push(skb, sizeof(*eth));
	ether_addr_copy(eth->h_dest, address);
	ether_addr_copy(eth->h_source, uplink()->dev_addr);
	eth->h_proto = encap->v6 ? htons(ETH_P_IPV6) : htons(ETH_P_IP);
	skb_reset_mac_header(skb);
	skb->protocol = eth->h_proto;
	skb->ip_summed = CHECKSUM_NONE;
	return skb;

failed:
	kfree_skb(skb);
	return NULL;
}
