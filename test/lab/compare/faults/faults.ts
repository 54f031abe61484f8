import type { CaseParameters, CompareDatapath } from '../../../../lab/compare/cases/parameters.ts';

/** A text of the program, and what a faulty program has instead. */
export interface Change {
  /** In the package: a compiled module, or a source of the BPF program. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** A fault, and where the comparison must show it. */
export interface Fault {
  readonly what: string;
  readonly changes: readonly Change[];
  /** Where it is planted; default: userspace. */
  readonly datapath?: CompareDatapath;
  /** The first case for which this holds; or the name of a scenario. */
  readonly seenIn: ((parameters: CaseParameters) => boolean) | string;
  /** Differences that must be among those of the case. */
  readonly shows: readonly RegExp[];
}

const CORE = 'dist/adapters/nic/core';
const XDP = 'dist/adapters/nic/xdp';
const CORE_BPF = 'adapters/nic/core/bpf';
const XDP_BPF = 'adapters/nic/xdp/bpf';
const TCX_BPF = 'adapters/nic/tcx/bpf';

/** Nothing is filtered on ingress: the userspace datapath receives packets before the filters. */
const filtered = (surroundings: CaseParameters['surroundings']) => (p: CaseParameters) =>
  p.surroundings === surroundings && p.hook === 'egress' && p.gro === 'on' && isServed(p);
const isServed = ({ protocol }: CaseParameters) => !['gre', 'ipip', 'qinq'].includes(protocol);

const IGNORED_HOOKS: readonly Change[] = [
  {
    file: `${CORE}/device-hooks.js`,
    from: 'if (this.#failure !== undefined)\n            return this.#failure;',
    to: 'if (name !== undefined) return undefined;',
  },
];

/** TCP with TSO through tcx entries, which only the kernel datapath serves. */
const pastTcx =
  (surroundings: CaseParameters['surroundings'], hook: CaseParameters['hook']) =>
  (p: CaseParameters) =>
    p.backend === 'tcx' &&
    p.protocol === 'tcp' &&
    p.tso === 'on' &&
    p.hook === hook &&
    p.surroundings === surroundings;

/** Packets of these protocols are redirected although their checksum may be unfinished. */
const UNPROVEN: readonly Change[] = [
  {
    file: `${XDP_BPF}/checksum.h`,
    from: 'if (place->proof == PROOF_NONE)\n\t\treturn 0;',
    to: 'if (place->proof == PROOF_NONE)\n\t\treturn 1;',
  },
];

/** The lease runs from its renewal, and is renewed long after the entries were verified. */
const UNVERIFIED_LEASE: readonly Change[] = [
  {
    file: `${CORE}/program-backend.js`,
    from: 'lease.renew(verifiedAtMs, verifiedAtMs + this.#options.leaseMs)',
    to: 'lease.renew(Number(process.hrtime.bigint()) / 1e6, Number(process.hrtime.bigint()) / 1e6 + this.#options.leaseMs)',
  },
  {
    file: 'dist/engine/loop/verification.js',
    from: 'nowMs - this.#verifiedAtMs < this.#leaseMs',
    to: 'nowMs - this.#verifiedAtMs < 2.5 * this.#leaseMs',
  },
];

export const FAULTS: readonly Fault[] = [
  {
    what: 'a tc filter at the ingress of a port with tcx is ignored',
    changes: IGNORED_HOOKS,
    datapath: 'kernel',
    seenIn: pastTcx('tc-drop', 'ingress'),
    shows: [
      /after tc-drop \(ingress\).*: 0 of 150 arrive without Norikae, [1-9]\d* of 150 with it/,
    ],
  },
  {
    what: 'an nftables chain at the egress of an output of tcx is ignored',
    changes: IGNORED_HOOKS,
    datapath: 'kernel',
    seenIn: pastTcx('nft-drop', 'egress'),
    shows: [
      /after nft-drop \(egress\).*: 0 of 150 arrive without Norikae, [1-9]\d* of 150 with it/,
    ],
  },
  {
    what: 'tcx sends packets and leaves them to the vSwitch as well',
    changes: [
      {
        file: `${TCX_BPF}/norikae.bpf.c`,
        from: 'return bpf_redirect(ifindex, 0);',
        to: 'bpf_clone_redirect(skb, ifindex, 0);\n\treturn TC_ACT_UNSPEC;',
      },
    ],
    datapath: 'kernel',
    seenIn: (p) => p.backend === 'tcx' && p.protocol === 'udp',
    shows: [
      /^udp packets \((socket|forwarded)\) that arrive twice: 0 without Norikae, \d+ with it$/,
    ],
  },
  {
    what: 'a tc filter on the output port is ignored',
    changes: IGNORED_HOOKS,
    seenIn: filtered('tc-drop'),
    shows: [/after tc-drop \(egress\): 0 of 150 arrive without Norikae, 1\d\d of 150 with it/],
  },
  {
    what: 'an nftables chain on the output port is ignored',
    changes: IGNORED_HOOKS,
    seenIn: filtered('nft-drop'),
    shows: [/after nft-drop \(egress\): 0 of 150 arrive without Norikae, 1\d\d of 150 with it/],
  },
  {
    what: 'devices that refuse redirects are outputs',
    changes: [
      {
        file: `${XDP}/redirect-targets.js`,
        from: 'return this.#features === undefined || this.#targets.has(ifindex);',
        to: 'return true;',
      },
    ],
    seenIn: (p) =>
      p.surroundings === 'none' && p.gro === 'off' && p.backend === 'xdp-native' && isServed(p),
    shows: [/after GRO is turned off: 150 of 150 arrive without Norikae, 14\d of 150 with it/],
  },
  {
    what: 'the checksum of a segment does not follow its addresses',
    changes: [
      {
        file: `${XDP_BPF}/tuple.h`,
        from: 'ip->check = checksum_by(ip->check, change);\n\tchange_segment(segment, change);',
        to: 'ip->check = checksum_by(ip->check, change);',
      },
    ],
    seenIn: 'translated-addresses',
    shows: [
      /^TCP: chunks that arrive: 1,000 without Norikae, [\d,]+ with it$/,
      /^UDP: datagrams that arrive: 1,000 without Norikae, [\d,]+ with it$/,
    ],
  },
  {
    what: 'a lapsed lease is renewed before the entries are verified',
    changes: UNVERIFIED_LEASE,
    seenIn: 'stopped-daemon',
    shows: [/^packets that arrive after the lapse: 0 without Norikae, \d+ with it$/],
  },
  {
    what: 'a lease outlives the sight of the vSwitch',
    changes: UNVERIFIED_LEASE,
    seenIn: 'stopped-vswitch',
    shows: [/^packets that arrive meanwhile: 0 without Norikae, [\d,]+ with it$/],
  },
  {
    what: 'heartbeats do not wait for a gap',
    changes: [
      {
        file: `${CORE_BPF}/order.h`,
        from: 'if (!is_slow && !is_last && since + gap < limit)',
        to: 'if (limit < 0 && !is_slow && !is_last)',
      },
    ],
    seenIn: 'order',
    shows: [/^packets that arrive behind a later one: \d+ without Norikae, \d+ with it$/],
  },
  {
    what: 'heartbeats do not follow the idle time-outs of rules',
    changes: [{ file: `${CORE}/heartbeat.js`, from: 'needed?.ms ?? usualMs', to: 'usualMs' }],
    seenIn: 'idle-timeout-2',
    shows: [/^packets that arrive: 3,000 without Norikae, [\d,]+ with it$/],
  },
  {
    what: 'bridges that export are offloaded',
    changes: [
      {
        file: 'dist/engine/model/bypass.js',
        from: 'if (exports !== undefined) {',
        to: "if (exports === '') {",
      },
    ],
    seenIn: (p) => p.surroundings === 'netflow' && p.gro === 'on' && isServed(p),
    shows: [/^packets in NetFlow records: \d+ without Norikae, \d+ with it$/],
  },
  {
    what: 'ports have a program without entries',
    changes: [
      {
        file: `${CORE}/port-opener.js`,
        from: 'return this.#onDemand && (await this.#attachment.canAttachLive(name));',
        to: 'return false && name;',
      },
    ],
    seenIn: (p) => p.surroundings === 'none' && p.backend === 'xdp-native' && isServed(p),
    shows: [/^bytes per packet of a TCP connection that is not offloaded: [\d,]+ without/],
  },
  {
    what: 'flows of which no packet can be redirected have entries, whatever they cost',
    changes: [
      {
        file: 'dist/engine/reconcile/carry-check.js',
        from: 'if (passed > SPARE_PACKETS + heartbeats)',
        to: 'if (passed + heartbeats < 0)',
      },
      {
        file: 'dist/engine/planner/input-gate.js',
        from: 'if (isNewcomer && isOversized(table, row, gate))',
        to: 'if (isNewcomer && row < 0)',
      },
      {
        file: 'dist/engine/planner/input-gate.js',
        from: 'if (gate.isWorth)',
        to: 'if (row >= 0)',
      },
    ],
    seenIn: 'default-offloads',
    shows: [/^bytes per packet: [\d,]+ without Norikae, [\d,]+ with it$/],
  },
  {
    what: 'unfinished checksums of UDP are not summed up',
    changes: [
      {
        file: `${CORE_BPF}/parse.h`,
        from: 'place->proof = words[3] ? PROOF_SUM : PROOF_NONE;',
        to: 'place->proof = words[3] ? PROOF_SOFTWARE : PROOF_NONE;',
      },
    ],
    seenIn: (p) => p.protocol === 'udp' && p.tx === 'on' && p.backend === 'xdp-native',
    shows: [/^udp packets \(socket\)/],
  },
  {
    what: 'the pseudo header is taken for that of the IPv6 header, behind a routing header',
    changes: [
      {
        file: `${CORE_BPF}/parse.h`,
        from: 'else if (i > 0 && place->proof == PROOF_FIELD)',
        to: 'else if (i > MAX_IPV6_EXTENSIONS)',
      },
    ],
    seenIn: 'unfinished-checksums-xdp',
    shows: [/^TCP behind a segment routing header: .*: 100 without Norikae, 0 with it$/],
  },
  {
    what: 'unprovable checksums are taken for complete',
    changes: UNPROVEN,
    seenIn: 'unfinished-checksums-xdp',
    shows: ['UDP in VXLAN without an outer checksum', 'UDP in GRE', 'UDP in IPIP', 'SCTP'].map(
      (name) => new RegExp(`^${name}: packets that arrive: 100 without Norikae, 0 with it$`),
    ),
  },
];
