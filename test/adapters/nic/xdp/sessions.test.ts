import assert from 'node:assert/strict';
import type { HostBackend } from '../../../../adapters/nic/host/backend.ts';
import { xdpTable } from '../../../../lab/testbed/nic-tables.ts';
import { monotonicMs } from '../../../../async/monotonic.ts';
import { rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BackendNotStarted, BackendOptionInvalid } from '../../../../adapters/nic/core/errors.ts';
import { BpfPrograms } from '../../../../adapters/nic/core/bpf-programs.ts';
import { Libbpf } from '../../../../adapters/nic/core/libbpf.ts';
import { NetworkLock } from '../../../../adapters/nic/core/network-lock.ts';
import { XdpDevices } from '../../../../adapters/nic/xdp/xdp-devices.ts';
import { sizesFor } from '../../../../adapters/nic/core/maps.ts';
import type { XdpBackendOptions } from '../../../../adapters/nic/xdp/options.ts';
import type { FlowSpec } from '../../../../engine/model/flow.ts';
import { run } from '../../../../lab/testbed/run.ts';
import { idText, installed, never } from '../../../contract/collect.ts';
import { flowId } from '../../../support/flows.ts';
import { needs } from '../../../support/needs.ts';
import { exactly, matchOn } from '../../../support/match-fields.ts';
import { builtObject } from '../support/object.ts';
import { World } from '../support/world.ts';

/** BPF_MAP_TYPE_PERCPU_ARRAY. */
const PERCPU_ARRAY = 6;

