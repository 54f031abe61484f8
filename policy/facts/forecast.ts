import type { FactDefinition } from '../model/fact.ts';
import { tableColumn } from './columns.ts';
import { POSITIVE } from './ranges.ts';

const FORECAST = 'Forecast from flows of the same kind (docs/planner.md)';

/** Facts of the forecast: expected rates and worth. */
export const FORECAST_FACTS: readonly FactDefinition[] = [
  {
    name: 'worth',
    scope: 'flow',
    type: 'number',
    unit: 'packet/s',
    description:
      "What an entry is expected to take off the vSwitch: packets per second, in which bits count as packets of the node's mean size to the extent that bandwidth is scarcer than CPU time. The default score.",
    range: POSITIVE,
    source: FORECAST,
    example: '1900',
    ...tableColumn((t) => t.forecast.worth),
  },
  {
    name: 'expectedPacketsPerSecond',
    scope: 'flow',
    type: 'number',
    unit: 'packet/s',
    description: 'Packet rate expected in the next moments.',
    range: POSITIVE,
    source: FORECAST,
    example: '1900',
    ...tableColumn((t) => t.forecast.packetsPerSecond),
  },
  {
    name: 'expectedBitsPerSecond',
    scope: 'flow',
    type: 'number',
    unit: 'bit/s',
    description: 'Rate expected in the next moments, L2 header included.',
    range: POSITIVE,
    source: FORECAST,
    example: '22000000',
    ...tableColumn((t) => t.forecast.bitsPerSecond),
  },
];
