import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { XdpBackend } from '../adapters/nic/xdp/backend.ts';
import { packageRoot } from '../platform/package-root.ts';
import type { FlowSpec } from '../engine/model/flow.ts';
import type { FieldMatch, FieldName } from '../engine/model/match.ts';
import type { PortInfo, PortSnapshot } from '../engine/model/port.ts';
import { mountBpffs } from '../lab/testbed/bpffs.ts';
import { Cleanup } from '../lab/testbed/cleanup.ts';
import { NameMaker } from '../lab/testbed/names.ts';
import { Namespace } from '../lab/testbed/namespace.ts';
import { run as runCommand } from '../lab/testbed/run.ts';
import { createVethPort } from '../lab/testbed/veth.ts';
import { median } from './support/measuring.ts';
import { peerSignal } from './support/peer.ts';
import { type BenchOptions, type BenchReport, type Comparison, compare } from './support/report.ts';

const FULL = { sizes: [1_000, 8_192, 60_000], rounds: 5 };
const QUICK = { sizes: [1_000, 8_192], rounds: 3 };
const MASKS = 8;

/** The machine lacks what the benchmark needs. */
export class ApplyImpossible extends Error {
  override readonly name = 'ApplyImpossible';
}

/**
 * Writes entries to the XDP table and reads them and their counters, compared with bpftool on the
 * same maps: a batch file of updates, and dumps. bpftool starts from encoded bytes; ours starts
 * from flows, as the daemon does.
 */
export async function run({ quick, signal }: BenchOptions): Promise<BenchReport> {
  const objectPath = join(packageRoot(), 'dist/adapters/nic/xdp/norikae.bpf.o');
  if (process.getuid?.() !== 0) throw new ApplyImpossible('bench apply: only root loads XDP');
  if (!existsSync(objectPath)) throw new ApplyImpossible('bench apply: npm run build:bpf first');
  await expectBpftool(signal);
  const cleanup = new Cleanup();
  try {
    const folder = await mkdtemp(join(tmpdir(), 'norikae-bench-'));
    cleanup.add({
      name: folder,
      undo: () => rm(folder, { recursive: true, force: true }),
      undoNow: () => undefined,
    });
    await mountBpffs(cleanup, join(folder, 'bpf'));
    const ports = await twoPorts(cleanup);
    const { sizes, rounds } = quick ? QUICK : FULL;
    const comparisons: Comparison[] = [];
    for (const entries of sizes) {
      const setting = { folder, objectPath, ports, entries, rounds };
      comparisons.push(...(await compareAt(setting, signal)));
    }
    return {
      name: 'apply',
      comparisons,
      notes: [
        `the same entries under ${MASKS} masks; median of ${rounds} rounds each`,
        'write: ours from flows, encoding included; bpftool from a batch file of map updates',
        'counters: per slot read; bpftool -j map dump, its output thrown away',
      ],
    };
  } finally {
    await cleanup.run();
  }
}

interface Setting {
  readonly folder: string;
  readonly objectPath: string;
  readonly ports: PortSnapshot;
  readonly entries: number;
  readonly rounds: number;
}

interface Times {
  readonly write: number[];
  readonly read: number[];
  readonly counters: number[];
}

async function compareAt(setting: Setting, signal: AbortSignal): Promise<Comparison[]> {
  const { folder, objectPath, ports, entries, rounds } = setting;
  const pinPath = join(folder, 'bpf', `n${entries}`);
  const lease = { leaseMs: 60_000, heartbeatMs: 1_000 };
  const mode = 'native';
  const backend = new XdpBackend({ pinPath, objectPath, entries, masks: MASKS, mode, ...lease });
  await backend.start(ports, signal);
  try {
    const ours: Times = { write: [], read: [], counters: [] };
    const peer: Times = { write: [], read: [], counters: [] };
    const flows = manyFlows([...ports.keys()], entries);
    const flowMap = join(pinPath, 'flows');
    const batch = join(folder, `batch-${entries}`);
    for (let round = 0; round < rounds; round++) {
      await measureOurs(backend, flows, ours, signal);
      if (round === 0) await writeFile(batch, await batchFile(flowMap, entries));
      peer.read.push(await bpftool(['-j', 'map', 'dump', 'pinned', flowMap], signal));
      const stats = join(pinPath, 'stats');
      peer.counters.push(await bpftool(['-j', 'map', 'dump', 'pinned', stats], signal));
      await backend.withdrawAll();
      peer.write.push(await bpftool(['batch', 'file', batch], signal));
      await expectEntries(backend, entries, signal);
      // Our backend does not know bpftool's entries; the next write replaces them by key.
      await settle();
      await backend.counters({ carried: () => undefined }, signal);
    }
    const slots = entries * 2 + 1024;
    const rate = (count: number, times: readonly number[]) => (count / median(times)) * 1000;
    const line = (what: string, mine: number, theirs: number) =>
      compare(`${what} ${entries}`, { ours: mine, peer: theirs }, 'entries/s', 'higher');
    return [
      line('write', rate(entries, ours.write), rate(entries, peer.write)),
      line('read', rate(entries, ours.read), rate(entries, peer.read)),
      line('counters', rate(entries, ours.counters), rate(slots, peer.counters)),
    ];
  } finally {
    await backend.close('withdraw');
  }
}

