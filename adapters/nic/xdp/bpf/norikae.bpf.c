// SPDX-License-Identifier: Apache-2.0
/* The programs that every kernel loads. */
#include "forward.h"
#include "guard.h"
#include "lease.h"

/* For devices whose tags are always in the frame; works in every mode. */
SEC("xdp")
int norikae_plain(struct xdp_md *ctx)
{
	__u64 now = bpf_ktime_get_ns();
	struct port_ref *port = serve(ctx->ingress_ifindex, now);
	if (!port)
		return XDP_PASS;
	struct stripped_tag none = {};
	return process(ctx, 0, port, now, none);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
