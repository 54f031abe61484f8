import { actionsText } from '../../engine/model/action-text.ts';
import { formatFlowId } from '../../engine/model/flow-id.ts';
import type { FlowSpec } from '../../engine/model/flow.ts';
import { FlowTable } from '../../engine/model/flow-table.ts';
import { monotonicMs } from '../../async/monotonic.ts';
import type { Operation, OperationResult } from '../../engine/ports/offload-backend.ts';
import { progress } from '../testbed/progress.ts';
import { sleep, waitFor } from '../testbed/wait.ts';
import { type SriovBed, startBed } from './bed/bed.ts';
import { stateOf } from './bed/state.ts';
import type { SriovOptions } from './on-host.ts';
import type { SriovReport } from './report.ts';
import { startTraffic, vfPackets } from './traffic.ts';

/** Longer than a move takes in an emulated machine. */
const LEASE_MS = 60_000;
/** Time for traffic between two moves. */
const DWELL_MS = 700;
/** For packets on their way, before the virtual function is to be silent. */
const SETTLE_MS = 100;
const FIND_MS = 30_000;

/** A move was refused. */
export class MoveRefused extends Error {
  override readonly name = 'MoveRefused';
}

/** Moves the traffic of a VM to its virtual function and back while it pings and sends. */
export async function moveThereAndBack({ moves }: SriovOptions): Promise<SriovReport> {
  const bed = await startBed(LEASE_MS);
  try {
    return await experiment(bed, moves);
  } catch (error) {
    progress(await stateOf(bed));
    throw error;
  } finally {
    await bed.stop();
  }
}

async function experiment(bed: SriovBed, moves: number): Promise<SriovReport> {
  const { backend } = bed;
  const reader = new FlowReader(bed);
  progress('traffic …');
  const traffic = await startTraffic(bed);
  const ms = { offload: [] as number[], onload: [] as number[] };
  let throughVf = 0;
  let strays = 0;
  await renew(bed);
  for (let move = 0; move < moves; move += 2) {
    progress(`move ${move + 1} of ${moves}`);
    const flows = await reader.bothWays();
    const before = await vfPackets(bed);
    ms.offload.push(
      await timed(() =>
        apply(
          bed,
          flows.map((flow) => ({ kind: 'put', flow })),
        ),
      ),
    );
    await sleep(DWELL_MS);
    ms.onload.push(
      await timed(() =>
        apply(
          bed,
          flows.map(({ id }) => ({ kind: 'delete', id })),
        ),
      ),
    );
    await sleep(SETTLE_MS);
    const back = await vfPackets(bed);
    throughVf += back - before;
    await sleep(DWELL_MS);
    strays += (await vfPackets(bed)) - back;
    await renew(bed);
  }
  progress('the traffic ends …');
  const noticed = await traffic.end();
  return {
    moves,
    ...noticed,
    throughVf,
    strays,
    medianMs: { offload: median(ms.offload), onload: median(ms.onload) },
    backend: backend.capabilities().description,
  };
}

/** Reads the flows of the vSwitch, and shows them to the backend, as the daemon does. */
class FlowReader {
  readonly #bed: SriovBed;
  readonly #table = new FlowTable();

  constructor(bed: SriovBed) {
    this.#bed = bed;
  }

  /** The two flows of IPv4 between the VM and the peer. */
  bothWays(): Promise<readonly FlowSpec[]> {
    const { uplink, vm, backend } = this.#bed;
    const isOurs = ({ match }: FlowSpec): boolean =>
      (match.inPort === uplink || match.inPort === vm.name) &&
      match.fields.some(
        ({ field, value }) => field === 'eth_type' && value[0] === 8 && value[1] === 0,
      );
    return waitFor(
      'both flows of the VM in the vSwitch',
      async () => {
        const all = await this.#read();
        const found = all.filter(isOurs).filter((flow) => backend.supports(flow).ok);
        if (new Set(found.map(({ match }) => match.inPort)).size === 2) return found;
        throw new MoveRefused(`the vSwitch has ${all.map((f) => this.#textOf(f)).join('; ')}`);
      },
      { timeoutMs: FIND_MS, everyMs: 200 },
    );
  }

  #textOf(flow: FlowSpec): string {
    const { match, actions } = flow;
    const fields = match.fields.map(
      ({ field, value }) => `${field}=${Buffer.from(value).toString('hex')}`,
    );
    const support = this.#bed.backend.supports(flow);
    const verdict = support.ok ? 'supported' : support.refusal.detail;
    return `${match.inPort},${fields.join()} -> ${actionsText(actions)} (${verdict})`;
  }

  async #read(): Promise<readonly FlowSpec[]> {
    const { flows, backend } = this.#bed;
    const table = this.#table;
    table.begin(performance.now());
    await flows.read(table, AbortSignal.timeout(FIND_MS));
    table.end();
    const contradicted = backend.contradicted(table);
    if (contradicted.length > 0) {
      throw new MoveRefused(`entries are contradicted: ${contradicted.map(formatFlowId).join()}`);
    }
    return Array.from(table.rows.subarray(0, table.count), (row) => table.specAt(row));
  }
}

async function apply({ backend }: SriovBed, operations: readonly Operation[]): Promise<void> {
  const results = await backend.apply(operations, AbortSignal.timeout(FIND_MS));
  const refusals = results.flatMap((result: OperationResult) => (result.ok ? [] : result.refusal));
  if (refusals.length === 0) return;
  throw new MoveRefused(refusals.map(({ code, detail }) => `${code}: ${detail}`).join('; '));
}

async function renew({ backend }: SriovBed): Promise<void> {
  const renewal = await backend.renewLease(monotonicMs());
  if (renewal !== 'renewed') throw new MoveRefused('the lease was not renewed');
}

async function timed(task: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await task();
  return performance.now() - startMs;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