async function measureOurs(
  backend: XdpBackend,
  flows: readonly FlowSpec[],
  times: Times,
  signal: AbortSignal,
): Promise<void> {
  const operations = flows.map((flow) => ({ kind: 'put' as const, flow }));
  let start = performance.now();
  const results = await backend.apply(operations, signal);
  times.write.push(performance.now() - start);
  const refused = results.find((result) => !result.ok);
  if (refused !== undefined) throw new ApplyImpossible(JSON.stringify(refused));
  start = performance.now();
  await expectEntries(backend, flows.length, signal);
  times.read.push(performance.now() - start);
  start = performance.now();
  await backend.counters({ carried: () => undefined }, signal);
  times.counters.push(performance.now() - start);
}

async function expectEntries(
  backend: XdpBackend,
  expected: number,
  signal: AbortSignal,
): Promise<void> {
  let count = 0;
  await backend.entries({ entry: () => count++ }, signal);
  if (count !== expected) throw new ApplyImpossible(`${count} entries in place of ${expected}`);
}

/** The entries as bpftool commands, converted from its dump. */
async function batchFile(flowMap: string, entries: number): Promise<string> {
  const text = await runCommand('bpftool', ['-j', 'map', 'dump', 'pinned', flowMap]);
  const hex = /"key":\[([^\]]*)\],"value":\[([^\]]*)\]/g;
  const bytes = (list: string) => list.replaceAll(/"0x([0-9a-f]{2})",?/g, '$1 ');
  const lines = [...text.matchAll(hex)].map(
    ([, key, value]) =>
      `map update pinned ${flowMap} key hex ${bytes(key)} value hex ${bytes(value)}`,
  );
  if (lines.length !== entries) throw new ApplyImpossible(`bpftool dumped ${lines.length} entries`);
  return `${lines.join('\n')}\n`;
}

/** Throws before the set-up when the peer is missing. */
async function expectBpftool(signal: AbortSignal): Promise<void> {
  try {
    await bpftool(['version'], signal);
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOENT') throw error;
    throw new ApplyImpossible('bench apply: bpftool is missing: apt-get install bpftool');
  }
}

/** Duration of a bpftool command, ms. */
function bpftool(args: readonly string[], signal: AbortSignal): Promise<number> {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn('bpftool', args, { stdio: 'ignore', signal: peerSignal(signal) });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(performance.now() - start);
      else reject(new ApplyImpossible(`bpftool ${args.join(' ')} failed with ${code}`));
    });
  });
}

async function twoPorts(cleanup: Cleanup): Promise<PortSnapshot> {
  const names = new NameMaker();
  const ports = new Map<string, PortInfo>();
  for (const last of ['01', '02']) {
    const vm = await Namespace.create(cleanup, names, 'b');
    const mac = `02:00:00:00:02:${last}`;
    const { name, ifindex } = await createVethPort(cleanup, {
      name: names.next('w'),
      vm,
      mac,
      addresses: [],
    });
    const unknown = {
      vm: undefined,
      slice: undefined,
      linkBitsPerSecond: undefined,
      shaped: false,
      policed: false,
    };
    ports.set(name, { name, uuid: name, ifindex, bridge: 'b', kind: 'vm', mac, ...unknown });
  }
  return ports;
}

/** TCP flows between two ports, under several masks. */
function manyFlows([inPort, outPort]: readonly string[], count: number): FlowSpec[] {
  const u16 = (value: number) => Uint8Array.of(value >> 8, value & 255);
  const exact = (field: FieldName, value: Uint8Array): FieldMatch => {
    const mask = new Uint8Array(value.length).fill(field === 'ip_frag' ? 3 : 255);
    return { field, value, mask };
  };
  return Array.from({ length: count }, (_, n) => ({
    id: { w0: 0xbe7c, w1: 0, w2: 0, w3: n },
    match: {
      inPort,
      opaque: [],
      fields: [
        exact('eth_type', u16(0x0800)),
        exact('ip_proto', Uint8Array.of(6)),
        exact('ip_frag', Uint8Array.of(0)),
        exact('ipv4_src', Uint8Array.of(10, 0, n >> 16, 1)),
        {
          field: 'ipv4_dst',
          value: Uint8Array.of(10, 1, 0, 0),
          mask: Uint8Array.of(255, 255, 0, n % MASKS),
        },
        exact('tcp_dst', u16(n & 0xffff)),
      ],
    },
    actions: [{ kind: 'output', port: outPort }],
  }));
}

/** Waits until the next reading can free the slots of deleted entries. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 30));
}
