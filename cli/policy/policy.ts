import type { Command } from 'commander';

const HELP = `
Exit codes:
  0  success; the policies are valid, the tests passed
  1  a policy has errors, or a test failed or could not run
  2  usage error: unknown file, option or fact
  3  no daemon answers (status)

Examples:
  norikae policy init                               list policies to begin with
  norikae policy init mine --from fair-slices       write one and its tests
  norikae policy facts                              list all facts
  norikae policy check mine.json                    report all errors with their positions
  norikae policy lint mine.json                     report what is probably not meant
  norikae policy fmt mine.json                      write it in the usual layout
  norikae policy test .                             run all tests in this folder
  norikae policy explain mine.json --flow packetsPerSecond=5000 tcpDst=443
  norikae policy diff old.json new.json             flows whose requested placement differs
  norikae policy status                             policies that the daemon has in force
`;

/** `norikae policy`: the text after its list of commands. */
export function policyCommand(command: Command): void {
  command.addHelpText('after', HELP);
}
