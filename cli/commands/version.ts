import type { Command } from 'commander';
import { packageVersion } from '../../platform/package-root.ts';
import { type CliContext, printJson, printLines } from '../support/context.ts';

/** `norikae version`. */
export function versionCommand(command: Command, context: CliContext): void {
  command.option('--json', 'print JSON').action((options: { readonly json?: boolean }) => {
    const version = packageVersion();
    if (options.json === true) printJson(context, { version, node: process.version });
    else printLines(context, [`norikae ${version} on Node ${process.version}`]);
  });
}
