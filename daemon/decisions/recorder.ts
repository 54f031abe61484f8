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

/** Options of {@link DecisionRecorder}. */
export interface RecorderOptions {
  /** Maximum records per tick; further changes are counted as lost. */
  readonly maxPerTick: number;
  readonly write: (record: DecisionRecord) => void;
  /** Called with the number of changes of a tick that were not recorded. */
  readonly onLost: (records: number) => void;
  /** Wall clock, ms since 1970. */
  readonly wall: () => number;
}

/** The placement that a shadow policy's request leads to, by request; undefined: no change. */
const SHADOW_PLACE = [
  undefined,
  Placement.offload,
  Placement.onload,
  Placement.fastPath,
  Placement.onload,
] as const;

/**
 * Writes one record for each change of a flow's placement, and for each move that a shadow policy
 * starts to request.
 */
export class DecisionRecorder {
  readonly #options: RecorderOptions;
  readonly #prefix: string;
  #count = 0;
  readonly #rows = new SideTable('flow');
  /** What a shadow policy requested in the last tick, by row. */
  readonly #shadowRequest = this.#rows.uint8();

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#prefix = Math.floor(options.wall()).toString(36);
  }

  /** Records the decisions of a tick, whose table must not have changed since. */
  observe(report: TickReport, inForce: RulesInForce): void {
    const { changes } = report;
    const shadows = this.#shadows(report.tick.table);
    if (changes.length + shadows.length === 0) return;
    const wallMs = this.#options.wall();
    const operations = operationsByFlow(report.operations);
    const context: TickContext = { report, inForce, wallMs, operations };
    const { maxPerTick } = this.#options;
    for (const change of changes.slice(0, maxPerTick)) this.#recordChange(change, context);
    const left = Math.max(0, maxPerTick - changes.length);
    for (const row of shadows.slice(0, left)) this.#recordShadow(row, context);
    const lost = changes.length + shadows.length - maxPerTick;
    if (lost > 0) this.#options.onLost(lost);
  }

  /** Live rows for which a shadow policy starts to request a move that the policies in force do not. */
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
      const isNew = requested !== before[row] && requested !== decision.requested[row];
      if (isNew && place !== undefined && place !== decision.placement[row]) rows.push(row);
      before[row] = requested;
    }
    return rows;
  }

  #recordChange(change: PlacementChange, context: TickContext): void {
    const { id, match, from, to, cause, reason, requested, score, plannedBy } = change;
    const flow = formatFlowId(id);
    const operation = WITHOUT_OPERATION.has(cause)
      ? undefined
      : context.operations.get(operationKey(to === 'offload' || to === 'fast-path', flow));
    const inputs = plannedBy?.inputs;
    this.#write(context, change.atMs, {
      mode: 'enforce',
      flow,
      match: describeMatch(match),
      from,
      to,
      cause,
      ...ruleOf(plannedBy?.rule ?? 0, context.inForce),
      requested: REQUESTED_PLACEMENT_NAMES[requested],
      score,
      reason,
      inputs: inputs === undefined ? null : plain(inputs),
      backend: operation?.backend ?? null,
      outcome: operation?.result.ok === true ? operation.result.outcome : null,
    });
  }

  #recordShadow(row: number, context: TickContext): void {
    const { table } = context.report.tick;
    const { shadow, decision } = table;
    const place = shadow === undefined ? undefined : SHADOW_PLACE[shadow.requested[row]];
    if (shadow === undefined || place === undefined) return;
    this.#write(context, context.report.endedAtMs, {
      mode: 'shadow',
      flow: formatFlowId(table.idAt(row)),
      match: describeMatch(table.matchAt(row)),
      from: PLACEMENT_NAMES[decision.placement[row]],
      to: PLACEMENT_NAMES[place],
      cause: null,
      ...ruleOf(shadow.rule[row], context.inForce),
      requested: REQUESTED_PLACEMENT_NAMES[shadow.requested[row]],
      score: shadow.score[row],
      reason: null,
      // Facts are read only for moves, before the move changes them.
      inputs: null,
      backend: null,
      outcome: null,
    });
  }

  /** @param atMs time of the decision, ms of the clock */
  #write(
    { report, wallMs }: TickContext,
    atMs: number,
    record: Omit<DecisionRecord, 'id' | 'time' | 'tick'>,
  ): void {
    const id = `${this.#prefix}-${++this.#count}`;
    const time = new Date(wallMs - (report.endedAtMs - atMs)).toISOString();
    this.#options.write({ id, time, tick: report.tick.sequence, ...record });
  }
}

/** Causes for which the backend removes entries in bulk rather than by an operation per flow. */
const WITHOUT_OPERATION: ReadonlySet<ChangeCause> = new Set(['port', 'panic']);

/** What all records of a tick share. */
interface TickContext {
  readonly report: TickReport;
  readonly inForce: RulesInForce;
  readonly wallMs: number;
  /** The last successful operation of each kind and flow, by {@link operationKey}. */
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
