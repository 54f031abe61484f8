import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { runtimeFolder, SYSTEM_RUNTIME_FOLDER } from '../../config/runtime-folder.ts';
import { ControlClient } from '../client/client.ts';
import type { CliContext } from './context.ts';

/** Options of every command that talks to a running daemon. */
export interface ControlOptions {
  readonly control?: string;
  readonly json?: boolean;
}

/** Adds `--control` and `--json`. */
export function withControlOptions(command: Command): Command {
  return command
    .option('--control <path>', 'control socket of the daemon (or set NORIKAE_CONTROL)')
    .option('--json', 'print JSON');
}

/** A client for the socket in the options, the environment, or a default location. */
export function clientFor(context: CliContext, options: ControlOptions): ControlClient {
  return new ControlClient(socketPath(context.env, options.control));
}

function socketPath(env: NodeJS.ProcessEnv, given: string | undefined): string {
  const named = given ?? env.NORIKAE_CONTROL;
  if (named !== undefined && named !== '') return named;
  const own = runtimeFolder(env);
  const defaults = [
    join(own, 'control.sock'),
    join(SYSTEM_RUNTIME_FOLDER, 'control.sock'),
    join(own, 'emulated.sock'),
  ];
  return defaults.find((path) => existsSync(path)) ?? defaults[0];
}
