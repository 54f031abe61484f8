import { formatFlowId } from '../../engine/model/flow-id.ts';
import type { PortSnapshot } from '../../engine/model/port.ts';
import type { Operation, OperationResult } from '../../engine/ports/offload-backend.ts';
import { encode } from '../../protocols/openflow/codec/encode.ts';
import { OpenFlowEncodeError } from '../../protocols/openflow/wire/errors.ts';
import type { SwitchError } from '../../protocols/openflow/connection/errors.ts';
import type { SwitchConnection } from './switch-connection.ts';
import { type FlowModBody, withXid } from './flow-mods.ts';
import type { JournalEntry } from './journal.ts';
import type { HoldDown } from './hold-down.ts';
import { refusalOf } from './refusals.ts';
import type { RuleTable } from './rule-table.ts';
import { type Planned, planDelete, planPut, type Step } from './steps.ts';
import type { Translator } from './translator.ts';
import { errorMessage } from '../../text/error-message.ts';

/** Dependencies of {@link Operations}. */
export interface OperationsInput {
  readonly connection: SwitchConnection;
  readonly translator: Translator;
  readonly holdDown: HoldDown;
  readonly ruleTable: RuleTable;
  /** Maximum number of rules. */
  readonly entries: number;
  /** Reads the counters, before rules are removed and their counters with them. */
  readonly readCounters: (signal: AbortSignal) => Promise<void>;
  /** Records the flows of the rules that are about to be installed. */
  readonly record: (entries: readonly JournalEntry[]) => Promise<void>;
}

/** Executes operations in order, in batches in which each flow occurs once. */
export class Operations {
  readonly #in: OperationsInput;
  #steps: Step[] = [];
  #flows = new Set<string>();
  /** Change of the number of rules by the planned steps. */
  #growth = 0;

  constructor(input: OperationsInput) {
    this.#in = input;
  }

  async apply(
    operations: readonly Operation[],
    vswitch: PortSnapshot,
    signal: AbortSignal,
  ): Promise<readonly OperationResult[]> {
    const results: OperationResult[] = [];
    for (const [index, operation] of operations.entries()) {
      const id = operation.kind === 'put' ? operation.flow.id : operation.id;
      const flow = formatFlowId(id);
      if (this.#flows.has(flow)) await this.#flush(results, signal);
      const planned = this.#plan(index, operation, vswitch);
      if ('ok' in planned) {
        results[index] = planned;
        continue;
      }
      this.#steps.push(planned);
      this.#flows.add(flow);
      if (planned.outcome === 'deleted') this.#growth--;
      else if (this.#in.ruleTable.get(id) === undefined) this.#growth++;
    }
    await this.#flush(results, signal);
    return results;
  }

  #plan(index: number, operation: Operation, vswitch: PortSnapshot): Planned {
    const { connection, translator, ruleTable, entries } = this.#in;
    const { mods, switchInfo } = connection;
    if (operation.kind === 'delete') return planDelete(index, operation.id, ruleTable, mods);
    const held = this.#in.holdDown.refusal(operation.flow.id);
    if (held !== undefined) return { ok: false, refusal: held };
    const translated = translator.translate(operation.flow, vswitch, switchInfo);
    if (!translated.ok) return translated;
    const room = entries - ruleTable.size - this.#growth;
    const planned = planPut(index, translated.rule, ruleTable, mods, room);
    return 'ok' in planned ? planned : this.#checkSize(planned);
  }

  /** Refuses a rule that does not fit into a message; sending it would end the connection. */
  #checkSize(step: Step): Planned {
    const { version } = this.#in.connection.switchInfo.dialect;
    try {
      for (const mod of step.mods) encode(withXid(mod, 1), version);
      return step;
    } catch (error) {
      if (!(error instanceof OpenFlowEncodeError)) throw error;
      return { ok: false, refusal: { code: 'unsupported-action', detail: error.message } };
    }
  }

  async #flush(results: OperationResult[], signal: AbortSignal): Promise<void> {
    const steps = this.#steps;
    this.#steps = [];
    this.#flows = new Set();
    this.#growth = 0;
    if (steps.length === 0) return;
    let errors: ReadonlyMap<number, SwitchError>;
    try {
      errors = await this.#send(steps, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      // The connection is lost, and the state of the switch is unknown. The next connection removes
      // rules that are not in the table.
      const detail = errorMessage(error);
      const refusal = { code: 'device-error', detail } as const;
      for (const { index } of steps) results[index] = { ok: false, refusal };
      return;
    }
    steps.forEach((step, i) => {
      const error = errors.get(i);
      if (error === undefined) {
        step.commit();
        results[step.index] = { ok: true, outcome: step.outcome };
      } else {
        this.#abandon(step);
        const refusal = refusalOf(error, this.#in.connection.switchInfo.dialect.version);
        results[step.index] = { ok: false, refusal };
      }
    });
  }

  /** Resolves to the switch's errors by step. */
  async #send(
    steps: readonly Step[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<number, SwitchError>> {
    const { connection, readCounters, record } = this.#in;
    const puts = steps.flatMap(({ puts }) => puts ?? []);
    if (puts.length > 0) await record(puts.map(({ id, ports }) => ({ id, ports })));
    if (steps.some((step) => step.ends)) await readCounters(signal);
    const mods: FlowModBody[] = [];
    const owner: number[] = [];
    steps.forEach((step, i) => {
      mods.push(...step.mods);
      owner.push(...step.mods.map(() => i));
    });
    const failed = new Map<number, SwitchError>();
    for (const [at, error] of await connection.run(mods, signal)) failed.set(owner[at], error);
    return failed;
  }

  /**
   * A replacement whose old rule was removed before the new one was refused: there is no rule now.
   */
  #abandon(step: Step): void {
    if (step.puts === undefined || !step.ends) return;
    const rule = this.#in.ruleTable.get(step.id);
    if (rule !== undefined) this.#in.ruleTable.delete(rule);
  }
}
