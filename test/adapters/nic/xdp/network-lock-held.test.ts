import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { DevicePrograms } from '../../../../adapters/nic/core/device-programs.ts';
import { XdpAttachment } from '../../../../adapters/nic/xdp/attachment.ts';
import {
  DeviceSettings,
  mayLeaveChecksumsOpen,
} from '../../../../adapters/nic/xdp/device-settings.ts';
import { ifindexOf, mtuOf } from '../../../../adapters/nic/core/device.ts';
import { NetworkLock } from '../../../../adapters/nic/core/network-lock.ts';
import { OwnPrograms } from '../../../../adapters/nic/core/own-programs.ts';
import { xdpOtherHooks } from '../../../../adapters/nic/xdp/other-hooks.ts';
import { programFor } from '../../../../adapters/nic/xdp/programs.ts';
import { RedirectTargets } from '../../../../adapters/nic/xdp/redirect-targets.ts';
import { XdpDevices } from '../../../../adapters/nic/xdp/xdp-devices.ts';
import { needs } from '../../../support/needs.ts';
import { NetworkLockHolder } from './support/network-lock-holder.ts';
import { World } from '../support/world.ts';
import { openTools } from './support/tools.ts';

/** How long the calls are watched while the lock is held, ms. */
const WATCH_MS = 100;
/** Turns of the event loop in that time; without a wait there are thousands. */
const MIN_TURNS = 100;
/** Newer kernels answer these without the lock. */
const MAY_NOT_WAIT = new Set(['reading redirect targets']);

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
});
