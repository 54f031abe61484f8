import assert from 'node:assert/strict';
import type { FlowAction } from '../../../../engine/model/action.ts';
import type { FieldMatch, FieldName, FlowMatch } from '../../../../engine/model/match.ts';
import { encodeActions, EncodedActions } from '../../../../adapters/nic/core/action-codec.ts';
import { EncodedMatch, encodeMatch } from '../../../../adapters/nic/core/match-codec.ts';
import { allBits, exactly, matchOn, numberBytes } from '../../../support/match-fields.ts';

const IPV4 = exactly('eth_type', 0x0800);
const out = (port: string): FlowAction => ({ kind: 'output', port });
const set = (field: FieldName, value: number): FlowAction => ({
  kind: 'set',
  field,
  value: numberBytes(field, value),
  mask: allBits(field),
});
const wrongTag: FlowAction = { kind: 'push-vlan', tpid: 0x9100, vid: 1, pcp: 0 };
const tag = (vid: number): FlowAction => ({ kind: 'push-vlan', tpid: 0x8100, vid, pcp: 0 });

describe('XDP match codec', () => {
  const encode = (...fields: FieldMatch[]) => {
    const into = new EncodedMatch();
    const refusal = encodeMatch(matchOn('p1', ...fields), into);
    return { into, detail: refusal?.detail, code: refusal?.code };
  };

  it('puts fields where the program has them, and wants no tag where none is matched', () => {
    const { into, code } = encode(IPV4, exactly('ipv4_dst', Uint8Array.of(10, 1, 2, 3)));
    assert.equal(code, undefined);
    assert.equal(Buffer.from(into.fields.subarray(12, 18)).toString('hex'), '000000000800');
    assert.equal(Buffer.from(into.mask.subarray(12, 18)).toString('hex'), 'ffff0000ffff');
    assert.equal(Buffer.from(into.fields.subarray(48, 52)).toString('hex'), '0a010203');
  });

  it('packs VLAN id and priority into one tag', () => {
    const { into } = encode(
      exactly('vlan_tpid', 0x8100),
      exactly('vlan_vid', 0xabc),
      exactly('vlan_pcp', 5),
      IPV4,
    );
    assert.equal(Buffer.from(into.fields.subarray(12, 16)).toString('hex'), '8100aabc');
    assert.equal(Buffer.from(into.mask.subarray(12, 16)).toString('hex'), 'ffffefff');
  });

  it('clears the previous match', () => {
    const into = new EncodedMatch();
    encodeMatch(matchOn('p1', IPV4, exactly('ip_proto', 6), exactly('tcp_dst', 80)), into);
    encodeMatch(matchOn('p1', exactly('eth_type', 0x88cc)), into);
    assert.ok(into.fields.subarray(18).every((b) => b === 0));
    assert.ok(into.mask.subarray(18).every((b) => b === 0));
  });

  const refusals: readonly (readonly [string, FieldMatch[], RegExp])[] = [
    ['no ethertype', [], /ethertype/],
    ['a length for an ethertype', [exactly('eth_type', 0x05ff)], /ethertype/],
    ['a masked ethertype', [{ ...IPV4, mask: Uint8Array.of(0xff, 0) }], /ethertype/],
    ['an IPv6 address of IPv4', [IPV4, exactly('ipv6_src', new Uint8Array(16))], /ipv6_src/],
    ['a port without a protocol', [IPV4, exactly('tcp_dst', 80)], /tcp_dst/],
    ['a port of another protocol', [IPV4, exactly('ip_proto', 17), exactly('tcp_dst', 80)], /6/],
    ['a VLAN id without a tag', [IPV4, exactly('vlan_vid', 3)], /VLAN/],
    ['a tag of another kind', [IPV4, exactly('vlan_tpid', 0x9100)], /VLAN/],
    ['a second tag', [IPV4, exactly('cvlan_vid', 3)], /cvlan_vid/],
    [
      'whatever follows a second tag',
      [exactly('vlan_tpid', 0x8100), exactly('eth_type', 0x88a8)],
      /second VLAN tag/,
    ],
    ['a flow label', [exactly('eth_type', 0x86dd), exactly('ipv6_flabel', 3)], /ipv6_flabel/],
  ];
  for (const [what, fields, words] of refusals) {
    it(`refuses ${what}, and says so`, () => {
      const { code, detail } = encode(...fields);
      assert.equal(code, 'unsupported-match');
      assert.match(detail ?? '', words);
    });
  }

  it('refuses opaque conditions', () => {
    const opaque = [{ name: 'recirc_id', text: 'recirc_id(0x7)' }];
    const refusal = encodeMatch({ ...matchOn('p1', IPV4), opaque }, new EncodedMatch());
    assert.match(refusal?.detail ?? '', /recirc_id\(0x7\)/);
  });
});

