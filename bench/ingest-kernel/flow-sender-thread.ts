// Sends the packets of one flow at a time, and reports when the first of each has left.
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { monotonicMs } from '../../async/monotonic.ts';
import { ethernet, ipv4, udp } from '../../lab/testbed/frames.ts';
import { PacketSocket } from '../../lab/testbed/packet-socket.ts';
import { knownMac, type SenderCommand, type SenderData, sourceMac } from './flow-sender.ts';

const DATA_BYTES = 64;
/** ovs-vswitchd makes some hundred flows a second on an emulated processor. */
const KNOWN_AT_ONCE = 20;
const KNOWN_PAUSE_MS = 20;

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

async function sendKnown(flows: number): Promise<void> {
  for (let flow = 0; flow < flows; flow++) {
    socket.send(frameOf(knownMac(flow), flow));
    if (flow % KNOWN_AT_ONCE === 0) await sleep(KNOWN_PAUSE_MS);
  }
  parentPort?.postMessage(monotonicMs(), []);
}

parentPort?.on('message', (command: SenderCommand) => {
  if (command.kind === 'send') send(command.flow);
  else void sendKnown(command.flows);
});
parentPort?.postMessage('ready', []);
