import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import type { HostBackend } from '../../../../adapters/nic/host/backend.ts';
import { CLS_PRIORITY } from '../../../../adapters/nic/tcx/cls-filters.ts';
import { monotonicMs } from '../../../../async/monotonic.ts';
import type { FlowSpec } from '../../../../engine/model/flow.ts';
import type { PortInfo, PortSnapshot } from '../../../../engine/model/port.ts';
import { ingressTable } from '../../../../lab/testbed/nic-tables.ts';
import { run } from '../../../../lab/testbed/run.ts';
import { waitFor } from '../../../../lab/testbed/wait.ts';
import { GROUP_LINK, linkOf } from '../../../../protocols/netlink/link/links.ts';
import { PROTOCOL } from '../../../../protocols/netlink/socket.ts';
import { NetlinkSubscription } from '../../../../protocols/netlink/subscription.ts';
import { carried, never } from '../../../contract/collect.ts';
import { eventually } from '../../../support/eventually.ts';
import { flowId } from '../../../support/flows.ts';
import { exactly, matchOn } from '../../../support/match-fields.ts';
import { needs } from '../../../support/needs.ts';
import { builtObject, compiled } from '../support/object.ts';
import { World } from '../support/world.ts';

const SIZES = { entries: 64, masks: 8, leaseMs: 60_000, heartbeatMs: 0, trainMs: 0 };
const DETACH_MS = 50;
const MATCH_ALL = ['u32', 'match', 'u32', '0', '0', 'flowid', '1:1'];

/** A filter as `tc -j` prints it; a head has no options. */
interface TcFilter {
  readonly kind: string;
  readonly pref: number;
  readonly options?: { readonly bpf_name?: string; readonly prog?: { readonly id: number } };
}

