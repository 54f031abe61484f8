import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describeMatch } from '../../../views/describe-flow.ts';
import { isExact } from '../../../engine/model/match.ts';
import { Link, PacketKey } from '../../../replay/traces/packet-key.ts';
import { frameOf, ipv4Packet, ipv6Packet } from '../support/capture-writer.ts';

function keyOf(data: Uint8Array, link: number = Link.ethernet, iface = 0): PacketKey {
  const key = new PacketKey();
  key.read(data, 0, data.length, link, iface);
  return key;
}

function matchOf(data: Uint8Array, link?: number): string {
  return describeMatch(keyOf(data, link).match('if0'));
}

function idOf(data: Uint8Array, link?: number, iface?: number): string {
  const { w0, w1, w2, w3 } = keyOf(data, link, iface);
  return [w0, w1, w2, w3].join(' ');
}

const MACS = 'eth_src=02:00:00:00:00:01,eth_dst=02:00:00:00:00:02';

describe('replay: packet key', () => {
  it('has MACs, addresses and ports', () => {
    assert.equal(
      matchOf(frameOf(ipv4Packet({ sport: 40_000, dport: 443 }), 0x0800)),
      `in_port=if0,tcp,${MACS},ipv4_src=10.0.0.1,ipv4_dst=10.0.0.2,tcp_src=40000,tcp_dst=443`,
    );
    assert.equal(
      matchOf(frameOf(ipv6Packet(), 0x86dd)),
      `in_port=if0,udp6,${MACS},ipv6_src=fd00::1,ipv6_dst=fd00::2,udp_src=1000,udp_dst=53`,
    );
  });

  it('skips VLAN tags and IPv6 extension headers', () => {
    const frame = frameOf(ipv4Packet({ proto: 17 }), 0x0800, [100, 7]);
    assert.match(matchOf(frame), /vlan_vid=100,cvlan_tpid=0x8100,cvlan_vid=7,.*udp_src=1000/);
    assert.match(
      matchOf(frameOf(ipv6Packet({}, [0, 60]), 0x86dd)),
      /^in_port=if0,udp6.*udp_dst=53$/,
    );
  });

  it('has ICMP type and code, and no ports of a later fragment', () => {
    const ping = ipv4Packet({ proto: 1, sport: 0x0800, dport: 0 });
    assert.match(matchOf(frameOf(ping, 0x0800)), /^in_port=if0,icmp,.*,icmp_type=8,icmp_code=0$/);
    const first = matchOf(frameOf(ipv4Packet({ fragment: 0x2000 }), 0x0800));
    assert.match(first, /ip_frag=1,tcp_src=1000/);
    const later = matchOf(frameOf(ipv4Packet({ fragment: 0x0010 }), 0x0800));
    assert.match(later, /ip_frag=2$/);
    const laterV6 = ipv6Packet({}, [44]);
    laterV6[43] = 8;
    assert.match(matchOf(frameOf(laterV6, 0x86dd)), /ip_frag=2$/);
  });

  it('has MACs and ethertype of other packets', () => {
    assert.equal(matchOf(frameOf(new Uint8Array(28), 0x0806)), `in_port=if0,arp,${MACS}`);
    assert.match(matchOf(frameOf(new Uint8Array(40), 0x0026)), /eth_type=0x5ff$/);
  });

  it('supports the headers of other link types', () => {
    const bare =
      /^in_port=if0,tcp,ipv4_src=10\.0\.0\.1,ipv4_dst=10\.0\.0\.2,tcp_src=1000,tcp_dst=80$/;
    const packet = ipv4Packet();
    assert.match(matchOf(packet, Link.raw), bare);
    assert.match(matchOf(Uint8Array.from([2, 0, 0, 0, ...packet]), Link.null), bare);
    const sll = Uint8Array.from([...new Uint8Array(14), 0x08, 0x00, ...packet]);
    assert.match(matchOf(sll, Link.linuxSll), bare);
    const sll2 = Uint8Array.from([0x08, 0x00, ...new Uint8Array(18), ...packet]);
    assert.match(matchOf(sll2, Link.linuxSll2), bare);
  });

  it('is opaque, so that the flow stays on the vSwitch, if the headers are unsupported', () => {
    for (const link of [Link.ethernet, 4711]) {
      assert.notEqual(keyOf(Uint8Array.of(1, 2, 3), link).match('if0').opaque.length, 0);
    }
  });

  it('depends on the headers alone', () => {
    const one = frameOf(ipv4Packet({ payload: 10 }), 0x0800);
    const other = frameOf(ipv4Packet({ payload: 900 }), 0x0800);
    assert.equal(idOf(one), idOf(other));
    const differ = [
      idOf(one),
      idOf(one, Link.ethernet, 1),
      idOf(frameOf(ipv4Packet({ dport: 81 }), 0x0800)),
      idOf(frameOf(ipv4Packet({ sport: 80, dport: 1000 }), 0x0800)),
      idOf(frameOf(ipv4Packet({ proto: 17 }), 0x0800)),
      idOf(frameOf(ipv4Packet(), 0x0800, [5])),
    ];
    assert.equal(new Set(differ).size, differ.length);
  });

  it('gives 30,000 flows different ids', () => {
    const ids = new Set<string>();
    for (let sport = 0; sport < 100; sport++) {
      for (let dport = 0; dport < 300; dport++) {
        ids.add(idOf(frameOf(ipv4Packet({ sport, dport, payload: 0 }), 0x0800)));
      }
    }
    assert.equal(ids.size, 30_000);
  });

  it('gives a valid match for arbitrary bytes', () => {
    const link = fc.constantFrom(...Object.values(Link), 9999);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), link, (data, of) => {
        const { fields, inPort } = keyOf(data, of).match('if0');
        assert.equal(inPort, 'if0');
        assert.equal(new Set(fields.map((f) => f.field)).size, fields.length);
        for (const f of fields) {
          assert.ok(isExact(f), f.field);
          assert.ok(
            f.value.every((byte, i) => (byte & ~f.mask[i]) === 0),
            f.field,
          );
        }
      }),
      { numRuns: 1000 },
    );
  });
});
