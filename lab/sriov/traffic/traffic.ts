import { join } from 'node:path';
import { packageRoot } from '../../../platform/package-root.ts';
import { startIperf3Server } from '../../testbed/iperf3.ts';
import type { ManagedProcess } from '../../testbed/managed-process.ts';
import { waitFor } from '../../testbed/wait.ts';
import type { SriovBed } from '../bed/bed.ts';
import { Pings } from './pings.ts';
import { retransmits } from './retransmits.ts';

/** Rates of the connection that is always there, and of the one that comes and goes, bit/s. */
const BASE_BITS_PER_SECOND = 0.1e6;
const LOAD_BITS_PER_SECOND = 1e6;
const LOAD_PORT = 5202;
/** Debian's python3. */
const PYTHON = '/usr/bin/python3';
const PING_PORT = 7;
const PING_SECONDS = 0.05;
/** Longer than any experiment; it is ended by a signal. */
const TRAFFIC_SECONDS = 3_000;
const END_MS = 30_000;
/** Links of emulated NICs take seconds to come up, ms. */
const ANSWER_MS = 60_000;

/** What the traffic noticed. */
export interface Noticed {
  readonly pings: number;
  readonly lost: number;
  readonly duplicates: number;
  readonly retransmits: number;
}

/** A moment of the traffic. */
export interface Mark {
  readonly ping: number;
  readonly retransmits: number;
}

type Ends = Pick<SriovBed, 'vm' | 'peer'>;

/** Pings and TCP with data in both directions between the VM and the peer. */
export class Traffic {
  readonly #ends: Ends;
  readonly #pings: Pings;
  readonly #processes: readonly ManagedProcess[];
  #load: ManagedProcess | undefined;

  private constructor(ends: Ends, pings: Pings, processes: readonly ManagedProcess[]) {
    this.#ends = ends;
    this.#pings = pings;
    this.#processes = processes;
  }

  /** Starts the pings and one connection; resolves when both are there. */
  static async start({ vm, peer }: Ends): Promise<Traffic> {
    await startIperf3Server(peer.namespace);
    await startIperf3Server(peer.namespace, LOAD_PORT);
    const script = join(packageRoot(), 'lab', 'sriov', 'traffic', 'pings.py');
    const port = String(PING_PORT);
    const answer = [script, 'answer', peer.address, port];
    const answering = await peer.namespace.spawn('pings answer', PYTHON, answer);
    await answering.waitForLine((line) => line === 'answering', ANSWER_MS, 'it answers');
    const send = [script, 'send', peer.address, port, String(PING_SECONDS)];
    const ping = await vm.namespace.spawn('pings send', PYTHON, send);
    await ping.waitForLine((line) => line.startsWith('answer '), ANSWER_MS, 'an answer');
    const pings = new Pings();
    ping.onLine((line) => pings.add(line));
    const base = await connect({ vm, peer }, ['--bitrate', String(BASE_BITS_PER_SECOND)]);
    return new Traffic({ vm, peer }, pings, [base, ping]);
  }

  /** A second connection begins. */
  async startLoad(): Promise<void> {
    const rate = ['--bitrate', String(LOAD_BITS_PER_SECOND)];
    this.#load ??= await connect(this.#ends, ['--port', String(LOAD_PORT), ...rate]);
  }

  /** The second connection ends. */
  async endLoad(): Promise<void> {
    if (this.#load !== undefined) await end(this.#load);
    this.#load = undefined;
  }

  /** This moment: the next pings and segments count. */
  async mark(): Promise<Mark> {
    await this.answered(2);
    return { ping: this.#pings.last, retransmits: await this.#retransmits() };
  }

  /** What was noticed since a moment. */
  async since(mark: Mark): Promise<Noticed> {
    await this.answered(2);
    const sum = await this.#retransmits();
    return { ...this.#pings.since(mark.ping), retransmits: sum - mark.retransmits };
  }

  /** Waits until so many more pings are sent and the last of them is answered. */
  async answered(more: number): Promise<void> {
    const { last } = this.#pings;
    const isAnswered = (): true | undefined => this.#pings.last >= last + more || undefined;
    await waitFor('answers to pings', isAnswered, { timeoutMs: END_MS });
  }

  async end(): Promise<void> {
    await this.endLoad();
    for (const process of this.#processes) await end(process);
  }

  #retransmits(): Promise<number> {
    return retransmits(this.#ends.vm.namespace, this.#ends.peer.namespace);
  }
}

async function connect({ vm, peer }: Ends, options: readonly string[]): Promise<ManagedProcess> {
  const args = ['--client', peer.address, '--bidir', '--time', String(TRAFFIC_SECONDS)];
  const client = await vm.namespace.spawn('iperf3 client', 'iperf3', [
    ...args,
    '--forceflush',
    ...options,
  ]);
  await client.waitForLine((line) => line.includes('connected to'), ANSWER_MS, 'a connection');
  return client;
}

async function end(process: ManagedProcess): Promise<void> {
  process.kill('SIGINT');
  const timer = setTimeout(() => process.kill('SIGKILL'), END_MS);
  await process.exited.finally(() => clearTimeout(timer));
}
