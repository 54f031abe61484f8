import assert from 'node:assert/strict';
import type { FlowMatch } from '../../../engine/model/match.ts';
import { firstBeyondHeaders } from '../../../engine/model/match.ts';
import { sameActions } from '../../../engine/model/same-actions.ts';
import { sameMatch } from '../../../engine/model/same-match.ts';
import type { TunnelHeader } from '../../../engine/model/tunnel.ts';

const ARRIVED: NonNullable<FlowMatch['tunnel']> = {
  kind: 'geneve',
  fields: [{ field: 'udp_dst', value: Uint8Array.of(0x17, 0xc1), mask: Uint8Array.of(255, 255) }],
  vni: 5,
  options: Uint8Array.of(1, 2, 0x80, 1, 0, 1, 0, 2),
};
const MATCH: FlowMatch = { inPort: 'uplink', fields: [], opaque: [], tunnel: ARRIVED };

const HEADER: TunnelHeader = {
  kind: 'geneve',
  ethernet: { src: Uint8Array.of(2, 0, 0, 0, 0, 1), dst: Uint8Array.of(2, 0, 0, 0, 0, 2) },
  src: Uint8Array.of(172, 16, 0, 1),
  dst: Uint8Array.of(172, 16, 0, 2),
  tos: 0,
  ttl: 64,
  doNotFragment: true,
  srcPort: 40_000,
  dstPort: 6081,
  hasChecksum: true,
  vni: 5,
  options: Uint8Array.of(1, 2, 0x80, 1, 0, 1, 0, 2),
};

describe('tunnels in matches and actions', () => {
  it('compares every part of the outer headers of a match', () => {
    assert.ok(sameMatch(MATCH, { ...MATCH, tunnel: structuredClone(ARRIVED) }));
    assert.ok(!sameMatch(MATCH, { inPort: 'uplink', fields: [], opaque: [] }));
    const others: readonly Partial<typeof ARRIVED>[] = [
      { kind: 'vxlan' },
      { fields: [] },
      { vni: 6 },
      { options: Uint8Array.of() },
      { doNotFragment: false },
      { hasChecksum: true },
    ];
    for (const other of others) {
      const tunnel = { ...ARRIVED, ...other };
      assert.ok(!sameMatch(MATCH, { ...MATCH, tunnel }), JSON.stringify(other));
    }
  });

  it('compares every part of the headers that are pushed', () => {
    const action = { kind: 'push-tunnel', header: HEADER } as const;
    assert.ok(sameActions([action], [{ ...action, header: structuredClone(HEADER) }]));
    const others: readonly Partial<TunnelHeader>[] = [
      { kind: 'vxlan' },
      { ethernet: undefined },
      { ethernet: { src: Uint8Array.of(2, 0, 0, 0, 0, 1), dst: new Uint8Array(6) } },
      { src: new Uint8Array(4) },
      { dst: new Uint8Array(4) },
      { tos: 1 },
      { ttl: 63 },
      { doNotFragment: false },
      { srcPort: undefined },
      { dstPort: 4789 },
      { hasChecksum: false },
      { vni: 6 },
      { options: new Uint8Array(0) },
    ];
    for (const other of others) {
      const header = { ...HEADER, ...other };
      assert.ok(!sameActions([action], [{ ...action, header }]), JSON.stringify(other));
    }
  });

  it('counts a tunnel as more than headers, so that a backend that ignores it refuses', () => {
    assert.deepEqual(firstBeyondHeaders(MATCH), { name: 'tunnel', text: 'geneve vni 0x5' });
  });
});
