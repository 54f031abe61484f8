import assert from 'node:assert/strict';
import { Placement } from '../../../engine/model/flow.ts';
import type { FlowTable } from '../../../engine/model/flow-table.ts';
import type { PortInfo } from '../../../engine/model/port.ts';
import { Activity } from '../../../policy/state/activity.ts';
import type { RuleContext } from '../../../engine/ports/rule-evaluator.ts';
import { FlowView } from '../../../policy/model/fact.ts';
import { FACTS, factNamed } from '../../../policy/facts/facts.ts';
import { parsePolicies } from '../../../policy/parse/parse-policies.ts';
import { PolicyColumns } from '../../../policy/state/policy-columns.ts';
import { PolicyMemory } from '../../../policy/state/policy-memory.ts';
import { contextOf, exactly, type Flow, portInfo, readInto, tableOf } from '../fixture.ts';

/** Reads a fact of the only flow in a table. */
function factOf(name: string, flow: Flow, context = contextOf(), params = {}): unknown {
  const fact = factNamed(name);
  assert(fact !== undefined, name);
  return fact.read(
    new FlowView(tableOf([flow]), context, new PolicyMemory(parsePolicies([]))),
    params,
  );
}

const PARAMS = {
  port: 'nowhere',
  placement: 'offload',
  slice: 'none',
  timezone: 'UTC',
  schedule: 'none',
  of: 'bytes',
};

function withPorts(...ports: readonly PortInfo[]): RuleContext {
  return contextOf({ ports: new Map(ports.map((p) => [p.name, p])) });
}