describe('XDP sessions', function () {
  this.timeout(30_000);
  let world: World;
  let objectPath = '';
  let options: XdpBackendOptions;
  const open: HostBackend[] = [];

  before(async function () {
    needs(this, 'root', 'netns', 'xdp');
    objectPath = builtObject();
    world = await World.create(2);
  });

  after(async () => {
    await world?.close();
  });

  beforeEach(() => {
    const common = { entries: 64, masks: 8, leaseMs: 60_000, heartbeatMs: 0 } as const;
    options = { pinPath: world.pinPath(), objectPath, mode: 'auto', ...common };
  });

  afterEach(async () => {
    for (const backend of open.splice(0)) await backend.close('withdraw');
  });

  async function started(changes: Partial<XdpBackendOptions> = {}): Promise<HostBackend> {
    const backend = xdpTable({ ...options, ...changes });
    open.push(backend);
    await backend.start(world.snapshot(), never());
    return backend;
  }

  function flow(n: number): FlowSpec {
    const [inPort, outPort] = world.names();
    const fields = [exactly('eth_type', 0x0800), exactly('ip_proto', 17), exactly('udp_dst', n)];
    const actions = [{ kind: 'output' as const, port: outPort }];
    return { id: flowId(n), match: matchOn(inPort, ...fields), actions };
  }

  const programIds = async (port: string) =>
    [...(await run('ip', ['link', 'show', port])).matchAll(/prog\/xdp id (\d+)/g)].map(
      ([, id]) => id,
    );

  it('refuses options out of their range', () => {
    assert.throws(() => xdpTable({ ...options, masks: 129 }), BackendOptionInvalid);
    assert.throws(() => xdpTable({ ...options, entries: 0 }), BackendOptionInvalid);
    assert.throws(() => xdpTable({ ...options, leaseMs: 0.5 }), BackendOptionInvalid);
  });

  it('does nothing before its start', async () => {
    const backend = xdpTable(options);
    await assert.rejects(backend.apply([], never()), BackendNotStarted);
    await assert.rejects(backend.renewLease(monotonicMs()), BackendNotStarted);
    assert.equal(backend.supports(flow(1)).ok, true);
    await backend.close('withdraw');
  });

  it('starts afresh over maps of another layout, whose counters have no time', async () => {
    const first = await started();
    await first.apply([{ kind: 'put', flow: flow(1) }], never());
    const before = (await Promise.all(world.names().map(programIds))).flat();
    await first.close('keep');
    const libbpf = new Libbpf();
    const stats = join(options.pinPath, 'stats');
    const { slots } = sizesFor(options.entries);
    const without = libbpf.createMap(PERCPU_ARRAY, 'stats', 4, 16, slots);
    rmSync(stats);
    libbpf.pin(without, stats);
    libbpf.close(without);
    const second = await started();
    assert.deepEqual(await installed(second), []);
    const after = (await Promise.all(world.names().map(programIds))).flat();
    assert.equal(after.length, 2);
    assert.ok(!after.some((id) => before.includes(id)), 'the programs that use them are gone');
    const results = await second.apply([{ kind: 'put', flow: flow(1) }], never());
    assert.deepEqual(results, [{ ok: true, outcome: 'installed' }]);
  });

  it('does not touch a port with a foreign program', async () => {
    const [inPort, outPort] = world.names();
    const foreign = await makeForeign(world, inPort);
    try {
      const backend = await started();
      const report = backend.ports().find((port) => port.name === inPort);
      assert.equal(report?.mode, 'unavailable');
      assert.match(report?.detail ?? '', /another XDP program/);
      assert.equal(backend.ports().find((port) => port.name === outPort)?.mode, 'native');
      const [result] = await backend.apply([{ kind: 'put', flow: flow(1) }], never());
      assert.ok(!result.ok && result.refusal.code === 'port-unavailable');
    } finally {
      await foreign();
    }
  });

  it('loads the program at most once to adopt ports that already run it', async () => {
    const ids = () => Promise.all(world.names().map(programIds));
    const first = await started();
    const before = (await ids()).flat();
    await first.close('keep');
    await started();
    const after = (await ids()).flat();
    assert.equal(after.length, before.length);
    assert.equal(after.filter((id) => !before.includes(id)).length, 1);
  });

  it('yields to the event loop while it attaches', async () => {
    const backend = await started();
    const added = [await world.addPort(), await world.addPort(), await world.addPort()];
    try {
      const changing = backend.portsChanged(world.snapshot());
      const state = { turns: 0, over: false };
      const count = () => {
        state.turns++;
        if (!state.over) setTimeout(count, 0);
      };
      count();
      await changing;
      state.over = true;
      assert.ok(state.turns >= added.length, `${state.turns} turns of the event loop`);
    } finally {
      for (const port of added) await world.removePort(port.name);
    }
  });

  it('does not serve a veth in generic mode, where its peer can hide VLAN tags', async () => {
    const port = await world.addPortWithoutXdp();
    try {
      const backend = await started();
      const report = backend.ports().find(({ name }) => name === port.name);
      assert.equal(report?.mode, 'unavailable');
      assert.match(report?.detail ?? '', /native: .*ERANGE.*generic: .*VLAN/);
    } finally {
      await world.removePort(port.name);
    }
  });

  it('refuses masks beyond its size, and accepts one again when one is free', async () => {
    const backend = await started({ masks: 2 });
    const [inPort] = world.names();
    const masked = (n: number): FlowSpec => ({
      id: flowId(n),
      match: matchOn(inPort, exactly('eth_type', 0x0800), {
        field: 'ipv4_dst',
        value: Uint8Array.of(10, 0, 0, 0),
        mask: Uint8Array.of(255, n, 0, 0),
      }),
      actions: [],
    });
    const put = (n: number) => backend.apply([{ kind: 'put', flow: masked(n) }], never());
    assert.ok((await put(1))[0].ok);
    assert.ok((await put(2))[0].ok);
    const [refused] = await put(3);
    assert.ok(!refused.ok && refused.refusal.code === 'mask-table-full');
    assert.equal(backend.capacity().masksUsed, 2);
    await backend.apply([{ kind: 'delete', id: flowId(1) }], never());
    assert.ok((await put(3))[0].ok);
    const swap = await backend.apply(
      [
        { kind: 'delete', id: flowId(2) },
        { kind: 'put', flow: masked(4) },
      ],
      never(),
    );
    assert.ok(
      swap.every(({ ok }) => ok),
      JSON.stringify(swap),
    );
  });

  it('counts a mask again that is used again before the set is replaced', async () => {
    const backend = await started({ masks: 2 });
    const [inPort] = world.names();
    const put = (n: number) => {
      const address = { value: Uint8Array.of(10, 0, 0, 0), mask: Uint8Array.of(255, n, 0, 0) };
      const match = matchOn(inPort, exactly('eth_type', 0x0800), { field: 'ipv4_dst', ...address });
      return backend.apply([{ kind: 'put', flow: { id: flowId(n), match, actions: [] } }], never());
    };
    await put(1);
    await backend.apply([{ kind: 'delete', id: flowId(1) }], never());
    assert.equal(backend.capacity().masksUsed, 0);
    assert.ok((await put(1))[0].ok);
    assert.equal(backend.capacity().masksUsed, 1);
    assert.ok((await put(2))[0].ok);
    const [refused] = await put(3);
    assert.ok(!refused.ok && refused.refusal.code === 'mask-table-full');
  });

  it('replaces the entry of a recreated megaflow', async () => {
    const backend = await started();
    const again: FlowSpec = { ...flow(1), id: flowId(77) };
    await backend.apply([{ kind: 'put', flow: flow(1) }], never());
    const results = await backend.apply(
      [
        { kind: 'put', flow: again },
        { kind: 'delete', id: flowId(1) },
      ],
      never(),
    );
    assert.deepEqual(results, [
      { ok: true, outcome: 'installed' },
      { ok: true, outcome: 'absent' },
    ]);
    assert.deepEqual(await installed(backend), [idText(again)]);
  });
});

/** XDP_FLAGS_DRV_MODE. */
const XDP_NATIVE = 4;

/** Puts another XDP program on a port; resolves to what takes it off. */
async function makeForeign(world: World, port: string): Promise<() => Promise<unknown>> {
  const source = join(world.folder, 'foreign.bpf.c');
  await writeFile(
    source,
    '__attribute__((section("xdp"), used)) int foreign(void *ctx) { return 2; }\n',
  );
  const path = source.replace(/c$/, 'o');
  await run('clang', ['-O2', '-target', 'bpf', '-c', source, '-o', path]);
  const programs = new BpfPrograms();
  const devices = new XdpDevices(new NetworkLock());
  const { ifindex } = world.port(port);
  const object = programs.openObject(await readFile(path));
  assert.ok(object !== null);
  assert.equal(await programs.loadObject(object), 0);
  const fd = programs.programFd(programs.program(object, 'foreign'));
  assert.equal(await devices.attach(ifindex, fd, XDP_NATIVE), 0);
  programs.closeObject(object);
  return () => devices.detach(ifindex, XDP_NATIVE);
}
