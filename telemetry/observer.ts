import { Placement, PLACEMENT_NAMES } from '../engine/model/flow.ts';
import { FlowTable } from '../engine/model/flow-table.ts';
import type { PortSnapshot } from '../engine/model/port.ts';
import type { Arrivals, SourceStatus, Tick } from '../engine/model/tick.ts';
import type { Clock } from '../engine/ports/clock.ts';
import { type FlowSource, isUnanswered, type ReadCost } from '../engine/ports/flow-source.ts';
import type { CounterSink, OffloadBackend } from '../engine/ports/offload-backend.ts';
import type { PortDirectory } from '../engine/ports/port-directory.ts';
import { withDeadline } from './deadline.ts';
import { estimateFirstRates } from './first-rates.ts';
import type { HostWatch } from './host-watch.ts';
import { AdaptivePeriod, type PeriodOptions } from './period.ts';
import { updateRates } from './rates.ts';
import { SourceHealth } from './source-health.ts';

/** Minimum period right after a change, ms. */
const QUICK_PERIOD_MS = 12;

const PLACEMENT_BY_BACKEND = {
  offload: Placement.offload,
  'fast-path': Placement.fastPath,
} as const;

/** Sources and timing of an {@link Observer}. */
export interface ObserverOptions {
  readonly flows: FlowSource;
  readonly ports: PortDirectory;
  readonly host: HostWatch;
  readonly backends: readonly OffloadBackend[];
  /** True if a backend's counters can be read; left out: all can. */
  readonly isUp?: (backend: OffloadBackend) => boolean;
  readonly clock: Clock;
  readonly period: PeriodOptions;
  /** As for {@link AdaptivePeriod}; left out: unlimited. */
  readonly verifyWithinMs?: number;
  /** Time-out of one source, ms. */
  readonly timeoutMs: number;
  /** Time constant of the rates' smoothing, ms. */
  readonly smoothingMs: number;
}

