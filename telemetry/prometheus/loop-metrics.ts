import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { TickReport } from '../../engine/loop/tick-report.ts';
import type { SourceStatus } from '../../engine/model/tick.ts';

const STAGES = ['observe', 'enforce', 'rules', 'plan', 'apply'] as const;
/** Results of checks of the installed entries between readings. */
const ENTRY_CHECK_RESULTS = ['verified', 'incomplete', 'failed'] as const;
export type EntryCheckResult = (typeof ENTRY_CHECK_RESULTS)[number];
const STAGE_BOUNDS = [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3];

/** Prometheus metrics of the loop: ticks, their duration, and the sources they read. */
export class LoopMetrics {
  readonly #ticks: Counter;
  readonly #tickSeconds: Histogram;
  readonly #stageSeconds: Histogram;
  readonly #entryChecks: Counter;
  readonly #entryCheckSeconds: Counter;
  readonly #period: Gauge;
  readonly #held: Gauge;
  readonly #hostCpu: Gauge;
  readonly #packetCost: Gauge;
  readonly #sourceFresh: Gauge;
  readonly #sourceAge: Gauge;
  readonly #sourceCost: Gauge;
  readonly #sourcePeriod: Gauge;
  readonly #sourceFailures: Counter;
  readonly #sourcePauses: Counter;
  readonly #failuresSeen = new Map<string, number>();

  constructor(registry: Registry) {
    const registers = [registry];
    const gauge = (name: string, help: string, labelNames: string[] = []): Gauge =>
      new Gauge({ name: `norikae_${name}`, help, labelNames, registers });
    this.#ticks = new Counter({
      name: 'norikae_ticks_total',
      help: 'Ticks; fresh=false when a source was stale and nothing was moved.',
      labelNames: ['fresh'],
      registers,
    });
    for (const fresh of ['true', 'false']) this.#ticks.inc({ fresh }, 0);
    this.#tickSeconds = new Histogram({
      name: 'norikae_tick_duration_seconds',
      help: 'Time from the reading of a tick to its last operation: enforcement, rules, plan and operations.',
      buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3],
      registers,
    });
    this.#stageSeconds = new Histogram({
      name: 'norikae_loop_stage_duration_seconds',
      help: 'Time of each stage of a tick: observe waits for the sources, apply for the backends. The rate of their sum is the share of time that the loop is busy.',
      labelNames: ['stage'],
      buckets: STAGE_BOUNDS,
      registers,
    });
    for (const stage of STAGES) this.#stageSeconds.zero({ stage });
    this.#entryChecks = new Counter({
      name: 'norikae_entry_checks_total',
      help: 'Checks of all installed entries between two readings, by result: verified, incomplete (entries or ports changed meanwhile) or failed (no answer).',
      labelNames: ['result'],
      registers,
    });
    for (const result of ENTRY_CHECK_RESULTS) this.#entryChecks.inc({ result }, 0);
    this.#entryCheckSeconds = new Counter({
      name: 'norikae_entry_check_seconds_total',
      help: 'Time spent on checks of the installed entries, most of it waiting for ovs-vswitchd.',
      registers,
    });
    this.#period = gauge(
      'loop_period_seconds',
      "Period of the loop. It grows when reading takes more than its share of vswitchd's time, and while nothing is offloaded.",
    );
    this.#held = gauge('held', '1 during a hold: every flow stays on the vSwitch (onload-all).');
    this.#hostCpu = gauge(
      'host_cpu_ratio',
      'Share of all CPUs that the host itself uses: 1 - idle - guest. NaN while unknown.',
    );
    this.#packetCost = gauge(
      'vswitch_packet_cost_estimate_seconds',
      'Estimate of the host CPU time per packet on the vSwitch, from the correlation of CPU time and packets in the last minutes. NaN until there are enough samples.',
    );
    this.#sourceFresh = gauge(
      'source_fresh',
      '1 when the source is fresh; 0 when it is stale, and nothing is moved.',
      ['source'],
    );
    this.#sourceAge = gauge(
      'source_age_seconds',
      'Age of the last successful reading of the source; +Inf before the first.',
      ['source'],
    );
    this.#sourceCost = gauge(
      'source_cost_seconds',
      'Time that the last successful reading took from the process that was read.',
      ['source'],
    );
    this.#sourcePeriod = gauge(
      'source_period_seconds',
      'Current period between readings of the source.',
      ['source'],
    );
    this.#sourceFailures = new Counter({
      name: 'norikae_source_failures_total',
      help: 'Readings of the source that failed or timed out.',
      labelNames: ['source'],
      registers,
    });
    this.#sourcePauses = new Counter({
      name: 'norikae_source_pauses_total',
      help: 'Ticks before which the source did not follow changes of flows, because too many changed: they waited for the next reading.',
      labelNames: ['source'],
      registers,
    });
  }

  recordTick(report: TickReport, periodMs: number): void {
    const { tick, stages } = report;
    this.#ticks.inc({ fresh: String(tick.fresh) });
    this.#tickSeconds.observe(report.elapsedMs / 1000);
    if (tick.readMs !== undefined) this.#stage('observe', tick.readMs);
    this.#stage('enforce', stages.enforceMs);
    // A stale tick has no rules, plan and apply stages; zeros would distort the histograms.
    if (report.evaluation !== undefined) {
      this.#stage('rules', stages.rulesMs);
      this.#stage('plan', stages.planMs);
      this.#stage('apply', stages.applyMs);
    }
    this.#period.set(periodMs / 1000);
    this.#held.set(report.held ? 1 : 0);
    this.#hostCpu.set(tick.node.hostCpu ?? Number.NaN);
    this.#packetCost.set((tick.node.packetCost ?? Number.NaN) / 1e9);
    for (const source of tick.sources) this.#source(source);
  }

  /** Records a check of the installed entries between two readings. */
  recordEntryCheck(result: EntryCheckResult, elapsedMs: number): void {
    this.#entryChecks.inc({ result });
    this.#entryCheckSeconds.inc(elapsedMs / 1000);
  }

  #stage(stage: (typeof STAGES)[number], ms: number): void {
    this.#stageSeconds.observe({ stage }, ms / 1000);
  }

  #source({ name: source, fresh, ageMs, costMs, periodMs, failures, note }: SourceStatus): void {
    this.#sourcePauses.inc({ source }, fresh && note !== undefined ? 1 : 0);
    this.#sourceFresh.set({ source }, fresh ? 1 : 0);
    this.#sourceAge.set({ source }, ageMs / 1000);
    this.#sourceCost.set({ source }, costMs / 1000);
    this.#sourcePeriod.set({ source }, periodMs / 1000);
    // A source counts its failures since its last answer.
    const seen = this.#failuresSeen.get(source) ?? 0;
    this.#sourceFailures.inc({ source }, failures >= seen ? failures - seen : failures);
    this.#failuresSeen.set(source, failures);
  }
}
