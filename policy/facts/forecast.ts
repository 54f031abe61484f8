import type { FactDefinition } from '../model/fact.ts';
import { tableColumn } from './columns.ts';
import { POSITIVE } from './ranges.ts';

const FORECAST = 'What flows of its kind have sent (docs/planner.md)';

/** What a flow is expected to send, and what an entry for it would bring. */
export const FORECAST_FACTS: readonly FactDefinition[] = [
  {
    name: 'worth',
    scope: 'flow',
    type: 'number',
    unit: 'packet/s',
    description:
      "What an entry for it is expected to take off the vSwitch: packets per second, to which bits count as packets of the node's mean size as far as bandwidth is scarcer than CPU time. The score of rules that name none.",
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
    description: 'Packet rate that it is expected to have in the next moments.',
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
    description: 'Rate that it is expected to have in the next moments, L2 header included.',
    range: POSITIVE,
    source: FORECAST,
    example: '22000000',
    ...tableColumn((t) => t.forecast.bitsPerSecond),
  },
];