/** Reads all sources once per round and combines them into a tick. */
export class Observer {
  readonly table = new FlowTable();
  readonly #options: ObserverOptions;
  readonly #period: AdaptivePeriod;
  readonly #flowHealth: SourceHealth;
  readonly #counterHealth: ReadonlyMap<OffloadBackend, SourceHealth>;
  #sequence = 0;
  #lastTick: Tick | undefined;
  #lastCost: ReadCost | undefined;
  /** When changes of the ports were last known to be reported, ms. */
  #portsSeenAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: ObserverOptions) {
    this.#options = options;
    this.#period = new AdaptivePeriod(options.period, options.verifyWithinMs);
    this.#flowHealth = new SourceHealth(options.flows.name);
    this.#counterHealth = new Map(options.backends.map((b) => [b, new SourceHealth(b.name)]));
  }

  /** Period to use now, from the start of one round to the start of the next, ms. */
  get periodMs(): number {
    return this.#period.currentMs;
  }

  /** Reads the flows less often the longer the loop is idle; `quietMs` as in {@link AdaptivePeriod}. */
  setQuiet(quietMs: number | undefined): void {
    this.#period.quietMs = quietMs;
  }

  /** True if readings alone, within their share of the source's time, would let leases expire. */
  get isTooRareForLease(): boolean {
    return this.#period.isTooRareForLease;
  }

  /** True: the entries are verified between readings; the period need not follow the leases. */
  setVerifiesEntries(verifies: boolean): void {
    this.#period.verifiesEntries = verifies;
  }

  /** Period right after a change, ms: readings then take at most a third of the source's time. */
  get quickPeriodMs(): number {
    return Math.min(this.periodMs, Math.max(QUICK_PERIOD_MS, 3 * this.#period.costMs));
  }

  /** Cost of the last successful reading of the flows. */
  get lastCost(): ReadCost | undefined {
    return this.#lastCost;
  }

  /** Age from which a reading counts as stale, ms. */
  get staleAfterMs(): number {
    return 2 * this.#period.currentMs + this.#options.timeoutMs;
  }

  /** One round. Rejects only when aborted: a source that fails is stale in the tick. */
  async observe(signal: AbortSignal): Promise<Tick> {
    // Flows refer to ports by name; use the ports as they were before the flows were read.
    const { clock } = this.#options;
    const ports = this.#options.ports.current();
    const startedMs = clock.now();
    if (this.#options.ports.connected()) this.#portsSeenAtMs = startedMs;
    await this.#readFlows(signal);
    signal.throwIfAborted();
    const tick = this.#makeTick(++this.#sequence, ports, clock.now() - startedMs);
    this.#lastTick = tick;
    // Incomplete counters would give wrong rates; the next fresh tick covers this interval, too.
    if (tick.fresh) updateRates(this.table, this.#options.smoothingMs, this.#counterDelaysMs());
    return tick;
  }

  /**
   * Reads new flows alone, between two rounds. Resolves to undefined when only a round can find them: it
   * counts the failure, too, if the source cannot be read. Rejects only when aborted.
   */
  async observeArrivals(signal: AbortSignal): Promise<Arrivals | undefined> {
    const { clock, ports } = this.#options;
    const current = ports.current();
    const readAtMs = clock.now();
    // Flows refer to ports by name, and rates to the last complete reading.
    if (this.#lastTick?.fresh !== true || this.#lastTick.ports !== current) return undefined;
    const rows = await this.#readNewFlows(readAtMs, signal);
    signal.throwIfAborted();
    if (rows === undefined) return undefined;
    const rated = estimateFirstRates(this.table, rows, readAtMs);
    const tick = this.#makeTick(this.#sequence, current, clock.now() - readAtMs);
    return { ...tick, rows, rated, readAtMs };
  }

  /** Resolves to the rows of the new flows; undefined when only a complete reading can find them. */
  async #readNewFlows(readAtMs: number, signal: AbortSignal): Promise<Int32Array | undefined> {
    const { flows, timeoutMs } = this.#options;
    const { table } = this;
    table.beginPartial(readAtMs);
    try {
      const isRead = await withDeadline(
        flows.name,
        timeoutMs,
        signal,
        async (s) => (await flows.readNew?.(table, s)) ?? false,
      );
      if (isRead) return table.endPartial();
    } catch {
      // The complete reading that follows fails, too, or finds the flows.
    }
    table.abandon();
    return undefined;
  }

  /** How late the counters of backends are, ms, by placement; Infinity for a backend without. */
  #counterDelaysMs(): readonly number[] {
    const delays = PLACEMENT_NAMES.map(() => 0);
    for (const backend of this.#counterHealth.keys()) {
      const { placement, countsTraffic, counterDelayMs = 0 } = backend.capabilities();
      const delayMs = countsTraffic === false ? Number.POSITIVE_INFINITY : counterDelayMs;
      delays[PLACEMENT_BY_BACKEND[placement]] = delayMs;
    }
    return delays;
  }

  async #readFlows(signal: AbortSignal): Promise<void> {
    const { flows, clock, timeoutMs } = this.#options;
    this.table.begin(clock.now());
    try {
      const cost = await withDeadline(flows.name, timeoutMs, signal, (s) =>
        flows.read(this.table, s),
      );
      await this.#readCounters(signal);
      this.table.end();
      this.#period.recordCost(cost.sourceMs);
      this.#flowHealth.recordSuccess(clock.now(), cost.sourceMs, cost.note);
      this.#lastCost = cost;
    } catch (error) {
      this.table.abandon();
      if (isUnanswered(error)) this.#period.recordTimeout(error.waitedMs);
      this.#flowHealth.recordFailure(error);
    }
  }

  async #readCounters(signal: AbortSignal): Promise<void> {
    const { clock, timeoutMs } = this.#options;
    for (const [backend, health] of this.#counterHealth) {
      if (!this.#isUp(backend)) continue;
      const startedMs = clock.now();
      const by = PLACEMENT_BY_BACKEND[backend.capabilities().placement];
      try {
        const sink = this.#counterSink(by);
        await withDeadline(backend.name, timeoutMs, signal, (s) => backend.counters(sink, s));
        health.recordSuccess(clock.now(), clock.now() - startedMs);
      } catch (error) {
        health.recordFailure(error);
      }
    }
  }

  /** Writes a backend's counters to the table, timed by the clock at the first of them. */
  #counterSink(by: Placement): CounterSink {
    const { table } = this;
    const { clock } = this.#options;
    let answeredMs: number | undefined;
    return {
      carried: (w0, w1, w2, w3, packets, bytes, idleMs) => {
        answeredMs ??= clock.now();
        const atMs = answeredMs - Math.max(0, idleMs);
        table.carried(table.find(w0, w1, w2, w3), packets, bytes, atMs, by);
      },
    };
  }

  #makeTick(sequence: number, ports: PortSnapshot, readMs: number): Tick {
    const { clock, host } = this.#options;
    const nowMs = clock.now();
    const flows = this.#status(this.#flowHealth, nowMs);
    const counters = [...this.#counterHealth]
      .filter(([backend]) => this.#isUp(backend))
      .map(([, health]) => this.#status(health, nowMs));
    const directory = this.#directoryStatus();
    const needed = [flows, directory, ...counters];
    return {
      sequence,
      atMs: nowMs,
      wallMs: clock.wall?.(),
      readMs,
      table: this.table,
      node: host.state,
      ports,
      portsSeenAtMs: this.#portsSeenAtMs,
      sources: [...needed, host.status(nowMs)],
      flowsFresh: flows.fresh,
      fresh: needed.every((s) => s.fresh),
    };
  }

  #isUp(backend: OffloadBackend): boolean {
    return this.#options.isUp?.(backend) ?? true;
  }

  #status(health: SourceHealth, nowMs: number): SourceStatus {
    return health.status(nowMs, this.staleAfterMs, this.periodMs);
  }

  #directoryStatus(): SourceStatus {
    const { ports } = this.#options;
    const inSync = ports.inSync();
    const why = ports.lastError?.()?.message ?? 'the port directory is out of sync with the node';
    return {
      name: 'ports',
      fresh: inSync,
      ageMs: inSync ? 0 : Number.POSITIVE_INFINITY,
      failures: inSync ? 0 : 1,
      error: inSync ? undefined : why,
      costMs: 0,
      periodMs: 0,
    };
  }
}
