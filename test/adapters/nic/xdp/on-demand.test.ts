import assert from 'node:assert/strict';
import type { HostBackend } from '../../../../adapters/nic/host/backend.ts';
import { xdpTable } from '../../../../lab/testbed/nic-tables.ts';
import type { XdpBackendOptions } from '../../../../adapters/nic/xdp/options.ts';
import type { FlowSpec } from '../../../../engine/model/flow.ts';
import { NameMaker } from '../../../../lab/testbed/names.ts';
import { run } from '../../../../lab/testbed/run.ts';
import { sleep } from '../../../../lab/testbed/wait.ts';
import { idText, installed, never } from '../../../contract/collect.ts';
import { flowId } from '../../../support/flows.ts';
import { exactly, matchOn } from '../../../support/match-fields.ts';
import { needs } from '../../../support/needs.ts';
import { builtObject } from '../support/object.ts';
import { World } from '../support/world.ts';

const DETACH_AFTER_MS = 100;
/** A timer of Node can fire this much before its time by the backend's clock. */
const TIMER_MS = 1;

describe('XDP ports that are attached on demand', function () {
  this.timeout(30_000);
  let world: World;
  let options: XdpBackendOptions;
  const open: HostBackend[] = [];

  before(async function () {
    needs(this, 'root', 'netns', 'xdp');
    world = await World.create(2);
    const sizes = { entries: 64, masks: 8, leaseMs: 60_000, heartbeatMs: 0 };
    const objectPath = builtObject();
    const detachAfterMs = DETACH_AFTER_MS;
    options = { pinPath: world.pinPath(), objectPath, mode: 'auto', detachAfterMs, ...sizes };
  });

  after(async () => {
    await world?.close();
  });

  afterEach(async () => {
    for (const backend of open.splice(0)) await backend.close('withdraw');
  });

  async function started(ports = world.snapshot()): Promise<HostBackend> {
    const backend = xdpTable(options);
    open.push(backend);
    await backend.start(ports, never());
    return backend;
  }

  function flow(n: number, inPort = world.names()[0], output = world.names()[1]): FlowSpec {
    const fields = [exactly('eth_type', 0x0800), exactly('ip_proto', 17), exactly('udp_dst', n)];
    const actions = [{ kind: 'output' as const, port: output }];
    return { id: flowId(n), match: matchOn(inPort, ...fields), actions };
  }

  const put = (backend: HostBackend, spec: FlowSpec) =>
    backend.apply([{ kind: 'put', flow: spec }], never());
  const read = (backend: HostBackend) => backend.counters({ carried: () => undefined }, never());

  /** By port, whether it has an XDP program. */
  async function programs(): Promise<readonly boolean[]> {
    const links = world.names().map((name) => run('ip', ['link', 'show', name]));
    return (await Promise.all(links)).map((text) => text.includes('prog/xdp'));
  }

  /** Features and limits of both ends of every port. */
  async function settings(): Promise<readonly string[]> {
    const commands = [
      ['ethtool', '-k'],
      ['ethtool', '-c'],
      ['ethtool', '-l'],
      ['ip', '-d', 'link', 'show'],
    ];
    const texts: string[] = [];
    for (const name of world.names()) {
      for (const [command, ...args] of commands) {
        texts.push(await run(command, [...args, name]).catch(String));
        texts.push(
          await world
            .port(name)
            .vm.exec(command, [...args, 'eth0'])
            .catch(String),
        );
      }
    }
    return texts;
  }

  const offload = async (name: string): Promise<string> => {
    const text = await world.port(name).vm.exec('ethtool', ['-k', 'eth0']);
    return /tcp-segmentation-offload: (.*)/.exec(text)?.[1] ?? 'not reported';
  };

  it('attaches only the port that flows enter by, and only once it has an entry', async () => {
    const backend = await started();
    assert.deepEqual(await programs(), [false, false]);
    assert.deepEqual(backend.unservedPorts(), []);
    assert.deepEqual(
      backend.ports().map(({ mode }) => mode),
      ['detached', 'detached'],
    );
    const [result] = await put(backend, flow(1));
    assert.deepEqual(result, { ok: true, outcome: 'installed' });
    assert.deepEqual(await programs(), [true, false]);
    assert.deepEqual(
      backend.inputPorts().map(({ isOpen, splitsSegments }) => [isOpen, splitsSegments]),
      [
        [true, true],
        [false, true],
      ],
    );
  });

  it('restores every setting of both ends when the last entry is gone for a while', async () => {
    const [inPort] = world.names();
    await world.port(inPort).vm.exec('ethtool', ['-K', 'eth0', 'tx', 'on', 'tso', 'on']);
    const before = await settings();
    const backend = await started();
    assert.deepEqual(await settings(), before, 'a start changes nothing');
    await put(backend, flow(1));
    assert.match(await offload(inPort), /^off/, 'what attaching costs');
    await backend.apply([{ kind: 'delete', id: flowId(1) }], never());
    await read(backend);
    assert.deepEqual(await programs(), [true, false], 'not at once');
    await sleep(DETACH_AFTER_MS + TIMER_MS);
    await read(backend);
    assert.deepEqual(await programs(), [false, false]);
    assert.deepEqual(await settings(), before);
    await put(backend, flow(2));
    assert.deepEqual(await programs(), [true, false], 'again on demand');
  });

  it('keeps a port attached while it has an entry', async () => {
    const backend = await started();
    await put(backend, flow(1));
    await read(backend);
    await sleep(2 * DETACH_AFTER_MS);
    await read(backend);
    assert.deepEqual(await programs(), [true, false]);
  });

  it('adopts entries with their port, and leaves the other one without a program', async () => {
    const first = await started();
    await put(first, flow(1));
    await first.close('keep');
    const second = await started();
    assert.deepEqual(await programs(), [true, false]);
    assert.deepEqual(await installed(second), [idText(flow(1))]);
    await second.apply([{ kind: 'delete', id: flowId(1) }], never());
    await read(second);
    await sleep(DETACH_AFTER_MS + TIMER_MS);
    await read(second);
    assert.deepEqual(await programs(), [false, false]);
  });

  it('attaches again to a port with entries that has lost its program', async () => {
    const first = await started();
    await put(first, flow(1));
    await first.close('keep');
    await run('ip', ['link', 'set', world.names()[0], 'xdp', 'off']);
    const second = await started();
    assert.deepEqual(await programs(), [true, false]);
    assert.deepEqual(await installed(second), [idText(flow(1))]);
  });

  it('says why a port cannot be attached when that is found', async () => {
    const busy = await world.addPortWithoutXdp();
    try {
      const backend = await started();
      assert.deepEqual(backend.unservedPorts(), []);
      const spec = flow(3, busy.name);
      const [result] = await put(backend, spec);
      assert.ok(!result.ok && result.refusal.code === 'port-unavailable');
      assert.match(result.refusal.detail, /ERANGE/);
      await backend.portsChanged(world.snapshot());
      assert.match(backend.unservedPorts()[0]?.why ?? '', /ERANGE/);
      const support = backend.supports(spec);
      assert.ok(!support.ok && support.refusal.code === 'port-unavailable');
    } finally {
      await world.removePort(busy.name);
    }
  });

  it('treats a tap alike, which costs its guest no offload', async () => {
    const name = new NameMaker().next('t');
    await run('ip', ['tuntap', 'add', name, 'mode', 'tap', 'vnet_hdr']);
    try {
      await run('ip', ['link', 'set', name, 'up']);
      const ifindex = Number(await run('cat', [`/sys/class/net/${name}/ifindex`]));
      const [veth] = world.snapshot().values();
      const snapshot = new Map(world.snapshot()).set(name, { ...veth, name, uuid: name, ifindex });
      const features = () => run('ethtool', ['-k', name]);
      const before = await features();
      const backend = await started(snapshot);
      const port = () => backend.inputPorts().find((input) => input.name === name);
      assert.deepEqual([port()?.isOpen, port()?.splitsSegments], [false, false]);
      await put(backend, flow(4, name, veth.name));
      assert.equal(port()?.isOpen, true);
      await backend.apply([{ kind: 'delete', id: flowId(4) }], never());
      await read(backend);
      await sleep(DETACH_AFTER_MS + TIMER_MS);
      await read(backend);
      assert.equal(port()?.isOpen, false);
      assert.equal(await features(), before);
    } finally {
      await run('ip', ['link', 'del', name]);
    }
  });
});
