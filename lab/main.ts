import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { runFastPath } from './fast-path.ts';
import { formatFastPathReport } from './fast-path-report.ts';
import { runOffload } from './offload.ts';
import { formatOffloadReport } from './offload-report.ts';
import { errorMessage } from '../text/error-message.ts';

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!(seconds >= 1 && seconds <= 600)) {
    throw new InvalidArgumentError('must be a number from 1 to 600');
  }
  return seconds;
}

const program = new Command('lab')
  .description('Experiments on a real Open vSwitch and XDP, in network namespaces (root)')
  .exitOverride();

program
  .command('offload')
  .description('Moves a live TCP flow from the vSwitch to the NIC table and back')
  .option('--seconds <n>', 'length of each measured phase', parseSeconds, 5)
  .option('--json', 'print one JSON object', false)
  .action(async (options: { seconds: number; json: boolean }) => {
    const report = await runOffload({ seconds: options.seconds });
    console.log(options.json ? JSON.stringify(report) : formatOffloadReport(report));
    if (!report.tcpSurvived) process.exitCode = 1;
  });

program
  .command('fast-path')
  .description(
    'Moves a live TCP flow from a VM to the fast path behind an OpenFlow switch and back',
  )
  .option('--seconds <n>', 'length of each measured phase', parseSeconds, 5)
  .option('--json', 'print one JSON object', false)
  .action(async (options: { seconds: number; json: boolean }) => {
    const report = await runFastPath({ seconds: options.seconds, versions: ['1.3', '1.0'] });
    console.log(options.json ? JSON.stringify(report) : formatFastPathReport(report));
    if (!report.runs.every((run) => run.tcpSurvived)) process.exitCode = 1;
  });

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed the error. 2 means wrong usage, as in all commands.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    console.error(`✖ ${errorMessage(error)}`);
    process.exitCode = 1;
  }
}
