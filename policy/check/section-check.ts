import { validateDetailed } from 'node-cron';
import type { JsonDocument, JsonPath } from '../../text/json-document.ts';
import { didYouMean } from '../../text/nearest.ts';
import type { Problem } from '../../text/problem.ts';
import { factNamed } from '../facts/facts.ts';
import { elementProblem, numberIn } from './literal-check.ts';
import type { Names } from '../document/names.ts';
import { subjectOf } from '../document/subject.ts';
import { parseSubnet } from '../model/subnet.ts';
import { parseQuantity } from '../model/units.ts';
import { timezoneProblem } from '../model/wall-time.ts';
import { elements, entries, member, shown, textAt } from '../document/literal.ts';

/** Maximum duration of a schedule, ms: 31 days. */
const MAX_DURATION_MS = 31 * 86_400_000;

/** Checks of schedules, slices and declared facts beyond the schema. */
export function sectionProblems(document: JsonDocument, names: Names): Problem[] {
  const found: Problem[] = [];
  const report: Report = (path, message) => {
    if (message !== undefined) found.push(document.problemAt(path, message));
  };
  for (const [name, schedule] of entries(member(document.value, 'schedules'))) {
    scheduleProblems(['schedules', name], schedule, report);
  }
  const slices = entries(member(document.value, 'slices'));
  for (const [name, slice] of slices) sliceProblems(['slices', name], slice, report);
  if (slices.length > 0 && textAt(document.value, 'mode') === 'shadow') {
    const message =
      'a shadow policy cannot declare slices, because they would change what other policies see; declare them in an enforced policy';
    report(['slices'], message);
  }
  for (const [name, fact] of entries(member(document.value, 'facts'))) {
    ownFactProblems(['facts', name], name, fact, names, report);
  }
  return found;
}

type Report = (path: JsonPath, message: string | undefined) => void;

function scheduleProblems(path: JsonPath, schedule: unknown, report: Report): void {
  const cron = textAt(schedule, 'cron');
  if (cron !== undefined) report([...path, 'cron'], cronProblem(cron));
  const timezone = textAt(schedule, 'timezone');
  if (timezone !== undefined) report([...path, 'timezone'], timezoneWithHint(timezone));
  let total = 0;
  for (const key of ['duration', 'before', 'after']) {
    const spec = member(schedule, key);
    if (spec === undefined) continue;
    report([...path, key], durationProblem(key, spec));
    total += numberIn(TIME, spec) ?? 0;
  }
  if (total > MAX_DURATION_MS)
    report([...path, 'duration'], 'a schedule can be active for at most 31 days');
}

const TIME = { unit: 'ms' };

function durationProblem(key: string, spec: unknown): string | undefined {
  if (typeof spec === 'string') {
    const quantity = parseQuantity(spec, 'ms');
    if (quantity === undefined)
      return `"${key}" is a time such as "2h" or "30s", not ${shown(spec)}`;
    if (!quantity.ok) return `"${key}" is a time; ${quantity.message}`;
  }
  const ms = numberIn(TIME, spec);
  if (ms === undefined) return undefined;
  if (key === 'duration') return ms >= 1000 ? undefined : 'a schedule must last at least a second';
  return ms >= 0 ? undefined : `"${key}" is 0 or more`;
}

function cronProblem(cron: string): string | undefined {
  const { valid, errors } = validateDetailed(cron);
  if (valid) return undefined;
  const [error] = errors;
  if (error === undefined) return `${shown(cron)} is not a cron expression`;
  const value = error.value === undefined ? '' : ` ${shown(error.value)}`;
  return error.field === 'expression'
    ? `${shown(cron)} is not a cron expression: ${error.message}`
    : `the ${error.field}${value} of the cron expression is not valid`;
}

function timezoneWithHint(timezone: string): string | undefined {
  const problem = timezoneProblem(timezone);
  if (problem === undefined) return undefined;
  const hint = didYouMean(timezone, ['UTC', ...Intl.supportedValuesOf('timeZone')]);
  return hint === '' ? problem : `unknown time zone "${timezone}"${hint}`;
}

function sliceProblems(path: JsonPath, slice: unknown, report: Report): void {
  elements(member(slice, 'members')).forEach((one, i) => {
    const subnet = textAt(one, 'subnet');
    if (subnet === undefined || parseSubnet(subnet) !== undefined) return;
    const message = `${shown(subnet)} is not a subnet such as "10.0.0.0/8" or "fd00::/8"; bits after the prefix must be 0`;
    report([...path, 'members', i, 'subnet'], message);
  });
  for (const key of ['guaranteed', 'maximum']) {
    report([...path, key], limitProblem(key, member(slice, key)));
  }
  const limits = ['guaranteed', 'maximum'].map((key) => limitOf(member(slice, key)));
  const [guaranteed, maximum] = limits;
  if (guaranteed === undefined || maximum === undefined || guaranteed.kind !== maximum.kind) return;
  if (guaranteed.value > maximum.value) {
    const message = 'the guarantee exceeds the maximum';
    report([...path, 'guaranteed'], message);
  }
}

/** Parses a limit: a number of entries, or a share of the table. */
export function limitOf(
  spec: unknown,
): { readonly kind: 'entries' | 'share'; readonly value: number } | undefined {
  if (typeof spec === 'string' && spec.endsWith('%')) {
    const share = parseQuantity(spec, 'share, 0 to 1');
    return share?.ok === true ? { kind: 'share', value: share.value } : undefined;
  }
  const value = numberIn({ unit: 'entry' }, spec);
  return value === undefined ? undefined : { kind: 'entries', value };
}

function limitProblem(key: string, spec: unknown): string | undefined {
  if (typeof spec !== 'number' && typeof spec !== 'string') return undefined;
  const limit = limitOf(spec);
  if (limit === undefined) {
    return `"${key}" is a number of entries or a share such as "25%", not ${shown(spec)}`;
  }
  if (limit.kind === 'share') {
    return limit.value >= 0 && limit.value <= 1 ? undefined : `"${key}" is from 0% to 100%`;
  }
  return Number.isInteger(limit.value) && limit.value >= 0
    ? undefined
    : `"${key}" is a whole number of entries, 0 or more, or a share such as "25%"`;
}

function ownFactProblems(
  path: JsonPath,
  name: string,
  spec: unknown,
  names: Names,
  report: Report,
): void {
  if (factNamed(name) !== undefined) {
    report(path, `"${name}" is an existing fact; choose another name`);
    return;
  }
  const fact = names.factNamed(name);
  if (fact === undefined) return;
  if (fact.unit !== undefined && fact.type !== 'number') {
    report([...path, 'unit'], `a ${fact.type} has no unit`);
  }
  const initial = member(spec, 'initial');
  if (initial === undefined) return;
  const message = elementProblem(subjectOf({ fact: name }, fact, names), initial, false);
  report([...path, 'initial'], message?.replace('never matches', 'cannot be'));
}
