import assert from 'node:assert/strict';
import { MegaflowResolver } from '../../../engine/connections/megaflow-resolver.ts';
import type { PacketHeaders, TrackedConnection } from '../../../engine/model/connection.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import type { SequenceChecks } from '../../../engine/ports/connection-tracker.ts';
import { finder, headerValues, megaflows, tracked, tuple } from './chain/support/megaflows.ts';

const TUPLE = tuple(17, '10.0.0.1:1000', '10.0.0.2:80');
const IP = 'eth_type(0x0800),ipv4(proto=17,frag=no)';
/** A pipeline through a zone to which nothing is committed. */
const PIPELINE = megaflows(
  `recirc_id(0),in_port(vm1),${IP}, actions:ct(zone=1,nat),recirc(0x3)`,
  `ct_state(0x21/0x3f),recirc_id(0x3),in_port(vm1),${IP}, actions:vm2`,
);
const HEADERS: PacketHeaders = {
  inPort: 'vm1',
  values: headerValues({
    eth_type: 0x0800,
    ipv4_src: TUPLE.src,
    ipv4_dst: TUPLE.dst,
    ip_proto: 17,
    ip_frag: 0,
    udp_src: 1000,
    udp_dst: 80,
  }),
};

describe('resolver of connections that conntrack does not know', () => {
  let known: TrackedConnection[];
  let resolver: MegaflowResolver;
  let table: FlowTable;

  beforeEach(() => {
    known = [];
    table = new FlowTable();
    const find: ReturnType<typeof finder> = (zone, of) => finder(...known)(zone, of);
    resolver = new MegaflowResolver({ find }, () => false);
    table.begin(1);
    for (const { id, match, actions } of PIPELINE) {
      table.observe(table.add(id, match, actions), 1, 100, 0);
    }
    table.end();
  });

  /** Follows the table, and returns the refusal of the connection. */
  function refusal(checks: SequenceChecks | undefined, hasGaps: boolean): string | undefined {
    resolver.follow(table, checks, hasGaps);
    return resolver.resolve(HEADERS).refusal?.detail;
  }

  it('resolves them while all of conntrack can be read', () => {
    assert.equal(refusal('off', false), undefined);
    assert.match(refusal(undefined, false) ?? '', /could not be read/);
    assert.match(refusal('off', true) ?? '', /one of those that could not be read/);
  });

  it('resolves them again when conntrack knows them', () => {
    resolver.follow(table, 'off');
    const before = resolver.resolve(HEADERS);
    assert.equal(resolver.resolve(HEADERS, before), before);
    known = [tracked(TUPLE, { zone: 1 })];
    resolver.follow(table, 'off');
    assert.equal(resolver.resolve(HEADERS, before).refusal?.code, 'chain-broken');
  });

  it('do not resolve by what was known before conntrack could not be read', () => {
    resolver.follow(table, 'off');
    const before = resolver.resolve(HEADERS);
    resolver.follow(table, undefined);
    assert.equal(resolver.resolve(HEADERS, before).refusal?.code, 'not-tracked');
  });
});
