import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeviceHooks } from '../../../../adapters/nic/core/device-hooks.ts';
import { NetworkLock } from '../../../../adapters/nic/core/network-lock.ts';
import { Cleanup } from '../../../../lab/testbed/cleanup.ts';
import { NameMaker } from '../../../../lab/testbed/names.ts';
import { Namespace } from '../../../../lab/testbed/namespace.ts';
import { inNetworkNamespace } from '../../../../lab/testbed/network-namespace.ts';
import { sleep } from '../../../../lab/testbed/wait.ts';
import { eventually } from '../../../support/eventually.ts';
import { needs } from '../../../support/needs.ts';
import { compiled } from '../support/object.ts';

const DEVICE = { name: 'lo', ifindex: 1, datapath: 'kernel' } as const;
const MATCH_ALL = ['u32', 'match', 'u32', '0', '0', 'flowid', '1:1'];
/** Several polls for notifications. */
const REPORTED_MS = 150;

describe('other hooks of a device', function () {
  this.timeout(20_000);
  const cleanup = new Cleanup();
  let namespace: Namespace;
  let hooks: DeviceHooks;
  let changes = 0;
  let isOwn = false;
  let program: readonly string[] = [];

  before(async function () {
    needs(this, 'root', 'netns', 'xdp', 'nft');
    const folder = await mkdtemp(join(tmpdir(), 'norikae-hooks-'));
    cleanup.add({
      name: folder,
      undo: () => rm(folder, { recursive: true, force: true }),
      undoNow: () => undefined,
    });
    program = ['bpf', 'direct-action', 'object-file', compiled('pop-tag', folder), 'section', 'tc'];
    // Without the devices of others, whose changes are reported as well.
    namespace = await Namespace.create(cleanup, new NameMaker(), 'h');
  });

  after(() => cleanup.run());

  beforeEach(() => {
    changes = 0;
    hooks = inNetworkNamespace(namespace.name, () => {
      const opened = new DeviceHooks(new NetworkLock(), {
        by: 'a test',
        isOwn: () => isOwn,
        filters: ['ingress'],
        chains: ['ingress'],
        qdiscs: false,
        programs: async () => new Map(),
      });
      opened.watch(
        () => [],
        () => changes++,
      );
      return opened;
    });
  });

  afterEach(async () => {
    hooks.close();
    await tc('qdisc', 'delete', 'dev', 'lo', 'clsact');
  });

  const tc = (...args: readonly string[]) => namespace.exec('tc', args);

  async function addFilter(priority: number, words: readonly string[]): Promise<void> {
    await tc('filter', 'add', 'dev', 'lo', 'ingress', 'pref', String(priority), ...words);
  }

  async function found(): Promise<string | undefined> {
    await hooks.refresh([DEVICE]);
    return hooks.on(DEVICE);
  }

  it('are not our own filter, nor the qdisc for it', async () => {
    isOwn = true;
    await tc('qdisc', 'add', 'dev', 'lo', 'clsact');
    await addFilter(7, program);
    await sleep(REPORTED_MS);
    assert.deepEqual([changes, await found()], [0, undefined]);
  });

  it('are a filter of another program beside ours, before and behind it', async () => {
    isOwn = true;
    await tc('qdisc', 'add', 'dev', 'lo', 'clsact');
    await addFilter(7, program);
    for (const priority of [5, 9]) {
      changes = 0;
      await addFilter(priority, MATCH_ALL);
      await eventually('a report', () => changes > 0, 2_000);
      assert.match((await found()) ?? '', /a tc ingress filter, which a test would bypass/);
      changes = 0;
      await tc('filter', 'delete', 'dev', 'lo', 'ingress', 'pref', String(priority));
      await eventually('a report of the deletion', () => changes > 0, 2_000);
      assert.equal(await found(), undefined);
    }
  });

  it('are a filter with a program of others', async () => {
    isOwn = false;
    await tc('qdisc', 'add', 'dev', 'lo', 'clsact');
    await addFilter(7, program);
    await eventually('a report', () => changes > 0, 2_000);
    assert.match((await found()) ?? '', /a tc ingress filter/);
  });
});
