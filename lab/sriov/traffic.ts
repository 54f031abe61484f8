import { join } from 'node:path';
import { packageRoot } from '../../platform/package-root.ts';
import { ProcessTrouble } from '../testbed/managed-process.ts';
import { startIperf3Server } from '../testbed/iperf3.ts';
import { waitFor } from '../testbed/wait.ts';
import type { SriovBed } from './bed/bed.ts';
import { VF_DEVICE } from './bed/bed.ts';

/** Rate of TCP: far from what an emulated processor carries. */
const TCP_BITS_PER_SECOND = 2e6;
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

type Ends = Pick<SriovBed, 'vm' | 'peer'>;

/** Starts pings and a TCP connection with data in both directions from the VM to the peer. */
export async function startTraffic({ vm, peer }: Ends): Promise<{ end(): Promise<Noticed> }> {
  await startIperf3Server(peer.namespace);
  const port = String(PING_PORT);
  const answer = [script(), 'answer', peer.address, port];
  const answering = await peer.namespace.spawn('pings answer', PYTHON, answer);
  await answering.waitForLine((line) => line === 'answering', ANSWER_MS, 'it answers');
  const send = [script(), 'send', peer.address, port, String(PING_SECONDS)];
  const ping = await vm.namespace.spawn('pings send', PYTHON, send);
  await ping.waitForLine((line) => line.startsWith('answer '), ANSWER_MS, 'an answer of the peer');
  const pings = new Pings();
  ping.onLine((line) => pings.add(line));
  const connection = ['--client', peer.address, '--bidir', '--time', String(TRAFFIC_SECONDS)];
  connection.push('--bitrate', String(TCP_BITS_PER_SECOND), '--forceflush');
  const iperf3 = await vm.namespace.spawn('iperf3 client', 'iperf3', connection);
  await iperf3.waitForLine((line) => line.includes('connected to'), ANSWER_MS, 'a connection');
  const before = await retransmits({ vm, peer });
  const end = async (): Promise<Noticed> => {
    const { last } = pings;
    const answered = (): true | undefined => pings.last > last + 1 || undefined;
    await waitFor('answers after the last move', answered, { timeoutMs: END_MS });
    const after = await retransmits({ vm, peer });
    for (const process of [iperf3, ping]) {
      process.kill('SIGINT');
      const timer = setTimeout(() => process.kill('SIGKILL'), END_MS);
      await process.exited.finally(() => clearTimeout(timer));
    }
    return { ...pings.counts(), retransmits: after - before };
  };
  return { end };
}

function script(): string {
  return join(packageRoot(), 'lab', 'sriov', 'pings.py');
}

/**
 * Answers to numbered datagrams, line by line. The last one is still on its way when the sender is
 * ended, so those after the last answer do not count; neither do those before the first one, when the
 * links were not up yet.
 */
export class Pings {
  readonly #answered = new Set<number>();
  #duplicates = 0;
  #first = Number.POSITIVE_INFINITY;
  #last = 0;

  /** Number of the last one that was answered. */
  get last(): number {
    return this.#last;
  }

  add(line: string): void {
    const number = Number(/^answer (\d+)$/.exec(line)?.[1] ?? Number.NaN);
    if (Number.isNaN(number)) return;
    if (this.#answered.has(number)) this.#duplicates++;
    this.#answered.add(number);
    this.#first = Math.min(this.#first, number);
    this.#last = Math.max(this.#last, number);
  }

  counts(): Omit<Noticed, 'retransmits'> {
    const pings = Math.max(0, this.#last - this.#first + 1);
    return { pings, lost: pings - this.#answered.size, duplicates: this.#duplicates };
  }
}

/** Segments that the namespaces of both ends have sent again. */
async function retransmits({ vm, peer }: Ends): Promise<number> {
  let sum = 0;
  for (const namespace of [vm.namespace, peer.namespace]) {
    sum += retransmitsIn(await namespace.exec('cat', ['/proc/net/snmp']));
  }
  return sum;
}

/** `RetransSegs` in the text of /proc/net/snmp. @throws {ProcessTrouble} */
export function retransmitsIn(snmp: string): number {
  const [names, values] = snmp
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
    .map((line) => line.split(' '));
  const sum = Number(values?.[names.indexOf('RetransSegs')] ?? Number.NaN);
  if (Number.isNaN(sum)) throw new ProcessTrouble(`no RetransSegs in ${snmp}`);
  return sum;
}

/** Packets that the virtual function has received and sent. */
export async function vfPackets({ vm }: SriovBed): Promise<number> {
  const files = ['rx_packets', 'tx_packets'].map(
    (name) => `/sys/class/net/${VF_DEVICE}/statistics/${name}`,
  );
  const text = await vm.namespace.exec('cat', files);
  return text.split('\n').reduce((sum, line) => sum + Number(line), 0);
}
