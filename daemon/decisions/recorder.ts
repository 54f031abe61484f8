import type { BackendMove, TickReport } from '../../engine/loop/tick-report.ts';
import { Placement, PLACEMENT_NAMES, REQUESTED_PLACEMENT_NAMES } from '../../engine/model/flow.ts';
import { formatFlowId } from '../../engine/model/flow-id.ts';
import type { FlowTable } from '../../engine/model/flow-table.ts';
import { REASONS } from '../../engine/model/reason.ts';
import type { RuleInfo } from '../../engine/ports/rule-evaluator.ts';
import type { FactReading } from '../../engine/ports/rule-evaluator.ts';
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

/** Where each shadow requested would put a flow, by requested; undefined: nowhere else. */
const SHADOW_PLACE = [
  undefined,
  Placement.offload,
  Placement.onload,
  Placement.fastPath,
  Placement.onload,
] as const;

/**
 * Writes one record for each change of a flow's placement, however it came about: it compares
 * where flows are with where they were after the tick before, so that nothing escapes it. Costs
 * one pass over the placements, and work for flows that were moved.
 */
export class DecisionRecorder {
  readonly #options: RecorderOptions;
  readonly #prefix: string;
  #count = 0;
  /** By row: where its flow was, what a shadow asked for it, and which flow it was. */
  #placement = new Uint8Array(0);
  #shadowRequest = new Uint8Array(0);
  #firstSeenMs = new Float64Array(0);

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#prefix = Math.floor(options.wall()).toString(36);
  }

  /** Takes a tick into account; its table must not have been read anew since. */
  observe(report: TickReport, inForce: RulesInForce): void {
    const { table } = report.tick;
    this.#fit(table.highWater);
    const changes = this.#changes(table);
    const shadows = this.#shadows(table);
    const gone = this.#gone(table);
    if (changes.length + shadows.length + gone.length === 0) return;
    const time = new Date(this.#options.wall()).toISOString();
    const about: Surroundings = { report, inForce, time, moves: movesByFlow(report.moves) };
    let room = this.#options.mostPerTick;
    for (const row of changes.slice(0, room)) this.#moved(row, about);
    room = Math.max(0, room - changes.length);
    for (const row of gone.slice(0, room)) this.#left(row, about);
    room = Math.max(0, room - gone.length);
    for (const row of shadows.slice(0, room)) this.#shadowed(row, about);
    const lost = changes.length + gone.length + shadows.length - this.#options.mostPerTick;
    if (lost > 0) this.#options.onLost(lost);
    this.#remember(table, changes);
  }

  /** Live rows that are not where they were. New flows were on the vSwitch. */
  #changes(table: FlowTable): readonly number[] {
    const rows: number[] = [];
    const { placement } = table.decision;
    const { firstSeenMs } = table.traffic;
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      if (this.#firstSeenMs[row] !== firstSeenMs[row]) {
        this.#firstSeenMs[row] = firstSeenMs[row];
        this.#placement[row] = Placement.onload;
        this.#shadowRequest[row] = 0;
      }
      if (this.#placement[row] !== placement[row]) rows.push(row);
    }
    return rows;
  }

  /** Rows whose flow has left the vSwitch while it was placed elsewhere. */
  #gone(table: FlowTable): readonly number[] {
    const { firstSeenMs } = table.traffic;
    return table.removed.filter(
      (row) =>
        this.#placement[row] !== Placement.onload && this.#firstSeenMs[row] === firstSeenMs[row],
    );
  }

  /** Live rows for which a shadow begins to ask for a place that nobody else asks for. */
  #shadows(table: FlowTable): readonly number[] {
    const { shadow, decision } = table;
    if (shadow === undefined) return [];
    const rows: number[] = [];
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      const requested = shadow.requested[row];
      const place = SHADOW_PLACE[requested];
      const news = requested !== this.#shadowRequest[row] && requested !== decision.requested[row];
      if (news && place !== undefined && place !== decision.placement[row]) rows.push(row);
      this.#shadowRequest[row] = requested;
    }
    return rows;
  }

  #remember(table: FlowTable, rows: readonly number[]): void {
    for (const row of rows) this.#placement[row] = table.decision.placement[row];
    for (const row of table.removed) this.#placement[row] = Placement.onload;
  }

  #moved(row: number, about: Surroundings): void {
    const { table } = about.report.tick;
    const { placement, reason, requested, score, rule } = table.decision;
    const flow = formatFlowId(table.idAt(row));
    const move = about.moves.get(flow);
    const inputs = move?.inputs;
    // Without inputs no rule led to it: an entry had to go, or one was found.
    const led = inputs !== undefined;
    this.#write(about, {
      mode: 'enforce',
      flow,
      match: describeMatch(table.matchAt(row)),
      from: PLACEMENT_NAMES[this.#placement[row]],
      to: PLACEMENT_NAMES[placement[row]],
      ...ruleOf(led ? rule[row] : 0, about.inForce),
      requested: REQUESTED_PLACEMENT_NAMES[requested[row]],
      score: score[row],
      reason: REASONS[reason[row]].code,
      inputs: inputs === undefined || inputs === null ? null : plain(inputs),
      backend: move?.backend ?? null,
      outcome: outcomeOf(move),
    });
  }

  #left(row: number, about: Surroundings): void {
    const { table } = about.report.tick;
    const flow = formatFlowId(table.idAt(row));
    const move = about.moves.get(flow);
    this.#write(about, {
      mode: 'enforce',
      flow,
      match: describeMatch(table.matchAt(row)),
      from: PLACEMENT_NAMES[this.#placement[row]],
      to: 'gone',
      ...ruleOf(0, about.inForce),
      requested: REQUESTED_PLACEMENT_NAMES[0],
      score: 0,
      reason: 'gone',
      inputs: null,
      backend: move?.backend ?? null,
      outcome: outcomeOf(move),
    });
  }

  #shadowed(row: number, about: Surroundings): void {
    const { table } = about.report.tick;
    const { shadow, decision } = table;
    const place = shadow === undefined ? undefined : SHADOW_PLACE[shadow.requested[row]];
    if (shadow === undefined || place === undefined) return;
    this.#write(about, {
      mode: 'shadow',
      flow: formatFlowId(table.idAt(row)),
      match: describeMatch(table.matchAt(row)),
      from: PLACEMENT_NAMES[decision.placement[row]],
      to: PLACEMENT_NAMES[place],
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

  #write(about: Surroundings, record: Omit<DecisionRecord, 'id' | 'time' | 'tick'>): void {
    const id = `${this.#prefix}-${++this.#count}`;
    const { time } = about;
    this.#options.write({ id, time, tick: about.report.tick.sequence, ...record });
  }

  #fit(rows: number): void {
    if (this.#placement.length >= rows) return;
    const size = Math.max(256, rows * 2);
    this.#placement = grown(this.#placement, new Uint8Array(size));
    this.#shadowRequest = grown(this.#shadowRequest, new Uint8Array(size));
    const firstSeen = new Float64Array(size).fill(Number.NaN);
    firstSeen.set(this.#firstSeenMs);
    this.#firstSeenMs = firstSeen;
  }
}

/** What all records of a tick share. */
interface Surroundings {
  readonly report: TickReport;
  readonly inForce: RulesInForce;
  readonly time: string;
  readonly moves: ReadonlyMap<string, BackendMove>;
}

/** The last operation of each flow that was carried out. */
function movesByFlow(moves: readonly BackendMove[]): ReadonlyMap<string, BackendMove> {
  return new Map(moves.filter((m) => m.result.ok).map((m) => [formatFlowId(m.id), m]));
}

function outcomeOf(move: BackendMove | undefined): string | null {
  return move?.result.ok === true ? move.result.outcome : null;
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

function grown(old: Uint8Array, next: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  next.set(old);
  return next;
}
