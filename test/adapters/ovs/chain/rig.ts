import { OvsConnectionTracker } from '../../../../adapters/ovs/conntrack/tracker.ts';
import type { OvsFlowSource } from '../../../../adapters/ovs/flow-source.ts';
import {
  type ComposedConnection,
  composeConnection,
} from '../../../../engine/connections/chain/compose.ts';
import type { RefusedConnection } from '../../../../engine/connections/chain/compose.ts';
import { MegaflowIndex } from '../../../../engine/connections/chain/megaflow-index.ts';
import { FlowTable } from '../../../../engine/model/flow-table.ts';
import { ipv4Bytes, ipv6Bytes } from '../../../../lab/compare/traffic/ends.ts';
import { ethernet, MARKER } from '../../../../lab/testbed/frames.ts';
import { Capture, sendFrames, sequenceOf } from '../../../../lab/testbed/packets.ts';
import { waitFor } from '../../../../lab/testbed/wait.ts';
import { never } from '../../../contract/collect.ts';
import { seenOf } from '../../nic/xdp/support/model.ts';
import { RealOvs } from '../real-ovs.ts';
import { answerTo, type Ends, frameOf, type PacketDetails } from './frames.ts';
import { ADDRESSES, LAST_TYPE, MAC, rulesOf, SERVICE_PORT, type Shape } from './pipelines.ts';

const SYN = 0x02;
const ACK = 0x10;
const PACKETS_PER_SECOND = 2_000;
const PATIENCE = { timeoutMs: 10_000, everyMs: 20 };

/** One direction of a connection: its packets enter at the VM `from`. */
export interface Direction {
  readonly from: 1 | 2;
  readonly ends: Ends;
}

/** A userspace datapath with a client (vm1) and a server (vm2), whose packets the test makes. */
export class ChainRig {
  readonly real: RealOvs;
  readonly tracker: OvsConnectionTracker;
  readonly #source: OvsFlowSource;
  readonly #captures: readonly Capture[];
  #sequence = 1;

  private constructor(real: RealOvs, captures: readonly Capture[]) {
    this.real = real;
    this.#captures = captures;
    this.#source = real.source();
    const { runDir } = real.ovs;
    const timeouts = { areDefault: () => true, close: () => Promise.resolve() };
    this.tracker = new OvsConnectionTracker({ runDir, timeoutMs: 5_000, timeouts });
  }

