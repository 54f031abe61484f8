import assert from 'node:assert/strict';
import { needs } from '../../../support/needs.ts';
import { Seeded } from '../../../support/seeded.ts';
import { judge } from './judge.ts';
import { PLAIN, type Shape } from './pipelines.ts';
import { ChainRig } from './rig.ts';

const SHAPES: readonly (readonly [string, Shape])[] = [
  ['stateful ACLs', { ...PLAIN, drops: true }],
  ['source NAT and routing', { ...PLAIN, nat: 'source', isRouted: true }],
  ['a load balancer with marks', { ...PLAIN, nat: 'destination', mark: 2, label: true }],
  ['NAT and a second pass through the same zone', { ...PLAIN, nat: 'source', zones: [6, 6] }],
  ['routing, VLAN and DSCP', { ...PLAIN, isRouted: true, vlan: 7, dscp: 10, clears: true }],
  ['a zone without connections', { ...PLAIN, nat: 'kept', passesUnused: true }],
  ['IPv6 with NAT', { ...PLAIN, ipVersion: 6, nat: 'destination', isRouted: true }],
];

describe('composed entries, judged by a real userspace datapath', function () {
  this.timeout(60_000);
  let rig: ChainRig;

  before(async function () {
    needs(this, 'root', 'netns', 'ovs', 'debian-python3');
    rig = await ChainRig.start();
  });
  after(() => rig?.stop());

  for (const [name, shape] of SHAPES) {
    it(`do what it does in a pipeline with ${name}`, async () => {
      const { delivered, dropped } = await judge(rig, shape, new Seeded(1));
      assert.ok(delivered > 12, `${delivered} delivered`);
      if (shape.drops) assert.ok(dropped > 4, `${dropped} dropped`);
    });
  }

  it('send packets where ofproto/trace sends them', async () => {
    const shape = { ...PLAIN, isRouted: true, vlan: 7, drops: true };
    const clients = [6, 6, 17].map((protocol, n) => ({ protocol, port: 50_000 + n }));
    const directions = (await rig.connect(shape, clients)).flat();
    const composed = await rig.composeAll(directions);
    const traced = await Promise.all(directions.map((one) => rig.tracedOutput(one, 2)));
    assert.deepEqual(
      composed.map(({ actions }) => actions.flatMap((a) => (a.kind === 'output' ? [a.port] : []))),
      traced,
    );
    // Replies, and what the client sends from even ports.
    assert.equal(traced.filter((ports) => ports.length === 1).length, 5);
  });
});
