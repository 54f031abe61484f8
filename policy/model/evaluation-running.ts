/** An evaluation was started while another one was running. */
export class EvaluationRunning extends Error {
  override readonly name = 'EvaluationRunning';

  constructor() {
    super('an evaluation of the rules is running; wait for it before starting the next');
  }
}
