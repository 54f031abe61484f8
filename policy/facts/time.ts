import type { FactDefinition, FactParams, FlowView } from '../model/fact.ts';
import { UNKNOWN } from '../model/possible.ts';
import { timezoneProblem, wallParts } from '../model/wall-time.ts';
import { wholeUpTo } from './ranges.ts';

const NO_WALL = 'the time of day is not known';
const WALL = 'Wall clock';

/** Facts of the wall clock and of schedules. */
export const TIME_FACTS: readonly FactDefinition[] = [
  {
    name: 'time',
    scope: 'node',
    type: 'object',
    params: {
      timezone: {
        description: 'time zone, such as "Europe/Berlin" or "UTC"',
        problem: timezoneProblem,
      },
    },
    members: {
      hour: { range: wholeUpTo(23), description: 'of the day' },
      minute: { range: wholeUpTo(59), description: 'of the hour' },
      minuteOfDay: { range: wholeUpTo(1439), description: 'hour * 60 + minute' },
      weekday: { range: wholeUpTo(6), description: '0 is Sunday' },
      day: { range: { min: 1, max: 31, whole: true }, description: 'of the month' },
      month: { range: { min: 1, max: 12, whole: true }, description: 'of the year' },
    },
    description: 'Time of day and date in a time zone.',
    source: WALL,
    example:
      '{ "hour": 14, "minute": 30, "minuteOfDay": 870, "weekday": 1, "day": 23, "month": 11 }',
    unknown: NO_WALL,
    read: (v, params) => {
      const { wallMs } = v.context;
      if (wallMs === undefined || typeof params.timezone !== 'string') return undefined;
      return wallParts(wallMs, params.timezone);
    },
  },
  {
    name: 'scheduleActive',
    scope: 'node',
    type: 'boolean',
    params: { schedule: { description: 'name of a schedule of the policy' } },
    description: 'Whether a schedule is active.',
    source: WALL,
    example: 'true',
    unknown: NO_WALL,
    read: isActive,
    possible: (v, params) => (v.context.wallMs === undefined ? UNKNOWN : isActive(v, params)),
  },
];

function isActive(v: FlowView, { schedule }: FactParams): boolean {
  return typeof schedule === 'string' && v.memory.scheduleActive(schedule);
}
