import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { BpfPrograms } from '../../../../adapters/nic/core/bpf-programs.ts';
import { Libbpf } from '../../../../adapters/nic/core/libbpf.ts';
import { meterPinPath } from '../../../../adapters/nic/core/meter-pins.ts';
import { NetworkLock } from '../../../../adapters/nic/core/network-lock.ts';
import { PinnedPrograms } from '../../../../adapters/nic/core/pinned-programs.ts';
import { createPinDirectory } from '../../../../adapters/nic/core/pin-directory.ts';
import { ProgramLoader } from '../../../../adapters/nic/core/program-loader.ts';
import type { HostBackend } from '../../../../adapters/nic/host/backend.ts';
import { PacketMeter } from '../../../../adapters/nic/meter/packet-meter.ts';
import { CLS_PRIORITY, ClsFilters } from '../../../../adapters/nic/tcx/cls-filters.ts';
import { ClsactMarks } from '../../../../adapters/nic/tcx/clsact-marks.ts';
import type { PortSnapshot } from '../../../../engine/model/port.ts';
import { run } from '../../../../lab/testbed/run.ts';
import { never } from '../../../contract/collect.ts';
import { needs } from '../../../support/needs.ts';
import { compiled } from '../support/object.ts';
import { tableAt } from '../support/tables.ts';
import { programsAt } from '../tcx/support/attached.ts';
import { MeterNode } from './support/meter-node.ts';

const ASKED = { connections: 4096, forgetAfterMs: 60_000, sampling: 1 };
const SIZES = { entries: 64, masks: 8, leaseMs: 60_000, heartbeatMs: 0 };

describe('a meter at cls_bpf and its qdisc', function () {
  this.timeout(30_000);
  let node: MeterNode;
  let pinPath: string;
  let backend: HostBackend;
  let meter: PacketMeter;

  before(async function () {
    needs(this, 'root', 'netns', 'xdp', 'debian-python3');
    node = await MeterNode.start();
  });

  after(async () => {
    await node?.close();
  });

  beforeEach(() => {
    pinPath = node.world.pinPath();
    backend = tableAt('cls_bpf', { pinPath, ...SIZES });
    meter = new PacketMeter(node.options(pinPath, ASKED, 'cls_bpf'));
  });

  afterEach(async () => {
    await meter.close('withdraw');
    await backend.close('withdraw');
  });

  const qdiscs = (): Promise<string> => run('tc', ['qdisc', 'show', 'dev', node.names()[0]]);
  const ifindex = (): number => node.world.port(node.names()[0]).ifindex;
  const start = {
    meter: () => meter.portsChanged(node.world.snapshot()),
    entries: () => backend.start(node.world.snapshot(), never()),
  };
  const stop = {
    meter: () => meter.close('withdraw'),
    entries: () => backend.close('withdraw'),
  };
  const BOTH = ['meter', 'entries'] as const;

  for (const first of BOTH) {
    for (const left of BOTH) {
      const stays = left === 'meter' ? 'entries' : 'meter';
      it(`stays with the ${stays} and ends with them, if the ${first} came first`, async () => {
        for (const each of first === 'meter' ? BOTH : BOTH.toReversed()) await start[each]();
        assert.equal((await programsAt(ifindex())).length, 2);
        await stop[left]();
        assert.equal((await programsAt(ifindex())).length, 1);
        assert.match(await qdiscs(), /clsact/);
        await stop[stays]();
        assert.doesNotMatch(await qdiscs(), /clsact/);
        assert.equal(existsSync(meterPinPath(pinPath)), false);
      });
    }
  }

  it('stays if others have added it', async () => {
    await run('tc', ['qdisc', 'add', 'dev', node.names()[0], 'clsact']);
    try {
      await start.meter();
      await stop.meter();
      assert.match(await qdiscs(), /clsact/);
    } finally {
      await run('tc', ['qdisc', 'delete', 'dev', node.names()[0], 'clsact']);
    }
  });

  it('outlives a daemon that keeps what it has counted, and ends with the next', async () => {
    await start.meter();
    await meter.close('keep');
    assert.equal((await programsAt(ifindex())).length, 1);
    meter = new PacketMeter(node.options(pinPath, ASKED, 'cls_bpf'));
    await start.meter();
    await stop.meter();
    assert.deepEqual(await programsAt(ifindex()), []);
    assert.doesNotMatch(await qdiscs(), /clsact/);
  });

  it('is not on a port that Open vSwitch polices', async () => {
    await start.meter();
    const [name, other] = node.names();
    const ports = new Map(node.world.snapshot());
    const port = ports.get(name);
    assert(port);
    const policed: PortSnapshot = ports.set(name, { ...port, policed: true });
    await meter.portsChanged(policed);
    assert.deepEqual(meter.ports(), new Set([other]));
    assert.match(
      meter.uncountedPorts().find((port) => port.name === name)?.why ?? '',
      /polices it/,
    );
    assert.doesNotMatch(await qdiscs(), /clsact/);
    await start.meter();
    assert.deepEqual(meter.ports(), new Set([name, other]));
  });

  it('goes when the next daemon counts at tcx', async function () {
    needs(this, 'tcx');
    await start.meter();
    const [before] = await programsAt(ifindex());
    await meter.close('keep');
    meter = new PacketMeter(node.options(pinPath, ASKED, 'tcx'));
    await start.meter();
    assert.doesNotMatch(await qdiscs(), /clsact/);
    const [now, ...others] = await programsAt(ifindex());
    assert.notEqual(now, before);
    assert.deepEqual(others, []);
    await meter.close('keep');
    meter = new PacketMeter(node.options(pinPath, ASKED, 'cls_bpf'));
    await start.meter();
    assert.match(await qdiscs(), /clsact/);
    assert.equal((await programsAt(ifindex())).length, 1);
  });

  it('filters of an earlier version move to their new place', async () => {
    createPinDirectory(pinPath);
    const libbpf = new Libbpf();
    const programs = new BpfPrograms();
    const path = compiled('push-tag', node.world.folder);
    const names = ['push_tag'];
    const loader = await ProgramLoader.open({
      programs,
      objects: [{ path, names }],
      maps: new Map(),
    });
    const fd = await loader.withProgram({ name: names[0] }, (own) => libbpf.duplicate(own));
    const { id } = programs.programInfo(fd);
    const filtersAt = (priority: number): ClsFilters =>
      new ClsFilters({
        lock: new NetworkLock(),
        pins: new PinnedPrograms(libbpf, programs, pinPath, 'cls_bpf'),
        marks: new ClsactMarks(pinPath),
        otherMarks: new ClsactMarks(meterPinPath(pinPath)),
        priority,
        isAwaited: () => false,
      });
    const earlier = filtersAt(0xffff);
    try {
      await earlier.attach(ifindex(), fd, id);
      const later = filtersAt(CLS_PRIORITY.entries);
      await later.attach(ifindex(), fd, id);
      const shown = await run('tc', ['filter', 'show', 'dev', node.names()[0], 'ingress']);
      assert.match(shown, /pref 65534 bpf .*handle 0x1/);
      assert.doesNotMatch(shown, /pref 65535/);
      await later.detach(ifindex());
      later.close();
      assert.doesNotMatch(await qdiscs(), /clsact/);
    } finally {
      earlier.close();
      libbpf.close(fd);
    }
  });
});
