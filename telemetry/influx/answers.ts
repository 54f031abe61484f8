/** What the server said, out of the package's sentence around it. */
export function serverWords(message: string): string {
  const body = message.replace(/^A \d+ .*? error occurred: /s, '');
  try {
    const answer: unknown = JSON.parse(body);
    const words = property(answer, 'error') ?? property(answer, 'message');
    if (typeof words === 'string') return words;
  } catch {
    // Not JSON: a proxy's page, or nothing.
  }
  return body === '' ? 'nothing' : body;
}

/** What a statement's answer complains of: its status is 200 all the same. */
export function problemIn(answer: unknown): string | undefined {
  const results = property(answer, 'results');
  if (!Array.isArray(results)) return 'the answer is not one of InfluxDB';
  const errors = results.map((result: unknown) => property(result, 'error'));
  const error = errors.find((found) => found !== undefined);
  if (error === undefined) return undefined;
  return typeof error === 'string' ? error : JSON.stringify(error);
}

function property(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}

/** Points that were dropped of a write that was carried out in part; undefined: it was not. */
export function droppedOf(said: string): number | undefined {
  if (!said.startsWith('partial write')) return undefined;
  const dropped = Number(/dropped=(\d+)/.exec(said)?.[1] ?? 0);
  // Lines that were not understood are named, one by one, and not counted.
  return Math.max(1, dropped, said.split('unable to parse').length - 1);
}

/** A header in seconds as ms; undefined when it is not there or is a date. */
export function secondsOf(header: string | undefined): number | undefined {
  const seconds = Number(header);
  return header === undefined || !(seconds >= 0) ? undefined : seconds * 1000;
}
