/** Type of a field. Integers have 64 bits; a text is a string field. */
export type FieldType = 'integer' | 'float' | 'boolean' | 'text';

interface Field {
  readonly type: FieldType;
  /** Empty for fields without a unit. */
  readonly unit: string;
  readonly help: string;
}

/** Tags and fields of the points of one name. */
export interface Measurement {
  readonly help: string;
  /** Tags besides `node`; each has a bounded number of values at a time. */
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, Field>>;
}

const TRAFFIC = {
  bytes: {
    type: 'integer',
    unit: 'bytes',
    help: 'Carried since the daemon started, L2 header included; falls to 0 with a restart.',
  },
  packets: { type: 'integer', unit: 'packets', help: 'Carried since the daemon started.' },
  bits_per_second: { type: 'float', unit: 'bits/s', help: 'Mean since the previous point.' },
  packets_per_second: { type: 'float', unit: 'packets/s', help: 'Mean since the previous point.' },
} as const satisfies Measurement['fields'];

const PATH_TAG = 'Path: `vswitch`, `nic` or `fast-path`.';

const EVENT = {
  title: { type: 'text', unit: '', help: 'One line, for an annotation.' },
  text: { type: 'text', unit: '', help: 'Details, for an annotation.' },
  tags: { type: 'text', unit: '', help: 'Comma-separated words, for an annotation.' },
} as const satisfies Measurement['fields'];

/**
 * Measurements written to InfluxDB. Every point also has the tag `node`. A value of unbounded
 * cardinality, such as a flow's id or a match, is a field and never a tag.
 */
