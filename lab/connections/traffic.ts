import { Iperf3Client, startIperf3Server } from '../testbed/iperf3.ts';
import { startAnswerer, startShortTalks } from '../testbed/talk.ts';
import type { SceneVm } from './scene.ts';

/** Ports of the servers: long TCP, long UDP, short TCP connections. */
const PORTS = { tcp: 5_201, udp: 5_202, short: 5_203 } as const;

/**
 * The workload, the same in every deployment: one TCP connection as fast as it goes, one UDP stream,
 * and short TCP connections, each with 16 KB in both directions.
 */
const UDP_BITS_PER_SECOND = 20_000_000;
const SHORT = { perSecond: 20, bytes: 16_384 } as const;
const INTERVAL_SECONDS = 0.1;

/** Longest time that the clients send, s; they are stopped before. */
const MAX_SECONDS = 300;

/** The servers of the workload, which stay for all phases of a deployment. */
export interface Servers {
  stop(): Promise<void>;
}

/** Starts the servers in a VM. */
export async function startServers({ namespace, address }: SceneVm): Promise<Servers> {
  const servers = [
    await startIperf3Server(namespace, PORTS.tcp),
    await startIperf3Server(namespace, PORTS.udp),
    await startAnswerer(namespace, 'tcp', address, PORTS.short),
  ];
  return { stop: () => stopAll(servers) };
}

/** The clients of the workload. */
export interface Clients {
  /** The TCP connection that is as fast as it goes. */
  readonly bulk: Iperf3Client;
  stop(): Promise<void>;
}

/** Starts the clients in a VM, towards `target`. */
export async function startClients(
  { namespace, address }: SceneVm,
  target: string,
): Promise<Clients> {
  const common = { server: target, seconds: MAX_SECONDS, intervalSeconds: INTERVAL_SECONDS };
  const bulk = await Iperf3Client.start(namespace, { ...common, port: PORTS.tcp });
  const udp = await Iperf3Client.start(namespace, {
    ...common,
    port: PORTS.udp,
    udpBitsPerSecond: UDP_BITS_PER_SECOND,
  });
  const short = await startShortTalks(namespace, address, target, PORTS.short, SHORT);
  return { bulk, stop: () => stopAll([bulk.process, udp.process, short]) };
}

async function stopAll(all: readonly { stop(): Promise<unknown> }[]): Promise<void> {
  for (const one of all) await one.stop();
}
