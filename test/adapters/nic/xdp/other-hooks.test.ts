import assert from 'node:assert/strict';
import type { HostBackend } from '../../../../adapters/nic/host/backend.ts';
import { xdpTable } from '../../../../lab/testbed/nic-tables.ts';
import type { FlowSpec } from '../../../../engine/model/flow.ts';
import { NameMaker } from '../../../../lab/testbed/names.ts';
import { run } from '../../../../lab/testbed/run.ts';
import { never } from '../../../contract/collect.ts';
import { flowId } from '../../../support/flows.ts';
import { exactly, matchOn } from '../../../support/match-fields.ts';
import { needs } from '../../../support/needs.ts';
import { nftChain } from '../hooks/support/foreign.ts';
import { builtObject } from '../support/object.ts';
import { World } from '../support/world.ts';

describe('XDP beside other hooks of a device', function () {
  this.timeout(30_000);
  const names = new NameMaker();
  let world: World;
  let backend: HostBackend;
  let inPort = '';
  let outPort = '';

  before(async function () {
    needs(this, 'root', 'netns', 'xdp', 'nft');
    const objectPath = builtObject();
    world = await World.create(2);
    [inPort, outPort] = world.names();
    const sizes = { entries: 64, masks: 8, leaseMs: 60_000, heartbeatMs: 0 };
    backend = xdpTable({ pinPath: world.pinPath(), objectPath, mode: 'native', ...sizes });
    await backend.start(world.snapshot(), never());
  });

  after(async () => {
    await backend?.close('withdraw');
    await world?.close();
  });

  const flow = (): FlowSpec => ({
    id: flowId(1),
    match: matchOn(inPort, exactly('eth_type', 0x0800)),
    actions: [{ kind: 'output', port: outPort }],
  });

  function answer(): string {
    const support = backend.supports(flow());
    return support.ok ? 'ok' : support.refusal.detail;
  }

  async function tc(...args: readonly string[]): Promise<void> {
    await run('tc', args);
  }

  it('ignores a clsact qdisc without filters', async () => {
    await tc('qdisc', 'add', 'dev', outPort, 'clsact');
    await backend.portsChanged(world.snapshot());
    assert.equal(answer(), 'ok');
    await tc('qdisc', 'delete', 'dev', outPort, 'clsact');
  });

  it('does not serve a port that has such a hook when the daemon starts', async () => {
    const port = await world.addPort();
    await nftChain(world.cleanup, names, 'egress')(port.name, port.ifindex);
    const lost = await backend.portsChanged(world.snapshot());
    assert.deepEqual(lost, []);
    const report = backend.ports().find(({ name }) => name === port.name);
    assert.equal(report?.mode, 'unavailable');
    assert.match(report.detail, /nftables chain/);
    const unserved = backend.unservedPorts().find(({ name }) => name === port.name);
    assert.match(unserved?.why ?? '', /nftables chain/);
  });
});
