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
  0  done; the policies are good, the tests have passed
  1  a policy has mistakes, a test failed or could not be run
  2  wrong use: no such file, an option or a fact that there is not
  3  no daemon answers (status)

Examples:
  norikae policy init mine                          a policy and its test to start from
  norikae policy facts                              what a rule can look at
  norikae policy check mine.json                    every mistake, with its place
  norikae policy test .                             every test beside the policies
  norikae policy explain mine.json --flow packetsPerSecond=5000 tcpDst=443
  norikae policy diff old.json new.json             which flows would be asked elsewhere
  norikae policy status                             what the running daemon has in force
`;

/** `norikae policy ...`: write, check, test and watch policies. */
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
