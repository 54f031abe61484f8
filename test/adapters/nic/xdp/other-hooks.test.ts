import assert from 'node:assert/strict';
import type { HostBackend } from '../../../../adapters/nic/host/backend.ts';
import { xdpTable } from '../../../../lab/testbed/nic-tables.ts';
import type { FlowSpec } from '../../../../engine/model/flow.ts';
import { formatFlowId } from '../../../../engine/model/flow-id.ts';
import { NameMaker } from '../../../../lab/testbed/names.ts';
import { createNftChain } from '../../../../lab/testbed/nft.ts';
import { run } from '../../../../lab/testbed/run.ts';
import { idText, installed, never } from '../../../contract/collect.ts';
import { eventually } from '../../../support/eventually.ts';
import { flowId } from '../../../support/flows.ts';
import { exactly, matchOn } from '../../../support/match-fields.ts';
import { needs } from '../../../support/needs.ts';
import { builtObject } from '../support/object.ts';
import { attachTcx } from '../support/tcx.ts';
import { World } from '../support/world.ts';

const MATCH_ALL = ['u32', 'match', 'u32', '0', '0', 'flowid', '1:1'];

/** How a hook is added to a device; resolves to what removes it again. */
type AddHook = (device: string, ifindex: number) => Promise<() => Promise<void>>;

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

  const nft =
    (hook: 'ingress' | 'egress'): AddHook =>
    async (device) => {
      const chain = await createNftChain(world.cleanup, names, device, hook, 'drop');
      return () => chain.delete();
    };

  const tcFilter =
    (direction: 'ingress' | 'egress'): AddHook =>
    async (device) => {
      await tc('qdisc', 'add', 'dev', device, 'clsact');
      await tc('filter', 'add', 'dev', device, direction, ...MATCH_ALL);
      return () => tc('qdisc', 'delete', 'dev', device, 'clsact');
    };

  const qdisc: AddHook = async (device) => {
    await tc('qdisc', 'add', 'dev', device, 'root', 'netem', 'delay', '1ms').catch(() =>
      tc('qdisc', 'add', 'dev', device, 'root', 'pfifo'),
    );
    return () => tc('qdisc', 'delete', 'dev', device, 'root');
  };

  const tcx =
    (direction: 'ingress' | 'egress'): AddHook =>
    async (_, ifindex) => {
      const detach = attachTcx(ifindex, direction);
      return async () => detach();
    };

  const HOOKS: readonly (readonly [what: string, add: AddHook, words: RegExp])[] = [
    ['a tc filter at ingress', tcFilter('ingress'), /a tc ingress filter, which XDP would bypass/],
    ['a tc filter at egress', tcFilter('egress'), /a tc egress filter/],
    ['an nftables chain at ingress', nft('ingress'), /the nftables chain guard of table nk/],
    ['an nftables chain at egress', nft('egress'), /the nftables chain guard/],
    ['a configured qdisc', qdisc, /a (netem|pfifo) qdisc/],
    ['a tcx program at ingress', tcx('ingress'), /a tcx program/],
    ['a tcx program at egress', tcx('egress'), /a tcx program/],
  ];

  for (const which of ['input', 'output'] as const) {
    for (const [what, add, words] of HOOKS) {
      it(`removes its entries when ${what} appears on the ${which} port, and serves it afterwards`, async () => {
        const port = which === 'input' ? inPort : outPort;
        await backend.portsChanged(world.snapshot());
        assert.equal(answer(), 'ok');
        const [put] = await backend.apply([{ kind: 'put', flow: flow() }], never());
        assert(put.ok);

        let changes = 0;
        const end = backend.onLost(() => changes++);
        const remove = await add(port, world.port(port).ifindex);
        try {
          await eventually('a report of the change', () => changes > 0, 2_000);
          const lost = await backend.portsChanged(world.snapshot());
          assert.deepEqual(lost.map(formatFlowId), [idText(flow())]);
          assert.deepEqual(await installed(backend), []);
          assert.match(answer(), words);
          const [refused] = await backend.apply([{ kind: 'put', flow: flow() }], never());
          assert(!refused.ok);
        } finally {
          await remove();
          end();
        }
        await backend.portsChanged(world.snapshot());
        assert.equal(answer(), 'ok');
      });
    }
  }

  it('ignores a clsact qdisc without filters', async () => {
    await tc('qdisc', 'add', 'dev', outPort, 'clsact');
    await backend.portsChanged(world.snapshot());
    assert.equal(answer(), 'ok');
    await tc('qdisc', 'delete', 'dev', outPort, 'clsact');
  });

  it('does not serve a port that has such a hook when the daemon starts', async () => {
    const port = await world.addPort();
    await nft('egress')(port.name, port.ifindex);
    const lost = await backend.portsChanged(world.snapshot());
    assert.deepEqual(lost, []);
    const report = backend.ports().find(({ name }) => name === port.name);
    assert.equal(report?.mode, 'unavailable');
    assert.match(report.detail, /nftables chain/);
    const unserved = backend.unservedPorts().find(({ name }) => name === port.name);
    assert.match(unserved?.why ?? '', /nftables chain/);
  });
});
