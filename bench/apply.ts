import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostBackend } from '../adapters/nic/host/backend.ts';
import { xdpTable } from '../lab/testbed/nic-tables.ts';
import type { FlowSpec } from '../engine/model/flow.ts';
import type { PortSnapshot } from '../engine/model/port.ts';
import { mountBpffs } from '../lab/testbed/bpffs.ts';
import { Cleanup } from '../lab/testbed/cleanup.ts';
import { packageRoot } from '../platform/package-root.ts';
import { manyFlows, MASKS, twoPorts } from './apply-flows.ts';
import { ApplyImpossible, BareMap, batchFile, bpftool, expectBpftool } from './apply-peers.ts';
import { median } from './support/measuring.ts';
import { type BenchOptions, type BenchReport, type Comparison, compare } from './support/report.ts';

const FULL = { sizes: [1_000, 8_192, 60_000], rounds: 5 };
const QUICK = { sizes: [1_000, 8_192], rounds: 3 };

/** Time until the next reading can free the slots of deleted entries, ms. */
const DRAIN_MS = 30;

/**
 * Writes entries to the XDP table and reads them and their counters, compared on the same map with
 * bpftool (a batch file of updates, and dumps) and with single batch calls of libbpf. The peers
 * start from encoded bytes; ours starts from flows, as the daemon does.
 */
export async function run({ quick, signal }: BenchOptions): Promise<BenchReport> {
  const objectPath = join(packageRoot(), 'dist/adapters/nic/xdp/norikae.bpf.o');
  if (process.getuid?.() !== 0) throw new ApplyImpossible('only root loads XDP');
  if (!existsSync(objectPath)) throw new ApplyImpossible('npm run build:bpf first');
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
        'write: ours from flows, encoding, waits for grace periods and results included',
        'bpftool: a batch file of map updates; map dump and -j, its output thrown away',
        'one call: bpf_map_update_batch and bpf_map_lookup_batch of all entries, bytes ready',
        'counters: per slot read',
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

/** Durations, ms. */
class Times {
  readonly write: number[] = [];
  readonly read: number[] = [];
  readonly counters: number[] = [];
}

async function compareAt(setting: Setting, signal: AbortSignal): Promise<Comparison[]> {
  const { folder, objectPath, ports, entries, rounds } = setting;
  const pinPath = join(folder, 'bpf', `n${entries}`);
  const lease = { leaseMs: 60_000, heartbeatMs: 1_000 };
  const mode = 'native';
  const backend = xdpTable({ pinPath, objectPath, entries, masks: MASKS, mode, ...lease });
  await backend.start(ports, signal);
  let bareMap: BareMap | undefined;
  try {
    const [ours, tool, bare] = [new Times(), new Times(), new Times()];
    const flows = manyFlows([...ports.keys()], entries);
    const flowMap = join(pinPath, 'flows');
    const batch = join(folder, `batch-${entries}`);
    for (let round = 0; round < rounds; round++) {
      await measureOurs(backend, flows, ours, signal);
      if (round === 0) await writeFile(batch, await batchFile(flowMap, entries, folder, signal));
      bareMap ??= new BareMap(flowMap, entries);
      bare.read.push(bareMap.read());
      tool.read.push(await bpftool(['-j', 'map', 'dump', 'pinned', flowMap], signal));
      const stats = join(pinPath, 'stats');
      tool.counters.push(await bpftool(['-j', 'map', 'dump', 'pinned', stats], signal));
      await backend.withdrawAll();
      bare.write.push(bareMap.write());
      await expectEntries(backend, entries, signal);
      bareMap.clear();
      tool.write.push(await bpftool(['batch', 'file', batch], signal));
      await expectEntries(backend, entries, signal);
      bareMap.clear();
      await sleep(DRAIN_MS, undefined, { signal });
      await backend.counters({ carried: () => undefined }, signal);
    }
    const slots = entries * 2 + 1024;
    const rate = (count: number, times: readonly number[]) => (count / median(times)) * 1000;
    const line = (what: string, mine: number, theirs: number) =>
      compare(what, { ours: mine, peer: theirs }, 'entries/s', 'higher');
    const [write, read] = [rate(entries, ours.write), rate(entries, ours.read)];
    return [
      line(`write ${entries}, bpftool`, write, rate(entries, tool.write)),
      line(`write ${entries}, one call`, write, rate(entries, bare.write)),
      line(`read ${entries}, bpftool`, read, rate(entries, tool.read)),
      line(`read ${entries}, one call`, read, rate(entries, bare.read)),
      line(
        `counters ${entries}, bpftool`,
        rate(entries, ours.counters),
        rate(slots, tool.counters),
      ),
    ];
  } finally {
    bareMap?.close();
    await backend.close('withdraw');
  }
}

async function measureOurs(
  backend: HostBackend,
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
  backend: HostBackend,
  expected: number,
  signal: AbortSignal,
): Promise<void> {
  let count = 0;
  await backend.entries({ entry: () => count++ }, signal);
  if (count !== expected) throw new ApplyImpossible(`${count} entries in place of ${expected}`);
}
