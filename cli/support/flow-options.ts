import { type Command, InvalidArgumentError, Option } from 'commander';
import { PLACEMENT_NAMES, type PlacementName } from '../../engine/model/flow.ts';
import { MAX_FLOWS } from '../../api/flow-query.ts';
import { FLOW_SORTS, type FlowQuery, type FlowSort } from '../../api/flow-views.ts';
import type { ControlOptions } from './control-options.ts';

/** Options that filter and sort flows. */
export interface FlowOptions extends ControlOptions {
  readonly sort: FlowSort;
  readonly limit: number;
  readonly placement?: PlacementName;
  readonly slice?: string;
  readonly port?: string;
  readonly connections?: boolean;
}

/** Adds the options that filter and sort flows. */
export function withFlowOptions(command: Command, limit: number): Command {
  return command
    .argument(
      '[words...]',
      'only flows that have all these words in id, match, actions, VM or reason',
    )
    .addOption(
      new Option('--sort <by>', 'sort order, largest first')
        .choices(FLOW_SORTS)
        .default(FLOW_SORTS[0]),
    )
    .option('--limit <n>', `maximum number of flows, 1 to ${MAX_FLOWS}`, parseLimit, limit)
    .addOption(
      new Option('--placement <where>', 'only flows with this placement').choices(PLACEMENT_NAMES),
    )
    .option('--slice <name>', 'only flows of this slice')
    .option('--port <name>', 'only flows that enter or leave by this port')
    .option('--connections', 'only connections, where their megaflow recirculates them');
}

/** The query for words and options. */
export function queryOf(words: readonly string[], options: FlowOptions): FlowQuery {
  const { sort, limit, placement, slice, port, connections } = options;
  return {
    sort,
    limit,
    ...(placement === undefined ? {} : { placement }),
    ...(slice === undefined ? {} : { slice }),
    ...(port === undefined ? {} : { port }),
    ...(connections === true ? { connections } : {}),
    words,
  };
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (/^\d+$/.test(text) && limit >= 1 && limit <= MAX_FLOWS) return limit;
  throw new InvalidArgumentError(`It must be a number from 1 to ${MAX_FLOWS}.`);
}