describe('fact catalogue', () => {
  it('has unique names and a description for each fact', () => {
    const names = FACTS.map((f) => f.name);
    assert.deepEqual(names, [...new Set(names)]);
    for (const fact of FACTS) {
      assert.match(fact.name, /^[a-z][A-Za-z0-9]*$/);
      assert.match(fact.description, /^[A-Z].*\.$/, fact.name);
      assert.equal(fact.type === 'object', fact.members !== undefined, fact.name);
      JSON.parse(fact.example);
    }
  });

  for (const fact of FACTS) {
    it(`${fact.name} is a ${fact.type}${fact.missing === undefined ? '' : ', or missing'}${fact.unknown === undefined ? '' : ', or not known'}`, () => {
      const value = factOf(fact.name, {}, contextOf(), PARAMS);
      const { missing, unknown, packets } = fact;
      if (value === undefined) assert(packets === true || (missing ?? unknown) !== undefined);
      else if (fact.type === 'strings') assert(Array.isArray(value));
      else assert.equal(typeof value, fact.type);
      const example: unknown = JSON.parse(fact.example);
      if (fact.form !== undefined) assert.match(String(example), fact.form.pattern);
      if (fact.values !== undefined) assert(fact.values.includes(String(example)));
    });
  }

  it('reads rates, totals and times', () => {
    const table = tableOf([{ packets: 10, bytes: 1000, packetsPerSecond: 4, bitsPerSecond: 8 }]);
    table.carried(0, 5, 500, 1500);
    table.decision.placedSinceMs[0] = 1400;
    table.decision.placement[0] = Placement.offload;
    const view = new FlowView(
      table,
      contextOf({ nowMs: 2000 }),
      new PolicyMemory(parsePolicies([])),
    );
    const read = (name: string) => factNamed(name)?.read(view, {});
    assert.deepEqual(
      ['packets', 'bytes', 'vswitchBytes', 'carriedBytes', 'ageMs', 'idleMs', 'placedMs'].map(read),
      [15, 1500, 1000, 500, 1000, 500, 600],
    );
    assert.deepEqual(['placement', 'packetsPerSecond', 'bitsPerSecond'].map(read), [
      'offload',
      4,
      8,
    ]);
  });

  it('gives the age of a flow that was never moved as placedMs', () => {
    assert.equal(factOf('placedMs', {}, contextOf({ nowMs: 1300 })), 300);
  });

  it('reads header fields that the flow matches exactly', () => {
    const fields = exactly({
      eth_src: [2, 0, 0, 0, 0, 0xab],
      eth_dst: [2, 0, 0, 0, 0, 1],
      vlan_vid: 100,
      eth_type: 0x0800,
      ipv4_src: [10, 0, 0, 1],
      ipv4_dst: [10, 0, 0, 2],
      ip_proto: 6,
      tcp_src: 40000,
      tcp_dst: 443,
    });
    const read = (name: string) => factOf(name, { fields });
    assert.deepEqual(['ethSrc', 'ethDst', 'ipv4Src', 'ipv4Dst'].map(read), [
      '02:00:00:00:00:ab',
      '02:00:00:00:00:01',
      '10.0.0.1',
      '10.0.0.2',
    ]);
    assert.deepEqual(
      ['vlanId', 'ethType', 'ipProto', 'tcpSrc', 'tcpDst', 'udpDst', 'ipv6Src'].map(read),
      [100, 2048, 6, 40000, 443, undefined, undefined],
    );
    assert.equal(read('matchedBits'), 48 + 48 + 12 + 16 + 32 + 32 + 8 + 16 + 16);
  });

  it('writes IPv6 addresses in canonical form', () => {
    const addresses: readonly [readonly number[], string][] = [
      [[0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 'fd00::1'],
      [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], '::'],
      [[0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1], '2001:db8:0:1:1::1'],
      [[0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1], '2001:db8:0:1:1:1:1:1'],
      [[0x20, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1], '2001:0:0:1::1'],
    ];
    for (const [bytes, text] of addresses) {
      const fields = exactly({ ipv6_dst: bytes });
      assert.equal(factOf('ipv6Dst', { fields }), text);
      assert.match(text, factNamed('ipv6Dst')?.form?.pattern ?? /^$/);
    }
  });

  it('has no address if the match has a prefix', () => {
    const fields = [
      {
        field: 'ipv4_dst' as const,
        value: Uint8Array.of(10, 0, 0, 0),
        mask: Uint8Array.of(255, 255, 255, 0),
      },
    ];
    assert.equal(factOf('ipv4Dst', { fields }), undefined);
    assert.equal(factOf('matchedBits', { fields }), 24);
  });

  it('classifies the destination of a flow', () => {
    const cast = (values: Parameters<typeof exactly>[0]) =>
      factOf('cast', { fields: exactly(values) });
    assert.equal(cast({ eth_dst: [2, 0, 0, 0, 0, 1] }), 'unicast');
    assert.equal(cast({ eth_dst: [1, 0, 0x5e, 0, 0, 1] }), 'multicast');
    assert.equal(cast({ eth_dst: [255, 255, 255, 255, 255, 255] }), 'broadcast');
    assert.equal(cast({ ipv4_dst: [10, 0, 0, 1] }), 'unicast');
    assert.equal(cast({ ipv4_dst: [224, 0, 0, 1] }), 'multicast');
    assert.equal(cast({ ipv4_dst: [255, 255, 255, 255] }), 'broadcast');
    assert.equal(
      cast({ ipv6_dst: [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] }),
      'multicast',
    );
    assert.equal(
      cast({ ipv6_dst: [0xfd, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] }),
      'unicast',
    );
    assert.equal(cast({ eth_type: 0x0800 }), undefined);
  });

  it('reads ports and their VM and slice', () => {
    const vm1 = portInfo({ name: 'vm1', vm: 'web', slice: 'gold' });
    const vm2 = portInfo({ name: 'vm2', vm: 'db', slice: 'iron' });
    const eth0 = portInfo({ name: 'eth0', kind: 'uplink' });
    const ports = withPorts(vm1, vm2, eth0);
    const read = (flow: Flow) =>
      ['inPort', 'inPortKind', 'outPort', 'outPortKind', 'vm', 'slice'].map((name) =>
        factOf(name, flow, ports),
      );
    assert.deepEqual(read({}), ['vm1', 'vm', 'vm2', 'vm', 'web', 'gold']);
    assert.deepEqual(read({ inPort: 'eth0' }), ['eth0', 'uplink', 'vm2', 'vm', 'db', 'iron']);
    assert.deepEqual(read({ actions: [] }), ['vm1', 'vm', undefined, undefined, 'web', 'gold']);
    assert.deepEqual(read({ inPort: 'gone' })[1], undefined);
    const copies: Flow = {
      actions: [{ kind: 'output', port: 'a' }, { kind: 'pop-vlan' }, { kind: 'output', port: 'b' }],
    };
    assert.deepEqual(factOf('outPorts', copies), ['a', 'b']);
  });

  it('recognises flows that only the vSwitch can process', () => {
    assert.equal(factOf('offloadable', {}), true);
    assert.equal(factOf('offloadable', { opaque: true }), false);
    const actions = [{ kind: 'opaque', text: 'recirc(1)' } as const];
    assert.equal(factOf('offloadable', { actions }), false);
  });

  it('reads the node and its ports', () => {
    const portLoad = new Map([['vm1', { rxBitsPerSecond: 2e9, txBitsPerSecond: 1e9 }]]);
    const ports = new Map([['vm1', portInfo({ name: 'vm1', linkBitsPerSecond: 1e10 })]]);
    const context = contextOf({ node: { hostCpu: 0.25, portLoad }, ports, tableFill: 0.5 });
    assert.equal(factOf('hostCpu', {}, context), 0.25);
    assert.equal(factOf('tableFill', {}, context), 0.5);
    assert.equal(factOf('inPortBitsPerSecond', {}, context), 2e9);
    assert.equal(factOf('outPortBitsPerSecond', {}, context), undefined);
    assert.deepEqual(factOf('portLoad', {}, context, { port: 'vm1' }), {
      rxBitsPerSecond: 2e9,
      txBitsPerSecond: 1e9,
      rxShare: 0.2,
      txShare: 0.1,
    });
  });
});

