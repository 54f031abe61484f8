import assert from 'node:assert/strict';
import { FlowerBackend } from '../../../../../adapters/nic/flower/backend.ts';
import { monotonicMs } from '../../../../../async/monotonic.ts';
import type { PortSnapshot } from '../../../../../engine/model/port.ts';
import { Cleanup } from '../../../../../lab/testbed/cleanup.ts';
import { NameMaker } from '../../../../../lab/testbed/names.ts';
import { OvsInstance } from '../../../../../lab/testbed/ovs.ts';
import { PacketSocket } from '../../../../../lab/testbed/packet-socket.ts';
import { run } from '../../../../../lab/testbed/run.ts';
import { sleep, waitFor } from '../../../../../lab/testbed/wait.ts';
import { builtObject } from '../../../../adapters/nic/support/object.ts';
import { World } from '../../../../adapters/nic/support/world.ts';
import { idText, installed, never } from '../../../../contract/collect.ts';
import { del, outcomesOf, put } from '../../../../contract/offload-backend-operations.ts';
import { needs } from '../../../../support/needs.ts';
import { contractFlow, contractFrame } from './support/contract-flow.ts';
import { LinkCounters } from './support/link-counters.ts';

const BRIDGE = 'br0';
const IN_TIME = { timeoutMs: 20_000, everyMs: 100 };
const PACKETS = 20;
/** Open vSwitch lets 80 kbit of a burst pass, a hundred frames, and 8 kbit each second after it. */
const POLICING = ['ingress_policing_rate=8', 'ingress_policing_burst=80'];
const BURST = 300;

describe('rules of tc flower in software, before the kernel datapath of Open vSwitch', function () {
  this.timeout(60_000);
  const cleanup = new Cleanup();
  let world: World | undefined;
  let ovs: OvsInstance;
  let backend: FlowerBackend;
  let vm: LinkCounters;
  let socket: PacketSocket;
  let inPort = '';
  let outPort = '';

  before(async function () {
    needs(this, 'kernel-lab', 'root', 'netns', 'nft', 'ovs');
    await run('modprobe', ['-a', 'openvswitch', 'cls_flower', 'act_police'], { timeoutMs: 30_000 });
    world = await World.create(2);
    [inPort = '', outPort = ''] = world.names();
    ovs = await OvsInstance.start(cleanup, new NameMaker(), [], [], 'shared');
    await ovs.addBridge(BRIDGE, 'system');
    await ovs.addPort({ bridge: BRIDGE, name: inPort, ofport: 1 });
    await ovs.addPort({ bridge: BRIDGE, name: outPort, ofport: 2 });
    await ovs.ofctl('add-flow', BRIDGE, 'in_port=1,actions=output:2');
    socket = new PacketSocket(world.port(inPort).vm.name, 'eth0');
    vm = new LinkCounters(world.port(outPort).vm.name);
    const options = { rulesIn: 'software', entries: 64, leaseMs: 60_000, heartbeatMs: 0 } as const;
    const paths = { pinPath: world.pinPath(), objectPath: builtObject('flower') };
    backend = new FlowerBackend({ ...options, ...paths, detachAfterMs: 60_000 });
    await backend.start(ports(), never());
    assert.equal(await backend.renewLease(monotonicMs()), 'renewed');
    // The datapath gets its flow.
    await send(1, 1);
  });

  after(async () => {
    socket?.close();
    vm?.close();
    await backend?.close('withdraw');
    await cleanup.run();
    await world?.close();
  });

  function ports(policed = false): PortSnapshot {
    const all = [...(world?.snapshot().values() ?? [])];
    return new Map(
      all.map((port) => [port.name, { ...port, policed: policed && port.name === inPort }]),
    );
  }

  const flow = () => contractFlow(inPort, 1, outPort);

  /** Packets that have come to the kernel datapath. */
  async function looked(): Promise<number> {
    const [, hits, misses] =
      /lookups: hit:(\d+) missed:(\d+)/.exec(await ovs.appctl('dpctl/show')) ?? [];
    return Number(hits) + Number(misses);
  }

  /** Sends packets, and waits until so many have arrived. */
  async function send(packets: number, arriving = packets): Promise<void> {
    const before = await vm.received('eth0');
    for (let i = 0; i < packets; i++) socket.send(contractFrame(1));
    const look = async () => ((await vm.received('eth0')) - before >= arriving ? true : undefined);
    await waitFor(`${arriving} packets arrive`, look, IN_TIME);
  }

  /** How many of the packets that are sent reach the kernel datapath. */
  async function passed(packets: number): Promise<number> {
    const before = await looked();
    await send(packets);
    return (await looked()) - before;
  }

  const filters = () => run('tc', ['filter', 'show', 'dev', inPort, 'ingress']);

  it('carry a flow past it while they are there, and give it back', async () => {
    assert.equal(await passed(PACKETS), PACKETS);
    assert.deepEqual(outcomesOf(await backend.apply([put(flow())], never())), ['installed']);
    assert.equal(await passed(PACKETS), 0);
    await backend.apply([del(flow())], never());
    assert.equal(await passed(PACKETS), PACKETS);
  });

  it('give the port back when Open vSwitch is to police it, and it does', async () => {
    await backend.apply([put(flow())], never());
    await ovs.vsctl('set', 'Interface', inPort, ...POLICING);
    assert.equal((await backend.portsChanged(ports(true))).length, 1);
    const isPoliced = async () => (/police/.test(await filters()) ? true : undefined);
    await waitFor('Open vSwitch polices the port', isPoliced, IN_TIME);
    const support = backend.supports(flow());
    assert(!support.ok);
    assert.match(support.refusal.detail, /is policed \(ingress_policing_rate\)/);
    const before = await vm.received('eth0');
    for (let i = 0; i < BURST; i++) socket.send(contractFrame(1));
    await sleep(500);
    const arrived = (await vm.received('eth0')) - before;
    assert(arrived > 0 && arrived < BURST / 2, `${arrived} of ${BURST} packets`);

    await ovs.vsctl('set', 'Interface', inPort, 'ingress_policing_rate=0');
    const isFree = async () => (/police/.test(await filters()) ? undefined : true);
    await waitFor('Open vSwitch has removed its policer', isFree, IN_TIME);
    await backend.portsChanged(ports());
    assert.deepEqual(outcomesOf(await backend.apply([put(flow())], never())), ['installed']);
    assert.deepEqual(await installed(backend), [idText(flow())]);
    assert.equal(await passed(PACKETS), 0);
  });
});
