import assert from 'node:assert/strict';
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { containsSubnet, parseSubnet } from '../../../policy/model/subnet.ts';

function holds(outer: string, inner: string): boolean | undefined {
  const [a, b] = [parseSubnet(outer), parseSubnet(inner)];
  return a === undefined || b === undefined ? undefined : containsSubnet(a, b);
}

const address = fc.oneof(fc.ipV4(), fc.ipV6());

describe('subnets', () => {
  it('contain addresses and smaller subnets', () => {
    assert.equal(holds('10.0.0.0/8', '10.1.2.3'), true);
    assert.equal(holds('10.0.0.0/8', '10.1.0.0/16'), true);
    assert.equal(holds('10.1.0.0/16', '10.0.0.0/8'), false);
    assert.equal(holds('0.0.0.0/0', '255.255.255.255'), true);
    assert.equal(holds('0.0.0.0/0', '::1'), false);
    assert.equal(holds('fd00:1::/32', 'fd00:1:2::3'), true);
    assert.equal(holds('fd00:1::/32', 'fd00:2::'), false);
    assert.equal(holds('10.0.0.128/25', '10.0.0.127'), false);
  });

  it('are refused if they are invalid', () => {
    const none = [
      '',
      '10.0.0.0/33',
      '10.0.0.1/8',
      '10.0.0/8',
      '010.0.0.0/8',
      'fd00::/129',
      'x',
      '::1::',
    ];
    for (const text of [...none, '1:2:3:4:5:6:7:8:9', '10.0.0.0/8/8', '10.0.0.0/', '256.0.0.0']) {
      assert.equal(parseSubnet(text), undefined, text);
    }
  });

  it('accept every address that node:net accepts', () => {
    fc.assert(
      fc.property(fc.oneof(address, fc.string({ maxLength: 12 })), (text) => {
        // Except IPv6 with an IPv4 tail, and zone ids.
        if (text.includes('%') || (text.includes(':') && text.includes('.'))) return;
        assert.equal(parseSubnet(text) !== undefined, isIPv4(text) || isIPv6(text), text);
      }),
    );
  });

  it('contain the same addresses as in node:net', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV4(), fc.integer({ min: 0, max: 32 }), (a, b, length) => {
        const bytes = parseSubnet(a)?.bytes ?? new Uint8Array(4);
        const mask = length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0;
        const base = [24, 16, 8, 0]
          .map((shift, i) => bytes[i] & ((mask >>> shift) & 0xff))
          .join('.');
        const list = new BlockList();
        list.addSubnet(base, length);
        assert.equal(holds(`${base}/${length}`, b), list.check(b));
      }),
    );
  });
});
