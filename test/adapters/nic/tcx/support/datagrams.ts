import { join } from 'node:path';
import type { Namespace } from '../../../../../lab/testbed/namespace.ts';
import { projectRoot } from '../../support/object.ts';

const PYTHON = '/usr/bin/python3';
const READY_MS = 20_000;
const ARRIVED_MS = 30_000;

/** Datagrams from one socket to another. */
export interface Datagrams {
  readonly sender: Namespace;
  readonly receiver: Namespace;
  /** Of the receiver. */
  readonly address: string;
  readonly port: number;
  /** Where the sender sends to, when something rewrites it. */
  readonly target?: string;
  readonly count: number;
  /** Datagrams in one call; more than one leave segmentation to the device (UDP_SEGMENT). */
  readonly atOnce: number;
}

/** Sends numbered datagrams; resolves to the numbers that arrive, in their order. */
export async function sendDatagrams(datagrams: Datagrams): Promise<readonly number[]> {
  const { sender, receiver, address, port, count, atOnce, target = address } = datagrams;
  const script = join(projectRoot(), 'test/adapters/nic/tcx/support/datagrams.py');
  const place = [address, String(port), String(count)];
  const listener = await receiver.spawn('receiver', PYTHON, [script, 'receive', ...place]);
  try {
    await listener.waitForLine((line) => line === 'ready', READY_MS, 'listen');
    const isReport = (line: string): boolean => line.startsWith('arrived');
    const arrived = listener.waitForLine(isReport, ARRIVED_MS, 'report');
    const there = [target, String(port), String(count), String(atOnce)];
    await sender.exec(PYTHON, [script, 'send', ...there]);
    return (await arrived).split(' ').slice(1).map(Number);
  } finally {
    await listener.stop();
  }
}
