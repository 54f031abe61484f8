/** A `retry-after` header in ms; undefined if it is missing or a date. */
export function retryAfterOf(header: string | undefined): number | undefined {
  const seconds = Number(header);
  return header === undefined || !(seconds >= 0) ? undefined : seconds * 1000;
}
