import {
  auditTime,
  exhaustMap,
  filter,
  ignoreElements,
  interval,
  merge,
  NEVER,
  Observable,
  retry,
  share,
  tap,
  timer,
  type Subscription,
} from 'rxjs';
import { Engine } from '../engine/loop/engine.ts';
import type { Stage } from '../engine/loop/tick-stages.ts';
import type { TickReport } from '../engine/loop/tick-report.ts';
import type { FlowTable } from '../engine/model/flow-table.ts';
import type { Tick } from '../engine/model/tick.ts';
import type { Clock } from '../engine/ports/clock.ts';
import type { OffloadBackend } from '../engine/ports/offload-backend.ts';
import type { RuleEvaluator } from '../engine/ports/rule-evaluator.ts';
import type { Accountant } from '../telemetry/accounts/accountant.ts';
import type { TickAccounts } from '../telemetry/accounts/tick-accounts.ts';
import { HostWatch } from '../telemetry/host-watch.ts';
import type { Metrics } from '../telemetry/prometheus/metrics.ts';
import { Observer } from '../telemetry/observer.ts';
import { BURST_MS } from '../telemetry/arrival-polling.ts';
import { ticks, type TickSource } from '../telemetry/ticks.ts';
import { ArrivalRounds } from './arrival-rounds.ts';
import { BackendStarter } from './backend-starter.ts';
import type { Config } from '../config/config.ts';
import { MAX_PER_TICK } from './decisions/decision-log.ts';
import { EntryChecks } from './entry-checks.ts';
import { RuleChecks } from './rule-checks.ts';
import { IdleReadings } from './idle-readings.ts';
import { LeaseRenewer } from './lease-renewer.ts';
import type { Log } from '../platform/log.ts';
import { type MarkPhase, markNothing, type Phase } from '../platform/watchdog/phases.ts';
import { AUDIT_MS, SMOOTHING_MS } from '../engine/loop/defaults.ts';
import { MoveLog } from './move-log.ts';
import type { Node } from './node.ts';
import { samples } from './sampling.ts';
import { PortsFollower } from './ports-follower.ts';
import { errorMessage } from '../text/error-message.ts';

const HOST_PERIOD_MS = 1000;
const RETRY_AFTER_MS = 500;
/** Longest time from a verification to the renewal that is based on it, ms. */
const MAX_RENEWAL_MS = 250;

/** Options of {@link Loop}. */
export interface LoopOptions {
  readonly config: Pick<Config, 'poll' | 'planner'>;
  readonly node: Node;
  readonly evaluator: RuleEvaluator;
  readonly clock: Clock;
  readonly log: Log;
  readonly accountant: Accountant;
  readonly metrics: Metrics;
  /** Marks what the loop does, for the watchdog. */
  readonly mark?: MarkPhase;
}

const PHASE_OF_STAGE: Readonly<Record<Stage, Phase>> = {
  enforce: 'removing entries',
  evaluate: 'evaluating policies',
  plan: 'planning',
  apply: 'applying a plan',
};

/**
 * Runs the engine on the ticks of the node's sources, and renews the backends' leases while their
 * entries are known to be correct.
 */
export class Loop {
  readonly engine: Engine;
  readonly #options: LoopOptions;
  readonly #mark: MarkPhase;
  readonly #observer: Observer;
  readonly #host: HostWatch;
  readonly #starter: BackendStarter;
  readonly #follower: PortsFollower;
  readonly #moves: MoveLog;
  readonly #stop = new AbortController();
  readonly #listeners = new Set<(report: TickReport) => void>();
  readonly #placedListeners = new Set<() => void>();
  #running: Subscription | undefined;
  #unsubscribe: readonly (() => void)[] = [];
  #starting: Promise<void> = Promise.resolve();
  #lastReport: TickReport | undefined;
  readonly #idle: IdleReadings;
  /** Of the pause after the last tick; undefined before the first tick. */
  #periodMs: number | undefined;
  readonly #checks: EntryChecks;
  readonly #ruleChecks: RuleChecks;
  readonly #arrivals: ArrivalRounds;
  /** Errors of the last tick, by backend. */
  #lastErrors: ReadonlyMap<string, string> = new Map();

