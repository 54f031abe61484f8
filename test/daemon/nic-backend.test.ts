import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { DevicePrograms } from '../../adapters/nic/core/device-programs.ts';
import { NetworkLock } from '../../adapters/nic/core/network-lock.ts';
import type { BackendConfig } from '../../config/config.ts';
import { clearTables } from '../../daemon/left-tables.ts';
import { nicBackend } from '../../daemon/nic-backend.ts';
import type { FlowSpec } from '../../engine/model/flow.ts';
import type { OffloadBackend } from '../../engine/ports/offload-backend.ts';
import { run } from '../../lab/testbed/run.ts';
import { World } from '../adapters/nic/support/world.ts';
import { never } from '../contract/collect.ts';
import { flowId } from '../support/flows.ts';
import { exactly, matchOn } from '../support/match-fields.ts';
import { needs } from '../support/needs.ts';

describe('the NIC table after another adapter', function () {
  this.timeout(30_000);
  const devices = new DevicePrograms(new NetworkLock());
  let world: World;
  let pinPath: string;
  let backend: OffloadBackend | undefined;

  before(async function () {
    needs(this, 'root', 'netns', 'xdp', 'tcx', 'nft');
    world = await World.create(2);
  });
  after(() => world?.close());

  beforeEach(() => {
    pinPath = world.pinPath();
  });
  afterEach(async () => {
    await backend?.close('withdraw');
    backend = undefined;
  });

  const input = () => world.port(world.names()[0]);

  function config(adapter: BackendConfig['adapter'], entries = 64): BackendConfig {
    const times = { leaseMs: 60_000, heartbeatMs: 0, detachAfterMs: 60_000 };
    return { adapter, pinPath, entries, masks: 8, ...times, mode: 'native', rulesIn: 'software' };
  }

  async function start(adapter: BackendConfig['adapter'], entries = 64): Promise<OffloadBackend> {
    backend = nicBackend(config(adapter, entries));
    assert(backend !== undefined);
    await backend.start(world.snapshot(), never());
    return backend;
  }

  function flow(): FlowSpec {
    const [inPort, outPort] = world.names();
    const match = matchOn(inPort, exactly('eth_type', 0x0800));
    return { id: flowId(1), match, actions: [{ kind: 'output', port: outPort }] };
  }

  /** What is attached to the input port. */
  async function attached(): Promise<readonly string[]> {
    const { ifindex, name } = input();
    const xdp = await devices.xdp(ifindex);
    const tcx = await devices.tcx([ifindex], ['ingress']);
    const qdiscs = await run('tc', ['qdisc', 'show', 'dev', name]);
    return [
      ...(xdp.native === 0 ? [] : ['xdp']),
      ...(tcx.size === 0 ? [] : ['tcx']),
      ...(qdiscs.includes('clsact') ? ['clsact'] : []),
    ];
  }

  for (const adapter of ['xdp', 'tcx', 'cls_bpf'] as const) {
    const is = adapter === 'cls_bpf' ? 'clsact' : adapter;

    it(`flower removes the programs and entries that ${adapter} has left`, async () => {
      const earlier = await start(adapter);
      const [result] = await earlier.apply([{ kind: 'put', flow: flow() }], never());
      assert.equal(result.ok, true);
      assert.deepEqual(await attached(), [is]);
      await earlier.close('keep');
      // Also with another size.
      const next = await start('flower', 128);
      assert.deepEqual(await attached(), []);
      assert.deepEqual(next.unservedPorts?.(), []);
      assert.equal(next.supports(flow()).ok, true);
      const left = readdirSync(pinPath).filter((name) => !name.startsWith('flower_'));
      assert.deepEqual(left, []);
    });
  }

  for (const earlier of ['xdp', 'tcx', 'cls_bpf', 'flower'] as const) {
    it(`adapters without programs and rules remove what ${earlier} has left`, async () => {
      const left = await start(earlier);
      await left.apply([{ kind: 'put', flow: flow() }], never());
      assert.equal((await attached()).length, 1);
      await left.close('keep');
      assert.notDeepEqual(readdirSync(pinPath), []);
      await clearTables(config('none'))?.(never());
      assert.deepEqual(await attached(), []);
      assert.deepEqual(readdirSync(pinPath), []);
    });
  }

  it('is removed by the daemon for adapters that have none', () => {
    const clears = (adapter: BackendConfig['adapter']) =>
      clearTables(config(adapter)) !== undefined;
    assert(clears('none') && clears('vf') && clears('ntuple'));
    assert(!clears('auto') && !clears('xdp') && !clears('flower'));
  });

  it('tcx removes the qdisc, the gate and the pins that flower has left', async () => {
    const earlier = await start('flower');
    // Without cls_flower the rule is refused, but the device has the gate by then.
    await earlier.apply([{ kind: 'put', flow: flow() }], never());
    assert.deepEqual(await attached(), ['clsact']);
    await earlier.close('keep');
    assert.equal(existsSync(`${pinPath}/flower_control`), true);
    const next = await start('tcx');
    assert.deepEqual(await attached(), []);
    assert.equal(existsSync(`${pinPath}/flower_control`), false);
    const [result] = await next.apply([{ kind: 'put', flow: flow() }], never());
    assert.equal(result.ok, true);
    assert.deepEqual(await attached(), ['tcx']);
  });
});
