import assert from 'node:assert/strict';
import type { FlowActions } from '../../../../../engine/model/action.ts';
import type { FieldMatch } from '../../../../../engine/model/match.ts';
import { CSUM, CSUM_UPDATE, TC_CSUM } from '../../../../../protocols/netlink/tc/action-tables.ts';
import { exactly } from '../../../../support/match-fields.ts';
import {
  filterOf,
  IPV4,
  IPV6,
  outcome,
  refusalOf,
  ruleOf,
  set,
  to,
  TO_VM2,
  withProto,
} from './support/rules.ts';

const kindsOf = (fields: readonly FieldMatch[], actions: FlowActions): readonly string[] =>
  filterOf(ruleOf(fields, actions)).actions.map(({ kind }) => kind);

/** Checksums that the rule updates, as `CSUM_UPDATE`. */
function checksumsOf(fields: readonly FieldMatch[], ...sets: FlowActions): number | undefined {
  const { actions } = filterOf(ruleOf(fields, [...sets, ...TO_VM2]));
  const csum = actions.find(({ kind }) => kind === 'csum');
  return csum?.options.get(CSUM.parameters)?.get(TC_CSUM.update);
}

const { ipv4, tcp, udp, icmp } = CSUM_UPDATE;
const TCP4 = withProto(IPV4, 6);
const TTL = set('ip_ttl', 63);
const ADDRESS4 = set('ipv4_dst', 0x0a000001);
const ADDRESS6 = set('ipv6_dst', new Uint8Array(16).fill(1));
const PUSH = { kind: 'push-vlan', tpid: 0x8100, vid: 5, pcp: 0 } as const;
const POP = { kind: 'pop-vlan' } as const;