export const MEASUREMENTS = {
  norikae_node: {
    help: 'The node as a whole.',
    tags: {},
    fields: {
      flows: { type: 'integer', unit: 'flows', help: 'Live datapath flows.' },
      bits_per_second: TRAFFIC.bits_per_second,
      packets_per_second: TRAFFIC.packets_per_second,
      coverage_bytes: {
        type: 'float',
        unit: '0 to 1',
        help: 'Share of bytes that bypassed the vSwitch; left out without traffic.',
      },
      coverage_packets: {
        type: 'float',
        unit: '0 to 1',
        help: 'Share of packets that bypassed the vSwitch; left out without traffic.',
      },
      host_cpu: {
        type: 'float',
        unit: '0 to 1',
        help: 'Share of all CPUs that the host itself uses: 1 - idle - guest; left out while unknown.',
      },
      cpu_saved_cores: {
        type: 'float',
        unit: 'CPUs',
        help: 'Estimate of the CPUs that the vSwitch would need for the traffic of the other paths.',
      },
      bit_share: {
        type: 'float',
        unit: '0 to 1',
        help: 'Weight of bits against packets in the worth of flows: 0 where CPU is scarce.',
      },
      reactions: {
        type: 'integer',
        unit: 'flows',
        help: 'Flows that got their first entry since the daemon started.',
      },
      reaction_seconds: {
        type: 'float',
        unit: 's',
        help: 'Sum, over `reactions`, of the time from the first reading to the installed entry.',
      },
      ticks: { type: 'integer', unit: 'ticks', help: 'Ticks since the previous point.' },
      tick_ms: {
        type: 'float',
        unit: 'ms',
        help: 'Longest tick since the previous point: rules, plan and operations.',
      },
      fresh: {
        type: 'boolean',
        unit: '',
        help: 'True when every source was fresh in every tick since the previous point.',
      },
      held: {
        type: 'boolean',
        unit: '',
        help: 'True during a hold (`norikae onload-all`).',
      },
      open_descriptors: {
        type: 'integer',
        unit: 'descriptors',
        help: 'Open file descriptors of the daemon, including those in reserve; left out where they cannot be counted.',
      },
      guests_connected: {
        type: 'integer',
        unit: 'guests',
        help: 'With an agent that is connected; left out without `guests` in the configuration.',
      },
      guest_leases: {
        type: 'integer',
        unit: 'guests',
        help: 'Whose transmit rules have a lease.',
      },
      uncounted_ports: {
        type: 'integer',
        unit: 'ports',
        help: 'Whose packets the meter does not count although it is meant to; left out without `connections` in the configuration.',
      },
    },
  },
  norikae_path: {
    help: 'Traffic and flows by path.',
    tags: { path: PATH_TAG },
    fields: {
      ...TRAFFIC,
      flows: { type: 'integer', unit: 'flows', help: 'Live flows on the path.' },
    },
  },
  norikae_slice: {
    help: 'Traffic and flows of each slice by path.',
    tags: { slice: 'Name of the slice; `other`: the sum of those beyond 256.', path: PATH_TAG },
    fields: {
      ...TRAFFIC,
      flows: { type: 'integer', unit: 'flows', help: 'Live flows on the path.' },
    },
  },
  norikae_port: {
    help: "Each port of the vSwitch, with its device's own counters.",
    tags: { port: 'Name of the port; the first 256.' },
    fields: {
      rx_bits_per_second: { type: 'float', unit: 'bits/s', help: 'Received by the device.' },
      tx_bits_per_second: { type: 'float', unit: 'bits/s', help: 'Sent by the device.' },
      link_bits_per_second: { type: 'float', unit: 'bits/s', help: "The link's rate." },
      kind: { type: 'text', unit: '', help: 'Kind of the port.' },
      vm: { type: 'text', unit: '', help: 'VM.' },
      slice: { type: 'text', unit: '', help: 'Slice.' },
      hook: {
        type: 'text',
        unit: '',
        help: 'Where the backend takes its packets: `xdp`, `tcx`, `cls_bpf`, `flower` or `emulator`; left out for a port that is not served.',
      },
    },
  },
  norikae_connections: {
    help: 'Connections in the flow table, each direction counting; left out without `connections` in the configuration, and for states without any.',
    tags: { state: '`resolved` (an entry can carry it), or why not.' },
    fields: {
      connections: { type: 'integer', unit: 'connections', help: 'As of the last reading.' },
      bits_per_second: { type: 'float', unit: 'bits/s', help: 'On all paths.' },
    },
  },
  norikae_port_path: {
    help: 'Traffic of the flows of each port by path; paths without traffic are left out.',
    tags: { port: 'Name of the port; `other`: the sum of those beyond 256.', path: PATH_TAG },
    fields: {
      rx_bytes: {
        type: 'integer',
        unit: 'bytes',
        help: 'Of flows that enter by the port, since the port appeared or the daemon started.',
      },
      rx_packets: { type: 'integer', unit: 'packets', help: 'The same in packets.' },
      rx_bits_per_second: { type: 'float', unit: 'bits/s', help: 'Mean since the previous point.' },
      tx_bytes: {
        type: 'integer',
        unit: 'bytes',
        help: 'Of flows that leave by the port, since the port appeared or the daemon started.',
      },
      tx_packets: { type: 'integer', unit: 'packets', help: 'The same in packets.' },
      tx_bits_per_second: { type: 'float', unit: 'bits/s', help: 'Mean since the previous point.' },
    },
  },
  norikae_table: {
    help: "Each backend's table.",
    tags: { backend: 'Name of the backend.' },
    fields: {
      entries: { type: 'integer', unit: 'entries', help: 'Declared.' },
      learned: {
        type: 'integer',
        unit: 'entries',
        help: 'That the planner counts on: fewer than `entries` after refusals.',
      },
      used: { type: 'integer', unit: 'entries', help: 'In use.' },
      masks: {
        type: 'integer',
        unit: 'masks',
        help: 'Distinct masks that fit; left out if unlimited.',
      },
      masks_used: { type: 'integer', unit: 'masks', help: 'In use.' },
      verification_age_seconds: {
        type: 'float',
        unit: 's',
        help: 'Since the vSwitch was asked for the flows that all entries were last compared with; left out before the first comparison.',
      },
      unserved_ports: {
        type: 'integer',
        unit: 'ports',
        help: 'That the backend does not serve although it is meant to.',
      },
      open_virtual_functions: {
        type: 'integer',
        unit: 'virtual functions',
        help: 'By which their guests may send; left out for backends that use none.',
      },
      watchdog_down: {
        type: 'integer',
        unit: '',
        help: '1 while the watchdog of the lease does not run, otherwise 0; left out for backends without one.',
      },
      watchdog_removed_entries: {
        type: 'integer',
        unit: 'entries',
        help: 'Entries that the watchdog has removed after lapses of the lease, since the daemon started.',
      },
      open_ports: {
        type: 'integer',
        unit: 'ports',
        help: 'From which the backend receives packets.',
      },
      contenders: {
        type: 'integer',
        unit: 'flows',
        help: 'Flows that request an entry, including those that have one.',
      },
      threshold: {
        type: 'float',
        unit: 'packets/s',
        help: 'Worth below which a flow was not placed.',
      },
      swap_gain: {
        type: 'float',
        unit: 'packets/s',
        help: 'Gain below which entries were not swapped; left out when no swap gained enough.',
      },
      budget: {
        type: 'integer',
        unit: 'operations',
        help: 'Left in the budget at the start of the last plan.',
      },
    },
  },
  norikae_share: {
    help: "Division of each backend's table among the declared slices.",
    tags: {
      backend: 'Name of the backend.',
      slice: 'Name of the slice; `other` for flows of no declared slice and slices beyond 256.',
    },
    fields: {
      weight: { type: 'float', unit: '', help: 'Weight of the slice.' },
      guaranteed: { type: 'integer', unit: 'entries', help: 'Guaranteed entries.' },
      maximum: { type: 'integer', unit: 'entries', help: 'Maximum entries.' },
      wanted: { type: 'integer', unit: 'flows', help: 'That have an entry or are worth one.' },
      share: { type: 'integer', unit: 'entries', help: 'Share of the slice now.' },
      used: { type: 'integer', unit: 'entries', help: 'In use, as of the last plan.' },
    },
  },
  norikae_limit: {
    help: 'Limits of ports and the fast path, and what the placed flows are expected to send.',
    tags: {
      backend: 'Name of the backend.',
      limit: '`PORT receive`, `PORT send`, of all ports, or of the fast path; the first 256.',
    },
    fields: {
      bits_per_second: { type: 'float', unit: 'bits/s', help: 'Limit; left out if unlimited.' },
      packets_per_second: {
        type: 'float',
        unit: 'packets/s',
        help: 'Limit; left out if unlimited.',
      },
      expected_bits_per_second: {
        type: 'float',
        unit: 'bits/s',
        help: 'Of the flows that the last plan placed.',
      },
      expected_packets_per_second: {
        type: 'float',
        unit: 'packets/s',
        help: 'Of the flows that the last plan placed.',
      },
    },
  },
  norikae_reason: {
    help: 'Why flows are where they are.',
    tags: { reason: 'Code of the reason; `gone`: flows that left the vSwitch.' },
    fields: {
      flows: { type: 'integer', unit: 'flows', help: 'Live flows.' },
      waiting: {
        type: 'integer',
        unit: 'flows',
        help: 'Of these, flows that request an entry and have none.',
      },
      moves: {
        type: 'integer',
        unit: 'moves',
        help: 'Moves with this reason since the daemon started.',
      },
    },
  },
  norikae_operations: {
    help: 'Operations of each backend by outcome.',
    tags: {
      backend: 'Name of the backend.',
      kind: '`put` or `delete`.',
      outcome: 'What the backend did, or the code of its refusal.',
    },
    fields: {
      count: { type: 'integer', unit: 'operations', help: 'Since the daemon started.' },
    },
  },
  norikae_samples: {
    help: 'Installed entries that were compared with what the vSwitch would do.',
    tags: {
      result:
        '`same`, `suspected` (a second look follows), `different` (the entry was removed), `not-comparable` or `failed`.',
    },
    fields: { count: { type: 'integer', unit: 'samples', help: 'Since the daemon started.' } },
  },
  norikae_moves: {
    help: 'Changes of placement.',
    tags: { from: 'Placement before.', to: 'Placement after; `gone`: the flow left.' },
    fields: { count: { type: 'integer', unit: 'moves', help: 'Since the daemon started.' } },
  },
  norikae_cause: {
    help: 'Changes of placement by cause.',
    tags: {
      cause:
        '`policy`, `displacement`, `capacity`, `actions-changed`, `gone`, `port`, `mismatch`, `carries-nothing`, `panic` or `audit`.',
    },
    fields: { count: { type: 'integer', unit: 'moves', help: 'Since the daemon started.' } },
  },
  norikae_rule: {
    help: 'Results of each enforced rule.',
    tags: { rule: '`policy/rule`; `other`: the sum of those beyond 256.' },
    fields: {
      flows: { type: 'integer', unit: 'flows', help: 'Live flows that it decides.' },
      moves: { type: 'integer', unit: 'moves', help: 'Applied for it since it was loaded.' },
      refusals: { type: 'integer', unit: 'operations', help: 'Refused to it since it was loaded.' },
    },
  },
  norikae_flow: {
    help: 'The flows with the highest rates; `influx.topFlows` sets their number.',
    tags: {
      rank: '`001` for the fastest. The flow is not a tag, because every new flow would be a new series.',
    },
    fields: {
      flow: { type: 'text', unit: '', help: 'ufid.' },
      bits_per_second: { type: 'float', unit: 'bits/s', help: 'Smoothed, over all paths.' },
      packets_per_second: { type: 'float', unit: 'packets/s', help: 'Smoothed, over all paths.' },
      placement: { type: 'text', unit: '', help: 'Placement.' },
      slice: { type: 'text', unit: '', help: 'Slice.' },
      in_port: { type: 'text', unit: '', help: 'Port by which it enters.' },
    },
  },
  norikae_decision: {
    help: 'A change of placement, as in `norikae decisions`.',
    tags: {
      mode: '`enforce` or `shadow`.',
      from: 'Placement before.',
      to: 'Placement after; `gone`: the flow left.',
      cause: 'Code of what brought it about.',
      reason: 'Code of the reason.',
      backend: 'Backend that applied it.',
    },
    fields: {
      ...EVENT,
      id: { type: 'text', unit: '', help: "The record's id." },
      flow: { type: 'text', unit: '', help: 'ufid.' },
      match: { type: 'text', unit: '', help: 'Match of the flow.' },
      rule: { type: 'text', unit: '', help: '`policy/rule` that decided.' },
      revision: { type: 'text', unit: '', help: "Hash of the policy's text." },
      score: { type: 'float', unit: "the rule's", help: 'Score of the flow.' },
      tick: { type: 'integer', unit: '', help: 'Sequence number of the tick.' },
      outcome: { type: 'text', unit: '', help: 'Answer of the backend.' },
    },
  },
  norikae_event: {
    help: 'Other events: policies that come into force or are refused, the panic button.',
    tags: { kind: '`start`, `policy`, `policy-refused`, `hold` or `resume`.' },
    fields: EVENT,
  },
} as const satisfies Readonly<Record<string, Measurement>>;

export type MeasurementName = keyof typeof MEASUREMENTS;

type ValueOf<T extends FieldType> = T extends 'text'
  ? string
  : T extends 'boolean'
    ? boolean
    : number;

type FieldsIn<M extends MeasurementName> = (typeof MEASUREMENTS)[M]['fields'];

/** Tags of a measurement's points; undefined and empty ones are left out. */
export type TagsOf<M extends MeasurementName> = { readonly node: string } & {
  readonly [T in keyof (typeof MEASUREMENTS)[M]['tags']]: string | undefined;
};

/** Fields of a measurement's points; undefined and non-finite ones are left out. */
export type FieldsOf<M extends MeasurementName> = {
  readonly [F in keyof FieldsIn<M>]?: FieldsIn<M>[F] extends { readonly type: infer T }
    ? ValueOf<T & FieldType> | undefined
    : never;
};