describe('header and port facts', () => {
  const v4 = { eth_type: 0x0800, ipv4_src: [10, 0, 0, 1], ipv4_dst: [10, 0, 0, 2] };

  it('name the protocol that the match determines', () => {
    const named: readonly [Parameters<typeof exactly>[0], string | undefined][] = [
      [{ ...v4, ip_proto: 6 }, 'tcp'],
      [{ ...v4, ip_proto: 17 }, 'udp'],
      [{ ...v4, ip_proto: 132 }, 'sctp'],
      [{ ...v4, ip_proto: 47 }, 'ip'],
      [v4, undefined],
      [{ eth_type: 0x86dd, ip_proto: 58 }, 'icmpv6'],
      [{ eth_type: 0x0806 }, 'arp'],
      [{ eth_type: 0x88cc }, 'other'],
      [{}, undefined],
    ];
    for (const [fields, protocol] of named) {
      assert.equal(factOf('protocol', { fields: exactly(fields) }), protocol);
    }
  });

  it('have addresses and prefixes of either family', () => {
    assert.equal(factOf('ipSrc', { fields: exactly(v4) }), '10.0.0.1');
    const prefix = (mask: readonly number[]) => [
      {
        field: 'ipv4_dst' as const,
        value: Uint8Array.from([10, 16, 0, 0]),
        mask: Uint8Array.from(mask),
      },
    ];
    assert.equal(factOf('ipDst', { fields: prefix([255, 240, 0, 0]) }), '10.16.0.0/12');
    assert.equal(factOf('ipDst', { fields: prefix([255, 0, 255, 0]) }), undefined);
    assert.equal(factOf('ipDst', {}), undefined);
    const v6 = exactly({ ipv6_dst: [0xfd, ...Array.from({ length: 14 }, () => 0), 1] });
    assert.equal(factOf('ipDst', { fields: v6 }), 'fd00::1');
    assert.deepEqual(factOf('matchedFields', { fields: exactly(v4) }), [
      'eth_type',
      'ipv4_src',
      'ipv4_dst',
    ]);
  });

  it('give the direction of a flow', () => {
    const ports = withPorts(
      portInfo({ name: 'vm1' }),
      portInfo({ name: 'vm2' }),
      portInfo({ name: 'up', kind: 'uplink' }),
    );
    const direction = (inPort: string, port: string) =>
      factOf('direction', { inPort, actions: [{ kind: 'output', port }] }, ports);
    assert.deepEqual(
      [direction('vm1', 'up'), direction('up', 'vm1'), direction('vm1', 'vm2')],
      ['transmit', 'receive', 'local'],
    );
    assert.deepEqual([direction('up', 'up'), direction('vm1', 'gone')], ['other', 'other']);
  });

  it('give the reasons why a flow is not offloadable, and its packet size', () => {
    const actions = [
      { kind: 'opaque', text: 'ct(commit)' },
      { kind: 'output', port: 'vm2' },
      { kind: 'opaque', text: 'recirc(0x1)' },
    ] as const;
    assert.deepEqual(factOf('vswitchOnly', { opaque: true, actions }), [
      'recirc_id',
      'ct',
      'recirc',
    ]);
    assert.deepEqual(factOf('vswitchOnly', {}), []);
    assert.equal(factOf('bytesPerPacket', { packetsPerSecond: 10, bitsPerSecond: 8000 }), 100);
    assert.equal(factOf('bytesPerPacket', {}), undefined);
  });

  it('give the time of day if it is known', () => {
    const context = contextOf({ wallMs: Date.parse('2026-11-23T12:30:00Z') });
    const time = factOf('time', {}, context, { timezone: 'Asia/Tokyo' });
    assert.deepEqual(time, {
      hour: 21,
      minute: 30,
      minuteOfDay: 1290,
      weekday: 1,
      day: 23,
      month: 11,
    });
    assert.equal(factOf('time', {}, contextOf(), { timezone: 'Asia/Tokyo' }), undefined);
  });
});

