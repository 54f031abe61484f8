import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dial } from '../protocols/openflow/connection/dial.ts';
import { Session, SESSION_DEFAULTS } from '../protocols/openflow/connection/session.ts';
import { inBundle } from '../protocols/openflow/connection/transaction.ts';
import { Cookies } from '../adapters/openflow/cookies.ts';
import { FlowMods, withXid } from '../adapters/openflow/flow-mods.ts';
import type { RuleSpec } from '../adapters/openflow/rule.ts';
import { readTable } from '../adapters/openflow/rule-stats.ts';
import type { OxmName } from '../protocols/openflow/codec/oxm-fields.ts';
import { OF13 } from '../protocols/openflow/codec/version.ts';
import { median as middle } from '../lab/measures/median.ts';
import { measureRuleChanges } from '../lab/rule-change.ts';
import { Cleanup } from '../lab/testbed/cleanup.ts';
import { NorikaeDaemon } from '../lab/testbed/daemon.ts';
import { NameMaker } from '../lab/testbed/names.ts';
import { BRIDGE, TestNode } from '../lab/testbed/node.ts';
import { OvsInstance } from '../lab/testbed/ovs.ts';
import { packageRoot } from '../platform/package-root.ts';
import { type BenchOptions, type BenchReport, type Comparison, compare } from './support/report.ts';

const FULL = { rules: 100_000, rounds: 5, changes: 15 };
const QUICK = { rules: 20_000, rounds: 3, changes: 5 };
const TIMEOUT_MS = 60_000;
const COOKIE_TAG = 0x4e4b;
/** Rules to install as warm-up. */
const WARM_UP = 10_000;
/** The daemon's default period, which would apply without a flow monitor, ms. */
const POLL_MS = 250;

/** The benchmark failed. */
export class OpenFlowBenchFailed extends Error {
  override readonly name = 'OpenFlowBenchFailed';
}

/**
 * Installs rules in Open vSwitch in one bundle and reads them with their counters, compared with
 * ovs-ofctl on the same switch. Then measures how long an entry outlives a rule that drops its
 * flow, with the flow monitor and with polling only.
 */
export async function run({ quick, signal }: BenchOptions): Promise<BenchReport> {
  const setting = quick ? QUICK : FULL;
  if (process.getuid?.() !== 0) throw new OpenFlowBenchFailed('bench openflow: only root can');
  const comparisons = [
    ...(await rulesAndStats(setting, signal)),
    await ruleChange(setting.changes),
  ];
  return {
    name: 'openflow',
    comparisons,
    notes: [
      `${setting.rules} rules (1.3: in_port, eth_type, ip_proto, ipv4_dst, tcp_dst); median of ${setting.rounds} rounds, in turn`,
      'peer: ovs-ofctl --bundle add-flows from a file, ovs-ofctl dump-flows into memory, as processes',
      'ours: from rules as the daemon has them to the commit confirmed; to every rule and counter decoded',
      `rule change: from the start of ovs-ofctl mod-flows to the XDP filter gone; peer: polling every ${POLL_MS} ms`,
    ],
  };
}

async function rulesAndStats(
  { rules, rounds }: typeof FULL,
  signal: AbortSignal,
): Promise<readonly Comparison[]> {
  const cleanup = new Cleanup();
  try {
    const ovs = await OvsInstance.start(cleanup, new NameMaker());
    await ovs.addBridge(BRIDGE);
    const file = join(ovs.runDir, 'rules');
    await writeFile(file, rulesAsText(rules));
    const bench = new Bench(ovs, file, rules, signal);
    const times: Record<'put' | 'peerPut' | 'read' | 'peerRead', number[]> = {
      put: [],
      peerPut: [],
      read: [],
      peerRead: [],
    };
    // Warm-up, not timed: the code of a running daemon is compiled.
    await bench.puts(WARM_UP);
    for (let round = 0; round < rounds; round++) {
      await bench.empty();
      times.peerPut.push(await bench.peerPuts());
      times.peerRead.push(await bench.peerReads());
      await bench.empty();
      times.put.push(await bench.puts());
      times.read.push(await bench.reads());
    }
    const rate = (values: readonly number[]) => (rules / middle(values)) * 1000;
    const line = (name: string, ours: readonly number[], peer: readonly number[]) =>
      compare(name, { ours: rate(ours), peer: rate(peer) }, 'rules/s', 'higher');
    return [
      line(`flow-mods in a bundle ${rules}`, times.put, times.peerPut),
      line(`flow stats ${rules}`, times.read, times.peerRead),
    ];
  } finally {
    await cleanup.run();
  }
}

/** One switch, used by our client and by ovs-ofctl. */
class Bench {
  readonly #ovs: OvsInstance;
  readonly #file: string;
  readonly #rules: readonly RuleSpec[];
  readonly #signal: AbortSignal;

  constructor(ovs: OvsInstance, file: string, rules: number, signal: AbortSignal) {
    this.#ovs = ovs;
    this.#file = file;
    this.#rules = Array.from({ length: rules }, (_, n) => ruleOf(n));
    this.#signal = signal;
  }

