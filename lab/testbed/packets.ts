import { writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MARKER } from './frames.ts';
import type { ManagedProcess } from './managed-process.ts';
import type { Namespace } from './namespace.ts';

/** Debian's python3, for AF_PACKET sockets, which Node lacks. */
const PYTHON = '/usr/bin/python3';

/** A frame that a VM received. */
export interface CapturedFrame {
  /** Time of reading, ms of performance.now(). */
  readonly atMs: number;
  readonly bytes: Buffer;
}

/** Options of a sender. */
export interface SendOptions {
  readonly packetsPerSecond: number;
  /** Number of rounds; 0: until the sender is stopped. */
  readonly rounds: number;
}

/** Captures frames with the marker at a VM's eth0, with VLAN tags as on the wire. */
export class Capture {
  readonly frames: CapturedFrame[] = [];
  readonly #process: ManagedProcess;

  private constructor(process: ManagedProcess) {
    this.#process = process;
    process.onLine((line) => {
      if (/^[0-9a-f]+$/.test(line)) {
        this.frames.push({ atMs: performance.now(), bytes: Buffer.from(line, 'hex') });
      }
    });
  }

  /** Resolves when the capture runs. */
  static async start(vm: Namespace): Promise<Capture> {
    const args = [script(), 'capture', 'eth0', MARKER.toString('hex')];
    const capture = new Capture(await vm.spawn(`capture in ${vm.name}`, PYTHON, args));
    await capture.#process.waitForLine((line) => line === 'capturing', 10_000, 'begin');
    return capture;
  }

  /** Returns the captured frames and clears them. */
  take(): readonly CapturedFrame[] {
    return this.frames.splice(0);
  }

  async stop(): Promise<void> {
    await this.#process.stop();
  }
}

/** Starts to send frames from a VM's eth0; resolves when the first is about to be sent. */
export async function startSender(
  vm: Namespace,
  frames: readonly Buffer[],
  options: SendOptions,
  folder: string,
): Promise<ManagedProcess> {
  const file = join(folder, `frames-${vm.name}-${performance.now()}.txt`);
  await writeFile(file, frames.map((frame) => `${frame.toString('hex')}\n`).join(''));
  const { packetsPerSecond, rounds } = options;
  const command = 'exec "$0" "$1" send eth0 "$2" "$3" < "$4"';
  const args = ['-c', command, PYTHON, script(), String(packetsPerSecond), String(rounds), file];
  const sender = await vm.spawn(`sender in ${vm.name}`, 'sh', args);
  await sender.waitForLine((line) => line === 'sending', 10_000, 'begin');
  return sender;
}

/** Ends a sender; resolves to the number of frames that it has sent. */
export async function stopSender(sender: ManagedProcess): Promise<number> {
  sender.kill('SIGTERM');
  const line = await sender.waitForLine((text) => text.startsWith('sent '), 10_000, 'end');
  await sender.exited;
  return Number(line.slice('sent '.length));
}

/** Sends each frame once from a VM's eth0. */
export async function sendFrames(
  vm: Namespace,
  frames: readonly Buffer[],
  packetsPerSecond: number,
  folder: string,
): Promise<void> {
  const sender = await startSender(vm, frames, { packetsPerSecond, rounds: 1 }, folder);
  await sender.waitForLine((line) => line.startsWith('sent '), 60_000, 'end');
  await sender.exited;
}

/** The sequence number after the marker; undefined without a marker. */
export function sequenceOf(frame: Buffer): number | undefined {
  const at = frame.indexOf(MARKER);
  return at === -1 ? undefined : frame.readUInt32BE(at + MARKER.length);
}

/** What became of consecutively numbered packets. */
export interface Deliveries {
  /** Packets that were sent between the two points. */
  readonly sent: number;
  /** Numbers of those that did not arrive. */
  readonly lost: readonly number[];
}

/**
 * Judges captured packets of a sender that numbers them by one. What was sent follows from the
 * numbers, so a sender that is late loses nothing.
 *
 * @param margin packets at both ends that are not judged: others may have overtaken them
 */
export function deliveries(numbers: Iterable<number>, margin: number): Deliveries {
  const arrived = new Set(numbers);
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const number of arrived) {
    first = Math.min(first, number);
    last = Math.max(last, number);
  }
  const lost: number[] = [];
  let sent = 0;
  for (let number = first + margin; number <= last - margin; number++, sent++) {
    if (!arrived.has(number)) lost.push(number);
  }
  return { sent, lost };
}

/** packets.py is next to the source of this module; dist/ has no copy. */
function script(): string {
  const here = fileURLToPath(new URL('packets.py', import.meta.url));
  if (existsSync(here)) return here;
  return fileURLToPath(new URL('../../../lab/testbed/packets.py', import.meta.url));
}
