import { Iperf3Client, startIperf3Server } from '../../testbed/iperf3.ts';
import { type ManagedProcess, ProcessTrouble } from '../../testbed/managed-process.ts';
import { sleep } from '../../testbed/wait.ts';
import type { Direction, Sample } from '../model/cells.ts';
import { CpuMeter } from './profile.ts';
import type { Scene } from './scene.ts';

const INTERVAL_SECONDS = 0.25;
/** Longer than a phase of any plan, seconds. */
const LONG_SECONDS = 3_600;
/** A connection beside others that fill a slow vSwitch, ms. */
const CONNECT_MS = 20_000;

/** One TCP connection for each VM, all in the same direction. */
export class Streams {
  readonly #scene: Scene;
  readonly #clients: readonly Iperf3Client[];
  readonly #servers: readonly ManagedProcess[];

  private constructor(
    scene: Scene,
    clients: readonly Iperf3Client[],
    servers: readonly ManagedProcess[],
  ) {
    this.#scene = scene;
    this.#clients = clients;
    this.#servers = servers;
  }

  /** Starts the senders; without a rate they send what TCP lets them. */
  static async start(
    scene: Scene,
    direction: Direction,
    bitsPerSecondEach?: number,
  ): Promise<Streams> {
    const ends = scene.pairs.map(({ vm, peer, tcpPort: port }) => {
      const [from, to] = direction === 'transmit' ? [vm, peer] : [peer, vm];
      return { from, to, port };
    });
    const servers: ManagedProcess[] = [];
    for (const { to, port } of ends) {
      const server = await startIperf3Server(to.namespace, port);
      await scene.guests.add(server.pid);
      servers.push(server);
    }
    const rate = bitsPerSecondEach === undefined ? {} : { tcpBitsPerSecond: bitsPerSecondEach };
    // At the same time, so that none has to connect past others that send all they can.
    const clients = await Promise.all(
      ends.map(async ({ from, to, port }) => {
        const client = await Iperf3Client.start(from.namespace, {
          server: to.address,
          port,
          seconds: LONG_SECONDS,
          intervalSeconds: INTERVAL_SECONDS,
          ...rate,
        });
        await scene.guests.add(client.process.pid);
        return client;
      }),
    );
    const connected = (line: string): boolean => line.includes('connected to');
    await Promise.all(
      clients.map(({ process }) => process.waitForLine(connected, CONNECT_MS, 'a connection')),
    );
    return new Streams(scene, clients, servers);
  }

  /** Measures all connections together for so long. */
  async measure(seconds: number): Promise<Sample> {
    const cpu = new CpuMeter(this.#scene);
    const sinceMs = performance.now();
    await sleep(seconds * 1_000);
    const elapsed = (performance.now() - sinceMs) / 1_000;
    const measured = cpu.measured();
    const gone = this.#clients.find((client) => client.process.exit !== undefined);
    if (gone !== undefined) {
      throw new ProcessTrouble(`iperf3 ended too early:\n${gone.process.tail()}`);
    }
    const rates = this.#clients.map((client) => client.meanBitsPerSecond(elapsed));
    return { bitsPerSecond: rates.reduce((sum, rate) => sum + rate, 0), ...measured };
  }

  /** Ends the connections. */
  async stop(): Promise<void> {
    const clients = this.#clients.map((client) => client.process);
    await Promise.all([...clients, ...this.#servers].map((process) => process.stop()));
  }
}
