import type { Command } from 'commander';
import { type CliContext, printJson, printLines } from '../support/context.ts';
import { clientFor, type ControlOptions, withControlOptions } from '../support/control-options.ts';

const EXAMPLES = `
The panic button: use it when traffic misbehaves. All traffic goes through the vSwitch, and no flow is
offloaded until "norikae resume", also after a restart or a crash of the daemon.
`;

/** `norikae onload-all`: moves every flow to the vSwitch and holds it there. */
export function onloadAllCommand(command: Command, context: CliContext): void {
  command.addHelpText('after', EXAMPLES);
  withControlOptions(command).action(async (options: ControlOptions) => {
    const hold = await clientFor(context, options).onloadAll();
    if (options.json === true) printJson(context, hold);
    else {
      const removed = `${hold.withdrawn} ${hold.withdrawn === 1 ? 'entry' : 'entries'} removed`;
      printLines(context, [
        `${removed}; every flow is held on the vSwitch until "norikae resume"`,
        ...(hold.problem === null ? [] : [`warning: ${hold.problem}`]),
      ]);
    }
  });
}
