import { join } from 'node:path';
import type { Command } from 'commander';
import { checksOf } from '../../doctor/checks/checks.ts';
import { gatherFacts } from '../../doctor/gather/gather.ts';
import { packageRoot } from '../../platform/package-root.ts';
import { type CliContext, lineWidth, printJson, printLines } from '../support/context.ts';
import { type ControlOptions, withControlOptions } from '../support/control-options.ts';
import { CommandEnded, ExitCode } from '../support/exit-codes.ts';
import { readConfiguration } from './configuration.ts';
import { daemonFacts } from './daemon-facts.ts';
import { reportLines } from './report.ts';

const EXAMPLES = `
Checks the kernel, BPF, Open vSwitch, every port of the vSwitch and its device, the configuration and the
daemon. Needs no running daemon and changes nothing: programs and maps are loaded only to see whether
the kernel accepts them, and closed at once. Exits with 1 if a check fails, or if something cannot be seen.

Examples:
  sudo norikae doctor
  sudo norikae doctor --config norikae.json
  norikae doctor --json | jq -r '.checks[] | select(.ok | not) | .remedy'
`;

const OBJECT_PATHS = {
  xdp: objectOf('xdp'),
  tcx: objectOf('tcx'),
  flower: objectOf('flower'),
} as const;

interface DoctorOptions extends ControlOptions {
  readonly config?: string;
}

/** `norikae doctor`. */
export function doctorCommand(command: Command, context: CliContext): void {
  command
    .option('--config <file>', 'configuration file (default: /etc/norikae/norikae.json, if any)')
    .addHelpText('after', EXAMPLES);
  withControlOptions(command).action(async (options: DoctorOptions) => {
    const { configuration, settings, control } = await readConfiguration(options.config);
    const daemon = await daemonFacts(context, options, control);
    const gathered = await gatherFacts(settings, OBJECT_PATHS);
    const checks = checksOf({ settings, configuration, daemon, ...gathered });
    if (options.json === true) printJson(context, { checks });
    else printLines(context, reportLines(checks, lineWidth(context), context.stdout.colours));
    if (checks.some(({ ok }) => !ok)) throw new CommandEnded(ExitCode.failed);
  });
}

/** Path of the compiled program of a hook. */
function objectOf(hook: 'xdp' | 'tcx' | 'flower'): string {
  return join(packageRoot(), 'dist/adapters/nic', hook, 'norikae.bpf.o');
}