  async empty(): Promise<void> {
    await this.#ofctl('del-flows', BRIDGE);
  }

  peerPuts(): Promise<number> {
    return timed(() => this.#ofctl('--bundle', 'add-flows', BRIDGE, this.#file));
  }

  async peerReads(): Promise<number> {
    let text = '';
    const ms = await timed(async () => {
      text = await this.#ofctl('dump-flows', BRIDGE);
    });
    this.#expect(text.split('cookie=').length - 1);
    return ms;
  }

  /** Includes connecting, as for the peer. */
  puts(count = this.#rules.length): Promise<number> {
    return timed(() =>
      this.#inSession(async (session) => {
        const cookies = new Cookies(COOKIE_TAG);
        const dialect = { version: OF13, nicira: true } as const;
        const mods = new FlowMods({ priority: 40_000, hardTimeout: 0 }, cookies, dialect);
        const { committed, errors } = await inBundle(
          session,
          count,
          (n, xid) => withXid(mods.add(this.#rules[n]), xid),
          this.#signal,
        );
        if (!committed || errors.size > 0) throw new OpenFlowBenchFailed('the bundle was refused');
      }),
    );
  }

  async reads(): Promise<number> {
    let count = 0;
    let packets = 0n;
    const ms = await timed(() =>
      this.#inSession((session) =>
        readTable(
          session,
          { version: OF13, nicira: true },
          (stats) => {
            count++;
            packets += stats.packets;
          },
          this.#signal,
        ),
      ),
    );
    this.#expect(count);
    return ms;
  }

  #expect(found: number): void {
    if (found !== this.#rules.length) {
      throw new OpenFlowBenchFailed(`${found} rules in place of ${this.#rules.length}`);
    }
  }

  async #inSession(use: (session: Session) => Promise<void>): Promise<void> {
    const path = join(this.#ovs.runDir, `${BRIDGE}.mgmt`);
    const socket = await dial({ kind: 'unix', path }, undefined, this.#signal);
    const options = {
      ...SESSION_DEFAULTS,
      maxVersion: OF13,
      timeoutMs: TIMEOUT_MS,
      goneAfterMs: TIMEOUT_MS,
    } as const;
    const session = await Session.open('Open vSwitch', socket, options, this.#signal);
    try {
      await use(session);
    } finally {
      await session.close();
    }
  }

  #ofctl(...args: readonly string[]): Promise<string> {
    const env = { OVS_RUNDIR: this.#ovs.runDir };
    const all = ['-O', 'OpenFlow13', ...args];
    return this.#ovs.host.exec('ovs-ofctl', all, { env, timeoutMs: TIMEOUT_MS });
  }
}

/** The median time that an entry outlives a change, with and without the monitor. */
async function ruleChange(changes: number): Promise<Comparison> {
  const node = await TestNode.start();
  try {
    const [one, two] = [await node.addVm(1), await node.addVm(2)];
    const policies = [join(packageRoot(), 'test', 'node', 'policies', 'eager.json')];
    const median = async (flowMonitor: boolean): Promise<number> => {
      const daemon = await NorikaeDaemon.start(node, {
        policies,
        planner: { minHoldMs: 0 },
        poll: { periodMs: POLL_MS },
        ovs: { flowMonitor, assumedIdleTimeout: 0 },
      });
      try {
        return middle(await measureRuleChanges(node, daemon, [one, two], changes));
      } finally {
        await daemon.stop();
      }
    };
    const numbers = { ours: await median(true), peer: await median(false) };
    return compare(`rule change to filter gone, ${changes} changes`, numbers, 'ms', 'lower');
  } finally {
    await node.stop();
  }
}

async function timed(task: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await task();
  return performance.now() - startMs;
}

function rulesAsText(count: number): string {
  return Array.from(
    { length: count },
    (_, n) =>
      `priority=40000,in_port=1,tcp,nw_dst=10.${n >> 16}.${(n >> 8) & 255}.${n & 255},` +
      `tp_dst=${n & 0xffff},actions=output:2\n`,
  ).join('');
}

/** The same rule as the n-th line of {@link rulesAsText}. */
function ruleOf(n: number): RuleSpec {
  const u16 = (value: number) => Uint8Array.of(value >> 8, value & 255);
  const field = (name: OxmName, value: Uint8Array) =>
    ({ kind: 'field', name, value, mask: undefined }) as const;
  return {
    id: { w0: n, w1: 0, w2: 0, w3: 0 },
    cookie: BigInt(n),
    match: {
      kind: 'oxm',
      fields: [
        field('in_port', Uint8Array.of(0, 0, 0, 1)),
        field('eth_type', u16(0x0800)),
        field('ip_proto', Uint8Array.of(6)),
        field('ipv4_dst', Uint8Array.of(10, n >> 16, (n >> 8) & 255, n & 255)),
        field('tcp_dst', u16(n & 0xffff)),
      ],
    },
    instructions: [{ kind: 'apply-actions', actions: [{ kind: 'output', port: 2, maxLen: 0 }] }],
    matchKey: '',
    actionsKey: '',
    ports: [],
    switchPorts: [],
    slowPort: undefined,
  };
}
