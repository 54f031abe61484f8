import assert from 'node:assert/strict';
import { RequestedPlacement } from '../../../engine/model/flow.ts';
import type { RuleContext, RuleEvaluator } from '../../../engine/ports/rule-evaluator.ts';
import { CompiledEvaluator } from '../../../policy/compiled/compiled-evaluator.ts';
import { parsePolicies } from '../../../policy/parse/parse-policies.ts';
import { flowMatch } from '../../../simulation/flow-match.ts';
import { JsonRulesEvaluator } from '../../support/json-rules/json-rules-evaluator.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { contextOf, never, portInfo, tableOf } from '../fixture.ts';

/*
 * A prohibition holds if it may apply to any packet of a flow, a permission only if it applies to
 * all of them.
 */

type Headers = Readonly<Record<string, unknown>>;
type Event = 'offload' | 'onload' | 'fast-path' | 'slow-path';

/** Whether a rule with this event and condition holds for a flow that matches these headers. */
async function holds(
  event: Event,
  condition: unknown,
  headers: Headers,
  context: RuleContext = contextOf(),
  sections: Readonly<Record<string, unknown>> = {},
): Promise<boolean> {
  const rules = [{ name: 'r', conditions: { all: [condition] }, event: { type: event } }];
  const text = JSON.stringify({ name: 'p', version: '1', ...sections, rules });
  const set = parsePolicies([{ file: 'p.json', text }], { unreachable: 'allow' });
  const options = { clock: new ManualClock() };
  const verdicts: boolean[] = [];
  const evaluators: readonly RuleEvaluator[] = [
    new CompiledEvaluator(set, options),
    new JsonRulesEvaluator(set, options),
  ];
  for (const evaluator of evaluators) {
    const { fields } = flowMatch({ inPort: 'vm1', outPorts: [], headers, opaque: false });
    const table = tableOf([{ fields }]);
    await evaluator.evaluate(table, context, never());
    const [trace] = await evaluator.explain(table, 0, context);
    verdicts.push(table.decision.rule[0] === 1, trace.verdict);
  }
  const [verdict] = verdicts;
  assert.deepEqual(
    verdicts,
    verdicts.map(() => verdict),
  );
  return verdict;
}

const is = (fact: string, operator: string, value: unknown) => ({ fact, operator, value });
const TO_SUBNET = is('ipDst', 'cidr', '10.77.0.0/24');

describe('a prohibition', () => {
  const may: readonly [string, Headers][] = [
    ['a flow inside the subnet', { ipDst: '10.77.0.5' }],
    ['a flow that matches no address', {}],
    ['a flow that matches no ethertype', { ethType: null }],
    ['a prefix that contains the subnet', { ipDst: '10.0.0.0/8' }],
    ['a prefix inside the subnet', { ipDst: '10.77.0.128/25' }],
    ['an ethertype behind which the vSwitch does not look', { ethType: 0x8847 }],
  ];
  for (const [what, headers] of may) {
    it(`of a subnet holds for ${what}`, async () => {
      assert.equal(await holds('onload', TO_SUBNET, headers), true);
      assert.equal(await holds('slow-path', TO_SUBNET, headers), true);
    });
  }

  const never77: readonly [string, Headers][] = [
    ['another address', { ipDst: '10.78.0.5' }],
    ['another prefix', { ipDst: '10.77.1.0/24' }],
    ['IPv6', { ethType: 0x86dd }],
    ['ARP', { ethType: 0x0806 }],
  ];
  for (const [what, headers] of never77) {
    it(`of a subnet does not hold for ${what}`, async () => {
      assert.equal(await holds('onload', TO_SUBNET, headers), false);
    });
  }

  it('of all but a subnet holds for a flow that can leave it', async () => {
    const outside = is('ipDst', 'notCidr', '10.0.250.0/24');
    assert.equal(await holds('onload', outside, { ipDst: '10.0.0.0/16' }), true);
    assert.equal(await holds('onload', outside, { ipDst: '10.0.250.128/25' }), false);
  });

  it('inside "not" exchanges what may hold with what holds for all', async () => {
    const notIp = { not: is('ethType', 'in', [2048, 34525]) };
    assert.equal(await holds('onload', notIp, { ethType: null }), true);
    assert.equal(await holds('offload', notIp, { ethType: null }), false);
    assert.equal(await holds('onload', notIp, {}), false);
    assert.equal(await holds('offload', notIp, { ethType: 0x0806 }), true);
  });

  it('of several conditions holds if each of them may', async () => {
    const ssh = { all: [is('tcpDst', 'equal', 22), is('ipProto', 'equal', 6)] };
    assert.equal(await holds('onload', ssh, {}), true);
    assert.equal(await holds('onload', ssh, { ipProto: 17 }), false);
    assert.equal(await holds('onload', { any: [ssh, TO_SUBNET] }, { ipProto: 17 }), true);
  });

  it('of a VM or a port holds if it is not known', async () => {
    const db = is('vm', 'equal', 'db-1');
    const ports = (port: Parameters<typeof portInfo>[0]) =>
      contextOf({ ports: new Map([[port.name, portInfo(port)]]) });
    assert.equal(await holds('onload', db, {}, ports({ name: 'vm1', vm: 'db-1' })), true);
    assert.equal(await holds('onload', db, {}, ports({ name: 'vm1', vm: 'web-1' })), false);
    assert.equal(await holds('onload', db, {}, ports({ name: 'vm1' })), true, 'a VM without name');
    assert.equal(await holds('onload', db, {}), true, 'a port that the directory does not know');
    const uplink = ports({ name: 'vm1', kind: 'internal' });
    assert.equal(await holds('onload', db, {}, uplink), false, 'a port that belongs to no VM');
    const known = { all: [is('vm', 'notEqual', null), db] };
    assert.equal(await holds('onload', known, {}), false, 'the author excludes what is not known');
    assert.equal(await holds('onload', is('hostCpu', 'lessThan', 0.5), {}), true);
    assert.equal(await holds('onload', is('direction', 'equal', 'transmit'), {}), true);
  });

  it('of a slice holds if packets can belong to it', async () => {
    const slices = {
      slices: {
        gold: { members: [{ subnet: '10.99.0.0/16' }, { vlan: 7 }] },
        iron: { members: [{ subnet: '10.0.0.0/8' }] },
      },
    };
    const port = contextOf({ ports: new Map([['vm1', portInfo({ name: 'vm1' })]]) });
    const of = (event: Event, slice: string, headers: Headers) =>
      holds(event, is('slice', 'equal', slice), headers, port, slices);
    assert.equal(await of('onload', 'gold', { ipSrc: '10.99.1.1', ipDst: '10.1.0.1' }), true);
    assert.equal(await of('onload', 'gold', { ipSrc: '10.0.0.0/8', ipDst: '10.1.0.1' }), true);
    assert.equal(await of('onload', 'gold', { ipSrc: '10.1.0.1', ipDst: '10.2.0.1' }), false);
    assert.equal(await of('onload', 'gold', { vlanId: 7, ethType: 0x0806 }), true);
    assert.equal(await of('offload', 'iron', { ipSrc: '10.1.0.1', ipDst: '10.2.0.1' }), true);
    assert.equal(await of('offload', 'iron', { ipSrc: '10.0.0.0/8', ipDst: '10.1.0.1' }), false);
    assert.equal(await of('onload', 'iron', {}), true);
    assert.equal(await of('offload', 'iron', {}), false);
  });

  it('of a schedule holds while the time of day is not known', async () => {
    const night = { schedules: { night: { cron: '0 2 * * *', duration: '2h' } } };
    const active = {
      fact: 'scheduleActive',
      params: { schedule: 'night' },
      operator: 'equal',
      value: true,
    };
    const at = (iso: string) => contextOf({ wallMs: Date.parse(iso) });
    assert.equal(await holds('onload', active, {}, at('2026-01-01T03:00:00Z'), night), true);
    assert.equal(await holds('onload', active, {}, at('2026-01-01T05:00:00Z'), night), false);
    assert.equal(await holds('onload', active, {}, contextOf(), night), true);
    assert.equal(await holds('offload', active, {}, contextOf(), night), false);
  });
});

