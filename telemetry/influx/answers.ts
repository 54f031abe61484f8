/** The server's error message, without the sentence that the `influx` package puts around it. */
export function serverMessage(message: string): string {
  const body = message.replace(/^A \d+ .*? error occurred: /s, '');
  try {
    const answer: unknown = JSON.parse(body);
    const words = property(answer, 'error') ?? property(answer, 'message');
    if (typeof words === 'string') return words;
  } catch {
    // Not JSON: a proxy's page, or an empty body.
  }
  return body === '' ? 'nothing' : body;
}

/** The error in a statement's answer, if any: InfluxDB answers 200 to failed statements, too. */
export function statementError(answer: unknown): string | undefined {
  const results = property(answer, 'results');
  if (!Array.isArray(results)) return 'the answer is not from InfluxDB';
  const errors = results.map((result: unknown) => property(result, 'error'));
  const error = errors.find((found) => found !== undefined);
  if (error === undefined) return undefined;
  return typeof error === 'string' ? error : JSON.stringify(error);
}

function property(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}

/** Number of points that a partial write dropped; undefined if the message reports none. */
export function droppedPoints(said: string): number | undefined {
  if (!said.startsWith('partial write')) return undefined;
  const dropped = Number(/dropped=(\d+)/.exec(said)?.[1] ?? 0);
  // `dropped=` does not count lines that could not be parsed; the message lists each of them.
  return Math.max(1, dropped, said.split('unable to parse').length - 1);
}
