import { parsePolicies } from '../policy/parse/parse-policies.ts';
import { type PolicySet } from '../policy/model/policy-set.ts';

type Json = Readonly<Record<string, unknown>>;

function is(fact: string, operator: string, value: unknown, more: Json = {}): Json {
  return { fact, operator, value, ...more };
}

function rule(
  name: string,
  priority: number,
  type: string,
  conditions: Json,
  score?: string,
): Json {
  const params = score === undefined ? {} : { params: { score } };
  return { name, priority, conditions, event: { type, ...params } };
}

const onNic = is('placement', 'notEqual', 'onload');
const ip = is('ethType', 'in', [2048, 34525]);
const unicast = is('cast', 'equal', 'unicast');

function busySlice(slice: string, priority: number, packetsPerSecond: number): Json {
  return rule(`busy-${slice}`, priority, 'offload', {
    all: [
      is('slice', 'equal', slice),
      is('packetsPerSecond', 'greaterThan', packetsPerSecond),
      is('ageMs', 'greaterThan', 500),
      is('offloadable', 'equal', true),
    ],
  });
}

/**
 * Twenty rules typical of a node with tenants: idle flows, flows that are never worth an entry,
 * pinned flows, slices, elephants, and rules for the remaining entries.
 */
const RULES: readonly Json[] = [
  rule('quiet', 100, 'onload', { all: [onNic, is('quietMs', 'greaterThanInclusive', 2000)] }),
  rule('idle', 99, 'onload', { all: [onNic, is('idleMs', 'greaterThan', 5000)] }),
  rule('mouse-again', 98, 'onload', {
    all: [
      onNic,
      is('packetsPerSecond', 'lessThan', 20),
      is('placedMs', 'greaterThan', 10_000),
      is('tableFill', 'greaterThan', 0.5),
    ],
  }),
  rule('management', 90, 'onload', {
    any: [is('tcpDst', 'in', [22, 179, 6640, 6653]), is('udpDst', 'in', [53, 67, 123])],
  }),
  rule('never-scan', 89, 'onload', {
    all: [is('packets', 'lessThan', 4), is('ageMs', 'greaterThan', 3000)],
  }),
  rule('many-receivers', 88, 'onload', { not: unicast }),
  rule('pinned', 80, 'offload', {
    all: [is('slice', 'equal', 'gold'), is('tcpDst', 'equal', 443), is('idleMs', 'lessThan', 1000)],
  }),
  busySlice('gold', 70, 1000),
  busySlice('silver', 69, 4000),
  busySlice('bronze', 68, 16_000),
  rule(
    'elephant',
    60,
    'offload',
    {
      all: [
        is('bitsPerSecond', 'greaterThan', 500e6),
        is('lastBitsPerSecond', 'greaterThan', 250e6),
        is('bytes', 'greaterThan', 50e6),
        ip,
        unicast,
      ],
    },
    'bitsPerSecond',
  ),
  rule('uplink-busy', 55, 'offload', {
    all: [
      is('outPort', 'equal', 'uplink0'),
      is('outPortBitsPerSecond', 'greaterThan', 1e9),
      is('packetsPerSecond', 'greaterThan', 8000),
    ],
  }),
  rule('host-hot', 50, 'offload', {
    all: [
      is('hostCpu', 'greaterThan', 0.6),
      is('packetsPerSecond', 'greaterThan', 3000),
      is('lastPacketsPerSecond', 'greaterThan', 1500),
      ip,
    ],
  }),
  rule('fast-start', 45, 'offload', {
    all: [
      is('ageMs', 'lessThan', 2000),
      is('lastPacketsPerSecond', 'greaterThan', { fact: 'packetsPerSecond' }),
      is('packets', 'greaterThan', 1000),
      is('lastPacketsPerSecond', 'greaterThan', 20_000),
    ],
  }),
  rule('storage', 40, 'offload', {
    all: [
      { any: [is('tcpDst', 'in', [2049, 3260, 9000]), is('tcpSrc', 'in', [2049, 3260, 9000])] },
      is('bitsPerSecond', 'greaterThan', 100e6),
    ],
  }),
  rule('video', 35, 'offload', {
    all: [
      is('ipProto', 'equal', 17),
      is('packetsPerSecond', 'greaterThan', 10_000),
      is('vm', 'notIn', ['vm-1', 'vm-2']),
    ],
  }),
  rule('keep-while-useful', 30, 'offload', {
    all: [
      is('placement', 'equal', 'offload'),
      is('packetsPerSecond', 'greaterThan', 500),
      is('matchedBits', 'lessThan', 400),
    ],
  }),
  rule('port-room', 20, 'offload', {
    all: [
      is('packetsPerSecond', 'greaterThan', 12_000),
      is('portLoad', 'lessThan', 0.9, { params: { port: 'uplink0' }, path: '$.txShare' }),
      is('inPortKind', 'equal', 'vm'),
    ],
  }),
  rule('heavy-v6', 15, 'offload', {
    all: [is('packetsPerSecond', 'greaterThan', 6000), is('ethType', 'equal', 34525)],
  }),
  rule('busy', 10, 'offload', {
    all: [
      is('packetsPerSecond', 'greaterThanInclusive', 20_000),
      is('lastPacketsPerSecond', 'greaterThanInclusive', 2000),
      is('packets', 'greaterThanInclusive', 50),
      ip,
      unicast,
    ],
  }),
];

/** The policies of the benchmark. */
export function benchPolicies(): PolicySet {
  const text = JSON.stringify({ name: 'bench', version: '1', rules: RULES });
  return parsePolicies([{ file: 'bench.json', text }]);
}
