import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ManagedProcess } from './managed-process.ts';
import type { Namespace } from './namespace.ts';

/** Debian's python3, for raw sockets, which Node lacks. */
const PYTHON = '/usr/bin/python3';
const START_MS = 15_000;

export type TalkKind = 'tcp' | 'udp' | 'icmp';

/** One end of a connection: sends messages until it is stopped. */
export interface Talker {
  /** Its source port; the identifier of ICMP. */
  readonly port: number;
  /** Ends the process; the connection is closed. */
  stop(): Promise<unknown>;
}

/** A server that answers each message. */
export interface Answerer {
  /** Lets a UDP server answer; it is silent before. */
  answer(): void;
  stop(): Promise<unknown>;
}

/** Starts a server in a namespace; resolves when it listens. */
export async function startAnswerer(
  where: Namespace,
  kind: Exclude<TalkKind, 'icmp'>,
  address: string,
  port: number,
): Promise<Answerer> {
  const process = await start(where, ['serve', kind, address, String(port)]);
  await process.waitForLine((line) => line === 'serving', START_MS, 'listen');
  return {
    answer: () => process.kill('SIGUSR1'),
    stop: () => process.stop(),
  };
}

/** Starts to talk to a server, 20 messages a second; resolves when it is connected. */
export async function startTalker(
  where: Namespace,
  kind: TalkKind,
  source: string,
  address: string,
  port: number,
): Promise<Talker> {
  const process = await start(where, ['talk', kind, source, address, String(port)]);
  const isTalking = (text: string): boolean => text.startsWith('talking ');
  const line = await process.waitForLine(isTalking, START_MS, 'connect');
  return { port: Number(line.split(' ')[1]), stop: () => process.stop() };
}

/** Opens short TCP connections to a server, one after another; resolves when it begins. */
export async function startShortTalks(
  where: Namespace,
  source: string,
  address: string,
  port: number,
  { perSecond, bytes }: { readonly perSecond: number; readonly bytes: number },
): Promise<Pick<Talker, 'stop'>> {
  const to = [source, address, String(port), String(perSecond), String(bytes)];
  const process = await start(where, ['short', 'tcp', ...to]);
  await process.waitForLine((text) => text.startsWith('talking '), START_MS, 'begin');
  return { stop: () => process.stop() };
}

function start(where: Namespace, args: readonly string[]): Promise<ManagedProcess> {
  return where.spawn(`talk.py in ${where.name}`, PYTHON, [script(), ...args]);
}

/** The script in the source tree, also from `dist`. */
function script(): string {
  const here = fileURLToPath(new URL('talk.py', import.meta.url));
  if (existsSync(here)) return here;
  return fileURLToPath(new URL('../../../lab/testbed/talk.py', import.meta.url));
}
