import { Command } from 'commander';
import type { CliContext } from '../support/context.ts';
import { openflowDecodeCommand } from './decode.ts';

/** `norikae openflow ...`: what is said to an OpenFlow switch, and by it. */
export function openflowCommand(context: CliContext): Command {
  return new Command('openflow')
    .description('look into what an OpenFlow switch and its controllers say')
    .addCommand(openflowDecodeCommand(context));
}