  constructor(options: LoopOptions) {
    const { config, node, clock, log } = options;
    this.#options = options;
    this.#mark = options.mark ?? markNothing;
    this.#host = new HostWatch({
      host: node.host,
      ports: node.ports,
      clock,
      periodMs: HOST_PERIOD_MS,
      vswitchPackets: () => this.table.totals.vswitchPackets,
      timeoutMs: config.poll.timeoutMs,
    });
    this.#observer = new Observer({
      flows: node.flows,
      ports: node.ports,
      host: this.#host,
      backends: node.backends,
      isUp: (backend) => this.#starter.up.has(backend),
      clock,
      period: config.poll,
      verifyWithinMs: verifyWithinMs(node.backends),
      timeoutMs: config.poll.timeoutMs,
      smoothingMs: SMOOTHING_MS,
    });
    const { minHoldMs, operationsPerSecond, burst } = config.planner;
    const { receiveBitsPerSecond, sendBitsPerSecond } = config.planner;
    this.engine = new Engine({
      evaluator: options.evaluator,
      planner: { minHoldMs, operations: { perSecond: operationsPerSecond, burst } },
      bandwidth: {
        ...(receiveBitsPerSecond === undefined ? {} : { receiveBitsPerSecond }),
        ...(sendBitsPerSecond === undefined ? {} : { sendBitsPerSecond }),
      },
      backends: node.backends,
      clock,
      auditMs: AUDIT_MS,
      ...(node.verifier === undefined ? {} : { verifier: node.verifier }),
      ...(node.lookup === undefined ? {} : { lookup: node.lookup }),
      backendsComeUp: true,
      inputsPerPlan: MAX_PER_TICK,
      onStage: (stage) => this.#mark(PHASE_OF_STAGE[stage]),
    });
    this.#idle = new IdleReadings({
      observer: this.#observer,
      host: this.#host,
      ports: node.ports,
      backends: node.backends,
      engine: this.engine,
      clock,
      loadPeriodMs: config.poll.periodMs,
    });
    this.#starter = new BackendStarter(node, log, (backend) => {
      this.engine.backendUp(backend);
      if (this.engine.held) this.#withdrawAll();
      this.#follower.changed(node.ports.current());
    });
    this.#follower = new PortsFollower((ports) => this.#followPorts(ports));
    this.#moves = new MoveLog(log, clock);
    this.#checks = new EntryChecks({
      engine: this.engine,
      available: node.lookup !== undefined && node.lookup.isPartial !== true,
      placesArrivals: node.flows.readNew !== undefined,
      table: () => this.table,
      observer: this.#observer,
      ports: node.ports,
      backends: node.backends,
      verifyWithinMs: verifyWithinMs(node.backends),
      clock,
      log,
      onResult: (result, elapsedMs) => options.metrics.recordEntryCheck(result, elapsedMs),
    });
    this.#ruleChecks = new RuleChecks({
      engine: this.engine,
      available: node.lookup?.isPartial === true,
      table: () => this.table,
      observer: this.#observer,
      clock,
      log,
    });
    this.#arrivals = new ArrivalRounds({
      engine: this.engine,
      observer: this.#observer,
      checks: this.#checks,
      idle: this.#idle,
      isBehind: () => this.#follower.behind,
      log,
      mark: this.#mark,
      onFailures: (failures) => this.#recordFailures(failures),
      onPlaced: () => this.#notify(this.#placedListeners, undefined),
    });
  }

  get table(): FlowTable {
    return this.#observer.table;
  }

  /** Report of the last tick; undefined before the first. */
  get lastReport(): TickReport | undefined {
    return this.#lastReport;
  }

  /** Why a backend has not started, or an error of the last tick; undefined without errors. */
  get error(): string | undefined {
    return this.#starter.error ?? this.#lastErrors.values().next().value;
  }

  /** Why a backend has not started, or its error in the last tick; undefined without an error. */
  errorOf(backend: OffloadBackend): string | undefined {
    return this.#starter.errorOf(backend) ?? this.#lastErrors.get(backend.name);
  }

  /** True once all backends have started. */
  get started(): boolean {
    return this.#starter.started;
  }

  /** Period as of the last tick, ms; the next reading is due then, or sooner after a change. */
  get periodMs(): number {
    return this.#periodMs ?? this.#observer.periodMs;
  }

  /** Accounts of the node up to the last tick; the same object each time. */
  get accounts(): TickAccounts {
    return this.#options.accountant.accounts;
  }

  /** Ends the idle time: what is wanted, or may be placed, has changed. */
  wake(): void {
    this.#idle.wake();
  }

  /** Calls `listener` after every tick; the returned function unsubscribes. */
  onTick(listener: (report: TickReport) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Calls `listener` when new flows got an entry between two ticks; the next report says which. The
   * returned function unsubscribes.
   */
  onPlaced(listener: () => void): () => void {
    this.#placedListeners.add(listener);
    return () => this.#placedListeners.delete(listener);
  }

  /** Starts the loop. The start of sources and backends is retried until it succeeds. */
  start(): void {
    const { node, clock } = this.#options;
    this.#starting = this.#starter.run(this.#stop.signal);
    this.#unsubscribe = [
      node.ports.subscribe((ports) => {
        this.#follower.changed(ports);
        this.#idle.wake();
      }),
      // Entries that a backend removed by itself are reported like those of a removed port.
      ...node.backends.flatMap(
        (b) => b.onLost?.(() => this.#follower.changed(node.ports.current())) ?? [],
      ),
    ];
    node.changes?.start();
    const handle = (tick: Tick, signal: AbortSignal) => this.#handle(tick, signal);
    const changes = merge(this.#switchChanges(), this.#idle.lateChanges).pipe(share());
    const urgency = {
      changes,
      arrivals: this.#newFlows(),
      ...(node.flows.readNew === undefined
        ? {}
        : { handleArrivals: (signal: AbortSignal) => this.#arrivals.run(signal) }),
      areArrivalsKnown: ({ tick }: TickReport) => tick.fresh && hasNoUncountedFlow(tick.table),
      wakes: this.#idle.wakes(),
    };
    const rounds = ticks(this.#source(), clock, handle, urgency).pipe(
      tap((report) => this.#publish(report)),
      // A failed tick has been logged; the loop continues.
      retry({ delay: () => timer(RETRY_AFTER_MS) }),
    );
    const leases = node.backends.map((backend) => this.#renewLease(backend));
    const checks = this.#checks.watch();
    this.#running = merge(
      rounds,
      checks,
      this.#ruleChecks.watch(changes),
      this.#samples(),
      this.#host.watch(),
      ...leases,
    ).subscribe();
  }

  /** Stops the loop, withdraws or keeps the entries, and closes the node. */
  async stop(onExit: 'withdraw' | 'keep'): Promise<void> {
    this.#running?.unsubscribe();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#stop.abort(new Error('the daemon exits'));
    await this.#starting;
    try {
      await this.engine.close(onExit);
    } finally {
      await this.#options.node.close();
    }
  }

  /** The observer, whose rounds are marked. */
  #source(): TickSource {
    const observer = this.#observer;
    const idle = this.#idle;
    const mark = this.#mark;
    const checks = this.#checks;
    const ruleChecks = this.#ruleChecks;
    return {
      observe: async (signal) => {
        await ruleChecks.beginRound();
        await checks.beginRound(signal);
        signal.throwIfAborted();
        mark('reading flows and counters');
        idle.beginReading();
        return observer.observe(signal);
      },
      get periodMs() {
        return observer.periodMs;
      },
      get quickPeriodMs() {
        return observer.quickPeriodMs;
      },
    };
  }

  /** Emits when the vSwitch's configuration has changed, or its rules while there may be entries. */
  #switchChanges(): Observable<void> {
    const { changes, flows, ports } = this.#options.node;
    return new Observable((subscriber) => {
      const onRules = (): void => {
        if (!this.#idle.rulesChanged()) subscriber.next();
      };
      const onConfiguration = (): void => {
        this.#idle.wake();
        subscriber.next();
      };
      const unsubscribe = [
        changes?.subscribe(onRules),
        flows.onActionsChange?.(onRules),
        ports.onSwitchChange?.(onConfiguration),
      ];
      return () => unsubscribe.forEach((end) => end?.());
    });
  }

  /**
   * Emits when flows have appeared, so that they need not wait for the next reading. Where they can be
   * read alone, they end the idle time only after the time in which their rates show.
   */
  #newFlows(): Observable<void> {
    const { flows } = this.#options.node;
    const made = new Observable<void>((subscriber) =>
      flows.onNewFlow?.(() => subscriber.next()),
    ).pipe(share());
    if (flows.readNew === undefined) return made.pipe(filter(() => this.#idle.flowAppeared()));
    const wakes = made.pipe(
      auditTime(BURST_MS),
      tap(() => this.#idle.flowAppeared()),
      ignoreElements(),
    );
    return merge(made, wakes);
  }

  /** Removes the entries that an earlier daemon left, in a hold; each tick tries again. */
  #withdrawAll(): void {
    this.engine.onloadAll(this.table).catch((error: unknown) => {
      this.#options.log.error(
        { error: errorMessage(error) },
        'the hold has not removed all entries',
      );
    });
  }

  #samples(): Observable<void> {
    const { node, config, log } = this.#options;
    const periodMs = config.poll.samplePeriodMs;
    if (node.verifier === undefined || periodMs === 0) return NEVER;
    return samples({ engine: this.engine, table: () => this.table, periodMs, log });
  }

  async #followPorts(ports: Parameters<Engine['portsChanged']>[0]): Promise<void> {
    const { log } = this.#options;
    this.#mark('updating ports');
    try {
      const lost = await this.engine.portsChanged(ports, this.table);
      if (lost > 0) log.info({ entries: lost }, 'removed the entries of ports that are gone');
    } catch (error) {
      log.error({ error: errorMessage(error) }, 'a backend could not apply a change of ports');
      throw error;
    }
  }

  async #handle(tick: Tick, signal: AbortSignal): Promise<TickReport> {
    if (this.#follower.behind) this.#follower.retry();
    // A backend that is behind may still use a port's name for another port.
    const decided: Tick = { ...tick, fresh: tick.fresh && !this.#follower.behind };
    try {
      const report = await this.engine.onTick(decided, signal);
      this.#recordFailures(report.failures);
      return report;
    } catch (error) {
      if (!signal.aborted) {
        this.#lastErrors = new Map([['loop', errorMessage(error)]]);
        this.#options.log.error(
          { error: errorMessage(error), tick: tick.sequence },
          'a tick failed',
        );
      }
      throw error;
    } finally {
      this.#checks.endRound();
      this.#ruleChecks.endRound();
    }
  }

  #recordFailures(failures: TickReport['failures']): void {
    this.#lastErrors = new Map(failures.map((f) => [f.backend, errorMessage(f.error)]));
    for (const [backend, error] of this.#lastErrors) {
      this.#options.log.error({ backend, error }, 'a backend failed in this tick');
    }
  }

  #publish(report: TickReport): void {
    this.#mark('publishing a tick');
    this.#lastReport = report;
    this.#idle.endTick(report);
    this.#periodMs = this.#observer.periodMs;
    this.#options.accountant.account(report, this.engine.evaluator.rules);
    this.#options.metrics.recordTick(report, this.periodMs);
    this.#moves.observe(report);
    this.#notify(this.#listeners, report);
    this.#mark('waiting');
  }

  #notify<Event>(listeners: Iterable<(event: Event) => void>, event: Event): void {
    for (const listener of listeners) {
      try {
        listener(event);
      } catch (error) {
        // A failing listener must not stop the loop.
        this.#options.log.error({ error: errorMessage(error) }, 'a listener failed');
      }
    }
  }

  /** Renews a backend's lease whenever that is due. */
  #renewLease(backend: OffloadBackend): Observable<void> {
    const { leaseMs } = backend.capabilities();
    const { clock, log, metrics } = this.#options;
    const renewer = new LeaseRenewer(this.engine, backend, clock);
    return interval(Math.min(MAX_RENEWAL_MS, Math.max(50, leaseMs / 4))).pipe(
      exhaustMap(async () => {
        const renewal = await renewer.renew();
        const { verifiedAtMs = -Infinity } = this.engine.verificationOf(backend) ?? {};
        metrics.backends.recordRenewal(backend.name, renewal, verifiedAtMs);
        if (renewal.result !== 'failed') return;
        const why = errorMessage(renewal.error);
        log.error({ backend: backend.name, error: why }, 'the lease was not renewed');
      }),
    );
  }
}

/** True when packets of every flow have been counted that appeared a moment ago. */
function hasNoUncountedFlow({ traffic, rows, count, readAtMs }: FlowTable): boolean {
  for (let i = 0; i < count; i++) {
    const row = rows[i];
    const isNew = traffic.firstSeenMs[row] > readAtMs - BURST_MS;
    if (isNew && traffic.vswitchPackets[row] + traffic.carriedPackets[row] === 0) return false;
  }
  return true;
}

/** The shortest of the backends, ms; Infinity without backends. */
function verifyWithinMs(backends: readonly OffloadBackend[]): number {
  const each = backends.map((backend) => {
    const { verifyWithinMs, leaseMs } = backend.capabilities();
    return verifyWithinMs ?? leaseMs;
  });
  return Math.min(...each);
}
