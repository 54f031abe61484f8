import type { BackendOperation } from '../../engine/loop/tick-report.ts';
import { REFUSAL_CODES } from '../../engine/model/refusal.ts';
import type { OperationCount, OperationOutcome, RefusalCount } from './tick-accounts.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const OUTCOMES = {
  put: ['installed', 'replaced', 'unchanged'],
  delete: ['deleted', 'absent'],
} as const satisfies Record<'put' | 'delete', readonly OperationOutcome[]>;

/** Counts of operations and refusals by backend. */
export class OperationCounters {
  readonly #operations = new Map<string, Mutable<OperationCount>>();
  readonly #refusals = new Map<string, Mutable<RefusalCount>>();
  readonly #backends = new Set<string>();
  #operationList: readonly OperationCount[] = [];
  #refusalList: readonly RefusalCount[] = [];

  get operations(): readonly OperationCount[] {
    return this.#operationList;
  }

  get refusals(): readonly RefusalCount[] {
    return this.#refusalList;
  }

  /** Adds a backend with all counts at zero, unless it is known. */
  addBackend(backend: string): void {
    if (this.#backends.has(backend)) return;
    this.#backends.add(backend);
    for (const kind of ['put', 'delete'] as const) {
      for (const outcome of [...OUTCOMES[kind], ...REFUSAL_CODES]) {
        const count = { backend, kind, outcome, count: 0 };
        this.#operations.set(`${backend} ${kind} ${outcome}`, count);
      }
    }
    for (const code of REFUSAL_CODES) {
      this.#refusals.set(`${backend} ${code}`, { backend, code, count: 0 });
    }
    this.#operationList = [...this.#operations.values()];
    this.#refusalList = [...this.#refusals.values()];
  }

  countOperation({ backend, kind, result }: BackendOperation): void {
    this.addBackend(backend);
    const outcome = result.ok ? result.outcome : result.refusal.code;
    const operation = this.#operations.get(`${backend} ${kind} ${outcome}`);
    if (operation !== undefined) operation.count++;
    if (result.ok) return;
    const refusal = this.#refusals.get(`${backend} ${result.refusal.code}`);
    if (refusal !== undefined) refusal.count++;
  }
}
