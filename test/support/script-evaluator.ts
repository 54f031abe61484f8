import type { FlowTable } from '../../engine/model/flow-table.ts';
import { Wish } from '../../engine/model/flow.ts';
import type {
  EvaluationReport,
  RuleEvaluator,
  RuleInfo,
  RuleTrace,
} from '../../engine/ports/rule-evaluator.ts';
import type { FactReading } from '../../engine/ports/rule-evaluator.ts';

/** Wishes what the test's function says. */
export class ScriptEvaluator implements RuleEvaluator {
  readonly rules: readonly RuleInfo[] = [{ name: 'test/script', wish: Wish.offload, priority: 1 }];
  /** Asked for every live row: the wish and the score. */
  wish: (row: number) => { readonly wish: Wish; readonly score: number };

  constructor(wish: ScriptEvaluator['wish'] = () => ({ wish: Wish.offload, score: 1 })) {
    this.wish = wish;
  }

  evaluate(table: FlowTable): Promise<EvaluationReport> {
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      const { wish, score } = this.wish(row);
      table.decision.wish[row] = wish;
      table.decision.score[row] = score;
    }
    return Promise.resolve({ evaluated: table.count, elapsedMs: 0 });
  }

  inputs(): readonly FactReading[] {
    return [];
  }

  explain(): Promise<readonly RuleTrace[]> {
    return Promise.resolve([]);
  }
}
