import type { FlowTable } from '../../engine/model/flow-table.ts';
import { RequestedPlacement } from '../../engine/model/flow.ts';
import type {
  EvaluationReport,
  RuleEvaluator,
  RuleInfo,
  RuleTrace,
} from '../../engine/ports/rule-evaluator.ts';
import type { FactReading } from '../../engine/model/fact-reading.ts';

/** Requests placements with a function of the test. */
export class ScriptEvaluator implements RuleEvaluator {
  readonly rules: readonly RuleInfo[] = [
    { name: 'test/script', requested: RequestedPlacement.offload, priority: 1 },
  ];
  /** Number of times it was disposed. */
  disposals = 0;
  /** Request and score of a live row. */
  requested: (row: number) => { readonly requested: RequestedPlacement; readonly score: number };

  constructor(
    requested: ScriptEvaluator['requested'] = () => ({
      requested: RequestedPlacement.offload,
      score: 1,
    }),
  ) {
    this.requested = requested;
  }

  evaluate(table: FlowTable): Promise<EvaluationReport> {
    return this.evaluateRows(table, table.rows.subarray(0, table.count));
  }

  evaluateRows(table: FlowTable, rows: Int32Array): Promise<EvaluationReport> {
    for (const row of rows) {
      const { requested, score } = this.requested(row);
      table.decision.requested[row] = requested;
      table.decision.score[row] = score;
    }
    return Promise.resolve({ evaluated: rows.length, elapsedMs: 0 });
  }

  inputs(): readonly FactReading[] {
    return [];
  }

  explain(): Promise<readonly RuleTrace[]> {
    return Promise.resolve([]);
  }

  [Symbol.dispose](): void {
    this.disposals++;
  }
}
