import { Command } from 'commander';
import { type CliContext, printJson, printLines } from '../support/context.ts';
import { clientFor, type ControlOptions, withControlOptions } from '../support/control-options.ts';

const EXAMPLES = `
The panic button: when traffic does something odd, this takes the NIC out of the picture. Nothing
is offloaded again before "norikae resume".
`;

/** `norikae onload-all`: everything back on the vSwitch and held there. */
export function onloadAllCommand(context: CliContext): Command {
  const command = new Command('onload-all')
    .description('take every flow back to the vSwitch and hold it there')
    .addHelpText('after', EXAMPLES);
  return withControlOptions(command).action(async (options: ControlOptions) => {
    const hold = await clientFor(context, options).onloadAll();
    if (options.json === true) printJson(context, hold);
    else {
      const taken = `${hold.withdrawn} ${hold.withdrawn === 1 ? 'entry' : 'entries'} taken out`;
      printLines(context, [
        `${taken}; every flow is held on the vSwitch. "norikae resume" ends that`,
      ]);
    }
  });
}
