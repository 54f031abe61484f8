import type { Command } from 'commander';
import { formatProblem } from '../../text/problem.ts';
import { ConfigError, ConfigUnreadable } from '../../config/config-error.ts';
import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load-config.ts';
import { checkSecurityFiles } from '../../server/http/http-security.ts';
import { readPolicies } from '../../policy-tools/files/policy-files.ts';
import { counted } from '../../text/format.ts';
import { type CliContext, printJson, printLines, printProblems } from '../support/context.ts';
import { CommandFailed, ExitCode } from '../support/exit-codes.ts';
import { errorMessage } from '../../text/error-message.ts';

const EXAMPLES = `
Checks the configuration and every file it names (policies, certificate, token, users) in the same way
as "norikae run", without side effects. Prints errors as FILE:LINE:COLUMN: message and exits with code 2.

Examples:
  norikae check-config /etc/norikae/norikae.json
  norikae check-config norikae.json --json | jq -r '.problems[]'
`;

/** `norikae check-config FILE`. */
export function checkConfigCommand(command: Command, context: CliContext): void {
  command
    .argument('<file>', 'configuration file')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, options: { readonly json?: boolean }) => {
      const problems = await problemsOf(file);
      if (options.json === true) printJson(context, { ok: problems.length === 0, problems });
      if (problems.length > 0) {
        if (options.json !== true) printProblems(context, problems);
        throw new CommandFailed(counted(problems.length, 'problem'), ExitCode.usage);
      }
      if (options.json !== true) printLines(context, [`${file} and its policies are valid`]);
    });
}

/** The errors in a configuration file, in its policies and in the other files that it names. */
export async function problemsOf(file: string): Promise<readonly string[]> {
  let config: Config;
  try {
    config = await loadConfig(file);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(formatProblem);
    if (error instanceof ConfigUnreadable) return [formatProblem(error.problem)];
    throw error;
  }
  const reading = await readPolicies(config.policies);
  return [...(await securityProblems(config)), ...(reading.ok ? [] : reading.problems)];
}

async function securityProblems({ http }: Config): Promise<readonly string[]> {
  if (!http.enabled) return [];
  try {
    await checkSecurityFiles(http);
    return [];
  } catch (error) {
    return [errorMessage(error)];
  }
}
