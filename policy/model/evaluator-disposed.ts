/**
 * A disposed evaluator was called. Its columns no longer follow the rows of the flow table, so it
 * would decide by the values of other flows.
 */
export class EvaluatorDisposed extends Error {
  override readonly name = 'EvaluatorDisposed';

  constructor() {
    super('the evaluator is disposed: its policies were replaced, or the engine was closed');
  }
}
