import type { Command } from 'commander';
import { type CliContext, printJson, printLines } from '../support/context.ts';
import { clientFor, type ControlOptions, withControlOptions } from '../support/control-options.ts';

/** `norikae resume`: ends the hold of `onload-all`. */
export function resumeCommand(command: Command, context: CliContext): void {
  withControlOptions(command).action(async (options: ControlOptions) => {
    const hold = await clientFor(context, options).resume();
    if (options.json === true) printJson(context, hold);
    else printLines(context, ['the hold has ended; policies place flows again']);
  });
}
