// SPDX-License-Identifier: GPL-2.0
/* Frames that arrive in tunnels. */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/geneve.h>
#include <net/vxlan.h>
#include "labnic.h"

static unsigned int ipv4_bytes(const struct sk_buff *skb)
{
	struct iphdr buffer;
	const struct iphdr *ip = skb_header_pointer(skb, ETH_HLEN, sizeof(buffer), &buffer);

	return ip ? ip->ihl * 4 : sizeof(buffer);
}

/* Reads a header of Geneve. Returns its length, 0 if what it carries is not an Ethernet frame for the host. */
static unsigned int read_geneve(const struct sk_buff *skb, unsigned int at,
				struct labnic_outer *outer)
{
	struct genevehdr buffer;
	const struct genevehdr *geneve = skb_header_pointer(skb, at, sizeof(buffer), &buffer);
	unsigned int bytes, kept;

	if (!geneve || geneve->ver || geneve->oam || geneve->proto_type != htons(ETH_P_TEB))
		return 0;
	bytes = geneve->opt_len * 4;
	kept = min_t(unsigned int, bytes, sizeof(outer->options));
	outer->vni = htonl(geneve->vni[0] << 16 | geneve->vni[1] << 8 | geneve->vni[2]);
	outer->option_bytes = bytes;
	if (skb_copy_bits(skb, at + sizeof(*geneve), outer->options, kept))
		return 0;
	return sizeof(*geneve) + bytes;
}

static unsigned int read_vxlan(const struct sk_buff *skb, unsigned int at, struct labnic_outer *outer)
{
	struct vxlanhdr buffer;
	const struct vxlanhdr *vxlan = skb_header_pointer(skb, at, sizeof(buffer), &buffer);

	/* Extensions, such as group policy, have flags of their own. */
	if (!vxlan || vxlan->vx_flags != VXLAN_HF_VNI)
		return 0;
	outer->vni = vxlan_vni(vxlan->vx_vni);
	return sizeof(*vxlan);
}

/*
 * Reads a frame to this host that is in a tunnel; the key has been read from its outer headers. Returns
 * the offset of the frame inside; 0: the frame is not in a tunnel.
 */
unsigned int labnic_read_tunnel(const struct sk_buff *skb, struct labnic_key *key)
{
	struct labnic_outer outer = {};
	unsigned int at = ETH_HLEN + sizeof(struct udphdr), bytes = 0;

	if (key->vlan_tpid || key->ip_proto != IPPROTO_UDP || key->frag ||
	    !ether_addr_equal(key->dst, labnic_ports[0].host->dev_addr))
		return 0;
	at += key->proto == htons(ETH_P_IP) ? ipv4_bytes(skb) : sizeof(struct ipv6hdr);
	outer.tos = key->tos;
	outer.ttl = key->ttl;
	outer.sport = key->sport;
	outer.dport = key->dport;
	outer.saddr = key->saddr;
	outer.daddr = key->daddr;
	if (key->dport == htons(LABNIC_VXLAN_PORT)) {
		outer.kind = LABNIC_VXLAN;
		bytes = read_vxlan(skb, at, &outer);
	} else if (key->dport == htons(LABNIC_GENEVE_PORT)) {
		outer.kind = LABNIC_GENEVE;
		bytes = read_geneve(skb, at, &outer);
	}
	at += bytes;
	if (!bytes)
		return 0;
	if (skb->len < at + ETH_HLEN)
		return 0;
	labnic_read_frame(skb, at, key);
	key->outer = outer;
	return at;
}

/* Takes the outer headers away. */
int labnic_decap(struct sk_buff *skb, unsigned int inner)
{
	/* The devices do not announce segmentation in tunnels, so the sender has cut the segments. */
	if (skb_is_gso(skb) || !pskb_may_pull(skb, inner + ETH_HLEN))
		return -EINVAL;
	/* What is unfinished is the checksum of the outer headers, or that of the frame inside. */
	if (skb->ip_summed != CHECKSUM_PARTIAL || skb_checksum_start_offset(skb) < inner)
		skb->ip_summed = CHECKSUM_NONE;
	__skb_pull(skb, inner);
	skb->encapsulation = 0;
	skb_clear_hash(skb);
	skb_reset_mac_header(skb);
	return 0;
}
