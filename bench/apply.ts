import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { xdpTable } from '../lab/testbed/nic-tables.ts';
import type { PortSnapshot } from '../engine/model/port.ts';
import { mountBpffs } from '../lab/testbed/bpffs.ts';
import { Cleanup } from '../lab/testbed/cleanup.ts';
import { packageRoot } from '../platform/package-root.ts';
import { manyFlows, MASKS, twoPorts } from './apply-flows.ts';
import { ApplyImpossible, expectBpftool } from './apply-peers.ts';
import { SizeRounds } from './apply-rounds.ts';
import type { BenchOptions, BenchReport, Comparison } from './support/report.ts';

const FULL = { sizes: [1_000, 8_192, 60_000], rounds: 9 };
const QUICK = { sizes: [1_000, 8_192], rounds: 3 };

/** Rounds before those: code that is not compiled yet, masks that are not published. */
const WARM_ROUNDS = 2;

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
    const results: SizeResult[] = [];
    for (const entries of sizes) {
      const setting = { folder, objectPath, ports, entries, rounds };
      results.push(await compareAt(setting, signal));
    }
    return {
      name: 'apply',
      comparisons: results.flatMap(({ comparisons }) => comparisons),
      notes: [
        `the same entries under ${MASKS} masks; median of ${rounds} rounds each, after ${WARM_ROUNDS} others; ` +
          'ours and one call begin in turn',
        'write: ours from flows, encoding and results included; a deletion begins a grace period, and the ' +
          'next write waits for what is left of it',
        'at once: right after the same entries were deleted, so that the whole grace period is included',
        ...results.map(({ spread }) => spread),
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

/** The comparisons of one size, and how its rounds differ. */
interface SizeResult {
  readonly comparisons: readonly Comparison[];
  readonly spread: string;
}

async function compareAt(setting: Setting, signal: AbortSignal): Promise<SizeResult> {
  const { folder, objectPath, ports, entries, rounds } = setting;
  const pinPath = join(folder, 'bpf', `n${entries}`);
  const lease = { leaseMs: 60_000, heartbeatMs: 1_000 };
  const mode = 'native';
  const backend = xdpTable({ pinPath, objectPath, entries, masks: MASKS, mode, ...lease });
  await backend.start(ports, signal);
  try {
    const flows = manyFlows([...ports.keys()], entries);
    const size = await SizeRounds.prepare({ backend, flows, pinPath, folder }, signal);
    try {
      for (let round = 0; round < WARM_ROUNDS; round++) await size.run(round, signal);
      size.forget();
      for (let round = 0; round < rounds; round++) await size.run(round, signal);
      return size.result();
    } finally {
      size.close();
    }
  } finally {
    await backend.close('withdraw');
  }
}
