/** Time of day and date in a time zone. */
export interface WallParts extends Readonly<Record<string, number>> {
  readonly hour: number;
  readonly minute: number;
  readonly minuteOfDay: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  readonly day: number;
  readonly month: number;
}

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** Why the name of a time zone is invalid; undefined if it is valid. */
export function timezoneProblem(timezone: string): string | undefined {
  try {
    const { timeZone } = new Intl.DateTimeFormat('en-US', { timeZone: timezone }).resolvedOptions();
    return timeZone === '' ? 'the name of the time zone is empty' : undefined;
  } catch {
    return `unknown time zone "${timezone}"; use a name such as "Europe/Berlin" or "UTC"`;
  }
}

/**
 * Time of day and date at `wallMs`, ms since 1970-01-01 UTC.
 *
 * @throws {RangeError} if the time zone is unknown
 */
export function wallParts(wallMs: number, timezone: string): WallParts {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    weekday: 'short',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  const parts = new Map(format.formatToParts(wallMs).map((p) => [p.type, p.value]));
  const number = (type: Intl.DateTimeFormatPartTypes) => Number(parts.get(type));
  const hour = number('hour');
  const minute = number('minute');
  return {
    hour,
    minute,
    minuteOfDay: hour * 60 + minute,
    weekday: WEEKDAYS.indexOf(parts.get('weekday') ?? ''),
    day: number('day'),
    month: number('month'),
  };
}
