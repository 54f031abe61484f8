import { type Command, InvalidArgumentError } from 'commander';
import { hashPassword } from '../../server/http/password-hash.ts';
import { readSecret } from '../support/read-secret.ts';
import { type CliContext, printJson, printLines } from '../support/context.ts';
import { CommandFailed, ExitCode } from '../support/exit-codes.ts';

const EXAMPLES = `
Prompts for a password, or reads it from the first line of standard input, and prints a line NAME:HASH
for the file that "http.users" in the configuration names. The password is not stored.

Examples:
  norikae hash-password grafana >> /etc/norikae/users && chmod 0600 /etc/norikae/users
  openssl rand -base64 24 | tee password | norikae hash-password prometheus
`;

const MIN_PASSWORD = 8;
const MAX_PASSWORD = 1024;

/** `norikae hash-password NAME`: a line for the file of users. */
export function hashPasswordCommand(command: Command, context: CliContext): void {
  command
    .argument('<name>', 'user name', parseName)
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, options: { readonly json?: boolean }) => {
      const writePrompt = (text: string): void => context.stderr.write(text);
      const password = await readSecret(process.stdin, `password of ${name}: `, writePrompt);
      if (password.length < MIN_PASSWORD || password.length > MAX_PASSWORD) {
        throw new CommandFailed(
          `a password must have ${MIN_PASSWORD} to ${MAX_PASSWORD} characters`,
          ExitCode.usage,
        );
      }
      const hash = await hashPassword(password);
      if (options.json === true) printJson(context, { name, hash });
      else printLines(context, [`${name}:${hash}`]);
    });
}

function parseName(text: string): string {
  if (/^[^\s:#][^\s:]{0,63}$/.test(text)) return text;
  throw new InvalidArgumentError('It must have 1 to 64 characters without spaces and colons.');
}
