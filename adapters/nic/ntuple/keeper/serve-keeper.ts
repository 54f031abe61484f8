import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage } from '../../../../text/error-message.ts';
import type { FilterKeeper } from './filter-keeper.ts';
import { LeaseEnded } from './filter-writer.ts';
import { type KeeperMessage, type KeeperRequest, parseRequest } from './keeper-protocol.ts';

/** Attempts to remove the filters at the end, and the time between them, ms. */
const LAST_ATTEMPTS = 20;
const RETRY_MS = 500;

/**
 * Serves requests from standard input until it ends, and then removes the filters. Resolves to the
 * exit status.
 *
 * @param lingerMs what filters stay for after the end of the input, for others who notice it, too; not
 *   longer than the lease
 */
export async function serveKeeper(keeper: FilterKeeper, lingerMs = 0): Promise<number> {
  // A terminal's Ctrl-C and a service manager's stop are for the daemon, whose end ends the input.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => undefined);
  // The daemon's end closes the output first.
  process.stdout.on('error', () => undefined);
  try {
    await keeper.start();
  } catch (error) {
    say({ event: 'failed', error: errorMessage(error) });
    return 1;
  }
  keeper.onLapse(() => say({ event: 'lapsed' }));
  keeper.onStuck((error) => say({ event: 'stuck', error: errorMessage(error) }));
  say({ event: 'ready' });
  for await (const line of createInterface({ input: process.stdin })) {
    const request = parseRequest(line);
    if (request !== undefined) void answer(keeper, request);
  }
  if (!keeper.isEmpty) await sleep(lingerMs);
  return end(keeper);
}

async function answer(keeper: FilterKeeper, request: KeeperRequest): Promise<void> {
  const { id } = request;
  try {
    say({ id, result: await perform(keeper, request) });
  } catch (error) {
    say({ id, error: errorMessage(error), leaseEnded: error instanceof LeaseEnded });
  }
}

async function perform(keeper: FilterKeeper, request: KeeperRequest): Promise<unknown> {
  switch (request.do) {
    case 'insert':
      return keeper.insert(request.filter);
    case 'remove':
      return keeper.remove(request.location);
    case 'list':
      return keeper.list();
    case 'renew':
      await keeper.renew(request.untilMs);
      return null;
    case 'remove-all':
      break;
  }
  return keeper.removeAll();
}

function say(message: KeeperMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

async function end(keeper: FilterKeeper): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      await keeper.close();
      return 0;
    } catch (error) {
      if (attempt === LAST_ATTEMPTS) {
        console.error(errorMessage(error));
        return 1;
      }
      await sleep(RETRY_MS);
    }
  }
}
