import type { FlowSpec } from '../../../engine/model/flow.ts';
import type { PortInfo, PortSnapshot } from '../../../engine/model/port.ts';
import { Cleanup } from '../../../lab/testbed/cleanup.ts';
import { ethernet, ipv4, MARKER, udp } from '../../../lab/testbed/frames.ts';
import { NameMaker } from '../../../lab/testbed/names.ts';
import { Namespace } from '../../../lab/testbed/namespace.ts';
import { OvsInstance } from '../../../lab/testbed/ovs.ts';
import { sendFrames } from '../../../lab/testbed/packets.ts';
import { run } from '../../../lab/testbed/run.ts';
import { createVethPort, type VethPort } from '../../../lab/testbed/veth.ts';
import { waitFor } from '../../../lab/testbed/wait.ts';
import { flowId } from '../../support/flows.ts';
import { exactly, matchOn } from '../../support/match-fields.ts';

export const BRIDGE = 'br0';
export const FRAME_BYTES = 100;

/** Ports of the switch, by OpenFlow number from 1. */
export const PORTS = ['in', 'out', 'other', 'slow'] as const;

/** An Open vSwitch as the node's OpenFlow switch, with a namespace behind each port. */
export class RealSwitch {
  readonly ovs: OvsInstance;
  readonly protocol: 'OpenFlow10' | 'OpenFlow13';
  readonly #cleanup: Cleanup;
  readonly #namespaces = new Map<string, Namespace>();
  readonly #ports = new Map<string, VethPort & { readonly uuid: string }>();
  #uuids = 0;

  private constructor(cleanup: Cleanup, ovs: OvsInstance, protocol: RealSwitch['protocol']) {
    this.#cleanup = cleanup;
    this.ovs = ovs;
    this.protocol = protocol;
  }

  static async start(protocol: RealSwitch['protocol']): Promise<RealSwitch> {
    const cleanup = new Cleanup();
    try {
      const names = new NameMaker();
      const ovs = await OvsInstance.start(cleanup, names);
      await ovs.countSoon();
      await ovs.addBridge(BRIDGE);
      await ovs.vsctl('set', 'bridge', BRIDGE, `protocols=${protocol}`);
      const real = new RealSwitch(cleanup, ovs, protocol);
      for (const name of PORTS) {
        real.#namespaces.set(name, await Namespace.create(cleanup, names, 'v'));
        await real.addPort(name);
      }
      return real;
    } catch (error) {
      await cleanup.run();
      throw error;
    }
  }

  /** Where the switch can be connected to. */
  get target(): string {
    return `unix:${this.ovs.runDir}/${BRIDGE}.mgmt`;
  }

  /** No rules but one that stands for the main controller's: what comes in goes to the vSwitch. */
  async reset(): Promise<void> {
    for (const name of PORTS) if (!this.#ports.has(name)) await this.addPort(name);
    await this.ofctl('del-flows', BRIDGE);
    await this.ofctl('add-flow', BRIDGE, 'priority=1,cookie=0xc0ffee,in_port=1,actions=output:4');
  }

  async addPort(name: string): Promise<void> {
    const vm = this.namespace(name);
    const number = PORTS.findIndex((port) => port === name) + 1;
    const port = await createVethPort(this.#cleanup, {
      name,
      vm,
      host: this.ovs.host,
      mac: `02:0f:00:00:00:0${number}`,
      addresses: [],
    });
    await this.ovs.addPort({ bridge: BRIDGE, name, ofport: number });
    this.#ports.set(name, { ...port, uuid: `uuid-${this.#uuids++}` });
  }

  async removePort(name: string): Promise<void> {
    await this.ovs.vsctl('del-port', BRIDGE, name);
    await this.#ports.get(name)?.delete();
    this.#ports.delete(name);
  }

  /** The ports as a vSwitch's directory would tell of ports of the same names. */
  snapshot(): PortSnapshot {
    const unknown = { mac: undefined, vm: undefined, slice: undefined };
    return new Map(
      [...this.#ports].map(([name, { uuid, ifindex }]): [string, PortInfo] => [
        name,
        {
          ...unknown,
          name,
          uuid,
          ifindex,
          bridge: 'vswitch',
          kind: 'vm',
          linkBitsPerSecond: undefined,
          shaped: false,
          policed: false,
        },
      ]),
    );
  }

  namespace(name: string): Namespace {
    const namespace = this.#namespaces.get(name);
    if (namespace === undefined) throw new Error(`no port ${name}`);
    return namespace;
  }

  /** Packets that have come out of a port. */
  async received(name: string): Promise<number> {
    const args = ['-n', this.namespace(name).name, '-s', '-o', 'link', 'show', 'eth0'];
    const counts = /RX:[^\\]*\\\s*(\d+)\s+(\d+)/.exec(await run('ip', args).catch(() => ''));
    return Number(counts?.[2] ?? 0);
  }

  /** Sends packets of {@link flow} `n` into port `in`; resolves when the switch has counted them. */
  async send(n: number, packets: number): Promise<void> {
    const total = async (): Promise<number> => {
      const counts = await Promise.all(['out', 'other', 'slow'].map((p) => this.received(p)));
      return counts.reduce((a, b) => a + b, 0);
    };
    // What changed before must be in the datapath before packets meet it.
    await this.ovs.appctl('revalidator/wait');
    const before = await total();
    const frames = Array.from({ length: packets }, (_, i) => frame(n, i));
    await sendFrames(this.namespace('in'), frames, 20_000, this.ovs.runDir);
    const arrived = async () => ((await total()) - before >= packets ? true : undefined);
    // What is dropped arrives nowhere.
    await waitFor('packets', arrived, { timeoutMs: 200, everyMs: 10 }).catch(() => undefined);
    await this.ovs.appctl('revalidator/wait');
  }

  ofctl(...args: readonly string[]): Promise<string> {
    const env = { OVS_RUNDIR: this.ovs.runDir };
    const all = ['-O', this.protocol, '--timeout=10', ...args];
    return this.ovs.host.exec('ovs-ofctl', all, { env, timeoutMs: 15_000 });
  }

  /** Rules of the switch as ovs-ofctl prints them. */
  async rules(): Promise<readonly string[]> {
    const text = await this.ofctl('dump-flows', BRIDGE);
    return text.split('\n').filter((line) => line.includes('cookie='));
  }

  stop(): Promise<void> {
    return this.#cleanup.run();
  }
}

/** A UDP flow that comes in by `in`. */
export function flow(n: number, output = 'out'): FlowSpec {
  return {
    id: { ...flowId(n), w0: 0x1000 + n },
    match: matchOn(
      'in',
      exactly('eth_type', 0x0800),
      exactly('ip_proto', 17),
      exactly('ip_frag', 0),
      exactly('udp_dst', 1000 + n),
    ),
    actions: [{ kind: 'output', port: output }],
  };
}

function frame(n: number, sequence: number): Buffer {
  const [src, dst] = [Buffer.from([10, 0, 0, 1]), Buffer.from([10, 0, 0, 2])];
  const data = Buffer.alloc(FRAME_BYTES - 42);
  MARKER.copy(data);
  data.writeUInt32BE(sequence, MARKER.length);
  const ip = { src, dst, protocol: 17, ttl: 64, tos: 0 };
  const payload = ipv4(ip, 1, udp(ip, 5000, 1000 + n, data));
  return ethernet({
    src: '02:00:00:00:01:01',
    dst: '02:00:00:00:01:02',
    etherType: 0x0800,
    payload,
  });
}
