import assert from 'node:assert/strict';
import { MegaflowResolver } from '../../../engine/connections/megaflow-resolver.ts';
import type { Resolution } from '../../../engine/connections/resolver.ts';
import { actionsText } from '../../../engine/model/action-text.ts';
import { sameActions } from '../../../engine/model/same-actions.ts';
import type { PacketHeaders, TrackedConnection } from '../../../engine/model/connection.ts';
import type { FlowSpec } from '../../../engine/model/flow.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import type { SequenceChecks } from '../../../engine/ports/connection-tracker.ts';
import { finder, headerValues, megaflows, tracked, tuple } from './chain/support/megaflows.ts';

const TUPLE = tuple(6, '10.0.0.1:1000', '10.0.0.2:80');
const IP =
  'eth_type(0x0800),ipv4(src=10.0.0.1/0.0.0.0,dst=10.0.0.2/0.0.0.0,proto=6,tos=0/0,ttl=64/0,frag=no)';
const ENTERING = `recirc_id(0),in_port(vm1),${IP}, actions:ct(zone=6),recirc(0x3)`;
const TRACKED = `ct_state(0x22/0x3f),recirc_id(0x3),in_port(vm1),${IP}, actions:`;

const HEADERS: PacketHeaders = {
  inPort: 'vm1',
  values: headerValues({
    eth_type: 0x0800,
    ipv4_src: TUPLE.src,
    ipv4_dst: TUPLE.dst,
    ip_proto: 6,
    ip_tos: 0,
    ip_ttl: 64,
    ip_frag: 0,
    tcp_src: 1000,
    tcp_dst: 80,
  }),
};

