import { Cleanup } from '../../../lab/testbed/cleanup.ts';
import { NameMaker } from '../../../lab/testbed/names.ts';
import { OvsInstance } from '../../../lab/testbed/ovs.ts';
import { NetlinkSocket } from '../../../protocols/netlink/socket.ts';
import { UnixctlClient } from '../../../protocols/unixctl/client.ts';
import { PORTS } from '../../adapters/ovs/dump/peer/dummy-ovs.ts';
import type { GeneratedFlow } from '../../adapters/ovs/dump/peer/generated-flows.ts';
import { never } from '../../contract/collect.ts';
import { inNetworkNamespace } from '../../../lab/testbed/network-namespace.ts';

const NAME = 'judge';
const DATAPATH = `system@${NAME}`;

/** Keys that many `set` actions fit, for actions that the kernel does not accept with their own key. */
const COMMON_KEYS = [
  'eth(src=02:00:00:00:00:01),eth_type(0x0800),ipv4(proto=6,frag=no),tcp(src=1,dst=2)',
  'eth(src=02:00:00:00:00:02),eth_type(0x86dd),ipv6(proto=17,frag=no),udp(src=1,dst=2)',
  'eth(src=02:00:00:00:00:03),eth_type(0x0806),arp(op=1)',
  'eth(src=02:00:00:00:00:04),eth_type(0x0800),ipv4(proto=132,frag=no),sctp(src=1,dst=2)',
  'eth(src=02:00:00:00:00:05),eth_type(0x8847),mpls(label=1,tc=0,ttl=64,bos=1)',
];

/** A datapath of the kernel with ports and without a bridge: nothing revalidates its flows. */
export class SystemDatapath {
  readonly name = NAME;
  readonly #cleanup: Cleanup;
  readonly #ovs: OvsInstance;
  readonly #client: UnixctlClient;

  private constructor(ovs: OvsInstance, cleanup: Cleanup) {
    this.#cleanup = cleanup;
    this.#ovs = ovs;
    this.#client = new UnixctlClient({ runDir: ovs.runDir, timeoutMs: 20_000 });
  }

  static async start(): Promise<SystemDatapath> {
    const cleanup = new Cleanup();
    try {
      const ovs = await OvsInstance.start(cleanup, new NameMaker());
      const datapath = new SystemDatapath(ovs, cleanup);
      await datapath.#ask('dpctl/add-dp', DATAPATH);
      for (const [i, port] of PORTS.entries()) {
        await datapath.#ask('dpctl/add-if', DATAPATH, `${port},type=internal,port_no=${i + 1}`);
      }
      return datapath;
    } catch (error) {
      await cleanup.run();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.#ask('dpctl/del-dp', DATAPATH);
    await this.#client.close();
    await this.#cleanup.run();
  }

  /** A socket in the namespace of the datapath. */
  readonly open = (protocol: number): NetlinkSocket =>
    inNetworkNamespace(this.#ovs.host.name, () => new NetlinkSocket(protocol));

  /**
   * Puts a generated flow into the datapath. The kernel does not accept all of them: then its key
   * with another action, and its actions with other keys, if it accepts these.
   *
   * @returns number of flows that were made
   */
  async addFlow(flow: GeneratedFlow, n: number): Promise<number> {
    // The kernel has no such attribute, and gives another meaning to the numbers of these actions.
    const key = flow.key.replace(/packet_type\([^)]*\),?/, '');
    if (/tnl_p|lb_output|add_mpls/.test(flow.actions)) return this.#add(flow.ufid, key, '1');
    if ((await this.#add(flow.ufid, key, flow.actions)) === 1) return 1;
    const made = await this.#add(flow.ufid, key, '1');
    const ufid = flow.ufid.replace(/^..../, 'feed');
    for (const common of COMMON_KEYS) {
      const inPort = `in_port(${20_000 + n}),${common}`;
      if ((await this.#add(ufid, inPort, flow.actions)) === 1) return made + 1;
    }
    return made;
  }

  async makeFlow(ufid: string, key: string, actions: string): Promise<void> {
    await this.#ask('dpctl/add-flow', DATAPATH, `ufid:${ufid},${key}`, actions);
  }

  /** Changes the actions of a flow. */
  async changeFlow(ufid: string, key: string, actions: string): Promise<void> {
    await this.#ask('dpctl/mod-flow', DATAPATH, `ufid:${ufid},${key}`, actions);
  }

  async deleteFlow(ufid: string): Promise<void> {
    await this.#ask('dpctl/del-flow', DATAPATH, `ufid:${ufid}`);
  }

  async deletePort(name: string): Promise<void> {
    await this.#ask('dpctl/del-if', DATAPATH, name);
  }

  async addPort(name: string, number: number): Promise<void> {
    await this.#ask('dpctl/add-if', DATAPATH, `${name},type=internal,port_no=${number}`);
  }

  /** What `dpctl/dump-flows -m --names` prints. */
  dump(): Promise<string> {
    return this.#ask('dpctl/dump-flows', '-m', '--names', DATAPATH);
  }

  async #add(ufid: string, key: string, actions: string): Promise<number> {
    try {
      await this.#ask('dpctl/add-flow', DATAPATH, `ufid:${ufid},${key}`, actions);
      return 1;
    } catch {
      return 0;
    }
  }

  #ask(command: string, ...args: readonly string[]): Promise<string> {
    return this.#client.text(command, args, never());
  }
}
