import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import type { HostBackend } from '../../../../adapters/nic/host/backend.ts';
import { xdpTable } from '../../../../lab/testbed/nic-tables.ts';
import { monotonicMs } from '../../../../async/monotonic.ts';
import { DevicePrograms } from '../../../../adapters/nic/core/device-programs.ts';
import { XdpAttachment } from '../../../../adapters/nic/xdp/attachment.ts';
import {
  DeviceSettings,
  mayLeaveChecksumsOpen,
} from '../../../../adapters/nic/xdp/device-settings.ts';
import { ifindexOf, mtuOf } from '../../../../adapters/nic/core/device.ts';
import { NetworkLock } from '../../../../adapters/nic/core/network-lock.ts';
import type { XdpBackendOptions } from '../../../../adapters/nic/xdp/options.ts';
import { OwnPrograms } from '../../../../adapters/nic/core/own-programs.ts';
import { xdpOtherHooks } from '../../../../adapters/nic/xdp/other-hooks.ts';
import { programFor } from '../../../../adapters/nic/xdp/programs.ts';
import { RedirectTargets } from '../../../../adapters/nic/xdp/redirect-targets.ts';
import { XdpDevices } from '../../../../adapters/nic/xdp/xdp-devices.ts';
import type { FlowSpec } from '../../../../engine/model/flow.ts';
import type { PortSnapshot } from '../../../../engine/model/port.ts';
import { run } from '../../../../lab/testbed/run.ts';
import { idText, installed, never } from '../../../contract/collect.ts';
import { eventually } from '../../../support/eventually.ts';
import { flowId } from '../../../support/flows.ts';
import { exactly, matchOn } from '../../../support/match-fields.ts';
import { needs } from '../../../support/needs.ts';
import { NetworkLockHolder } from './support/network-lock-holder.ts';
import { builtObject } from '../support/object.ts';
import { World } from '../support/world.ts';
import { openTools } from './support/tools.ts';

/** How long the calls are watched while the lock is held, ms. */
const WATCH_MS = 100;
/** Turns of the event loop in that time; without a wait there are thousands. */
const MIN_TURNS = 100;
/** Longest wait of a backend for the lock, ms. Short: tests that run beside these need the lock, too. */
const MAX_LOCK_WAIT_MS = 150;
/** Longest time for a call of the backend, ms: one wait, and the rest of its work on a busy machine. */
const MAX_CALL_MS = 1_500;

/** Newer kernels answer these without the lock. */
const MAY_NOT_WAIT = new Set(['reading redirect targets']);

/** A started backend, and a flow from the first port to the second. */
interface Serving {
  readonly backend: HostBackend;
  readonly options: XdpBackendOptions;
  readonly flow: FlowSpec;
}