describe('tc filters and their qdisc', function () {
  this.timeout(20_000);
  const open: HostBackend[] = [];
  let world: World;
  let objectPath = '';
  let pinPath = '';
  let inPort = '';
  let outPort = '';
  let policed = false;

  before(function () {
    needs(this, 'root', 'netns', 'xdp', 'nft');
    objectPath = builtObject('tcx');
  });

  beforeEach(async () => {
    world = await World.create(2);
    [inPort, outPort] = world.names();
    pinPath = world.pinPath();
    policed = false;
  });

  afterEach(async () => {
    for (const backend of open.splice(0)) await backend.close('withdraw');
    await world?.close();
  });

  function ports(): PortSnapshot {
    const all = [...world.snapshot()];
    return new Map(
      all.map(([name, info]): [string, PortInfo] => [
        name,
        { ...info, policed: policed && name === inPort },
      ]),
    );
  }

  async function started(): Promise<HostBackend> {
    const options = { ...SIZES, pinPath, objectPath, detachAfterMs: DETACH_MS };
    const backend = ingressTable('cls_bpf', options);
    open.push(backend);
    await backend.start(ports(), never());
    await backend.renewLease(monotonicMs());
    return backend;
  }

  /** A daemon that ends and leaves everything as it is. */
  async function end(backend: HostBackend): Promise<void> {
    open.splice(open.indexOf(backend), 1);
    await backend.close('keep');
  }

  const flow = (): FlowSpec => ({
    id: flowId(1),
    match: matchOn(inPort, exactly('eth_type', 0x0800)),
    actions: [{ kind: 'output', port: outPort }],
  });

  async function put(backend: HostBackend): Promise<string> {
    const [result] = await backend.apply([{ kind: 'put', flow: flow() }], never());
    return result.ok ? result.outcome : result.refusal.detail;
  }

  /** Deletes the entries, and waits until the port has no program any more. */
  async function idle(backend: HostBackend): Promise<void> {
    await backend.withdrawAll();
    const isDetached = async () => {
      await carried(backend);
      const report = backend.ports().find(({ name }) => name === inPort);
      return report?.mode === 'detached' ? true : undefined;
    };
    await waitFor('the port is detached', isDetached, { timeoutMs: 5_000, everyMs: 10 });
  }

  /** The kind of the qdisc for filters at ingress; undefined without one. */
  async function qdisc(): Promise<string | undefined> {
    const shown = await run('tc', ['qdisc', 'show', 'dev', inPort]);
    return /^qdisc (clsact|ingress) /m.exec(shown)?.[1];
  }

  async function filters(): Promise<readonly TcFilter[]> {
    const shown = await run('tc', ['-j', 'filter', 'show', 'dev', inPort, 'ingress']);
    const all: readonly TcFilter[] = JSON.parse(shown);
    return all.filter(({ options }) => options !== undefined);
  }

  async function tc(...args: readonly string[]): Promise<void> {
    await run('tc', args);
  }

  it('are there while a port has entries', async () => {
    const backend = await started();
    assert.equal(await qdisc(), undefined);
    assert.equal(await put(backend), 'installed');
    const [filter, ...more] = await filters();
    assert.deepEqual(more, []);
    assert.deepEqual([filter.pref, filter.options?.bpf_name], [CLS_PRIORITY.entries, 'norikae']);
    assert.equal(await qdisc(), 'clsact');
    await idle(backend);
    assert.equal(await qdisc(), undefined);
    assert.deepEqual(
      readdirSync(pinPath).filter((name) => name === 'filters' || name === 'clsact'),
      [],
    );
  });

  for (const kind of ['clsact', 'ingress']) {
    it(`leave a qdisc ${kind} where it was before`, async () => {
      await tc('qdisc', 'add', 'dev', inPort, kind);
      const backend = await started();
      assert.equal(await put(backend), 'installed');
      assert.equal((await filters()).length, 1);
      await idle(backend);
      assert.deepEqual(await filters(), []);
      assert.equal(await qdisc(), kind);
      await backend.close('withdraw');
      assert.equal(await qdisc(), kind);
    });
  }

  it('are replaced by the next daemon, which removes the qdisc of the last one', async () => {
    const first = await started();
    await put(first);
    const [before] = await filters();
    await end(first);
    const second = await started();
    const [after, ...more] = await filters();
    assert.deepEqual(more, []);
    assert.notEqual(after.options?.prog?.id, before.options?.prog?.id);
    assert.equal(await put(second), 'unchanged');
    await idle(second);
    assert.equal(await qdisc(), undefined);
    await second.close('withdraw');
    assert.deepEqual(readdirSync(pinPath), []);
  });

  it('leave the qdisc to the filter of another program, until that is gone', async () => {
    const backend = await started();
    await put(backend);
    await tc('filter', 'add', 'dev', inPort, 'egress', 'pref', '5', ...MATCH_ALL);
    await idle(backend);
    assert.equal(await qdisc(), 'clsact');
    await tc('filter', 'delete', 'dev', inPort, 'egress', 'pref', '5');
    assert.equal(await put(backend), 'installed');
    await idle(backend);
    assert.equal(await qdisc(), undefined);
  });

  it('leave the qdisc with filters of others when the daemon ends', async () => {
    const backend = await started();
    await put(backend);
    await tc('filter', 'add', 'dev', inPort, 'egress', 'pref', '5', ...MATCH_ALL);
    await backend.close('withdraw');
    assert.equal(await qdisc(), 'clsact');
    assert.deepEqual(await filters(), []);
    assert.deepEqual(readdirSync(pinPath), []);
  });

  for (const [what, args] of [
    ['the filter', ['filter', 'delete', 'dev', 'DEVICE', 'ingress']],
    ['the qdisc', ['qdisc', 'delete', 'dev', 'DEVICE', 'clsact']],
  ] as const) {
    it(`are added again when another program deletes ${what}`, async () => {
      const backend = await started();
      await put(backend);
      await tc(...args.map((word) => (word === 'DEVICE' ? inPort : word)));
      assert.deepEqual(await filters(), []);
      assert.deepEqual(await backend.portsChanged(ports()), []);
      assert.equal((await filters()).length, 1);
      await idle(backend);
      assert.equal(await qdisc(), undefined);
    });
  }

  it('never replace the filter of another program at the same place', async () => {
    const backend = await started();
    await tc('qdisc', 'add', 'dev', inPort, 'clsact');
    const program = compiled('pop-tag', world.folder);
    const foreign = ['bpf', 'direct-action', 'object-file', program, 'section', 'tc'];
    await tc(
      'filter',
      'add',
      'dev',
      inPort,
      'ingress',
      'pref',
      String(CLS_PRIORITY.entries),
      ...foreign,
    );
    const before = await filters();
    assert.match(await put(backend), /no tc filter \(cls_bpf\) can be added.*EEXIST/);
    assert.deepEqual(await filters(), before);
    await backend.portsChanged(ports());
    assert.match(await put(backend), /its device has a tc ingress filter/);
    assert.deepEqual(await filters(), before);
  });

  it('leave no pin and no mark of a device that is gone', async () => {
    const backend = await started();
    await put(backend);
    await world.removePort(inPort);
    assert.deepEqual(await backend.portsChanged(ports()), [flow().id]);
    assert.deepEqual(
      readdirSync(pinPath).filter((name) => name === 'filters' || name === 'clsact'),
      [],
    );
  });

  it('give way when the vSwitch polices the port, and make it try again', async () => {
    const backend = await started();
    await put(backend);
    const { ifindex } = world.port(inPort);
    let announcements = 0;
    const subscription = new NetlinkSubscription(PROTOCOL.route, [GROUP_LINK], {
      notified: ({ payload }) => {
        if (linkOf(payload).ifindex === ifindex) announcements++;
      },
      lost: () => undefined,
    });
    try {
      policed = true;
      assert.deepEqual(await backend.portsChanged(ports()), [flow().id]);
      assert.equal(await qdisc(), undefined);
      assert.match(await put(backend), /is policed/);
      assert.deepEqual(backend.unservedPorts(), []);
      await eventually('an announcement of the device', () => announcements > 0, 2_000);
      // What Open vSwitch does then.
      await tc('qdisc', 'add', 'dev', inPort, 'ingress');
      await tc('qdisc', 'delete', 'dev', inPort, 'ingress');
    } finally {
      subscription.close();
    }
    policed = false;
    await backend.portsChanged(ports());
    assert.equal(await put(backend), 'installed');
  });

  it('give way also when an earlier daemon has left them on a policed port', async () => {
    const first = await started();
    await put(first);
    await end(first);
    policed = true;
    await started();
    assert.equal(await qdisc(), undefined);
  });
});
