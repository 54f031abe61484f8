import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ethernet, ipv4, udp } from '../testbed/frames.ts';
import { run } from '../testbed/run.ts';
import type { Scene, SceneFlow } from './scene.ts';

/** Debian's python3, for AF_PACKET sockets, which Node lacks. */
const PYTHON = '/usr/bin/python3';
/** Time for starting the sender and for its last packets, beside the scene. */
const SPARE_MS = 60_000;
const HEADER_BYTES = 14 + 20 + 8;
const IPV4 = 0x0800;
const SENDER = { mac: '02:09:00:00:00:01', address: Buffer.from([10, 9, 0, 1]) };
const RECEIVER = { mac: '02:09:00:00:00:02', address: Buffer.from([10, 9, 0, 2]) };

/** What was sent, and when the NIC began to carry the probes. */
export interface TrafficResult {
  /** Packets of each flow and then of each probe. */
  readonly sentPackets: readonly number[];
  /** The longest time by which a packet was sent too late, ms. */
  readonly latestMs: number;
  /** Of each probe, from its first packet to the first that did not come to the vSwitch, ms. */
  readonly reactionMs: readonly (number | null)[];
}

/** The function of the NIC that sends, and the host's device that gets what the NIC does not carry. */
export interface Sender {
  readonly device: string;
  readonly representor: string;
}

/**
 * Sends the traffic of a scene.
 *
 * @param execute runs a command; left out: in the namespace of this process
 */
export async function sendScene(
  { durationMs, flows, probes }: Pick<Scene, 'durationMs' | 'flows' | 'probes'>,
  { device, representor }: Sender,
  execute: typeof run = run,
): Promise<TrafficResult> {
  const scheduled = (isProbe: boolean) => (flow: SceneFlow) => ({
    isProbe,
    frame: frameOf(flow).toString('hex'),
    offset: flow.offset,
    steps: flow.steps.map(({ atMs, packetsPerSecond }) => [atMs, packetsPerSecond]),
  });
  const all = [...flows.map(scheduled(false)), ...probes.map(scheduled(true))];
  const input = JSON.stringify({ device, watched: representor, durationMs, flows: all });
  const options = { input, timeoutMs: durationMs + SPARE_MS };
  return JSON.parse(await execute(PYTHON, [script()], options));
}

function frameOf({ udpPort, frameBytes }: SceneFlow): Buffer {
  const header = { src: SENDER.address, dst: RECEIVER.address, protocol: 17, ttl: 64, tos: 0 };
  const datagram = udp(header, 9, udpPort, Buffer.alloc(frameBytes - HEADER_BYTES));
  const payload = ipv4(header, 0, datagram);
  return ethernet({ src: SENDER.mac, dst: RECEIVER.mac, etherType: IPV4, payload });
}

/** traffic.py is next to the source of this module; dist/ has no copy. */
function script(): string {
  const here = fileURLToPath(new URL('traffic.py', import.meta.url));
  if (existsSync(here)) return here;
  return fileURLToPath(new URL('../../../lab/offload-peer/traffic.py', import.meta.url));
}
