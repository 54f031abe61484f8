import type { BackendOperation, TickReport } from '../../engine/loop/tick-report.ts';
import type { FactReading } from '../../engine/model/fact-reading.ts';
import { Placement, PLACEMENT_NAMES, REQUESTED_PLACEMENT_NAMES } from '../../engine/model/flow.ts';
import { formatFlowId } from '../../engine/model/flow-id.ts';
import type { FlowTable } from '../../engine/model/flow-table.ts';
import type { ChangeCause, PlacementChange } from '../../engine/model/placement-change.ts';
import { SideTable } from '../../engine/model/side-table.ts';
import type { RuleInfo } from '../../engine/ports/rule-evaluator.ts';
import { describeMatch } from '../../views/describe-flow.ts';
import type { DecisionRecord } from '../../api/decision-record.ts';

/** The rules in force, and the revisions of their policies by name. */
export interface RulesInForce {
  readonly rules: readonly RuleInfo[];
  readonly revisions: ReadonlyMap<string, string>;
}

/** What a {@link DecisionRecorder} does. */
export interface RecorderOptions {
  /** Most records of one tick; what is beyond is counted and left out. */
  readonly mostPerTick: number;
  /** Takes a record. */
  readonly write: (record: DecisionRecord) => void;
  /** Hears how many changes of a tick were left out. */
  readonly onLost: (records: number) => void;
  /** Wall clock, ms since 1970. */
  readonly wall: () => number;
}

/** Where a shadow's request would put a flow, by request; undefined: nowhere else. */
const SHADOW_PLACE = [
  undefined,
  Placement.offload,
  Placement.onload,
  Placement.fastPath,
  Placement.onload,
] as const;

/**
 * Writes one record for each change of a flow's placement, and for each move that a shadow policy
 * begins to ask for.
 */
export class DecisionRecorder {
  readonly #options: RecorderOptions;
  readonly #prefix: string;
  #count = 0;
  readonly #rows = new SideTable('flow');
  /** What a shadow asked for a row's flow in the last tick. */
  readonly #shadowRequest = this.#rows.uint8();

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#prefix = Math.floor(options.wall()).toString(36);
  }

  /** Takes a tick into account; its table must not have been read anew since. */
  observe(report: TickReport, inForce: RulesInForce): void {
    const { changes } = report;
    const shadows = this.#shadows(report.tick.table);
    if (changes.length + shadows.length === 0) return;
    const wallMs = this.#options.wall();
    const operations = operationsByFlow(report.operations);
    const about: Surroundings = { report, inForce, wallMs, operations };
    const most = this.#options.mostPerTick;
    for (const change of changes.slice(0, most)) this.#changed(change, about);
    const room = Math.max(0, most - changes.length);
    for (const row of shadows.slice(0, room)) this.#shadowed(row, about);
    const lost = changes.length + shadows.length - most;
    if (lost > 0) this.#options.onLost(lost);
  }

  /** Live rows for which a shadow begins to ask for a place that nobody else asks for. */
  #shadows(table: FlowTable): readonly number[] {
    const { shadow, decision } = table;
    if (shadow === undefined) return [];
    this.#rows.follow(table);
    const before = this.#shadowRequest.values;
    const rows: number[] = [];
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      const requested = shadow.requested[row];
      const place = SHADOW_PLACE[requested];
      const begins = requested !== before[row] && requested !== decision.requested[row];
      if (begins && place !== undefined && place !== decision.placement[row]) rows.push(row);
      before[row] = requested;
    }
    return rows;
  }

  #changed(change: PlacementChange, about: Surroundings): void {
    const { id, match, from, to, cause, reason, requested, score, plannedBy } = change;
    const flow = formatFlowId(id);
    const operation = WITHOUT_OPERATION.has(cause)
      ? undefined
      : about.operations.get(operationKey(to === 'offload' || to === 'fast-path', flow));
    const inputs = plannedBy?.inputs;
    this.#write(about, change.atMs, {
      mode: 'enforce',
      flow,
      match: describeMatch(match),
      from,
      to,
      cause,
      ...ruleOf(plannedBy?.rule ?? 0, about.inForce),
      requested: REQUESTED_PLACEMENT_NAMES[requested],
      score,
      reason,
      inputs: inputs === undefined ? null : plain(inputs),
      backend: operation?.backend ?? null,
      outcome: operation?.result.ok === true ? operation.result.outcome : null,
    });
  }

  #shadowed(row: number, about: Surroundings): void {
    const { table } = about.report.tick;
    const { shadow, decision } = table;
    const place = shadow === undefined ? undefined : SHADOW_PLACE[shadow.requested[row]];
    if (shadow === undefined || place === undefined) return;
    this.#write(about, about.report.endedAtMs, {
      mode: 'shadow',
      flow: formatFlowId(table.idAt(row)),
      match: describeMatch(table.matchAt(row)),
      from: PLACEMENT_NAMES[decision.placement[row]],
      to: PLACEMENT_NAMES[place],
      cause: null,
      ...ruleOf(shadow.rule[row], about.inForce),
      requested: REQUESTED_PLACEMENT_NAMES[shadow.requested[row]],
      score: shadow.score[row],
      reason: null,
      // Only moves have theirs read before they change what rules look at.
      inputs: null,
      backend: null,
      outcome: null,
    });
  }

  /** @param atMs when it came about, ms of the clock */
  #write(
    { report, wallMs }: Surroundings,
    atMs: number,
    record: Omit<DecisionRecord, 'id' | 'time' | 'tick'>,
  ): void {
    const id = `${this.#prefix}-${++this.#count}`;
    const time = new Date(wallMs - (report.endedAtMs - atMs)).toISOString();
    this.#options.write({ id, time, tick: report.tick.sequence, ...record });
  }
}

/** Causes for which the backend takes entries out without being asked flow by flow. */
const WITHOUT_OPERATION: ReadonlySet<ChangeCause> = new Set(['port', 'panic']);

/** What all records of a tick share. */
interface Surroundings {
  readonly report: TickReport;
  readonly inForce: RulesInForce;
  readonly wallMs: number;
  /** The last operation of each kind and flow that was carried out, by {@link operationKey}. */
  readonly operations: ReadonlyMap<string, BackendOperation>;
}

function operationsByFlow(
  operations: readonly BackendOperation[],
): ReadonlyMap<string, BackendOperation> {
  const done = operations.filter((o) => o.result.ok);
  return new Map(done.map((o) => [operationKey(o.kind === 'put', formatFlowId(o.id)), o]));
}

function operationKey(put: boolean, flow: string): string {
  return `${put ? 'put' : 'delete'} ${flow}`;
}

function ruleOf(rule: number, { rules, revisions }: RulesInForce) {
  const name = rule === 0 ? undefined : rules.at(rule - 1)?.name;
  if (name === undefined) return { rule: null, policy: null, revision: null };
  const policy = name.slice(0, name.lastIndexOf('/'));
  return { rule: name, policy, revision: revisions.get(policy) ?? null };
}

function plain(inputs: readonly FactReading[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(inputs.map(({ fact, value }) => [fact, value ?? null]));
}