describe('resolver of connections', () => {
  let table: FlowTable;
  let known: TrackedConnection[];
  let resolver: MegaflowResolver;

  beforeEach(() => {
    table = new FlowTable();
    known = [tracked(TUPLE, { zone: 6 })];
    const find: ReturnType<typeof finder> = (zone, of) => finder(...known)(zone, of);
    resolver = new MegaflowResolver({ find }, (row) => table.matchAt(row).inPort === 'connection');
  });

  /** One reading of these megaflows. */
  function reading(specs: readonly FlowSpec[], checks: SequenceChecks | undefined = 'off'): void {
    table.begin(table.readings * 100);
    for (const { id, match, actions } of specs) {
      let row = table.rowOf(id);
      if (row === -1) row = table.add(id, match, actions);
      else if (actionsText(actions) !== actionsText(table.actionsAt(row))) {
        table.setActions(row, actions);
      }
      table.observe(row, 1, 100, 0);
    }
    resolver.follow(table, checks);
    table.end();
  }

  /** What is done to the connection, or why it has no entry. */
  function text({ actions, refusal }: Resolution): string {
    return refusal?.code ?? actionsText(actions);
  }

  it('follows the megaflows from reading to reading', () => {
    reading(megaflows(ENTERING, `${TRACKED}vm2`));
    assert.equal(text(resolver.resolve(HEADERS)), 'vm2');
    reading(megaflows(ENTERING, `${TRACKED}vm3`));
    assert.equal(text(resolver.resolve(HEADERS)), 'vm3');
    reading(megaflows(ENTERING));
    assert.equal(text(resolver.resolve(HEADERS)), 'chain-broken');
    reading([]);
    const { chain, refusal } = resolver.resolve(HEADERS);
    assert.deepEqual([chain, refusal?.code], [[], 'no-megaflow']);
    reading(megaflows(ENTERING, `${TRACKED}vm2`));
    assert.equal(text(resolver.resolve(HEADERS)), 'vm2');
  });

  it('resolves again when the next hop of a tunnel changes', () => {
    const push = (mac: string): string =>
      `tnl_push(tnl_port(vxlan_sys_4789),header(size=50,type=4,eth(dst=${mac},src=56:1e:3a:7e:5f:4a,dl_type=0x0800),ipv4(src=172.16.0.1,dst=172.16.0.2,proto=17,tos=0,ttl=64,frag=0x4000),udp(src=0,dst=4789,csum=0x0),vxlan(flags=0x8000000,vni=0x64)),out_port(br-phy)),uplink`;
    const nextHop = ({ actions }: Resolution): string => {
      const [action] = actions;
      assert(action?.kind === 'push-tunnel');
      return Buffer.from(action.header.ethernet?.dst ?? []).toString('hex');
    };
    const out = (mac: string): readonly FlowSpec[] => megaflows(ENTERING, `${TRACKED}${push(mac)}`);
    reading(out('02:00:00:00:00:01'));
    const before = resolver.resolve(HEADERS);
    assert.equal(nextHop(before), '020000000001');
    reading(out('02:00:00:00:00:02'));
    const after = resolver.resolve(HEADERS, before);
    assert.equal(nextHop(after), '020000000002');
    assert.ok(!sameActions(before.actions, after.actions));
  });

  it('resolves packets out of a tunnel as long as a megaflow takes them out', () => {
    const pop =
      'recirc_id(0),in_port(uplink),eth_type(0x0800),ipv4(dst=172.16.0.2,proto=17,frag=no),udp(dst=4789), actions:tnl_pop(vxlan_sys_4789)';
    const inside = `tunnel(tun_id=0x64,src=172.16.0.1,dst=172.16.0.2,flags(-df-csum+key)),recirc_id(0),in_port(vxlan_sys_4789),${IP}, actions:vm1`;
    const arriving: PacketHeaders = {
      ...HEADERS,
      inPort: 'uplink',
      tunnel: {
        kind: 'vxlan',
        values: headerValues({
          ipv4_src: Uint8Array.of(172, 16, 0, 1),
          ipv4_dst: Uint8Array.of(172, 16, 0, 2),
          ip_tos: 0,
          udp_dst: 4789,
        }),
        vni: 0x64,
        options: new Uint8Array(0),
      },
    };
    const [popping, delivering] = megaflows(pop, inside);
    reading([popping, delivering]);
    const arrived = resolver.resolve(arriving);
    assert.equal(text(arrived), 'vm1');
    assert.deepEqual(resolver.entry(arriving), popping.id);
    assert.equal(resolver.resolve(arriving, arrived), arrived);
    reading([delivering]);
    assert.equal(text(resolver.resolve(arriving, arrived)), 'no-megaflow');
  });

  it('does not take rows of connections for megaflows', () => {
    const [spec] = megaflows(ENTERING);
    reading([{ ...spec, match: { ...spec.match, inPort: 'connection' } }]);
    const headers = { ...HEADERS, inPort: 'connection' };
    assert.equal(resolver.resolve(headers).refusal?.code, 'no-megaflow');
  });

  it('returns the last resolution while nothing has changed', () => {
    reading(megaflows(ENTERING, `${TRACKED}vm2`));
    const first = resolver.resolve(HEADERS);
    reading(megaflows(ENTERING, `${TRACKED}vm2`));
    assert.equal(resolver.resolve(HEADERS, first), first);
    known = [tracked(TUPLE, { zone: 6, mark: 1 })];
    const second = resolver.resolve(HEADERS, first);
    assert.notEqual(second, first, 'the connection has another mark');
    known = [tracked(TUPLE, { zone: 6, mark: 1, isEstablished: false })];
    assert.equal(text(resolver.resolve(HEADERS, second)), 'not-established');
    known = [];
    assert.equal(text(resolver.resolve(HEADERS, second)), 'not-tracked');
  });

  it('returns a refusal as long as its reason is there', () => {
    const all = megaflows(ENTERING, `${TRACKED}vm2`);
    const twoOutputs = megaflows(ENTERING, `${TRACKED}vm2,vm3`);
    const established = [tracked(TUPLE, { zone: 6 })];
    const opening = [tracked(TUPLE, { zone: 6, isEstablished: false })];
    const inForce = { specs: all, checks: 'off', connections: established } as const;
    const reasons = [
      ['no-megaflow', { ...inForce, specs: [] }],
      ['chain-broken', { ...inForce, specs: all.slice(0, 1) }],
      ['multiple-outputs', { ...inForce, specs: twoOutputs }],
      ['not-established', { ...inForce, connections: opening }],
      ['sequence-checks', { ...inForce, checks: 'on' }],
    ] as const;
    const resolve = (
      { specs, checks, connections }: (typeof reasons)[number][1] | typeof inForce,
      last?: Resolution,
    ): Resolution => {
      known = [...connections];
      reading(specs, checks);
      return resolver.resolve(HEADERS, last);
    };
    for (const [code, state] of reasons) {
      const first = resolve(state);
      assert.equal(first.refusal?.code, code);
      assert.equal(resolve(state, first), first, code);
      assert.equal(text(resolve(inForce, first)), 'vm2', `${code} has ended`);
      for (const [other, next] of reasons) {
        if (other === code) continue;
        assert.equal(resolve(next, resolve(state)).refusal?.code, other, `${code}, ${other}`);
      }
    }
  });

  it('resolves no TCP connection unless it knows that sequence numbers are not checked', () => {
    const flows = megaflows(ENTERING, `${TRACKED}vm2`);
    for (const checks of ['on', 'unknown'] as const) {
      reading(flows);
      const last = resolver.resolve(HEADERS);
      reading(flows, checks);
      assert.equal(text(resolver.resolve(HEADERS, last)), 'sequence-checks', checks);
    }
    // `undefined` stands for the default of a parameter.
    resolver.follow(table, undefined);
    assert.equal(text(resolver.resolve(HEADERS)), 'not-tracked');
  });

  it('says in the match and the actions of a refused connection which one it is, and why', () => {
    reading(megaflows(ENTERING));
    const { match, actions } = resolver.resolve(HEADERS);
    assert.equal(match.inPort, 'vm1');
    assert.ok(match.fields.some(({ field }) => field === 'tcp_dst'));
    assert.match(actionsText(actions), /^chain-broken: /);
  });
});
