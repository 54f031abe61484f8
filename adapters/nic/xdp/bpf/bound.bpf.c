// SPDX-License-Identifier: Apache-2.0
/*
 * The programs that read VLAN tags through the driver. They have an object of their own: where the kernel
 * lacks the function, libbpf searches the types of all modules for it, for every program of the object, and
 * that needs CAP_SYS_ADMIN.
 */
#include <linux/errno.h>
#include "forward.h"

/* Linux 6.8 and later: the tag that the device stripped from the frame. */
extern int bpf_xdp_metadata_rx_vlan_tag(const struct xdp_md *ctx, __be16 *vlan_proto,
					__u16 *vlan_tci) __ksym __weak;

static __always_inline int process_bound(struct xdp_md *ctx, int is_jumbo)
{
	__u64 now = bpf_ktime_get_ns();
	struct port_ref *port = serve(ctx->ingress_ifindex, now);
	if (!port)
		return XDP_PASS;

	struct stripped_tag stripped = {};
	__be16 tpid = 0;
	__u16 tci = 0;
	int error = bpf_xdp_metadata_rx_vlan_tag(ctx, &tpid, &tci);
	if (!error) {
		stripped.tpid = tpid;
		stripped.tci = bpf_htons(tci);
	} else if (error != -ENODATA && !(port->flags & PORT_TAGS_IN_FRAME)) {
		return XDP_PASS;
	}
	return process(ctx, is_jumbo, port, now, stripped);
}

/* Bound to one device, whose driver reports VLAN tags in metadata (native mode only). */
SEC("xdp")
int norikae_bound(struct xdp_md *ctx)
{
	return process_bound(ctx, 0);
}

/* The same for an MTU whose frames do not fit into one buffer (Linux 5.18 and later). */
SEC("xdp.frags")
int norikae_jumbo(struct xdp_md *ctx)
{
	return process_bound(ctx, 1);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
