import type { Command } from 'commander';
import { ControlClient } from '../client/client.ts';
import type { CliContext } from './context.ts';
import { socketPath } from './socket-path.ts';

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
