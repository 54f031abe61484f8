import type { Exit, ManagedProcess } from './managed-process.ts';
import { ProcessTrouble } from './managed-process.ts';
import type { Namespace } from './namespace.ts';

/** Traffic of one iperf3 flow in one interval. */
export interface Interval {
  /** When the line was read, ms of performance.now(). */
  readonly atMs: number;
  /** Start and length on iperf3's own clock, seconds. */
  readonly startSeconds: number;
  readonly seconds: number;
  readonly bitsPerSecond: number;
  readonly bytes: number;
}

/** Options of a client. */
export interface ClientOptions {
  /** Address of the server. */
  readonly server: string;
  readonly port?: number;
  readonly seconds: number;
  /** Length of a report interval, seconds; default 0.5. */
  readonly intervalSeconds?: number;
  /** UDP at this many bits/s instead of TCP. */
  readonly udpBitsPerSecond?: number;
  /** Limit of the TCP rate, bits/s; default: unlimited. */
  readonly tcpBitsPerSecond?: number;
  /** Local TCP or UDP port of the test's connection, to identify it. */
  readonly clientPort?: number;
}

const LINE =
  /^\[\s*\d+\]\s+([\d.]+)-([\d.]+)\s+sec\s+([\d.]+) (?:([KMGT])?Bytes)\s+([\d.]+) Kbits\/sec/;
const BYTE_UNITS: Readonly<Record<string, number>> = {
  K: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
  T: 1024 ** 4,
};

/** Reads an interval line that iperf3 wrote with `--format k`; undefined for any other line. */
export function parseInterval(line: string, atMs: number): Interval | undefined {
  const found = LINE.exec(line);
  if (found === null || line.includes('sender') || line.includes('receiver')) return undefined;
  const [, start, end, amount, unit, rate] = found;
  const startSeconds = Number(start);
  return {
    atMs,
    startSeconds,
    seconds: Number(end) - startSeconds,
    bitsPerSecond: Number(rate) * 1_000,
    bytes: Math.round(Number(amount) * (BYTE_UNITS[unit ?? ''] ?? 1)),
  };
}

/** Starts an iperf3 server in a namespace; resolves when it listens. */
export async function startIperf3Server(vm: Namespace, port = 5201): Promise<ManagedProcess> {
  const args = ['--server', '--forceflush', '--port', String(port)];
  const server = await vm.spawn('iperf3 server', 'iperf3', args);
  await server.waitForLine((line) => line.includes('Server listening'), 5_000, 'listening');
  return server;
}

/** An iperf3 client and its reports so far. */
export class Iperf3Client {
  readonly process: ManagedProcess;
  readonly intervals: Interval[] = [];

  private constructor(process: ManagedProcess) {
    this.process = process;
    process.onLine((line) => {
      const interval = parseInterval(line, performance.now());
      if (interval !== undefined) this.intervals.push(interval);
    });
  }

  /** Starts a client in a namespace. */
  static async start(vm: Namespace, options: ClientOptions): Promise<Iperf3Client> {
    const args = ['--client', options.server, '--port', String(options.port ?? 5201)];
    args.push('--time', String(options.seconds), '--format', 'k', '--forceflush');
    args.push('--interval', String(options.intervalSeconds ?? 0.5));
    if (options.clientPort !== undefined) args.push('--cport', String(options.clientPort));
    if (options.udpBitsPerSecond !== undefined) {
      args.push('--udp', '--bitrate', String(options.udpBitsPerSecond));
    } else if (options.tcpBitsPerSecond !== undefined) {
      args.push('--bitrate', String(options.tcpBitsPerSecond));
    }
    return new Iperf3Client(await vm.spawn('iperf3 client', 'iperf3', args));
  }

  /** Mean bits/s over the reports of the last `seconds`; 0 without reports. */
  meanBitsPerSecond(seconds: number): number {
    const since = performance.now() - seconds * 1_000;
    const recent = this.intervals.filter((interval) => interval.atMs >= since);
    const spent = recent.reduce((sum, interval) => sum + interval.seconds, 0);
    const bits = recent.reduce((sum, i) => sum + i.bitsPerSecond * i.seconds, 0);
    return spent === 0 ? 0 : bits / spent;
  }

  /**
   * Ends the transfer before its time; resolves when the client has exited.
   *
   * @throws {ProcessTrouble} when it had ended by itself: its connection did not last
   */
  async end(): Promise<void> {
    const { exit } = this.process;
    if (exit !== undefined) {
      throw new ProcessTrouble(
        `iperf3 client: has ended with ${exit.code ?? exit.signal}:\n${this.process.tail()}`,
      );
    }
    await this.process.stop();
  }

  /**
   * Resolves when the client has exited.
   *
   * @throws {ProcessTrouble} when it ended with an error
   */
  async done(): Promise<Exit> {
    const exit = await this.process.exited;
    if (exit.code !== 0) {
      throw new ProcessTrouble(
        `iperf3 client: ended with ${exit.code ?? exit.signal}:\n${this.process.tail()}`,
      );
    }
    return exit;
  }
}
