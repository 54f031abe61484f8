import { Command } from 'commander';
import type { CliContext } from '../support/context.ts';
import { policyCheckCommand } from './check.ts';
import { policyDiffCommand } from './diff.ts';
import { policyExplainCommand } from './explain.ts';
import { policyFactsCommand } from './facts.ts';
import { policyInitCommand } from './init.ts';
import { policyStatusCommand } from './status.ts';
import { policyTestCommand } from './test.ts';

const HELP = `
Exit codes:
  0  success; the policies are valid, the tests passed
  1  a policy has errors, or a test failed or could not run
  2  usage error: unknown file, option or fact
  3  no daemon answers (status)

Examples:
  norikae policy init mine                          write a sample policy and its tests
  norikae policy facts                              list all facts
  norikae policy check mine.json                    report all errors with their positions
  norikae policy test .                             run all tests in this folder
  norikae policy explain mine.json --flow packetsPerSecond=5000 tcpDst=443
  norikae policy diff old.json new.json             flows whose requested placement differs
  norikae policy status                             policies that the daemon has in force
`;

export function policyCommand(context: CliContext): Command {
  const command = new Command('policy')
    .description('write, check, test, explain and compare policies')
    .addHelpText('after', HELP);
  for (const sub of [
    policyInitCommand(context),
    policyFactsCommand(context),
    policyCheckCommand(context),
    policyTestCommand(context),
    policyExplainCommand(context),
    policyDiffCommand(context),
    policyStatusCommand(context),
  ]) {
    command.addCommand(sub);
  }
  return command;
}