describe('actions of rules of tc flower', () => {
  it('send copies to all outputs but the last', () => {
    const { actions } = filterOf(ruleOf(IPV4, [to('vm2'), PUSH, to('vm2')]));
    assert.deepEqual(
      actions.map((action) => [action.kind, action.to?.how]),
      [
        ['mirred', 2],
        ['vlan', undefined],
        ['mirred', 1],
      ],
    );
  });

  it('send into an internal port as for this host', () => {
    const { actions } = filterOf(ruleOf(IPV4, [to('br0'), to('br0')]));
    assert.deepEqual(
      actions.map((action) => [action.kind, action.to?.how]),
      [
        ['skbedit', undefined],
        ['mirred', 4],
        ['skbedit', undefined],
        ['mirred', 3],
      ],
    );
  });

  it('leave out what has no effect', () => {
    const ttl = exactly('ip_ttl', 63);
    assert.deepEqual(kindsOf([...IPV4, ttl], [TTL, to('vm2'), PUSH]), ['mirred']);
    assert.deepEqual(kindsOf(IPV4, [set('eth_dst', 1), PUSH]), ['gact']);
  });

  it('write a field back that an earlier action has changed', () => {
    const fields = [exactly('eth_dst', 1), ...IPV4];
    const actions = [set('eth_dst', 2), to('vm2'), set('eth_dst', 1), to('vm2')];
    assert.deepEqual(kindsOf(fields, actions), ['pedit', 'mirred', 'pedit', 'mirred']);
  });

  it('update the checksums that cover what is written, and no other', () => {
    assert.equal(checksumsOf(TCP4, set('eth_dst', 1)), undefined);
    assert.equal(checksumsOf(TCP4, TTL), ipv4);
    assert.equal(checksumsOf(TCP4, ADDRESS4), ipv4 | tcp);
    assert.equal(checksumsOf(TCP4, set('tcp_dst', 80)), tcp);
    assert.equal(checksumsOf(withProto(IPV4, 17), set('udp_dst', 53)), udp);
    assert.equal(checksumsOf(withProto(IPV4, 1), ADDRESS4), ipv4);
    assert.equal(checksumsOf(withProto(IPV4, 132), ADDRESS4), ipv4);
    assert.equal(checksumsOf(IPV4, ADDRESS4), ipv4 | tcp | udp);
    assert.equal(checksumsOf(withProto(IPV6, 6), TTL), undefined);
    assert.equal(checksumsOf(withProto(IPV6, 17), ADDRESS6), udp);
    assert.equal(checksumsOf(withProto(IPV6, 58), ADDRESS6), icmp);
    assert.equal(checksumsOf(IPV6, ADDRESS6), tcp | udp | icmp);
    const later = [exactly('eth_type', 0x0800), exactly('ip_frag', 2)];
    assert.equal(checksumsOf(later, ADDRESS4), ipv4);
  });

  const first = [exactly('eth_type', 0x0800), exactly('ip_frag', 1)];
  const twoTags = [exactly('vlan_tpid', 0x88a8), exactly('cvlan_tpid', 0x8100), ...IPV4];
  for (const [reason, fields, actions] of [
    ['pop_vlan on packets without a VLAN tag', IPV4, [POP]],
    ['pop_vlan on packets without a VLAN tag', IPV4, [PUSH, POP, POP]],
    ['a VLAN tag with TPID 0x9100 cannot be pushed', IPV4, [{ ...PUSH, tpid: 0x9100 }]],
    ['vlan_vid cannot be rewritten in these packets', IPV4, [set('vlan_vid', 5)]],
    ['ipv4_dst cannot be rewritten in these packets', IPV6, [ADDRESS4]],
    ['ip_ttl cannot be rewritten in these packets', [exactly('eth_type', 0x88cc)], [TTL]],
    ['sctp_dst cannot be rewritten in these packets', withProto(IPV4, 132), [set('sctp_dst', 1)]],
    ['tcp_dst is rewritten, but the match does not have IP protocol 6', IPV4, [set('tcp_dst', 1)]],
    ['ipv4_dst is rewritten, and first fragments are not excluded', first, [ADDRESS4]],
    [
      'ipv4_dst is rewritten, and first fragments are not excluded',
      [exactly('eth_type', 0x0800)],
      [ADDRESS4],
    ],
    ['ip_ttl is rewritten behind two VLAN tags', twoTags, [TTL]],
    ['ip_ttl is rewritten behind two VLAN tags', IPV4, [PUSH, PUSH, TTL]],
    ['more than 32 actions of tc', IPV4, Array.from({ length: 32 }, () => to('vm2'))],
  ] as const) {
    it(`are refused where ${reason}, after ${actions.length} actions`, () => {
      const refusal = refusalOf(outcome(fields, [...actions, to('vm2')]));
      assert.equal(refusal, `unsupported-action: ${reason}`);
    });
  }

  it('write IP behind the one tag that is left of two', () => {
    assert.deepEqual(kindsOf(twoTags, [POP, TTL, to('vm2')]), ['vlan', 'pedit', 'csum', 'mirred']);
  });

  describe('in software', () => {
    const inSoftware = (fields: readonly FieldMatch[], ...sets: FlowActions) =>
      outcome(fields, [...sets, ...TO_VM2], { isInSoftware: true });
    const UDP4 = withProto(IPV4, 17);
    const reason = 'is rewritten, and tc in software does not adjust checksums before segmentation';

    it('are refused where they write what csum does not cover before segmentation', () => {
      for (const fields of [TCP4, UDP4, IPV4]) {
        assert.equal(
          refusalOf(inSoftware(fields, ADDRESS4)),
          `unsupported-action: ipv4_dst ${reason}`,
        );
      }
      assert.equal(
        refusalOf(inSoftware(UDP4, set('udp_dst', 53))),
        `unsupported-action: udp_dst ${reason}`,
      );
    });

    it('write the rest', () => {
      const later = [exactly('eth_type', 0x0800), exactly('ip_frag', 2)];
      for (const made of [
        inSoftware(TCP4, TTL, set('eth_dst', 1)),
        inSoftware(TCP4, set('tcp_dst', 80)),
        inSoftware(withProto(IPV4, 1), ADDRESS4),
        inSoftware(later, ADDRESS4),
      ]) {
        assert(made.ok);
      }
    });
  });
});
