import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostBackend } from '../adapters/nic/host/backend.ts';
import type { FlowSpec } from '../engine/model/flow.ts';
import { ApplyImpossible, BareMap, batchFile, bpftool } from './apply-peers.ts';
import { median } from './support/measuring.ts';
import { type Comparison, compare } from './support/report.ts';

/** Time until the next reading can free the slots of deleted entries, ms. */
const DRAIN_MS = 30;

/** Durations, ms, one a round. */
class Times {
  readonly write: number[] = [];
  readonly writeAtOnce: number[] = [];
  readonly read: number[] = [];
  readonly counters: number[] = [];
}

/** What is measured. */
interface SizeParts {
  readonly backend: HostBackend;
  readonly flows: readonly FlowSpec[];
  readonly pinPath: string;
  /** For the files of bpftool. */
  readonly folder: string;
}

/** Rounds with the same entries: ours and the peers write them to the same map, and read them. */
export class SizeRounds {
  readonly #parts: SizeParts;
  readonly #bareMap: BareMap;
  readonly #flowMap: string;
  readonly #batch: string;
  #ours = new Times();
  #tool = new Times();
  #bare = new Times();

  private constructor(parts: SizeParts, bareMap: BareMap, batch: string) {
    this.#parts = parts;
    this.#bareMap = bareMap;
    this.#flowMap = join(parts.pinPath, 'flows');
    this.#batch = batch;
  }

  /** Writes the entries once, to get the bytes that the peers write. */
  static async prepare(parts: SizeParts, signal: AbortSignal): Promise<SizeRounds> {
    const { backend, flows, pinPath, folder } = parts;
    const flowMap = join(pinPath, 'flows');
    const batch = join(folder, `batch-${flows.length}`);
    await apply(backend, flows, signal);
    await writeFile(batch, await batchFile(flowMap, flows.length, folder, signal));
    const rounds = new SizeRounds(parts, new BareMap(flowMap, flows.length), batch);
    await backend.withdrawAll();
    return rounds;
  }

  /** Forgets what was measured. */
  forget(): void {
    this.#ours = new Times();
    this.#tool = new Times();
    this.#bare = new Times();
  }

  /** One round. Each of ours and the one call begins in turn, because what comes first finds colder memory. */
  async run(round: number, signal: AbortSignal): Promise<void> {
    const { backend } = this.#parts;
    if (round % 2 === 1) await this.#writeBare(signal);
    await this.#measureOurs(signal);
    if (round % 2 === 0) await this.#writeBare(signal);
    this.#tool.write.push(await bpftool(['batch', 'file', this.#batch], signal));
    await this.#expectEntries(signal);
    this.#bareMap.clear();
    await sleep(DRAIN_MS, undefined, { signal });
    await backend.counters({ carried: () => undefined }, signal);
  }

  async #writeBare(signal: AbortSignal): Promise<void> {
    this.#bare.write.push(this.#bareMap.write());
    await this.#expectEntries(signal);
    this.#bareMap.clear();
  }

  async #measureOurs(signal: AbortSignal): Promise<void> {
    const { backend, flows, pinPath } = this.#parts;
    const [ours, tool, bare] = [this.#ours, this.#tool, this.#bare];
    ours.write.push(await apply(backend, flows, signal));
    ours.read.push(await timeOf(() => this.#expectEntries(signal)));
    ours.counters.push(await timeOf(() => backend.counters({ carried: () => undefined }, signal)));
    bare.read.push(this.#bareMap.read());
    await backend.withdrawAll();
    ours.writeAtOnce.push(await apply(backend, flows, signal));
    tool.read.push(await bpftool(['-j', 'map', 'dump', 'pinned', this.#flowMap], signal));
    const stats = join(pinPath, 'stats');
    tool.counters.push(await bpftool(['-j', 'map', 'dump', 'pinned', stats], signal));
    await backend.withdrawAll();
  }

  async #expectEntries(signal: AbortSignal): Promise<void> {
    const { backend, flows } = this.#parts;
    let count = 0;
    await backend.entries({ entry: () => count++ }, signal);
    if (count === flows.length) return;
    throw new ApplyImpossible(`${count} entries in place of ${flows.length}`);
  }

  /** The medians of the rounds, and how they differ. */
  result(): { readonly comparisons: readonly Comparison[]; readonly spread: string } {
    const entries = this.#parts.flows.length;
    const [ours, tool, bare] = [this.#ours, this.#tool, this.#bare];
    const slots = entries * 2 + 1024;
    const rate = (count: number, times: readonly number[]) => (count / median(times)) * 1000;
    const line = (
      what: string,
      mine: readonly number[],
      theirs: readonly number[],
      count = entries,
    ) =>
      compare(
        what,
        { ours: rate(entries, mine), peer: rate(count, theirs) },
        'entries/s',
        'higher',
      );
    const pairs = ours.write.map((ms, round) => ms / bare.write[round]).sort((a, b) => a - b);
    return {
      comparisons: [
        line(`write ${entries}, bpftool`, ours.write, tool.write),
        line(`write ${entries}, one call`, ours.write, bare.write),
        line(`write ${entries} at once, one call`, ours.writeAtOnce, bare.write),
        line(`read ${entries}, bpftool`, ours.read, tool.read),
        line(`read ${entries}, one call`, ours.read, bare.read),
        line(`counters ${entries}, bpftool`, ours.counters, tool.counters, slots),
      ],
      spread:
        `write ${entries}: ours took as long as one call times ` +
        pairs.map((pair) => pair.toFixed(2)).join(', '),
    };
  }

  close(): void {
    this.#bareMap.close();
  }
}

/** Writes the entries of the flows. Resolves to the duration, ms. */
async function apply(
  backend: HostBackend,
  flows: readonly FlowSpec[],
  signal: AbortSignal,
): Promise<number> {
  const operations = flows.map((flow) => ({ kind: 'put' as const, flow }));
  const start = performance.now();
  const results = await backend.apply(operations, signal);
  const ms = performance.now() - start;
  const refused = results.find((result) => !result.ok);
  if (refused !== undefined) throw new ApplyImpossible(JSON.stringify(refused));
  return ms;
}

async function timeOf(task: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await task();
  return performance.now() - start;
}