describe('a permission', () => {
  it('holds only if all packets meet it', async () => {
    for (const event of ['offload', 'fast-path'] as const) {
      assert.equal(await holds(event, TO_SUBNET, { ipDst: '10.77.0.5' }), true);
      assert.equal(await holds(event, TO_SUBNET, { ipDst: '10.77.0.128/25' }), true);
      assert.equal(await holds(event, TO_SUBNET, { ipDst: '10.0.0.0/8' }), false);
      assert.equal(await holds(event, TO_SUBNET, {}), false);
    }
  });

  it('of all but a subnet does not hold for a flow that can reach it', async () => {
    const outside = is('ipDst', 'notCidr', '10.0.250.0/24');
    assert.equal(await holds('offload', outside, { ipDst: '10.0.0.0/16' }), false);
    assert.equal(await holds('offload', outside, { ipDst: '10.1.0.0/16' }), true);
  });

  it('of a port does not hold for packets without one', async () => {
    const notSsh = is('tcpDst', 'notEqual', 22);
    assert.equal(await holds('offload', notSsh, { tcpDst: 443 }), true);
    assert.equal(await holds('offload', notSsh, { udpDst: 53 }), false);
    const either = { any: [notSsh, is('tcpDst', 'equal', null)] };
    assert.equal(await holds('offload', either, { udpDst: 53 }), true);
    assert.equal(await holds('offload', either, {}), false);
  });
});

describe('explanations', () => {
  it('show for how many packets a condition holds, and what they can have', async () => {
    const rules = [{ name: 'r', conditions: { all: [TO_SUBNET] }, event: { type: 'onload' } }];
    const text = JSON.stringify({ name: 'p', version: '1', rules });
    const set = parsePolicies([{ file: 'p.json', text }]);
    const evaluator = new CompiledEvaluator(set, { clock: new ManualClock() });
    const headers = { ipDst: '10.0.0.0/8' };
    const { fields } = flowMatch({ inPort: 'vm1', outPorts: [], headers, opaque: false });
    const table = tableOf([{ fields }]);
    const [trace] = await evaluator.explain(table, 0, contextOf());
    assert.equal(trace.rule.requested, RequestedPlacement.onload);
    await evaluator.evaluate(table, contextOf(), never());
    assert.deepEqual(evaluator.inputs(table, 0, contextOf()), [
      { fact: 'ipDst', value: 'can be 10.0.0.0/8' },
    ]);
    assert.deepEqual(trace.condition, {
      kind: 'all',
      verdict: true,
      extent: 'some',
      of: [
        {
          kind: 'compare',
          verdict: true,
          extent: 'some',
          fact: 'ipDst',
          operator: 'cidr',
          expected: '10.77.0.0/24',
          actual: '10.0.0.0/8',
          state: 'open',
        },
      ],
    });
  });
});
