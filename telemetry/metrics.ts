import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { PathTotals } from '../engine/model/flow-table.ts';
import { PLACEMENT_NAMES } from '../engine/model/flow.ts';
import type { TickReport } from '../engine/engine.ts';

/**
 * The aggregates that Prometheus scrapes. Labels come from what the node is made of (placements,
 * backends, sources), never from flows, so that their number is bounded.
 */
export class Metrics {
  readonly #flows: Gauge;
  readonly #bytes: Counter;
  readonly #packets: Counter;
  readonly #hostCpu: Gauge;
  readonly #entries: Gauge;
  readonly #entriesUsed: Gauge;
  readonly #operations: Counter;
  readonly #tickSeconds: Histogram;
  readonly #rulesSeconds: Histogram;
  readonly #sourceFresh: Gauge;
  readonly #sourceAge: Gauge;
  readonly #sourceCost: Gauge;
  readonly #sourcePeriod: Gauge;
  readonly #held: Gauge;
  #last: PathTotals | undefined;

  constructor(registry: Registry, version: string) {
    const registers = [registry];
    const gauge = (name: string, help: string, labelNames: string[] = []): Gauge =>
      new Gauge({ name: `norikae_${name}`, help, labelNames, registers });
    const counter = (name: string, help: string, labelNames: string[] = []): Counter =>
      new Counter({ name: `norikae_${name}`, help, labelNames, registers });

    gauge('build_info', 'Version of the daemon; always 1.', ['version']).set({ version }, 1);
    this.#flows = gauge('flows', 'Datapath flows by where their packets are processed.', [
      'placement',
    ]);
    this.#bytes = counter(
      'traffic_bytes_total',
      'Bytes by the path that carried them: the vSwitch, or a backend instead of it.',
      ['path'],
    );
    this.#packets = counter(
      'traffic_packets_total',
      'Packets by the path that carried them: the vSwitch, or a backend instead of it.',
      ['path'],
    );
    this.#hostCpu = gauge(
      'host_cpu_ratio',
      'Share of all CPUs that the host itself uses: 1 - idle - guest. NaN while not known.',
    );
    this.#entries = gauge('table_entries', 'Entries that the backend can hold.', ['backend']);
    this.#entriesUsed = gauge('table_entries_used', 'Entries in use.', ['backend']);
    this.#operations = counter(
      'operations_total',
      'Operations sent to a backend; outcome is what became of them, or the cause of a refusal.',
      ['backend', 'kind', 'outcome'],
    );
    this.#tickSeconds = new Histogram({
      name: 'norikae_tick_duration_seconds',
      help: 'Time from a tick to its last operation: rules, plan and operations.',
      buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3],
      registers,
    });
    this.#rulesSeconds = new Histogram({
      name: 'norikae_rules_duration_seconds',
      help: 'Time that the rules took in one tick.',
      buckets: [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3],
      registers,
    });
    this.#sourceFresh = gauge('source_fresh', '1 when the source is fresh, 0 when it is stale.', [
      'source',
    ]);
    this.#sourceAge = gauge('source_age_seconds', 'Age of the last good reading of the source.', [
      'source',
    ]);
    this.#sourceCost = gauge(
      'source_cost_seconds',
      'Time that the last good reading took from whom it was read.',
      ['source'],
    );
    this.#sourcePeriod = gauge('source_period_seconds', 'Period the source is read with now.', [
      'source',
    ]);
    this.#held = gauge('held', '1 while everything is held on the vSwitch (onload-all).');
  }

  /** Brings the metrics up to a tick. */
  observe(report: TickReport): void {
    const { tick } = report;
    PLACEMENT_NAMES.forEach((placement, i) => this.#flows.set({ placement }, report.flows[i]));
    this.#traffic(tick.table.totals);
    this.#hostCpu.set(tick.node.hostCpu ?? Number.NaN);
    for (const { backend, capacity } of report.plans) {
      this.#entries.set({ backend }, capacity.entries);
      this.#entriesUsed.set({ backend }, capacity.used);
    }
    for (const { backend, kind, result } of report.moves) {
      const outcome = result.ok ? result.outcome : result.refusal.code;
      this.#operations.inc({ backend, kind, outcome });
    }
    this.#tickSeconds.observe(report.elapsedMs / 1000);
    const { evaluation } = report;
    if (evaluation !== undefined) this.#rulesSeconds.observe(evaluation.elapsedMs / 1000);
    for (const source of tick.sources) {
      this.#sourceFresh.set({ source: source.name }, source.fresh ? 1 : 0);
      this.#sourceAge.set({ source: source.name }, source.ageMs / 1000);
      this.#sourceCost.set({ source: source.name }, source.costMs / 1000);
      this.#sourcePeriod.set({ source: source.name }, source.periodMs / 1000);
    }
    this.#held.set(report.held ? 1 : 0);
  }

  /** Counts from the first tick on: what flows sent before the daemon came is not its to count. */
  #traffic(now: PathTotals): void {
    const last = this.#last ?? now;
    this.#bytes.inc({ path: 'vswitch' }, now.vswitchBytes - last.vswitchBytes);
    this.#bytes.inc({ path: 'backend' }, now.carriedBytes - last.carriedBytes);
    this.#packets.inc({ path: 'vswitch' }, now.vswitchPackets - last.vswitchPackets);
    this.#packets.inc({ path: 'backend' }, now.carriedPackets - last.carriedPackets);
    this.#last = { ...now };
  }
}
