import type { Check } from '../../doctor/model/check.ts';
import type { Colours } from '../../platform/terminal.ts';
import { counted } from '../../text/format.ts';
import { wrappedTable } from '../support/wrapped-table.ts';

const FAILED = 'FAIL';

/** Checks as a table: what was found, and below it what to do. */
export function reportLines(
  checks: readonly Check[],
  width: number,
  colours: Colours,
): readonly string[] {
  const rows = checks.flatMap(({ name, ok, found, remedy }) => [
    [ok ? 'ok' : FAILED, name, found],
    ...(ok ? [] : [['', '', `-> ${remedy}`]]),
  ]);
  const lines = wrappedTable(['STATE', 'CHECK', 'FOUND'], rows, width, colours.dim);
  const failures = checks.filter(({ ok }) => !ok).length;
  return [
    ...lines.map((line) => (line.startsWith(FAILED) ? colours.red(line) : line)),
    '',
    failures === 0
      ? colours.green('nothing stands in the way')
      : `${counted(failures, 'check')} of ${checks.length} failed`,
  ];
}
