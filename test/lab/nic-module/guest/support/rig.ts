import { type NicOptions, SoftwareNic } from '../../../../../lab/nic-module/nic.ts';
import { Cleanup } from '../../../../../lab/testbed/cleanup.ts';
import { NameMaker } from '../../../../../lab/testbed/names.ts';
import { Namespace } from '../../../../../lab/testbed/namespace.ts';
import { Capture, sendFrames } from '../../../../../lab/testbed/packets.ts';
import { run } from '../../../../../lab/testbed/run.ts';

/** What tc prints of a flower rule. */
export interface PrintedRule {
  readonly inHardware: boolean;
  readonly packets: number;
  readonly bytes: number;
}

interface TcFilter {
  readonly options?: {
    readonly in_hw?: boolean;
    readonly actions?: readonly {
      readonly stats?: { readonly packets: number; readonly bytes: number };
    }[];
  };
}

/** The NIC in software, with two VMs on its functions and a host at the far end of its wire. */
export class NicRig {
  readonly nic: SoftwareNic;
  readonly vms: readonly [Namespace, Namespace];
  readonly remote: Namespace;
  readonly #cleanup: Cleanup;

  private constructor(
    nic: SoftwareNic,
    namespaces: readonly [Namespace, Namespace, Namespace],
    cleanup: Cleanup,
  ) {
    this.nic = nic;
    this.vms = [namespaces[0], namespaces[1]];
    this.remote = namespaces[2];
    this.#cleanup = cleanup;
  }

  static async start(options: NicOptions): Promise<NicRig> {
    const cleanup = new Cleanup();
    try {
      const nic = await SoftwareNic.load(cleanup, options);
      const names = new NameMaker();
      const create = (): Promise<Namespace> => Namespace.create(cleanup, names);
      const namespaces = [await create(), await create(), await create()] as const;
      const { functions, wire, uplink, representors } = nic.devices;
      const moves = [...functions, wire].map(
        (device, n) => `link set ${device} netns ${namespaces[n].name} name eth0\n`,
      );
      await run('ip', ['-batch', '-'], { input: moves.join('') });
      for (const namespace of namespaces) {
        await namespace.exec('sh', ['-c', `${withoutIpv6('eth0')}; ip link set eth0 up`]);
      }
      await serve([uplink, ...representors]);
      return new NicRig(nic, namespaces, cleanup);
    } catch (error) {
      await cleanup.run();
      throw error;
    }
  }

  /** Adds a `skip_sw` rule; `rest` is its protocol, match and actions as tc writes them. */
  async add(device: string, priority: number, rest: string): Promise<void> {
    const [protocol = '', ...words] = rest.split(' ');
    const place = ['dev', device, 'ingress', 'protocol', protocol, 'prio', String(priority)];
    await run('tc', ['filter', 'add', ...place, 'flower', 'skip_sw', ...words]);
  }

  async remove(device: string, priority: number): Promise<void> {
    await run('tc', ['filter', 'del', 'dev', device, 'ingress', 'prio', String(priority)]);
  }

  /** The rule of a priority, with the counters of its first action. */
  async rule(device: string, priority: number): Promise<PrintedRule | undefined> {
    const show = ['-s', '-j', 'filter', 'show', 'dev', device, 'ingress', 'prio', String(priority)];
    const printed: readonly TcFilter[] = JSON.parse(await run('tc', show));
    const options = printed.find((filter) => filter.options !== undefined)?.options;
    const stats = options?.actions?.[0]?.stats;
    if (options === undefined || stats === undefined) return undefined;
    return { inHardware: options.in_hw === true, packets: stats.packets, bytes: stats.bytes };
  }

  /** Sends frames, and resolves when the NIC has handled them: it does so while they are sent. */
  async send(from: Namespace, frames: readonly Buffer[]): Promise<void> {
    await sendFrames(from, frames, 200, '/run');
  }

  capture(at: Namespace): Promise<Capture> {
    return Capture.start(at);
  }

  async stop(): Promise<void> {
    await this.#cleanup.run();
  }
}

/** Sets up devices in the host, for rules. */
export async function serve(devices: readonly string[]): Promise<void> {
  const up = devices.map((device) => `${withoutIpv6(device)}; ip link set ${device} up`);
  await run('sh', ['-c', up.join('\n')]);
  const qdiscs = devices.map((device) => `qdisc add dev ${device} clsact\n`);
  await run('tc', ['-batch', '-'], { input: qdiscs.join('') });
}

/** A command after which a device sends nothing of its own: it gets no address. */
function withoutIpv6(device: string): string {
  return `echo 1 > /proc/sys/net/ipv6/conf/${device}/disable_ipv6`;
}
