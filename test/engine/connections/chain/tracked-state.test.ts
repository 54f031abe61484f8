import assert from 'node:assert/strict';
import { TrackedState } from '../../../../engine/connections/chain/tracked-state.ts';
import type { ConnectionTuple, TrackedConnection } from '../../../../engine/model/connection.ts';

const ORIGINAL: ConnectionTuple = {
  ipVersion: 4,
  protocol: 6,
  src: Uint8Array.of(10, 0, 0, 1),
  dst: Uint8Array.of(10, 0, 0, 2),
  srcPort: 4_660,
  dstPort: 80,
};
const REPLY: ConnectionTuple = {
  ...ORIGINAL,
  src: ORIGINAL.dst,
  dst: ORIGINAL.src,
  srcPort: ORIGINAL.dstPort,
  dstPort: ORIGINAL.srcPort,
};
const CONNECTION: TrackedConnection = {
  zone: 7,
  original: ORIGINAL,
  reply: REPLY,
  isEstablished: true,
  mark: 5,
  labels: Uint8Array.from({ length: 16 }, (_, i) => i),
};
const NAMES = [
  'ct_state',
  'ct_zone',
  'ct_mark',
  'ct_label',
  'ct_nw_src',
  'ct_nw_dst',
  'ct_ipv6_src',
  'ct_ipv6_dst',
  'ct_nw_proto',
  'ct_tp_src',
  'ct_tp_dst',
] as const;

function values(state: TrackedState): readonly (string | undefined)[] {
  return NAMES.map((name) => {
    const value = state.valueOf(name);
    return value === undefined ? undefined : Buffer.from(value).toString('hex');
  });
}

const ZERO = [
  '00000000',
  '0000',
  '00000000',
  '0'.repeat(32),
  '00000000',
  '00000000',
  '0'.repeat(32),
  '0'.repeat(32),
  '00',
  '0000',
  '0000',
];

describe('the tracked state of a packet', () => {
  it('is zero before it goes through conntrack, and when it is cleared', () => {
    const state = new TrackedState();
    assert.deepEqual(values(state), ZERO);
    state.track(7, { direction: 'original', connection: CONNECTION }, false);
    state.clear();
    assert.deepEqual(values(state), ZERO);
  });

  it('is that of its connection afterwards, whichever way the packet goes', () => {
    for (const [direction, bits] of [
      ['original', '00000022'],
      ['reply', '0000002a'],
    ] as const) {
      const state = new TrackedState();
      state.track(7, { direction, connection: CONNECTION }, false);
      assert.deepEqual(values(state), [
        bits,
        '0007',
        '00000005',
        '000102030405060708090a0b0c0d0e0f',
        '0a000001',
        '0a000002',
        undefined,
        undefined,
        '06',
        '1234',
        '0050',
      ]);
    }
  });

  it('has no IPv4 addresses in IPv6', () => {
    const src = Uint8Array.from({ length: 16 }, () => 1);
    const state = new TrackedState();
    state.trackNew(3, { ...ORIGINAL, ipVersion: 6, src, dst: src });
    assert.deepEqual(values(state).slice(4, 8), [
      undefined,
      undefined,
      '01'.repeat(16),
      '01'.repeat(16),
    ]);
    assert.equal(values(state)[0], '00000021', 'new, and tracked');
  });

  it('is not sure whether it was translated where the address stays', () => {
    const state = new TrackedState();
    assert.equal(
      state.track(7, { direction: 'original', connection: CONNECTION }, true),
      undefined,
    );
    const translated = Uint8Array.of(0, 0, 0, 0xc0);
    assert(state.isUnsure(translated) && state.isUnsureIn(7) && !state.isUnsureIn(8));
    assert(!state.isUnsure(Uint8Array.of(0, 0, 0, 0x3f)));
    assert(!state.isTranslatedIn(7));
  });
});
