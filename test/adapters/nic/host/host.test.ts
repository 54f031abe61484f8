import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import type { HookName, ProgramName } from '../../../../adapters/nic/core/attached.ts';
import { DevicePrograms } from '../../../../adapters/nic/core/device-programs.ts';
import { NetworkLock } from '../../../../adapters/nic/core/network-lock.ts';
import { HostBackend } from '../../../../adapters/nic/host/backend.ts';
import type { HookSetting } from '../../../../adapters/nic/host/choice.ts';
import type { FlowSpec } from '../../../../engine/model/flow.ts';
import type { PortInfo, PortSnapshot } from '../../../../engine/model/port.ts';
import { idText, installed, never } from '../../../contract/collect.ts';
import { flowId } from '../../../support/flows.ts';
import { exactly, matchOn } from '../../../support/match-fields.ts';
import { needs } from '../../../support/needs.ts';
import { builtObject } from '../support/object.ts';
import { run } from '../../../../lab/testbed/run.ts';
import { attachTcx } from '../support/tcx.ts';
import { World } from '../support/world.ts';

type Datapath = NonNullable<PortInfo['datapath']>;

const INSTALLED = { ok: true, outcome: 'installed' } as const;

describe('the NIC table of a host', function () {
  this.timeout(30_000);
  const devices = new DevicePrograms(new NetworkLock());
  const open: HostBackend[] = [];
  let world: World;
  let objectPaths: Readonly<Record<ProgramName, string>>;
  let pinPath: string;
  /** The first two ports, and the other two. */
  let datapaths: readonly [Datapath, Datapath];

  before(async function () {
    needs(this, 'root', 'netns', 'xdp', 'tcx');
    objectPaths = { xdp: builtObject('xdp'), tcx: builtObject('tcx') };
    world = await World.create(4);
  });

  after(() => world?.close());

  beforeEach(() => {
    pinPath = world.pinPath();
    datapaths = ['kernel', 'userspace'];
  });

  afterEach(async () => {
    for (const backend of open.splice(0)) await backend.close('withdraw');
  });

  function ports(): PortSnapshot {
    const all = [...world.snapshot().values()];
    return new Map(
      all.map((port, i) => [port.name, { ...port, datapath: datapaths[i < 2 ? 0 : 1] }]),
    );
  }

  async function started(adapter: HookSetting, entries = 64): Promise<HostBackend> {
    const sizes = { entries, masks: 8, leaseMs: 60_000, heartbeatMs: 0, detachAfterMs: 60_000 };
    const backend = new HostBackend({ adapter, mode: 'native', pinPath, objectPaths, ...sizes });
    open.push(backend);
    await backend.start(ports(), never());
    return backend;
  }

  /** A flow from the first port of a pair to the second. */
  function flow(pair: 0 | 1): FlowSpec {
    const [inPort, outPort] = world.names().slice(2 * pair);
    const fields = [exactly('eth_type', 0x0800), exactly('ip_proto', 17), exactly('udp_dst', pair)];
    const match = matchOn(inPort, ...fields);
    return { id: flowId(pair), match, actions: [{ kind: 'output', port: outPort }] };
  }

  async function put(backend: HostBackend, ...pairs: readonly (0 | 1)[]): Promise<void> {
    const operations = pairs.map((pair) => ({ kind: 'put' as const, flow: flow(pair) }));
    assert.deepEqual(
      await backend.apply(operations, never()),
      pairs.map(() => INSTALLED),
    );
  }

  /** The hooks at which the first port of a pair has a program. */
  async function attachedTo(pair: 0 | 1): Promise<readonly HookName[]> {
    const { ifindex } = world.port(world.names()[2 * pair]);
    const xdp = await devices.xdp(ifindex);
    const tcx = await devices.tcx([ifindex], ['ingress']);
    const filters = await shownFilters(world.names()[2 * pair]);
    return [
      ...(xdp.native === 0 ? [] : ['xdp' as const]),
      ...(tcx.size === 0 ? [] : ['tcx' as const]),
      ...(filters.includes('norikae') ? ['cls_bpf' as const] : []),
    ];
  }

  function shownFilters(device: string): Promise<string> {
    return run('tc', ['filter', 'show', 'dev', device, 'ingress']);
  }

  it('serves each port at the hook that fits its datapath, and says why', async () => {
    const backend = await started('auto');
    await put(backend, 0, 1);
    assert.deepEqual([await attachedTo(0), await attachedTo(1)], [['tcx'], ['xdp']]);
    assert.deepEqual(
      backend.portHooks().map(({ name, hook, reason }) => [name, hook, reason]),
      world
        .names()
        .map((name, i) =>
          i < 2 ? [name, 'tcx', 'kernel-datapath'] : [name, 'xdp', 'userspace-datapath'],
        ),
    );
    assert.equal(backend.capacity().used, 2);
    assert.match(
      backend.capabilities().description,
      /: 1 ports at XDP, 1 at tcx, 2 without entries, 0 not served$/,
    );
    assert.deepEqual(backend.unservedPorts(), []);
  });

  it('keeps the entries of both hooks for the next daemon', async () => {
    const first = await started('auto');
    await put(first, 0, 1);
    await first.close('keep');
    const second = await started('auto');
    assert.deepEqual((await installed(second)).toSorted(), [idText(flow(0)), idText(flow(1))]);
    assert.deepEqual([await attachedTo(0), await attachedTo(1)], [['tcx'], ['xdp']]);
    const ids = await second.apply([{ kind: 'put', flow: flow(0) }], never());
    assert.deepEqual(ids, [{ ok: true, outcome: 'unchanged' }]);
  });

  for (const [from, to] of [
    ['kernel', 'userspace'],
    ['userspace', 'kernel'],
  ] as const) {
    it(`detaches a port whose ${from} datapath becomes the ${to} datapath, then serves it`, async () => {
      const [before, after] = from === 'kernel' ? ['tcx', 'xdp'] : ['xdp', 'tcx'];
      datapaths = [from, 'kernel'];
      const backend = await started('auto');
      await put(backend, 0, 1);
      assert.deepEqual(await attachedTo(0), [before]);
      datapaths = [to, 'kernel'];
      assert.deepEqual(await backend.portsChanged(ports()), [flow(0).id]);
      assert.deepEqual(await attachedTo(0), []);
      assert.deepEqual(await installed(backend), [idText(flow(1))]);
      assert.deepEqual(backend.unservedPorts(), []);
      await put(backend, 0);
      assert.deepEqual(await attachedTo(0), [after]);
    });
  }

  for (const [first, second, entries] of [
    ['xdp', 'tcx', 64],
    ['tcx', 'xdp', 64],
    ['xdp', 'auto', 64],
    ['cls_bpf', 'auto', 64],
    ['cls_bpf', 'xdp', 64],
    ['tcx', 'cls_bpf', 64],
    ['xdp', 'cls_bpf', 64],
    ['cls_bpf', 'tcx', 65],
    ['xdp', 'tcx', 65],
    ['tcx', 'xdp', 65],
    ['xdp', 'auto', 65],
  ] as const) {
    const sizes = entries === 64 ? '' : ' and another size';
    it(`leaves nothing of ${first} when the next daemon has ${second}${sizes}`, async () => {
      datapaths = ['kernel', 'kernel'];
      const earlier = await started(first);
      await put(earlier, 0, 1);
      await earlier.close('keep');
      assert.deepEqual(await attachedTo(0), [first]);
      const later = await started(second, entries);
      assert.deepEqual(await installed(later), []);
      assert.deepEqual(later.unservedPorts(), []);
      await put(later, 0);
      assert.deepEqual(await attachedTo(0), [second === 'auto' ? 'tcx' : second]);
      assert.deepEqual(await attachedTo(1), []);
      await later.close('withdraw');
      assert.deepEqual(readdirSync(pinPath), []);
    });
  }

  it('opens no hook that is not needed', async () => {
    const backend = await started('tcx');
    await put(backend, 0);
    assert.equal(existsSync(`${pinPath}/stalls`), false);
    assert.match(backend.capabilities().description, /^tcx through libbpf/);
    assert.match(
      backend
        .unservedPorts()
        .map(({ why }) => why)
        .join(),
      /has the userspace datapath \(datapath_type netdev\)/,
    );
  });

  it('tells its own programs at one hook from foreign ones at the other', async () => {
    datapaths = ['userspace', 'userspace'];
    const backend = await started('auto');
    await put(backend, 0);
    const { name, ifindex } = world.port(world.names()[0]);
    const detach = attachTcx(ifindex, 'ingress');
    try {
      assert.deepEqual(await backend.portsChanged(ports()), [flow(0).id]);
      const [unserved] = backend.unservedPorts();
      assert.deepEqual([unserved.name, /tcx program/.test(unserved.why)], [name, true]);
    } finally {
      detach();
    }
    await backend.portsChanged(ports());
    assert.deepEqual(backend.unservedPorts(), []);
  });
});
