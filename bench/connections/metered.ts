import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Libbpf } from '../../adapters/nic/core/libbpf.ts';
import { meterPinPath } from '../../adapters/nic/core/meter-pins.ts';
import { PacketMeter } from '../../adapters/nic/meter/packet-meter.ts';
import type { PortInfo } from '../../engine/model/port.ts';
import type { MeterSink } from '../../engine/ports/connection-meter.ts';
import { mountBpffs } from '../../lab/testbed/bpffs.ts';
import { Cleanup } from '../../lab/testbed/cleanup.ts';
import { ethernet, ipv4, udp } from '../../lab/testbed/frames.ts';
import { NameMaker } from '../../lab/testbed/names.ts';
import { Namespace } from '../../lab/testbed/namespace.ts';
import { PacketBurst } from '../../lab/testbed/packet-burst.ts';
import { createVethPort } from '../../lab/testbed/veth.ts';
import { packageRoot } from '../../platform/package-root.ts';
import { cpuMs } from '../support/measuring.ts';

const MAC = '02:00:00:00:00:01';
const DATA_BYTES = 18;
/** Connections whose packets are made at a time. */
const AT_ONCE = 1 << 16;
/** Room beyond the connections: each processor keeps some memory for its next ones. */
const SPARE = 1 << 14;
const WARM_READINGS = 3;

/** What reading so many connections takes. */
export interface MeteredFigures {
  readonly connections: number;
  /** Memory of the map in the kernel, bytes. */
  readonly mapBytes: number;
  /** Processor time of this process for a reading, worker threads included, ms. */
  readonly cpuMs: readonly number[];
  readonly wallMs: readonly number[];
  /** Longest time that the event loop did nothing else in a reading, ms. */
  readonly longestTurnMs: number;
}

/** Sends a packet of each of so many connections by a port, and reads them. */
export async function measureMetered(
  connections: number,
  readings: number,
  progress: (line: string) => void,
): Promise<MeteredFigures> {
  const cleanup = new Cleanup();
  const names = new NameMaker();
  const folder = await mkdtemp(join(tmpdir(), 'norikae-connections-'));
  try {
    const bpffs = join(folder, 'bpf');
    await mountBpffs(cleanup, bpffs);
    const vm = await Namespace.create(cleanup, names, 'm');
    const port = await createVethPort(cleanup, {
      name: names.next('v'),
      vm,
      mac: MAC,
      addresses: [],
    });
    const pinPath = join(bpffs, 'norikae');
    const meter = new PacketMeter({
      pinPath,
      objectPath: join(packageRoot(), 'dist/adapters/nic/meter/norikae.bpf.o'),
      connections: connections + SPARE,
      forgetAfterMs: 3_600_000,
      sampling: { above: 0, oneIn: 1 },
    });
    await meter.portsChanged(new Map([[port.name, infoOf(port.name, port.ifindex)]]));
    try {
      sendEach(vm, connections);
      const figures = await readAll(meter, connections, readings, progress);
      return { connections, mapBytes: mapBytes(pinPath), ...figures };
    } finally {
      await meter.close('withdraw');
    }
  } finally {
    await cleanup.run();
    await rm(folder, { recursive: true, force: true });
  }
}

async function readAll(
  meter: PacketMeter,
  connections: number,
  readings: number,
  progress: (line: string) => void,
): Promise<Pick<MeteredFigures, 'cpuMs' | 'wallMs' | 'longestTurnMs'>> {
  let packets = 0;
  const sink: MeterSink = {
    metered: (_0, _1, _2, _3, counted) => {
      packets += counted;
    },
  };
  const [cpu, wall]: [number[], number[]] = [[], []];
  let longestTurnMs = 0;
  for (let n = 0; n < WARM_READINGS + readings; n++) {
    const turns = new Turns();
    const [beforeMs, startMs] = [cpuMs(), performance.now()];
    const reading = await meter.read(sink, new AbortController().signal);
    const [tookMs, usedMs] = [performance.now() - startMs, cpuMs() - beforeMs];
    const longest = turns.stop();
    if (reading.connections !== connections) {
      throw new Error(`${reading.connections} of ${connections} connections were read`);
    }
    progress(`${connections} connections in ${tookMs.toFixed(0)} ms, ${usedMs.toFixed(0)} of CPU`);
    if (n < WARM_READINGS) continue;
    cpu.push(usedMs);
    wall.push(tookMs);
    longestTurnMs = Math.max(longestTurnMs, longest);
  }
  if (packets < connections) throw new Error(`only ${packets} packets were counted`);
  return { cpuMs: cpu, wallMs: wall, longestTurnMs };
}

/** Measures how long the event loop does nothing else. */
class Turns {
  #longestMs = 0;
  #lastMs = performance.now();
  readonly #timer = setInterval(() => this.#look(), 1);

  stop(): number {
    clearInterval(this.#timer);
    this.#look();
    return this.#longestMs;
  }

  #look(): void {
    const nowMs = performance.now();
    this.#longestMs = Math.max(this.#longestMs, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
  }
}

/** Sends one packet of each connection. */
function sendEach(vm: Namespace, connections: number): void {
  for (let first = 0; first < connections; first += AT_ONCE) {
    const count = Math.min(AT_ONCE, connections - first);
    const burst = new PacketBurst(
      vm.name,
      'eth0',
      Array.from({ length: count }, (_, n) => frameOf(first + n)),
    );
    const sent = burst.send();
    burst.close();
    if (sent !== count) throw new Error(`${sent} of ${count} packets were sent`);
  }
}

function frameOf(n: number): Buffer {
  const ip = {
    src: Buffer.from([10, 1, (n >> 16) & 0xff, 1]),
    dst: Buffer.from([10, 2, 0, 1]),
    protocol: 17,
    ttl: 64,
    tos: 0,
  };
  const payload = ipv4(ip, 1, udp(ip, n & 0xffff, 2_000, Buffer.alloc(DATA_BYTES)));
  return ethernet({ src: MAC, dst: '02:00:00:00:00:02', etherType: 0x0800, payload });
}

/** Memory of the map of connections, as the kernel reports it. */
function mapBytes(pinPath: string): number {
  const libbpf = new Libbpf();
  const fd = libbpf.pinned(join(meterPinPath(pinPath), 'connections'));
  if (fd === undefined) throw new Error('the map of connections is not pinned');
  try {
    const info = readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1');
    return Number(/^memlock:\s*(\d+)/m.exec(info)?.[1]);
  } finally {
    libbpf.close(fd);
  }
}

function infoOf(name: string, ifindex: number): PortInfo {
  return {
    name,
    uuid: `uuid-of-${name}`,
    ifindex,
    bridge: 'br0',
    kind: 'vm',
    mac: MAC,
    vm: name,
    slice: undefined,
    linkBitsPerSecond: undefined,
    shaped: false,
    policed: false,
  };
}
