/* SPDX-License-Identifier: Apache-2.0 */
/* The control map, which every program has. */
#ifndef NORIKAE_CONTROL_H
#define NORIKAE_CONTROL_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "layout.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CONTROL_WORDS);
	__type(key, __u32);
	__type(value, __u64);
} control SEC(".maps");

static __always_inline __u64 control_word(__u32 index)
{
	__u64 *word = bpf_map_lookup_elem(&control, &index);
	return word ? *word : 0;
}

#endif
