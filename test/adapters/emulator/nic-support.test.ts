import assert from 'node:assert/strict';
import { exact, setField } from '../../../adapters/emulator/megaflow.ts';
import { compile, isRefusal } from '../../../adapters/emulator/nic-support.ts';
import type { FlowAction } from '../../../engine/model/action.ts';
import type { FlowSpec } from '../../../engine/model/flow.ts';
import { flowBetween, quietNode } from './fixture.ts';

const FLOW = flowBetween('vm0', 'p0', 0);
const OUT: FlowAction = { kind: 'output', port: 'p0' };
const TAG: FlowAction = { kind: 'push-vlan', tpid: 0x8100, vid: 100, pcp: 0 };

/** The text of the refusal, or `ok`. */
function verdict(flow: FlowSpec): string {
  const compiled = compile(flow, quietNode().node.ports(), 1_000);
  return isRefusal(compiled) ? `${compiled.code}: ${compiled.detail}` : 'ok';
}

describe('what the emulated NIC supports', () => {
  it('rewrites MACs, TTL and tags on the way to one port, or drops', () => {
    const all: FlowAction[] = [
      setField('eth_src', 1),
      setField('eth_dst', 2),
      setField('ip_ttl', 63),
      { kind: 'pop-vlan' },
      TAG,
      OUT,
    ];
    assert.equal(verdict({ ...FLOW, actions: all }), 'ok');
    assert.equal(verdict({ ...FLOW, actions: [] }), 'ok');
  });

  const refusals: readonly (readonly [string, FlowSpec, RegExp])[] = [
    [
      'a rewrite of another field',
      { ...FLOW, actions: [setField('ipv4_dst', 1), OUT] },
      /^unsupported-action: .*rewrite ipv4_dst/,
    ],
    [
      'actions after the output',
      { ...FLOW, actions: [OUT, TAG] },
      /^unsupported-action: .*one output, as the last/,
    ],
    ['a rewrite without output', { ...FLOW, actions: [TAG] }, /^unsupported-action: .*drops/],
    [
      'a field matched in part',
      {
        ...FLOW,
        match: {
          ...FLOW.match,
          fields: [
            {
              field: 'ipv4_dst',
              value: new Uint8Array([10, 0, 0, 0]),
              mask: new Uint8Array([255, 0, 0, 0]),
            },
          ],
        },
      },
      /^unsupported-match: .*cannot match a part of ipv4_dst/,
    ],
    [
      'a field it does not parse',
      { ...FLOW, match: { ...FLOW.match, fields: [exact('arp_op', 1)] } },
      /^unsupported-match: .*arp_op/,
    ],
    [
      'conditions that no NIC looks at',
      { ...FLOW, match: { ...FLOW.match, opaque: [{ name: 'recirc_id', text: '0x1' }] } },
      /^unsupported-match: .* recirc_id\(0x1\)$/,
    ],
    [
      'the bridge itself as a port',
      { ...FLOW, actions: [{ kind: 'output', port: 'br0' }] },
      /^port-unavailable: br0 is internal/,
    ],
  ];
  for (const [what, flow, expected] of refusals) {
    it(`refuses ${what}, and says so`, () => {
      assert.match(verdict(flow), expected);
    });
  }
});
