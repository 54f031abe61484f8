/*
 * Facts from the tables of docs/policies.md that the rules of this test use.
 */

/** A numeric fact. */
export interface NumberSubject {
  readonly fact: string;
  readonly unit: Unit;
  /** True if it can be missing. */
  readonly optional: boolean;
  /** Maximum; default: no limit. */
  readonly max?: number;
  /** False for facts that can be negative. */
  readonly positive: boolean;
  readonly params?: Readonly<Record<string, string>>;
  readonly path?: string;
}

export type Unit =
  | 'bit/s'
  | 'packet/s'
  | 'byte'
  | 'packet'
  | 'ms'
  | 'entry'
  | 'flow'
  | 'share'
  | 'none';

/** A string fact. */
export interface TextSubject {
  readonly fact: string;
  readonly optional: boolean;
  readonly values: readonly string[];
  /** Other values would be refused. */
  readonly closed: boolean;
}

const number = (unit: Unit, ...facts: readonly string[]): NumberSubject[] =>
  facts.map((fact) => ({ fact, unit, optional: false, positive: true }));
const optional = (subjects: readonly NumberSubject[], max?: number): NumberSubject[] =>
  subjects.map((s) => ({ ...s, optional: true, ...(max === undefined ? {} : { max }) }));
const member = (
  fact: string,
  params: Readonly<Record<string, string>>,
  path: string,
  unit: Unit,
): NumberSubject => ({
  fact,
  unit,
  optional: true,
  positive: true,
  params,
  path,
});

export const PORT_NAMES = ['vm1', 'vm2', 'eth0', 'lost'];

/** Facts that the program adds; see scene.ts. */
const PROGRAM_FACTS: readonly NumberSubject[] = [
  { fact: 'skew', unit: 'bit/s', optional: true, positive: false },
  { fact: 'drift', unit: 'packet/s', optional: true, positive: false },
];

/** Facts that the policy declares; see documents.ts. */
const DECLARED_FACTS: readonly NumberSubject[] = [
  { fact: 'limit', unit: 'bit/s', optional: false, positive: false },
  { fact: 'floor', unit: 'packet/s', optional: false, positive: false },
];

export const NUMBERS: readonly NumberSubject[] = [
  ...number('bit/s', 'bitsPerSecond', 'lastBitsPerSecond', 'expectedBitsPerSecond'),
  ...number(
    'packet/s',
    'packetsPerSecond',
    'lastPacketsPerSecond',
    'expectedPacketsPerSecond',
    'worth',
  ),
  ...number('byte', 'bytes', 'vswitchBytes', 'carriedBytes'),
  ...number('packet', 'packets', 'vswitchPackets', 'carriedPackets'),
  ...number('ms', 'ageMs', 'idleMs', 'placedMs'),
  ...number('flow', 'flows'),
  ...number('none', 'refusals'),
  ...optional(number('byte', 'bytesPerPacket')),
  ...optional(number('bit/s', 'inPortBitsPerSecond', 'outPortBitsPerSecond')),
  ...optional(number('share', 'hostCpu'), 1),
  ...optional(number('none', 'tcpSrc', 'tcpDst', 'udpDst'), 65_535),
  { fact: 'ethType', unit: 'none', optional: false, positive: true, max: 65_535 },
  ...optional(number('none', 'vlanId'), 4095),
  ...optional(number('none', 'ipProto'), 255),
  { fact: 'tableFill', unit: 'share', optional: false, positive: true, max: 1 },
  ...PROGRAM_FACTS,
  ...DECLARED_FACTS,
  ...PORT_NAMES.map((port) => member('portLoad', { port }, '$.rxBitsPerSecond', 'bit/s')),
  ...PORT_NAMES.map((port) => member('portLoad', { port }, '$.txShare', 'share')),
  member('table', { placement: 'offload' }, '$.free', 'entry'),
  member('table', { placement: 'fast-path' }, '$.entries', 'entry'),
];

/** Values of the fact `protocol`. */
export const PROTOCOLS = ['tcp', 'udp', 'sctp', 'icmp', 'icmpv6', 'ip', 'arp', 'other'];

const KINDS = ['vm', 'uplink', 'internal', 'other'];

export const TEXTS: readonly TextSubject[] = [
  { fact: 'placement', optional: false, closed: true, values: ['onload', 'offload', 'fast-path'] },
  { fact: 'inPort', optional: false, closed: false, values: PORT_NAMES },
  { fact: 'outPort', optional: true, closed: false, values: PORT_NAMES },
  { fact: 'inPortKind', optional: true, closed: true, values: KINDS },
  { fact: 'outPortKind', optional: true, closed: true, values: KINDS },
  {
    fact: 'direction',
    optional: true,
    closed: true,
    values: ['transmit', 'receive', 'local', 'other'],
  },
  { fact: 'protocol', optional: false, closed: true, values: PROTOCOLS },
  { fact: 'vm', optional: true, closed: false, values: ['web-1', 'db-1'] },
  { fact: 'slice', optional: true, closed: false, values: ['gold', 'silver'] },
];

export const ADDRESSES: readonly string[] = ['ipv4Src', 'ipv4Dst', 'ipDst'];
