import { type Constraint, type CoveringOptions, coveringRows, type Row } from './covering.ts';

/** Offloads of the guests, on both sides of the flow. */
const OFFLOADS = {
  /** Checksums are left to the device. */
  tx: ['off', 'on'],
  /** Segmentation is left to the device. */
  tso: ['off', 'on'],
  /** Received segments are merged. `off`: turned off while the flow is offloaded. */
  gro: ['on', 'off'],
} as const;

/** Protocols of the traffic on the userspace datapath. */
export const PROTOCOLS = [
  'tcp',
  'udp',
  'sctp',
  'icmp',
  'vxlan',
  'gre',
  'ipip',
  'srv6',
  'fragments',
  'qinq',
  'ip-options',
  'multicast',
] as const;

/** What appears on the flow's ports or its bridge while the flow is offloaded. */
export const SURROUNDINGS = [
  'none',
  'tc-drop',
  'nft-drop',
  'qos',
  'mirror',
  'sflow',
  'netflow',
  'ipfix',
] as const;

const PARAMETERS = {
  protocol: PROTOCOLS,
  surroundings: SURROUNDINGS,
  ...OFFLOADS,
  backend: ['xdp-native', 'xdp-generic'],
  /** Where a filter drops, and which direction is mirrored. */
  hook: ['egress', 'ingress'],
  /** What the flow's OpenFlow rule matches besides the input port. */
  match: ['port', 'protocol'],
} as const;

/** Protocols and surroundings for which the kernel datapath differs. A guest is too slow for all. */
const KERNEL_PARAMETERS = {
  ...PARAMETERS,
  protocol: ['tcp', 'udp', 'vxlan', 'vlan', 'fragments', 'icmp'],
  surroundings: ['none', 'tc-drop', 'nft-drop', 'qos', 'policing', 'mirror', 'sflow'],
  backend: ['tcx', 'xdp-native'],
} as const;

export type Protocol = (typeof PROTOCOLS)[number] | 'vlan';
export type SurroundingsName = (typeof SURROUNDINGS)[number] | 'policing';
export type BackendName = 'xdp-native' | 'xdp-generic' | 'tcx';
export type Switch = 'on' | 'off';

/** Datapath of the vSwitch: in ovs-vswitchd on this machine, or the kernel's in a guest. */
export type CompareDatapath = 'userspace' | 'kernel';

/** One case: a value of every parameter. */
export interface CaseParameters {
  readonly protocol: Protocol;
  readonly surroundings: SurroundingsName;
  readonly tx: Switch;
  readonly tso: Switch;
  readonly gro: Switch;
  readonly backend: BackendName;
  readonly hook: 'egress' | 'ingress';
  readonly match: 'port' | 'protocol';
}

/** A case of the matrix. */
export interface CompareCase {
  /** From 1; the same for the same seed. */
  readonly number: number;
  readonly parameters: CaseParameters;
}

/** The kernel turns TSO off without checksum offload. */
export const possible: Constraint = (row) => !(row.tso === 'on' && row.tx === 'off');

/**
 * What the kernel datapath must have. TCP with TSO through tcx entries, which only this datapath serves, meets
 * all surroundings. Other protocols need not: a port that is not served is so for all protocols, and
 * the userspace matrix has these pairs.
 */
const ON_KERNEL: CoveringOptions = {
  allows: possible,
  needs: (pair) => !('protocol' in pair && 'surroundings' in pair),
  first: KERNEL_PARAMETERS.surroundings.flatMap((surroundings) =>
    hooksOf(surroundings).map(
      (hook): Row => ({ protocol: 'tcp', tx: 'on', tso: 'on', backend: 'tcx', surroundings, hook }),
    ),
  ),
};

/** All cases. On the userspace datapath, every possible pair of values occurs in one of them. */
export function matrix(seed: number, datapath: CompareDatapath): readonly CompareCase[] {
  return datapath === 'kernel'
    ? casesOf(KERNEL_PARAMETERS, seed, ON_KERNEL)
    : casesOf(PARAMETERS, seed, { allows: possible });
}

/** Where they can be. The others concern a port in whole, or the bridge. */
function hooksOf(surroundings: SurroundingsName): readonly CaseParameters['hook'][] {
  const onHook = ['tc-drop', 'nft-drop', 'mirror'].includes(surroundings);
  return onHook ? ['egress', 'ingress'] : ['egress'];
}

/** Values of every parameter, of either matrix. */
type Values = {
  readonly [K in keyof CaseParameters]: readonly [CaseParameters[K], ...CaseParameters[K][]];
};

function casesOf(values: Values, seed: number, options: CoveringOptions): readonly CompareCase[] {
  return coveringRows({ ...values }, seed, options).map((row, i) => ({
    number: i + 1,
    parameters: {
      protocol: pick(values.protocol, row.protocol),
      surroundings: pick(values.surroundings, row.surroundings),
      tx: pick(values.tx, row.tx),
      tso: pick(values.tso, row.tso),
      gro: pick(values.gro, row.gro),
      backend: pick(values.backend, row.backend),
      hook: pick(values.hook, row.hook),
      match: pick(values.match, row.match),
    },
  }));
}

/** Protocols of which no packet can be redirected from a veth. */
const NEVER_SERVED: ReadonlySet<string> = new Set(['gre', 'ipip', 'qinq']);

/** Cases of {@link quickCases}. */
const QUICK = 14;

/** A few cases in which every value of every parameter occurs, and most are served. */
export function quickCases(cases: readonly CompareCase[]): readonly CompareCase[] {
  const first = eachValueOnce(cases);
  const served = ({ parameters }: CompareCase) => !NEVER_SERVED.has(parameters.protocol);
  const others = cases.filter((each) => !first.includes(each) && served(each));
  const second = eachValueOnce(others).slice(0, Math.max(0, QUICK - first.length));
  return [...first, ...second].sort((a, b) => a.number - b.number);
}

function eachValueOnce(cases: readonly CompareCase[]): readonly CompareCase[] {
  const open = new Set(cases.flatMap(valuesOf));
  const gain = (each: CompareCase) => valuesOf(each).filter((value) => open.has(value)).length;
  const chosen: CompareCase[] = [];
  while (open.size > 0) {
    const best = cases.reduce((a, b) => (gain(b) > gain(a) ? b : a));
    for (const value of valuesOf(best)) open.delete(value);
    chosen.push(best);
  }
  return chosen;
}

function valuesOf({ parameters }: CompareCase): readonly string[] {
  return Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
}

/** The case in words. */
export function caseText(p: CaseParameters): string {
  const offloads = `tx ${p.tx}, tso ${p.tso}, gro ${p.gro}`;
  const beside = p.surroundings === 'none' ? 'no filter' : `${p.surroundings} ${p.hook}`;
  return `${p.protocol}, ${beside}, ${offloads}, ${p.backend}, rule by ${p.match}`;
}

function pick<T extends string>(values: readonly T[], text: string): T {
  const found = values.find((value) => value === text);
  if (found === undefined) throw new TypeError(`"${text}" must be one of ${values.join(', ')}`);
  return found;
}
