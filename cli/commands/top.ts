import type { Command } from 'commander';
import type { TickLine } from '../../api/view-guards.ts';
import { flowTable } from '../../views/flow-columns.ts';
import { liveTop } from '../top/live-top.ts';
import { nodeSummary } from '../../views/node-summary.ts';
import { type CliContext, lineWidth, printJson, printLines } from '../support/context.ts';
import { clientFor, withControlOptions } from '../support/control-options.ts';
import { CommandFailed, ExitCode } from '../support/exit-codes.ts';
import { type FlowOptions, queryOf, withFlowOptions } from '../support/flow-options.ts';

const EXAMPLES = `
On a terminal, redraws at every tick. To a file or pipe, prints one snapshot, or with --json one object per
tick until it is stopped.

Keys on a terminal:
  q, Ctrl-C     quit
  s             sort by the next of rate, packets, bytes, age, idle, score
  /             filter: type words that flows must have, then Enter; Esc keeps the last filter
  p, space      pause, and continue
  up, down      mark a flow (also k, j); scroll its explanation
  Enter         explain the marked flow, as "norikae why" does; Enter or Esc goes back

Examples:
  norikae top                          the flows with the highest rates, live
  norikae top --slice red              flows of one slice
  norikae top --json | jq .status.flows
`;

interface TopOptions extends FlowOptions {
  readonly once?: boolean;
}

/** `norikae top`: node and fastest flows, live. */
export function topCommand(command: Command, context: CliContext): void {
  withFlowOptions(command, 100)
    .option('--once', 'print one snapshot and exit')
    .addHelpText('after', EXAMPLES);
  withControlOptions(command).action(async (words: string[], options: TopOptions) => {
    const stop = new AbortController();
    const onSignal = (): void => stop.abort();
    process.once('SIGINT', onSignal);
    process.once('SIGTERM', onSignal);
    try {
      await watch(context, words, options, stop);
    } finally {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    }
  });
}

async function watch(
  context: CliContext,
  words: readonly string[],
  options: TopOptions,
  stop: AbortController,
): Promise<void> {
  const { stdout } = context;
  const client = clientFor(context, options);
  const query = queryOf(words, options);
  if (stdout.interactive && options.json !== true && options.once !== true) {
    await liveTop({ client, query, terminal: stdout, input: context.keyInput?.(), stop });
    return;
  }
  const once = options.once === true || options.json !== true;
  try {
    for await (const tick of client.ticks(query, stop.signal)) {
      // Skips ticks while the reader is behind, which bounds the memory for output.
      if (stdout.backlog() > 0) continue;
      if (options.json === true) printJson(context, tick);
      else printLines(context, picture(context, tick));
      if (once) return;
    }
    if (!stop.signal.aborted) {
      throw new CommandFailed('the daemon exited', ExitCode.unreachable);
    }
  } finally {
    stop.abort();
  }
}

function picture(context: CliContext, { status, page }: TickLine): string[] {
  const width = lineWidth(context);
  const { colours } = context.stdout;
  return [...nodeSummary(status, width, colours), '', ...flowTable(page.flows, width, colours)];
}