describe('quietMs', () => {
  const busy = { packetsPerSecond: 5000, lastPacketsPerSecond: 5000 };
  const heartbeat = { packetsPerSecond: 3000, lastPacketsPerSecond: 4 };

  /** An activity, and a function that updates it for a tick. */
  function activityOf(table: FlowTable) {
    const columns = new PolicyColumns();
    const activity = new Activity(columns.byFlow);
    const update = (nowMs: number): void => {
      columns.follow(table);
      activity.update(table, nowMs);
    };
    return { activity, update };
  }

  it('counts from the tick in which a flow falls below 20 packets/s and 1 Mbit/s', () => {
    const table = tableOf([busy]);
    const { activity, update } = activityOf(table);
    const quiet: number[] = [];
    const series = [busy, heartbeat, heartbeat, { ...heartbeat, bitsPerSecond: 2e6 }, heartbeat];
    series.forEach((flow, i) => {
      const nowMs = 1000 + i * 250;
      readInto(table, nowMs, [flow]);
      update(nowMs);
      quiet.push(activity.quietMs(table, 0, nowMs));
    });
    assert.deepEqual(quiet, [0, 250, 500, 0, 250]);
  });

  it('does not end with a heartbeat in a short tick, after a new flow or a change of rules', () => {
    const silent = { packetsPerSecond: 1, lastPacketsPerSecond: 0 };
    const table = tableOf([silent]);
    const { activity, update } = activityOf(table);
    let nowMs = 1_000;
    const tick = (elapsedMs: number, packets: number): number => {
      nowMs += elapsedMs;
      const perSecond = packets / (elapsedMs / 1_000);
      const rates = { lastPacketsPerSecond: perSecond, bitsPerSecond: perSecond * 12_000 };
      readInto(table, nowMs, [{ packetsPerSecond: 1, ...rates }]);
      update(nowMs);
      return activity.quietMs(table, 0, nowMs);
    };
    update(nowMs);
    assert.deepEqual([tick(1_000, 1), tick(12, 1), tick(988, 0)], [1_000, 1_012, 2_000]);
    // Ticks that are all short: 50 packets/s are busy, a heartbeat a second is not.
    const sent = Array.from({ length: 10 }, () => tick(20, 1));
    assert.deepEqual(sent, [2_020, 2_040, 2_060, 2_080, 0, 20, 40, 60, 80, 0]);
    const heartbeats = Array.from({ length: 100 }, (_, i) => tick(20, i % 50 === 0 ? 1 : 0));
    assert.equal(heartbeats.at(-1), 2_000);
  });

  it('counts from the first update, or from the start of a new flow in a reused row', () => {
    const table = tableOf([heartbeat]);
    const { activity, update } = activityOf(table);
    update(9000);
    assert.equal(activity.quietMs(table, 0, 9500), 500);
    readInto(table, 10000, []);
    readInto(table, 11000, [heartbeat]);
    update(11000);
    assert.equal(table.count, 1);
    assert.equal(activity.quietMs(table, table.rows[0], 11100), 100);
  });
});