  static async start(): Promise<ChainRig> {
    const real = await RealOvs.start();
    try {
      await real.ovs.appctl('dpctl/ct-disable-tcp-seq-chk');
      await real.ovs.vsctl('set', 'Open_vSwitch', '.', 'other_config:max-idle=100000');
      const captures = [await Capture.start(real.vm(1)), await Capture.start(real.vm(2))];
      return new ChainRig(real, captures);
    } catch (error) {
      await real.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.tracker.close();
    await this.#source.close();
    await this.real.stop();
  }

  /** Numbers for packets. */
  next(): number {
    return this.#sequence++;
  }

  /**
   * Installs a pipeline, and makes a connection for each of the protocols, by the packets of both
   * ends: the answers are to what the server has got. Returns both directions of each.
   */
  async connect(
    shape: Shape,
    clients: readonly { readonly protocol: number; readonly port: number }[],
  ): Promise<readonly (readonly [Direction, Direction])[]> {
    await this.real.rules(...rulesOf(shape));
    await this.real.ovs.appctl('dpctl/flush-conntrack');
    await this.real.ovs.appctl('dpctl/del-flows');
    // The tracker knows that a connection is new only if it was not there before.
    await this.tracker.refresh(never());
    const requests = clients.map((client) => requestOf(shape, client));
    const first = await this.exchange(1, requests, SYN);
    const answers = requests.map((_, i): Ends => {
      const frame = first.get(i);
      if (frame === undefined) throw new Error(`the server did not get the packet of client ${i}`);
      return answerTo(frame);
    });
    const second = await this.exchange(2, answers, SYN | ACK);
    if (second.size < answers.length) throw new Error(`the client got ${second.size} answers`);
    // Twice: the second is a packet of an established connection.
    for (let n = 0; n < 2; n++) {
      await this.deliver(1, this.#framesOf(requests, ACK));
      await this.deliver(2, this.#framesOf(answers, ACK));
    }
    return requests.map((ends, i): readonly [Direction, Direction] => [
      { from: 1, ends },
      { from: 2, ends: answers[i] },
    ]);
  }

  /** Sends one packet of each connection; returns what the other VM got, by index. */
  async exchange(
    from: 1 | 2,
    ends: readonly Ends[],
    flags: number,
  ): Promise<ReadonlyMap<number, Buffer>> {
    const first = this.#sequence;
    const got = await this.deliver(from, this.#framesOf(ends, flags));
    return new Map([...got].map(([sequence, frame]) => [sequence - first, frame]));
  }

  /**
   * Sends frames from a VM, and returns what the other one got of them, by number. A last frame, which
   * every pipeline passes, tells that all others have been handled: the datapath handles the packets
   * of a port in their order, those without a megaflow, too.
   */
  async deliver(from: 1 | 2, frames: readonly Buffer[]): Promise<ReadonlyMap<number, Buffer>> {
    const capture = this.#captures[2 - from];
    capture.take();
    const last = this.next();
    const { runDir } = this.real.ovs;
    const all = [...frames, lastFrame(last)];
    await sendFrames(this.real.vm(from), all, PACKETS_PER_SECOND, runDir);
    const got = new Map<number, Buffer>();
    await waitFor(
      `the last packet from vm${from} arrives`,
      () => {
        for (const { bytes } of capture.take()) got.set(sequenceOf(bytes) ?? -1, bytes);
        return got.delete(last) || undefined;
      },
      PATIENCE,
    );
    return got;
  }

  #framesOf(ends: readonly Ends[], flags: number): readonly Buffer[] {
    return ends.map((of) => frameOf(of, this.details({ flags: of.protocol === 6 ? flags : 0 })));
  }

  details(given: Partial<PacketDetails> = {}): PacketDetails {
    return { sequence: this.next(), flags: ACK, ttl: 64, tos: 0, more: 30, ...given };
  }

  /** Reads megaflows and conntrack, and composes the entry of each direction. */
  async compose(
    directions: readonly Direction[],
  ): Promise<readonly (ComposedConnection | RefusedConnection)[]> {
    const table = new FlowTable();
    table.begin(1);
    await this.#source.read(table, never());
    table.end();
    const index = new MegaflowIndex();
    for (const row of table.rows.subarray(0, table.count)) index.put(table.specAt(row));
    await this.tracker.refresh(never());
    return directions.map(({ from, ends }) => {
      const seen = seenOf(frameOf(ends, this.details()));
      const values = Object.fromEntries(seen?.fields ?? []);
      return composeConnection({ inPort: `vm${from}`, values }, index, (zone, tuple) =>
        this.tracker.find(zone, tuple),
      );
    });
  }

  /**
   * Output ports in the last pass of `ofproto/trace`, for an established packet of this direction.
   *
   * @param passes through conntrack
   */
  async tracedOutput({ from, ends }: Direction, passes: number): Promise<readonly string[]> {
    const { protocol, src, dst, srcPort, dstPort, srcMac, dstMac } = ends;
    const l4 = protocol === 6 ? 'tcp' : 'udp';
    const address = `nw_src=${src.join('.')},nw_dst=${dst.join('.')}`;
    const ports = `${l4}_src=${srcPort},${l4}_dst=${dstPort}`;
    const macs = `dl_src=${srcMac},dl_dst=${dstMac}`;
    const tag = ends.tags.map(({ vid }) => `dl_vlan=${vid},`).join('');
    const flow = `in_port=${from},${tag}${l4},${macs},${address},nw_ttl=64,${ports}`;
    const state = from === 1 ? 'trk,est' : 'trk,est,rpl';
    const next = Array.from({ length: passes }, () => ['--ct-next', state]).flat();
    const { ovs } = this.real;
    const text = await ovs.appctl('ofproto/trace', '--names', 'br0', flow, ...next);
    const actions = text.match(/^Datapath actions: .*$/gm)?.at(-1) ?? '';
    return actions.match(/vm\d/g) ?? [];
  }

  /** Composes again until conntrack is known to have seen the answers of every connection. */
  composeAll(directions: readonly Direction[]): Promise<readonly ComposedConnection[]> {
    return waitFor(
      'every connection is composed',
      async () => {
        const all = await this.compose(directions);
        const refused = all.find((one) => one.kind === 'refused');
        if (refused?.kind === 'refused') throw new Error(`${refused.code}: ${refused.detail}`);
        return all.filter((one) => one.kind === 'composed');
      },
      { timeoutMs: 15_000, everyMs: 400 },
    );
  }
}

/** A frame of the ethertype that every pipeline passes. */
function lastFrame(sequence: number): Buffer {
  const payload = Buffer.alloc(MARKER.length + 4);
  MARKER.copy(payload);
  payload.writeUInt32BE(sequence, MARKER.length);
  return ethernet({ src: MAC.client, dst: MAC.server, etherType: LAST_TYPE, payload });
}

function requestOf(
  { ipVersion, nat, isRouted }: Shape,
  { protocol, port }: { readonly protocol: number; readonly port: number },
): Ends {
  const { client, server, service } = ADDRESSES[ipVersion];
  const bytes = ipVersion === 4 ? ipv4Bytes : ipv6Bytes;
  return {
    srcMac: MAC.client,
    dstMac: isRouted ? MAC.gateway : MAC.server,
    tags: [],
    protocol,
    src: bytes(client),
    dst: bytes(nat === 'destination' ? service : server),
    srcPort: port,
    dstPort: SERVICE_PORT,
  };
}
