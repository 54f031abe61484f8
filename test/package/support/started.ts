import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../support/eventually.ts';

/** Maximum times until the daemon is ready, responds, and exits, ms. */
const READY_MS = 20_000;
const ANSWER_MS = 5_000;
const END_MS = 12_000;

/** The daemon did not become ready. */
export class NotReady extends Error {
  override readonly name = 'NotReady';
}

/** A daemon that answers on HTTP. */
export interface StartedDaemon {
  /** Sends SIGTERM and resolves to the exit code, or to null if it had to be killed. */
  stop(): Promise<number | null>;
  /** Its output so far, on both streams. */
  output(): string;
}

/**
 * Runs `command run` and waits until `/readyz` says that it is ready.
 *
 * @param url of its HTTP server
 * @throws NotReady
 */
export async function start(command: string, config: string, url: string): Promise<StartedDaemon> {
  const child = spawn(command, ['run', '--config', config], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NOTIFY_SOCKET: '' },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const ended = once(child, 'exit').catch((error: unknown) => (output += String(error)));
  const daemon = {
    stop: async () => {
      child.kill('SIGTERM');
      await Promise.race([ended, sleep(END_MS, undefined, { ref: false })]);
      child.kill('SIGKILL');
      return child.exitCode;
    },
    output: () => output,
  };
  const isReady = async () => (await answerOf(`${url}/readyz`))?.status === 200;
  try {
    await eventually('the daemon is ready', isReady, READY_MS);
  } catch {
    throw new NotReady(`exit code ${await daemon.stop()}: ${output}`);
  }
  return daemon;
}

/**
 * Loads the page at `url` and everything that it references, recursively.
 *
 * @returns status and URL of each file that the daemon does not serve, and the number of served files
 */
export async function loadPage(url: string): Promise<{ broken: string[]; served: number }> {
  const addresses = new Set([url]);
  const broken: string[] = [];
  // The iteration of a set includes items that are added meanwhile.
  for (const address of addresses) {
    const answer = await answerOf(address);
    if (answer?.status === 200) {
      for (const link of linksOf(await answer.text())) addresses.add(new URL(link, address).href);
    } else {
      broken.push(`${answer?.status} ${address}`);
    }
  }
  return { broken, served: addresses.size - broken.length };
}

function answerOf(url: string): Promise<Response | undefined> {
  return fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) }).catch(() => undefined);
}

/** References of a page (`src`, `href`) or a module (`import`, `from`). */
function linksOf(text: string): string[] {
  const links = text.startsWith('<!doctype html>')
    ? /(?:src|href)="([^":#]+)"/g
    : /(?:from|import) ?\(?["'](\.[^"']+\.js)["']/g;
  return [...text.matchAll(links)].map(([, link]) => link);
}
