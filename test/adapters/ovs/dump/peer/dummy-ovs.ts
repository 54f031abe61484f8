import { Cleanup } from '../../../../../lab/testbed/cleanup.ts';
import { NameMaker } from '../../../../../lab/testbed/names.ts';
import { OvsInstance } from '../../../../../lab/testbed/ovs.ts';
import { UnixctlClient } from '../../../../../protocols/unixctl/client.ts';
import { never } from '../../../../contract/collect.ts';

const DATAPATH = 'dummy@ovs-dummy';
const AN_HOUR_MS = '3600000';

/**
 * Ports of the datapath, in names of many kinds. A datapath takes the number that a name ends with,
 * so that number `n` is `PORTS[n - 1]`.
 */
export const PORTS: readonly string[] = [
  'p1',
  'vnet2',
  'tap-3',
  'veth.4',
  'eth0_5',
  'vhost-user-net6',
  'a@b7',
  'x+8',
  'busy9',
  'busy10',
  'busy11',
  'busy12',
];

/**
 * An Open vSwitch whose datapath has no devices behind its ports (`--enable-dummy`): it takes flows
 * and packets as text. Nothing revalidates its flows while a test looks at them.
 */
export class DummyOvs {
  readonly #cleanup: Cleanup;
  readonly #client: UnixctlClient;

  private constructor(runDir: string, cleanup: Cleanup) {
    this.#cleanup = cleanup;
    this.#client = new UnixctlClient({ runDir, timeoutMs: 10_000 });
  }

  static async start(): Promise<DummyOvs> {
    const cleanup = new Cleanup();
    try {
      const ovs = await OvsInstance.start(cleanup, new NameMaker(), ['--enable-dummy']);
      const config = ['max-revalidator', 'max-idle'].map((k) => `other_config:${k}=${AN_HOUR_MS}`);
      await ovs.vsctl('set', 'Open_vSwitch', '.', ...config, 'other_config:vlan-limit=2');
      const bridge = ['add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=dummy'];
      const ports = PORTS.flatMap((name) => [
        '--',
        'add-port',
        'br0',
        name,
        '--',
        'set',
        'interface',
        name,
        'type=dummy',
      ]);
      await ovs.vsctl(...bridge, ...ports);
      return new DummyOvs(ovs.runDir, cleanup);
    } catch (error) {
      await cleanup.run();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.#client.close();
    await this.#cleanup.run();
  }

  /** Puts a flow into the datapath. Rejects with the flow's text when it is not taken. */
  async addFlow(ufid: string, key: string, actions: string): Promise<void> {
    try {
      await this.#ask('dpctl/add-flow', DATAPATH, `ufid:${ufid},${key}`, actions);
    } catch (cause) {
      throw new Error(`the datapath does not take ${key} with ${actions}`, { cause });
    }
  }

  /** Lets the port `inPort` receive `count` packets with the headers of a key without masks. */
  async receive(inPort: number, key: string, count: number, bytes: number): Promise<void> {
    const packets = Array.from({ length: count }, () => [key, '--len', String(bytes)]).flat();
    await this.#ask('netdev-dummy/receive', PORTS[inPort - 1], ...packets);
  }

  /** What `dpctl/dump-flows -m --names` prints, without the titles of threads. */
  async dump(): Promise<readonly string[]> {
    const text = await this.#ask('dpctl/dump-flows', '-m', '--names', DATAPATH);
    return text.split('\n').filter((line) => line.startsWith('ufid:'));
  }

  #ask(command: string, ...args: readonly string[]): Promise<string> {
    return this.#client.text(command, args, never());
  }
}