describe('XDP while another program holds the network lock', function () {
  this.timeout(30_000);
  let world: World;
  let holder: NetworkLockHolder;
  const undo: (() => unknown)[] = [];

  before(async function () {
    needs(this, 'root', 'netns', 'xdp');
    world = await World.create(2);
    holder = new NetworkLockHolder();
  });

  after(async () => {
    holder?.close();
    await world?.close();
  });

  afterEach(async () => {
    for (const step of undo.splice(0).toReversed()) await step();
  });

  /** Starts a call, and resolves to whether it was pending all the time, and the turns meanwhile. */
  async function watch(call: Promise<unknown>): Promise<{ isPending: boolean; turns: number }> {
    const state = { isPending: true, turns: 0 };
    const settled = (): void => void (state.isPending = false);
    call.then(settled, settled);
    const endMs = performance.now() + WATCH_MS;
    while (performance.now() < endMs) {
      await turn();
      state.turns++;
    }
    return { ...state };
  }

  it('waits for it in worker threads, so that the event loop continues', async () => {
    const lock = new NetworkLock(20_000);
    const tools = await openTools(world.pinPath(), lock);
    undo.push(() => tools.close());
    const attachment = await XdpAttachment.open(tools, 'native');
    undo.push(() => attachment.close());
    const [name] = world.names();
    const { ifindex } = world.port(name);
    await attachment.attach(name, ifindex);
    undo.push(() => attachment.detach(ifindex));
    const settings = new DeviceSettings(lock);
    const devices = new XdpDevices(lock);
    const programs = new DevicePrograms(lock);
    const hooks = xdpOtherHooks(lock, new OwnPrograms());
    undo.push(() => hooks.close());
    const targets = await RedirectTargets.open(lock);
    undo.push(() => targets.close());

    // Read on the event loop. A wait for the lock would last until the holder gives up.
    await holder.whileHeld(async () => {
      const startMs = performance.now();
      assert.equal(ifindexOf(name), ifindex);
      assert.equal(mtuOf(name), 1_500);
      assert.equal(mayLeaveChecksumsOpen(name, 'veth'), true);
      assert(performance.now() - startMs < 1_000, 'sysfs answers without the lock');
    });

    const calls: Readonly<Record<string, () => Promise<unknown>>> = {
      'querying a device': () => programs.xdp(ifindex),
      'querying tcx programs': () => programs.tcx([ifindex], ['ingress']),
      'reading the driver': () => settings.driver(name),
      'reading GRO': () => settings.mergesPackets(name),
      'changing VLAN stripping': () => settings.keepTagsInFrame(name),
      'reading filters and qdiscs': () => hooks.refresh([{ name, ifindex }]),
      'reading redirect targets': () => targets.refresh(),
      attaching: () =>
        tools.loader.withProgram(programFor('bound', ifindex), (fd) =>
          devices.attach(ifindex, fd, 4),
        ),
      detaching: () => devices.detach(ifindex, 4),
    };
    for (const [what, call] of Object.entries(calls)) {
      let result: Promise<unknown> | undefined;
      const { isPending, turns } = await holder.whileHeld(() => {
        result = call();
        return watch(result);
      });
      if (!MAY_NOT_WAIT.has(what)) assert(isPending, `${what} waits for the lock`);
      assert(turns > MIN_TURNS, `${what}: ${turns} turns of the event loop`);
      await result;
    }
  });

  async function serving(detachAfterMs?: number): Promise<Serving> {
    const [inPort, port] = world.names();
    const fields = [exactly('eth_type', 0x0800), exactly('ip_proto', 17), exactly('udp_dst', 1)];
    const match = matchOn(inPort, ...fields);
    const flow: FlowSpec = { id: flowId(1), match, actions: [{ kind: 'output', port }] };
    const sizes = { entries: 64, masks: 8, leaseMs: 60_000, heartbeatMs: 0 };
    const maxLockWaitMs = MAX_LOCK_WAIT_MS;
    const how = { pinPath: world.pinPath(), objectPath: builtObject(), mode: 'native' } as const;
    const options = {
      ...how,
      ...sizes,
      maxLockWaitMs,
      ...(detachAfterMs === undefined ? {} : { detachAfterMs }),
    };
    const backend = xdpTable(options);
    undo.push(() => backend.close('withdraw'));
    await backend.start(world.snapshot(), never());
    return { backend, options, flow };
  }

  const put = async (backend: HostBackend, flow: FlowSpec) =>
    (await backend.apply([{ kind: 'put', flow }], never()))[0];

  /** By port, whether it has an XDP program. */
  async function programsOf(names: readonly string[]): Promise<readonly boolean[]> {
    const links = names.map((name) => run('ip', ['link', 'show', name]));
    return (await Promise.all(links)).map((text) => text.includes('prog/xdp'));
  }

  function without(name: string): PortSnapshot {
    const ports = new Map(world.snapshot());
    ports.delete(name);
    return ports;
  }

  it('removes the entries of a port that goes away, and detaches it when the lock is free', async () => {
    const { backend, flow } = await serving();
    const [inPort, outPort] = world.names();
    assert.equal((await put(backend, flow)).ok, true);
    let lost = 0;
    backend.onLost(() => lost++);
    await holder.whileHeld(async () => {
      const startMs = performance.now();
      const ids = await backend.portsChanged(without(outPort));
      assert(performance.now() - startMs < MAX_CALL_MS);
      assert.equal(ids.length, 1);
      assert.deepEqual(await installed(backend), []);
      assert.match(backend.unservedPorts()[0].why, /network lock has not been free for 150 ms/);
      const startOfNextMs = performance.now();
      await backend.portsChanged(without(outPort));
      assert(performance.now() - startOfNextMs < 500, 'the next change does not wait again');
      assert.equal(lost, 0);
    });
    await eventually('the backend asks for the ports again', () => lost > 0);
    await backend.portsChanged(without(outPort));
    assert.deepEqual(backend.unservedPorts(), []);
    assert.deepEqual(await programsOf([inPort, outPort]), [true, false]);
    await backend.portsChanged(world.snapshot());
    assert.equal((await put(backend, flow)).ok, true);
    assert.deepEqual(await installed(backend), [idText(flow)]);
  });

  it('refuses a flow whose port has no program yet, and accepts it when the lock is free', async () => {
    const { backend, flow } = await serving(60_000);
    let lost = 0;
    backend.onLost(() => lost++);
    await holder.whileHeld(async () => {
      const startMs = performance.now();
      const result = await put(backend, flow);
      assert(performance.now() - startMs < MAX_CALL_MS);
      assert(!result.ok && result.refusal.code === 'port-unavailable', JSON.stringify(result));
      assert.match(result.refusal.detail, /network lock/);
    });
    await eventually('the backend asks for the ports again', () => lost > 0);
    await backend.portsChanged(world.snapshot());
    assert.deepEqual(await programsOf(world.names()), [false, false]);
    assert.equal((await put(backend, flow)).ok, true);
    assert.deepEqual(await programsOf(world.names()), [true, false]);
  });

  it('reads counters and renews the lease while an idle port waits for its detach', async () => {
    const { backend, flow } = await serving(0);
    assert.equal((await put(backend, flow)).ok, true);
    await backend.apply([{ kind: 'delete', id: flow.id }], never());
    const read = () => backend.counters({ carried: () => undefined }, never());
    await holder.whileHeld(async () => {
      const reading = read();
      assert.equal(await backend.renewLease(monotonicMs()), 'renewed');
      await reading;
      await read();
    });
    assert.equal(backend.inputPorts()[0].isOpen, false);
    await eventually('detaching', async () => {
      await read();
      return !(await programsOf(world.names()))[0];
    });
    assert.equal((await put(backend, flow)).ok, true);
    assert.deepEqual(await programsOf(world.names()), [true, false]);
  });

  it('keeps its pins when it ends, so that the next daemon detaches its programs', async () => {
    const { backend, options } = await serving();
    undo.pop();
    await holder.whileHeld(() => assert.rejects(backend.close('withdraw'), /network lock/));
    const next = xdpTable(options);
    await next.start(world.snapshot(), never());
    assert.deepEqual(await programsOf(world.names()), [true, true]);
    await next.close('withdraw');
    assert.deepEqual(await programsOf(world.names()), [false, false]);
  });
});
