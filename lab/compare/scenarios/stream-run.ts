import type { NorikaeDaemon } from '../../testbed/daemon.ts';
import { sleep } from '../../testbed/wait.ts';
import type { Bed } from '../bed/bed.ts';
import { setOffloads } from '../guest/guests.ts';
import type { Counts } from '../guest/agent.ts';
import { waitUntilPlaced } from '../bed/placement.ts';
import type { Range, Stream } from '../traffic/stream.ts';
import { plainUdp } from '../traffic/udp.ts';

const STREAM = 'scenario';
const WARM_PER_SECOND = 200;
/** Packets that come before what is measured. */
const WARM = 40;
/** Long enough for a daemon that reads the vSwitch once a second, ms. */
const PLACED_MS = 4_000;
const PAUSE_MS = 500;
const DRAIN_MS = 300;

/**
 * One stream of complete UDP datagrams, which Norikae can offload. The first packets
 * create its flow and its entry; packets are counted after them.
 */
export class StreamRun {
  readonly #bed: Bed;
  readonly #stream: Stream;
  #next = 0;

  private constructor(bed: Bed, stream: Stream) {
    this.#bed = bed;
    this.#stream = stream;
  }

  /** Opens it, under the rules that are in force. */
  static async open(bed: Bed): Promise<StreamRun> {
    for (const { vm } of [bed.sender, bed.receiver]) {
      await setOffloads(vm, 'tx', 'off', 'gro', 'on');
    }
    const stream = plainUdp(bed.ends()).find(({ from }) => from === 'forwarded');
    if (stream?.receive === undefined) throw new TypeError('UDP has no forwarded stream');
    await bed.receiver.agent.open(STREAM, stream.receive);
    return new StreamRun(bed, stream);
  }

  /** Sends the first packets, and waits until the flow is offloaded if there is a daemon. */
  async warm(daemon: NorikaeDaemon | undefined): Promise<void> {
    await this.send(WARM, WARM_PER_SECOND);
    if (daemon === undefined) await sleep(PAUSE_MS);
    else await waitUntilPlaced(daemon, this.#bed.sender.vm.name, this.#bed.pace, PLACED_MS);
  }

  /** Sends so many packets; resolves to their numbers when the last one is sent. */
  async send(count: number, packetsPerSecond: number): Promise<Range> {
    const range: Range = [this.#next, this.#next + count];
    this.#next += count;
    await this.#bed.sender.agent.send(STREAM, this.#stream.send, range, packetsPerSecond);
    return range;
  }

  /** What arrived of them, after what is in flight has arrived. */
  async counts(range: Range): Promise<Counts> {
    await sleep(DRAIN_MS);
    const [counts] = await this.#bed.receiver.agent.counts(STREAM, [range]);
    return counts;
  }

  async close(): Promise<void> {
    const { sender, receiver } = this.#bed;
    await Promise.all([sender.agent.close(STREAM), receiver.agent.close(STREAM)]);
  }
}