describe('XDP action codec', () => {
  const untagged = matchOn('p1', IPV4, exactly('ipv4_dst', Uint8Array.of(10, 0, 0, 1)));
  const tagged = matchOn('p1', exactly('vlan_tpid', 0x8100), IPV4);

  const sum = (match: FlowMatch, ...actions: FlowAction[]) => {
    const program = new EncodedActions();
    const refusal = encodeActions(match, actions, program);
    assert.equal(refusal, undefined, refusal?.detail);
    return program;
  };
  const why = (match: FlowMatch, ...actions: FlowAction[]) => {
    const refusal = encodeActions(match, actions, new EncodedActions());
    assert.equal(refusal?.code, 'unsupported-action');
    return refusal.detail;
  };

  it('forgets the actions of the flow before', () => {
    const program = new EncodedActions();
    encodeActions(tagged, [{ kind: 'pop-vlan' }, set('ip_ttl', 3), tag(3), out('p2')], program);
    encodeActions(untagged, [], program);
    const { output, popVlan, pushVlan, ipTtl } = program;
    assert.deepEqual([output, popVlan, pushVlan, ipTtl], [undefined, false, undefined, undefined]);
  });

  it('drops without an output', () => {
    assert.equal(sum(untagged).output, undefined);
    assert.equal(sum(untagged, set('ip_ttl', 3)).output, undefined);
  });

  it('lets the last of two rewrites win, bit by bit', () => {
    const low: FlowAction = {
      kind: 'set',
      field: 'ip_tos',
      value: Uint8Array.of(0x03),
      mask: Uint8Array.of(0x0f),
    };
    const { ipTos } = sum(untagged, set('ip_tos', 0xaa), low, out('p2'));
    assert.deepEqual(ipTos, { value: Uint8Array.of(0xa3), mask: Uint8Array.of(0xff) });
  });

  it('cancels a tag that is pushed and popped', () => {
    const program = sum(untagged, tag(3), { kind: 'pop-vlan' }, tag(4), out('p2'));
    assert.deepEqual(program.pushVlan, { tpid: 0x8100, tci: 4 });
    assert.equal(program.popVlan, false);
  });

  it('ignores a rewrite to the value that is matched', () => {
    const same: FlowAction = {
      kind: 'set',
      field: 'ipv4_dst',
      value: Uint8Array.of(10, 0, 0, 1),
      mask: allBits('ipv4_dst'),
    };
    assert.equal(sum(untagged, same, out('p2')).output, 'p2');
    assert.match(why(tagged, same, out('p2')), /ipv4_dst/);
  });

  const whole = exactly('ip_frag', 0);
  const tcp4 = matchOn('p1', IPV4, exactly('ip_proto', 6), whole);
  const address = (byte: number) => new Uint8Array(16).fill(byte);
  const setAddress = (value: Uint8Array, mask = allBits('ipv6_dst')): FlowAction => ({
    kind: 'set',
    field: 'ipv6_dst',
    value,
    mask,
  });
  const lowHalf = new Uint8Array([...new Uint8Array(8), ...new Uint8Array(8).fill(0xff)]);

  it('rewrites addresses and ports of packets that are no fragments', () => {
    const program = sum(tcp4, set('ipv4_src', 0x0a000009), set('tcp_dst', 80), out('p2'));
    assert.deepEqual(program.src?.value, Uint8Array.of(10, 0, 0, 9));
    assert.deepEqual(program.l4Dst?.value, Uint8Array.of(0, 80));
    assert.deepEqual([program.dst, program.l4Src], [undefined, undefined]);
    const udp6 = matchOn('p1', exactly('eth_type', 0x86dd), exactly('ip_proto', 17), whole);
    const other = sum(udp6, setAddress(address(3)), set('udp_src', 7), out('p2'));
    assert.deepEqual([other.dst?.value, other.l4Src?.value], [address(3), Uint8Array.of(0, 7)]);
  });

  it('refuses to rewrite addresses and ports where it does not know the checksum', () => {
    const all = matchOn('p1', IPV4, exactly('ip_proto', 6));
    assert.match(why(all, set('ipv4_dst', 1), out('p2')), /ipv4_dst .* fragments are not excl/);
    const first = matchOn('p1', IPV4, exactly('ip_proto', 6), exactly('ip_frag', 1));
    assert.match(why(first, set('tcp_dst', 1), out('p2')), /tcp_dst .* fragments are not excl/);
    const any = matchOn('p1', IPV4, whole);
    assert.match(why(any, set('udp_src', 1), out('p2')), /udp_src .* IP protocol 17/);
    assert.match(why(any, setAddress(address(1)), out('p2')), /ipv6_dst .* IPv6/);
    const sctp = matchOn('p1', IPV4, exactly('ip_proto', 132), whole);
    assert.match(why(sctp, set('sctp_dst', 1), out('p2')), /sctp_dst cannot be rewritten/);
  });

  it('rewrites a part of an IPv6 address where the match has the rest', () => {
    const type = exactly('eth_type', 0x86dd);
    const part = setAddress(new Uint8Array(16), lowHalf);
    assert.match(why(matchOn('p1', type, whole), part, out('p2')), /a part of ipv6_dst/);
    const matched = matchOn('p1', type, whole, exactly('ipv6_dst', address(0xfd)));
    const { dst } = sum(matched, part, out('p2'));
    assert.deepEqual(
      dst?.value,
      new Uint8Array([...address(0xfd).subarray(0, 8), ...new Uint8Array(8)]),
    );
    assert.deepEqual(dst.mask, allBits('ipv6_dst'));
  });

  it('ignores a rewrite that a later one takes back', () => {
    const { output, dst } = sum(
      untagged,
      set('ipv4_dst', 5),
      set('ipv4_dst', 0x0a000001),
      out('p2'),
    );
    assert.deepEqual([output, dst], ['p2', undefined]);
  });

  it('returns the reason of a refusal', () => {
    assert.match(why(untagged, out('p2'), out('p3')), /second output/);
    assert.match(why(untagged, out('p2'), set('ip_ttl', 1)), /after the output/);
    assert.match(why(untagged, tag(1), tag(2), out('p2')), /two VLAN tags/);
    assert.match(why(untagged, { kind: 'pop-vlan' }, out('p2')), /pop_vlan/);
    assert.match(why(tagged, { kind: 'pop-vlan' }, { kind: 'pop-vlan' }, out('p2')), /pop_vlan/);
    assert.match(why(tagged, set('vlan_vid', 3), out('p2')), /vlan_vid/);
    assert.match(why(untagged, set('tcp_dst', 3), out('p2')), /tcp_dst/);
    assert.match(why(untagged, wrongTag, out('p2')), /0x9100/);
    assert.match(why(untagged, { kind: 'opaque', text: 'ct(commit)' }), /ct\(commit\)/);
    const arp = matchOn('p1', exactly('eth_type', 0x0806));
    assert.match(why(arp, set('ip_ttl', 3), out('p2')), /ip_ttl/);
  });
});
