import assert from 'node:assert/strict';
import fc from 'fast-check';
import { actionsText } from '../../../../engine/model/action-text.ts';
import { sameBytes } from '../../../../engine/model/same-actions.ts';
import type { TunnelMatch } from '../../../../engine/model/match.ts';
import { Seeded } from '../../../support/seeded.ts';
import {
  assertSame,
  changed,
  composeEntry,
  conditionsOf,
  deliver,
  valuesOf,
} from './support/judge.ts';
import { follow, meets, type ModelPacket } from './support/model.ts';
import { randomPipeline } from './support/random-pipeline.ts';
import {
  arrivedTunnel,
  changedTunnel,
  inTunnel,
  type ModelTunnel,
  outerMegaflows,
  packetOutOf,
  randomTunnel,
  UPLINK,
  withoutTunnel,
} from './support/random-tunnel.ts';

const RUNS = 250;
const PACKETS = 30;

const PUSH = {
  kind: 'opaque',
  text: 'tnl_push(tnl_port(vxlan_sys_4789),header(size=50,type=4,eth(dst=c2:4c:3b:6c:26:46,src=56:1e:3a:7e:5f:4a,dl_type=0x0800),ipv4(src=172.16.0.1,dst=172.16.0.2,proto=17,tos=0,ttl=64,frag=0x4000),udp(src=0,dst=4789,csum=0x0),vxlan(flags=0x8000000,vni=0x64)),out_port(br-phy))',
} as const;

/** True if a packet in this tunnel meets the outer conditions of an entry. */
function meetsTunnel(tunnel: ModelTunnel, match: TunnelMatch): boolean {
  const { vni, options } = arrivedTunnel(tunnel);
  return (
    meets(tunnel.outer, conditionsOf(match.fields)) &&
    vni === match.vni &&
    sameBytes(options, match.options)
  );
}

describe('composed entries of packets out of tunnels, judged by a simple interpreter', function () {
  this.timeout(60_000);
  let matched = 0;
  let inOtherTunnels = 0;
  let missed = 0;
  let pushed = 0;
  let refused = 0;

  it('do to every packet that they match what the megaflows do', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const r = new Seeded(seed);
        const pipeline = randomPipeline(r);
        const { headers, connections } = pipeline;
        const tunnel = randomTunnel(r);
        const outer = outerMegaflows(r, tunnel);
        const push = r.chance(0.3) ? PUSH : undefined;
        const inside = pipeline.megaflows.flatMap((one) => inTunnel(r, one, tunnel, push));
        const composed = composeEntry(
          { inPort: UPLINK, values: valuesOf(headers), tunnel: arrivedTunnel(tunnel) },
          [...outer, ...inside].map(({ spec }) => spec),
          pipeline,
        );
        if (composed === undefined) {
          refused++;
          return;
        }
        const { match, actions } = composed;
        if (actions.some(({ kind }) => kind === 'push-tunnel')) pushed++;
        const words = actionsText(actions);
        assert(match.tunnel !== undefined);
        const conditions = conditionsOf(match.fields);
        assert.ok(meets(headers, conditions), 'the entry matches its own packet');
        assert.ok(meetsTunnel(tunnel, match.tunnel), 'in its own tunnel');
        const judge = (of: ModelTunnel, inner: ModelPacket, what: string): void => {
          const isPopped = outer.some(({ model }) => meets(of.outer, model.conditions));
          assert.ok(isPopped, `${what}: no megaflow takes it out of its tunnel`);
          const models = inside.map(({ model }) => model);
          const expected = follow(packetOutOf(of, inner), models, connections);
          const bare = expected && { ...expected, headers: withoutTunnel(expected.headers) };
          assertSame(deliver(composed, inner), bare, `${what}, ${words}`);
        };
        judge(tunnel, headers, 'its own packet');
        for (let n = 0; n < PACKETS; n++) {
          const other = r.chance(0.5) ? changedTunnel(r, tunnel) : tunnel;
          const packet = other === tunnel || r.chance(0.3) ? changed(r, headers) : headers;
          if (!meets(packet, conditions) || !meetsTunnel(other, match.tunnel)) {
            missed++;
            continue;
          }
          matched++;
          if (other !== tunnel) inOtherTunnels++;
          judge(other, packet, 'another packet');
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('matched some other packets, and not all', () => {
    assert.ok(matched > RUNS, `${matched} matched`);
    assert.ok(inOtherTunnels > RUNS / 5, `${inOtherTunnels} matched with other outer headers`);
    assert.ok(missed > RUNS, `${missed} did not match`);
    assert.ok(pushed > RUNS / 10, `${pushed} go into another tunnel`);
    assert.ok(refused < RUNS / 4, `${refused} refused`);
  });
});
