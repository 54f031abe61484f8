import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { monotonicMs } from '../../../async/monotonic.ts';
import { packageRoot } from '../../../platform/package-root.ts';
import type { ByteChannel, ByteReceiver } from '../../../protocols/guest-channel/host/channel.ts';
import { openSession } from '../../../protocols/guest-channel/host/handshake.ts';
import type { GuestSession, GuestSessions } from '../../../protocols/guest-channel/host/session.ts';
import type { Cleanup } from '../../testbed/cleanup.ts';
import type { Namespace } from '../../testbed/namespace.ts';

/** An emulated processor takes long to load the agent, ms. */
const START_MS = 90_000;
const REPLY_MS = 30_000;

/** The agent of one guest, over its standard input and output. */
export class AgentSessions implements GuestSessions {
  readonly sessions: readonly GuestSession[];

  private constructor(session: GuestSession) {
    this.sessions = [session];
  }

  /** Starts the agent in a guest's namespace; resolves when it has said hello. */
  static async start(cleanup: Cleanup, guest: string, vm: Namespace): Promise<AgentSessions> {
    const agent = join(packageRoot(), 'dist', 'guest', 'main.js');
    const args = ['netns', 'exec', vm.name, process.execPath, agent, '--stdio'];
    const child = spawn('ip', args, { stdio: ['pipe', 'pipe', 'inherit'] });
    cleanup.add({
      name: `agent of ${guest}`,
      undo: async () => void child.kill('SIGKILL'),
      undoNow: () => void child.kill('SIGKILL'),
    });
    const options = { guest, timeoutMs: REPLY_MS, nowMs: monotonicMs };
    const session = await openSession(
      new ChildChannel(child),
      options,
      AbortSignal.timeout(START_MS),
    );
    return new AgentSessions(session);
  }

  find(guest: string): GuestSession | undefined {
    return this.sessions.find((session) => session.guest === guest);
  }

  onChange(listener: () => void): () => void {
    return this.sessions[0].listen({ lost: () => undefined, leaving: listener, ended: listener });
  }
}

/** A channel through the standard input and output of a child process. */
class ChildChannel implements ByteChannel {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  #receiver: ByteReceiver | undefined;

  constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child;
    child.stdin.on('error', () => undefined);
    child.stdout.on('data', (chunk: Buffer) => this.#receiver?.bytes(chunk));
    child.once('close', () => this.#receiver?.ended('the agent has ended'));
  }

  listen(receiver: ByteReceiver): void {
    this.#receiver = receiver;
  }

  send(text: string): boolean {
    return this.#child.stdin.write(text) || this.#child.stdin.writableLength < 1 << 20;
  }

  close(): void {
    this.#receiver = undefined;
    this.#child.stdin.end();
  }
}
