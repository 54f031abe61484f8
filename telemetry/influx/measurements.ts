/** How a field is written. Integers have 64 bits; a text is a string field. */
export type FieldType = 'integer' | 'float' | 'boolean' | 'text';

interface Field {
  readonly type: FieldType;
  /** Empty for what has none. */
  readonly unit: string;
  readonly help: string;
}

/** What the points of one name have. */
export interface Measurement {
  readonly help: string;
  /** Tags beside `node`, each of which has a bounded number of values at a time. */
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
  bits_per_second: { type: 'float', unit: 'bits/s', help: 'Mean since the point before.' },
  packets_per_second: { type: 'float', unit: 'packets/s', help: 'Mean since the point before.' },
} as const satisfies Measurement['fields'];

const PATH_TAG = 'What carried it: `vswitch`, `nic` or `fast-path`.';

const EVENT = {
  title: { type: 'text', unit: '', help: 'One line, for an annotation.' },
  text: { type: 'text', unit: '', help: 'What there is to say of it, for an annotation.' },
  tags: { type: 'text', unit: '', help: 'Words with commas between, for an annotation.' },
} as const satisfies Measurement['fields'];

/**
 * What is written to InfluxDB. Every point has the tag `node`, too. What can have any number of
 * values over time (a flow's id, a match) is a field, never a tag.
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
        help: 'Share of the bytes that did not go through the vSwitch; left out without traffic.',
      },
      coverage_packets: {
        type: 'float',
        unit: '0 to 1',
        help: 'Share of the packets that did not go through the vSwitch; left out without traffic.',
      },
      host_cpu: {
        type: 'float',
        unit: '0 to 1',
        help: "The host's own share of all CPUs: 1 - idle - guest; left out while not known.",
      },
      cpu_saved_cores: {
        type: 'float',
        unit: 'CPUs',
        help: 'Estimate: CPUs that the vSwitch would need for what is carried past it.',
      },
      bit_share: {
        type: 'float',
        unit: '0 to 1',
        help: 'Weight of bits, beside packets, in what flows are worth: 0 where CPU is scarce.',
      },
      reactions: {
        type: 'integer',
        unit: 'flows',
        help: 'Flows that got their first entry, since the daemon started.',
      },
      reaction_seconds: {
        type: 'float',
        unit: 's',
        help: 'Sum, over `reactions`, of the time from first seen to in place.',
      },
      ticks: { type: 'integer', unit: 'ticks', help: 'Ticks since the point before.' },
      tick_ms: {
        type: 'float',
        unit: 'ms',
        help: 'Longest tick since the point before: rules, plan and operations.',
      },
      fresh: {
        type: 'boolean',
        unit: '',
        help: 'True when every source was fresh in every tick since the point before.',
      },
      held: {
        type: 'boolean',
        unit: '',
        help: 'True while all is held on the vSwitch (`norikae onload-all`).',
      },
    },
  },
  norikae_path: {
    help: 'Traffic and flows by what carries them.',
    tags: { path: PATH_TAG },
    fields: { ...TRAFFIC, flows: { type: 'integer', unit: 'flows', help: 'Live flows there.' } },
  },
  norikae_slice: {
    help: 'Traffic and flows of each slice by what carries them.',
    tags: { slice: 'Name of the slice; `other` for those beyond 256.', path: PATH_TAG },
    fields: { ...TRAFFIC, flows: { type: 'integer', unit: 'flows', help: 'Live flows there.' } },
  },
  norikae_port: {
    help: "Each port of the vSwitch, with its device's own counters.",
    tags: { port: 'Name of the port; the first 256.' },
    fields: {
      rx_bits_per_second: { type: 'float', unit: 'bits/s', help: 'Received by the device.' },
      tx_bits_per_second: { type: 'float', unit: 'bits/s', help: 'Sent by the device.' },
      link_bits_per_second: { type: 'float', unit: 'bits/s', help: "The link's rate." },
      kind: { type: 'text', unit: '', help: 'Kind of the port.' },
      vm: { type: 'text', unit: '', help: 'VM behind it.' },
      slice: { type: 'text', unit: '', help: 'Slice it belongs to.' },
    },
  },
  norikae_port_path: {
    help: 'Traffic of the flows of each port by what carries them; paths without any are left out.',
    tags: { port: 'Name of the port; `other` for those beyond 256.', path: PATH_TAG },
    fields: {
      rx_bytes: {
        type: 'integer',
        unit: 'bytes',
        help: 'Of flows that come in by it, since the port or the daemon came.',
      },
      rx_packets: { type: 'integer', unit: 'packets', help: 'The same in packets.' },
      rx_bits_per_second: { type: 'float', unit: 'bits/s', help: 'Mean since the point before.' },
      tx_bytes: {
        type: 'integer',
        unit: 'bytes',
        help: 'Of flows that go out by it, since the port or the daemon came.',
      },
      tx_packets: { type: 'integer', unit: 'packets', help: 'The same in packets.' },
      tx_bits_per_second: { type: 'float', unit: 'bits/s', help: 'Mean since the point before.' },
    },
  },
  norikae_table: {
    help: "Each backend's table.",
    tags: { backend: 'Name of the backend.' },
    fields: {
      entries: { type: 'integer', unit: 'entries', help: 'Said to fit.' },
      learned: {
        type: 'integer',
        unit: 'entries',
        help: 'That the planner counts on: fewer than `entries` after refusals.',
      },
      used: { type: 'integer', unit: 'entries', help: 'In use.' },
      masks: {
        type: 'integer',
        unit: 'masks',
        help: 'Distinct masks that fit; left out when it does not matter.',
      },
      masks_used: { type: 'integer', unit: 'masks', help: 'In use.' },
      contenders: {
        type: 'integer',
        unit: 'flows',
        help: 'That a rule asks it for, those with an entry included.',
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
        help: 'That could be afforded at the start of the last plan.',
      },
    },
  },
  norikae_share: {
    help: "How each backend's table is divided among the declared slices.",
    tags: {
      backend: 'Name of the backend.',
      slice: 'Name of the slice; `other` for flows of no declared slice and slices beyond 256.',
    },
    fields: {
      weight: { type: 'float', unit: '', help: 'Its part of what nobody has a guarantee for.' },
      guaranteed: { type: 'integer', unit: 'entries', help: 'Its own whatever others ask for.' },
      maximum: { type: 'integer', unit: 'entries', help: 'Most that it may have.' },
      wanted: { type: 'integer', unit: 'flows', help: 'That have an entry or are worth one.' },
      share: { type: 'integer', unit: 'entries', help: 'Due to it now.' },
      used: { type: 'integer', unit: 'entries', help: 'That it has, as of the last plan.' },
    },
  },
  norikae_limit: {
    help: 'What ports and the fast path get through, and what is expected of the placed flows.',
    tags: {
      backend: 'Name of the backend.',
      limit: '`PORT receive`, `PORT send`, of all ports, or of the fast path; the first 256.',
    },
    fields: {
      bits_per_second: { type: 'float', unit: 'bits/s', help: 'Most; left out for any number.' },
      packets_per_second: {
        type: 'float',
        unit: 'packets/s',
        help: 'Most; left out for any number.',
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
        help: 'Of these, that a rule asks an entry for and that have none.',
      },
      moves: { type: 'integer', unit: 'moves', help: 'For it, since the daemon started.' },
    },
  },
  norikae_operations: {
    help: 'Operations of each backend, by what became of them.',
    tags: {
      backend: 'Name of the backend.',
      kind: '`put` or `delete`.',
      outcome: 'What the backend did, or the cause of its refusal.',
    },
    fields: {
      count: { type: 'integer', unit: 'operations', help: 'Since the daemon started.' },
    },
  },
  norikae_moves: {
    help: 'Changes of placement.',
    tags: { from: 'Placement before.', to: 'Placement after; `gone`: the flow left.' },
    fields: { count: { type: 'integer', unit: 'moves', help: 'Since the daemon started.' } },
  },
  norikae_cause: {
    help: 'Changes of placement by what brought them about.',
    tags: {
      cause:
        '`policy`, `displacement`, `capacity`, `actions-changed`, `gone`, `port`, `panic` or `audit`.',
    },
    fields: { count: { type: 'integer', unit: 'moves', help: 'Since the daemon started.' } },
  },
  norikae_rule: {
    help: 'What each enforced rule led to.',
    tags: { rule: '`policy/rule`; `other` for those beyond 256.' },
    fields: {
      flows: { type: 'integer', unit: 'flows', help: 'Live flows that it speaks for.' },
      moves: { type: 'integer', unit: 'moves', help: 'Carried out for it, since it came.' },
      refusals: { type: 'integer', unit: 'operations', help: 'Refused to it, since it came.' },
    },
  },
  norikae_flow: {
    help: 'The flows with the highest rates, when `influx.topFlows` asks for them.',
    tags: { rank: '`001` for the fastest. Not the flow: series would grow with every new one.' },
    fields: {
      flow: { type: 'text', unit: '', help: 'ufid.' },
      bits_per_second: { type: 'float', unit: 'bits/s', help: 'Smoothed, over all paths.' },
      packets_per_second: { type: 'float', unit: 'packets/s', help: 'Smoothed, over all paths.' },
      placement: { type: 'text', unit: '', help: 'Where it is.' },
      slice: { type: 'text', unit: '', help: 'Slice it belongs to.' },
      in_port: { type: 'text', unit: '', help: 'Port it comes in by.' },
    },
  },
  norikae_decision: {
    help: 'A change of placement, as `norikae decisions` has it.',
    tags: {
      mode: '`enforce` or `shadow`.',
      from: 'Placement before.',
      to: 'Placement after; `gone`: the flow left.',
      cause: 'Code of what brought it about.',
      reason: 'Code of the reason.',
      backend: 'Backend that carried it out.',
    },
    fields: {
      ...EVENT,
      id: { type: 'text', unit: '', help: "The record's id." },
      flow: { type: 'text', unit: '', help: 'ufid.' },
      match: { type: 'text', unit: '', help: 'What the flow matches.' },
      rule: { type: 'text', unit: '', help: '`policy/rule` that spoke.' },
      revision: { type: 'text', unit: '', help: "Hash of the policy's text." },
      score: { type: 'float', unit: "the rule's", help: 'How much the flow was worth an entry.' },
      tick: { type: 'integer', unit: '', help: 'Sequence number of the tick.' },
      outcome: { type: 'text', unit: '', help: 'What the backend said.' },
    },
  },
  norikae_event: {
    help: 'What else happens: policies that come into force or are refused, the panic button.',
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

/** The tags of a measurement's points; what is undefined or empty is left out. */
export type TagsOf<M extends MeasurementName> = { readonly node: string } & {
  readonly [T in keyof (typeof MEASUREMENTS)[M]['tags']]: string | undefined;
};

/** The fields of a measurement's points; what is undefined or no finite number is left out. */
export type FieldsOf<M extends MeasurementName> = {
  readonly [F in keyof FieldsIn<M>]?: FieldsIn<M>[F] extends { readonly type: infer T }
    ? ValueOf<T & FieldType> | undefined
    : never;
};
