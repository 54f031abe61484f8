import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ownModule } from '../support/own-module.ts';
import { dumpLines, writeEscapedDump } from '../support/dump-generator.ts';
import { runPython } from '../support/peer.ts';
import { type BenchOptions, type BenchReport, compare } from '../support/report.ts';
import { isSizeFigures, type SizeFigures } from './figures.ts';
import { growthPlot } from './growth-plot.ts';

const SEED = 20_260;
const LOOKS = [0, 1];
/** Longest measurement of one number of flows, ms. */
const SIZE_MS = 300_000;
const execute = promisify(execFile);

/** The measured process printed something else. */
export class NoTickFigures extends Error {
  override readonly name = 'NoTickFigures';
}

/**
 * One tick from the bytes of a dump to an applied plan: parse, rates, the shipped default policy,
 * plan and reconcile over 8,192 entries; compared with a script on OVS's Python parser that selects
 * the best 8,192 by packets/s.
 */
export async function run(options: BenchOptions): Promise<BenchReport> {
  const { quick, signal, progress } = options;
  const sizes = quick ? [1_000, 10_000] : [1_000, 10_000, 100_000, 1_000_000];
  const peer = await peerRate(quick ? 500 : 5_000, signal);
  const figures: SizeFigures[] = [];
  for (const flows of sizes) {
    progress?.(`tick: ${flows} flows`);
    figures.push(await measure(flows, quick ? 5 : 15, signal));
  }
  const plots = options.decisions?.plots;
  if (plots !== undefined) {
    await mkdir(plots, { recursive: true });
    await writeFile(join(plots, 'tick-growth.svg'), growthPlot(figures));
  }
  return {
    name: 'tick',
    comparisons: figures.map(({ flows, stages }) => {
      const ours = (flows / stages.total) * 1000;
      return compare(`${flows} flows`, { ours, peer }, 'flows/s', 'higher');
    }),
    notes: [
      ...figures.map(noteOf),
      'RSS is that of a process of its own, without the dump that it reads',
      'peer: ovs.flow.odp.ODPFlow and a sort in Python, second of two looks',
    ],
    figures,
  };
}

function noteOf({ flows, stages, ownMb, growthMb, dumpMb }: SizeFigures): string {
  return (
    `${flows} flows: ${ms(stages.total)} a tick (ingest ${ms(stages.ingest)}, ` +
    `rates ${ms(stages.rates)}, rules ${ms(stages.rules)}, plan and reconcile ` +
    `${ms(stages.decide - stages.rules)}), ` +
    `RSS ${ownMb.toFixed(0)} MB, grown by ${growthMb.toFixed(1)} MB; dump ${dumpMb.toFixed(0)} MB`
  );
}

/** Ticks of a process of their own over dumps in files. */
async function measure(flows: number, rounds: number, signal: AbortSignal): Promise<SizeFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'norikae-bench-tick-'));
  try {
    const files: string[] = [];
    for (const look of LOOKS) {
      const file = join(folder, `dump-${look}`);
      await writeEscapedDump(file, { flows, seed: SEED, look });
      files.push(file);
    }
    const args = [...ownModule(import.meta.url, 'measure-size'), String(rounds), ...files];
    const options = { signal, timeout: SIZE_MS, killSignal: 'SIGKILL' } as const;
    const { stdout } = await execute(process.execPath, args, options);
    const figures: unknown = JSON.parse(stdout);
    if (!isSizeFigures(figures)) throw new NoTickFigures(`the process printed ${stdout}`);
    return figures;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Flows per second of the script on OVS's Python parser. */
async function peerRate(flows: number, signal: AbortSignal): Promise<number> {
  const looks = LOOKS.map((look) =>
    [...dumpLines({ flows, seed: SEED, look })]
      .filter((line) => line.startsWith('ufid:'))
      .map((line) => line.replace(/, dp-extra-info:.*$/, ''))
      .join('\n'),
  );
  const result: unknown = JSON.parse(await runPython('tick_peer.py', looks.join('\n\n'), signal));
  if (typeof result !== 'object' || result === null) throw new Error('the peer printed no object');
  if (!('seconds' in result) || typeof result.seconds !== 'number') {
    throw new Error('the peer printed no seconds');
  }
  return flows / result.seconds;
}

function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 0)} ms`;
}
