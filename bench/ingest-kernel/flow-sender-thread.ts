// Sends the packets of one flow at a time, and reports when the first of each has left.
import { parentPort, workerData } from 'node:worker_threads';
import { monotonicMs } from '../../async/monotonic.ts';
import { ethernet, ipv4, udp } from '../../lab/testbed/frames.ts';
import { PacketSocket } from '../../lab/testbed/packet-socket.ts';
import { type SenderCommand, type SenderData, sourceMac } from './flow-sender.ts';

const DATA_BYTES = 64;

const data: SenderData = workerData;
const socket = new PacketSocket(data.namespace, 'eth0');
let timer: NodeJS.Timeout | undefined;

function frameOf(src: string, flow: number): Buffer {
  const ip = {
    src: Buffer.from([10, 77, flow >> 8, flow & 0xff]),
    dst: Buffer.from([10, 78, flow >> 8, flow & 0xff]),
    protocol: 17,
    ttl: 64,
    tos: 0,
  };
  const payload = ipv4(ip, flow, udp(ip, 1_000, 2_000, Buffer.alloc(DATA_BYTES)));
  return ethernet({ src, dst: data.receiverMac, etherType: 0x0800, payload });
}

function send(flow: number | undefined): void {
  clearInterval(timer);
  if (flow === undefined) return;
  const frame = frameOf(sourceMac(flow), flow);
  const atMs = monotonicMs();
  socket.send(frame);
  parentPort?.postMessage(atMs, []);
  timer = setInterval(() => socket.send(frame), data.gapMs);
}

parentPort?.on('message', ({ flow }: SenderCommand) => send(flow));
parentPort?.postMessage('ready', []);
