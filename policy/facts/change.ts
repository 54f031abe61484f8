import type { FactDefinition, FillColumn } from '../model/fact.ts';
import { derived } from './columns.ts';

const fillChange: FillColumn = (view, rows, from, to, into, { of }) => {
  for (let i = from; i < to; i++) {
    view.row = rows[i];
    into[rows[i]] = view.memory.changeOf(String(of), view) ?? Number.NaN;
  }
};

/**
 * Rate of change of another fact. The checker validates the name of that fact, because the
 * catalogue cannot refer to itself.
 */
export const CHANGE_FACT: FactDefinition = {
  name: 'rateOfChange',
  scope: 'flow',
  type: 'number',
  params: { of: { description: 'name of a numeric fact without parameters' } },
  description:
    'Change of another fact since the last tick, per second; negative when it decreased. Its unit is that of the other fact, per second.',
  source: 'The last two ticks',
  example: '-2500',
  missing: 'the flow has been read only once or the other fact is missing',
  read: (v, params) =>
    typeof params.of === 'string' ? v.memory.changeOf(params.of, v) : undefined,
  column: derived(fillChange),
};
