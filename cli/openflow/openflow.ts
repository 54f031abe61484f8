import { Command } from 'commander';
import type { CliContext } from '../support/context.ts';
import { openflowDecodeCommand } from './decode.ts';

export function openflowCommand(context: CliContext): Command {
  return new Command('openflow')
    .description('inspect messages between an OpenFlow switch and its controllers')
    .addCommand(openflowDecodeCommand(context));
}
