/** An axis from 0 to `max` and its marks. */
export interface Axis {
  readonly max: number;
  readonly marks: readonly number[];
}

/** An axis from 0 to a round number of at least `max`, with about four marks. */
export function axisTo(max: number): Axis {
  const top = max > 0 ? max : 1;
  const rough = top / 4;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = magnitude * (STEPS.find((s) => rough <= s * magnitude * 1.000_001) ?? 10);
  const count = Math.ceil(top / step - 1e-9);
  return { max: count * step, marks: Array.from({ length: count + 1 }, (_, i) => i * step) };
}

const STEPS = [1, 2, 2.5, 5, 10];
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const TIME_STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14, 28, 90, 365, 3650].map((n) => n * DAY),
];

/** A mark on the time axis. */
export interface TimeMark {
  /** Since the trace's start, ms. */
  readonly atMs: number;
  readonly text: string;
}

/**
 * About five marks on the time axis, at round times of the day if the start is known.
 *
 * @param startedMs ms since 1970; undefined: marks show the time since the start
 */
export function timeMarks(durationMs: number, startedMs: number | undefined): readonly TimeMark[] {
  const step = TIME_STEPS.find((s) => durationMs / s <= 5) ?? durationMs / 4;
  const origin = startedMs ?? 0;
  const first = Math.ceil(origin / step) * step - origin;
  const marks: TimeMark[] = [];
  for (let atMs = first; atMs <= durationMs; atMs += step) {
    const text = startedMs === undefined ? elapsed(atMs, step) : clock(origin + atMs, step);
    marks.push({ atMs, text });
  }
  return marks;
}

function clock(ms: number, step: number): string {
  const text = new Date(ms).toISOString();
  if (step >= DAY) return text.slice(5, 10);
  return step >= MINUTE ? text.slice(11, 16) : text.slice(11, 19);
}

function elapsed(ms: number, step: number): string {
  if (step >= DAY) return `${Math.round(ms / DAY)} d`;
  if (step >= HOUR) return `${Math.round(ms / HOUR)} h`;
  if (step >= MINUTE) return `${Math.round(ms / MINUTE)} min`;
  return `${Math.round(ms / SECOND)} s`;
}
