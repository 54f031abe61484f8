import { Argument, type Command } from 'commander';
import type { CliContext } from '../support/context.ts';
import { bashCompletion } from './bash.ts';
import { fishCompletion } from './fish.ts';
import { completionModel } from './model.ts';
import { zshCompletion } from './zsh.ts';

const HELP = `
Prints a script that makes the shell complete commands, options, values and file names with the Tab key.

Examples:
  source <(norikae completion bash)              this shell; in ~/.bashrc, every shell
  norikae completion bash > /etc/bash_completion.d/norikae
  norikae completion zsh > /usr/local/share/zsh/site-functions/_norikae
  norikae completion fish > ~/.config/fish/completions/norikae.fish
`;

const SCRIPTS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

/** `norikae completion SHELL`. */
export function completionCommand(
  command: Command,
  context: CliContext,
  wholeProgram: () => Promise<Command>,
): void {
  command
    .addArgument(new Argument('<shell>', 'shell to complete in').choices(Object.keys(SCRIPTS)))
    .addHelpText('after', HELP)
    .action(async (shell: keyof typeof SCRIPTS) => {
      context.stdout.write(SCRIPTS[shell](completionModel(await wholeProgram())));
    });
}
