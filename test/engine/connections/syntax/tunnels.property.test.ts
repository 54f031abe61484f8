import assert from 'node:assert/strict';
import fc from 'fast-check';
import { tunnelConditions } from '../../../../engine/connections/syntax/tunnel-conditions.ts';
import { pushedHeader, tunnelKey } from '../../../../engine/connections/syntax/tunnel-headers.ts';
import {
  geneveOptions,
  hasCriticalOption,
} from '../../../../engine/connections/syntax/tunnel-options.ts';
import type { TunnelHeader } from '../../../../engine/model/tunnel.ts';

// Texts are printed as format_odp_tnl_push_header and format_odp_tun_attr (lib/odp-util.c) do, and must come
// back as what they were printed from.

const hex = (bytes: Uint8Array): string =>
  `0x${Buffer.from(bytes)
    .toString('hex')
    .replace(/^0+(?=.)/, '')}`;
const number = (value: number): string => (value === 0 ? '0' : `0x${value.toString(16)}`);
const mac = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');
const address = (bytes: Uint8Array): string =>
  bytes.length === 4
    ? bytes.join('.')
    : (Buffer.from(bytes).toString('hex').match(/..../g) ?? []).join(':');

const PIECES =
  '{ } ( ) , = / class=1 type=0x80 len=4 len=3 0x1 geneve tun_id=0x1 flags(+key) header size=58 options vni=0x5 eth src=1.2.3.4'.split(
    ' ',
  );

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });

interface Option {
  readonly optionClass: number;
  readonly type: number;
  readonly data: Uint8Array;
}
const option: fc.Arbitrary<Option> = fc.record({
  optionClass: fc.nat(0xffff),
  type: fc.nat(0xff),
  data: fc.integer({ min: 0, max: 4 }).chain((words) => bytes(4 * words)),
});
const options = fc.array(option, { maxLength: 3 });

function optionText({ optionClass, type, data }: Option): string {
  const value = data.length === 0 ? '' : `,${hex(data)}`;
  return `{class=${number(optionClass)},type=${number(type)},len=${data.length}${value}}`;
}

function optionBytes({ optionClass, type, data }: Option): number[] {
  return [optionClass >> 8, optionClass & 0xff, type, data.length / 4, ...data];
}

const wire = (list: readonly Option[]): Uint8Array => Uint8Array.from(list.flatMap(optionBytes));

const header: fc.Arbitrary<{ readonly header: TunnelHeader; readonly list: readonly Option[] }> = fc
  .record({
    isIpv6: fc.boolean(),
    kind: fc.constantFrom('geneve', 'vxlan'),
    list: options,
    addresses: fc.tuple(bytes(16), bytes(16)),
    macs: fc.tuple(bytes(6), bytes(6)),
    numbers: fc.tuple(fc.nat(0xff), fc.nat(0xff), fc.nat(0xffff), fc.nat(0xff_ffff)),
    flags: fc.tuple(fc.boolean(), fc.boolean()),
  })
  .map(({ isIpv6, kind, list, addresses, macs, numbers, flags }) => {
    const given = kind === 'geneve' ? list : [];
    const [src, dst] = addresses.map((whole) => whole.slice(0, isIpv6 ? 16 : 4));
    const [tos, ttl, dstPort, vni] = numbers;
    const [doNotFragment, hasChecksum] = flags;
    return {
      list: given,
      header: {
        kind: kind === 'geneve' ? 'geneve' : 'vxlan',
        ethernet: { src: macs[0], dst: macs[1] },
        src,
        dst,
        tos,
        ttl,
        doNotFragment: doNotFragment && !isIpv6,
        srcPort: undefined,
        dstPort,
        hasChecksum,
        vni,
        options: wire(given),
      },
    };
  });

function pushText(of: TunnelHeader, list: readonly Option[]): string {
  const isIpv6 = of.src.length === 16;
  const size = 30 + (isIpv6 ? 40 : 20) + of.options.length;
  const { ethernet } = of;
  assert(ethernet !== undefined);
  const type = isIpv6 ? '0x86dd' : '0x0800';
  const ip = isIpv6
    ? `ipv6(src=${address(of.src)},dst=${address(of.dst)},label=0,proto=17,tclass=0x${of.tos.toString(16)},hlimit=${of.ttl})`
    : `ipv4(src=${address(of.src)},dst=${address(of.dst)},proto=17,tos=${number(of.tos)},ttl=${of.ttl},frag=${of.doNotFragment ? '0x4000' : '0x0'})`;
  const udp = `udp(src=0,dst=${of.dstPort},csum=${of.hasChecksum ? '0xffff' : '0x0'})`;
  const critical = list.some(({ type: kind }) => kind >= 0x80) ? 'crit,' : '';
  const inner = list.length === 0 ? '' : `,options(${list.map((one) => optionText(one)).join('')})`;
  const vni = `vni=0x${of.vni.toString(16)}`;
  const inside =
    of.kind === 'geneve' ? `geneve(${critical}${vni}${inner})` : `vxlan(flags=0x8000000,${vni})`;
  const eth = `eth(dst=${mac(ethernet.dst)},src=${mac(ethernet.src)},dl_type=${type})`;
  const code = of.kind === 'geneve' ? 5 : 4;
  return `tnl_port(tunnel),header(size=${size},type=${code},${eth},${ip},${udp},${inside}),out_port(br-phy)`;
}

describe('texts of tunnels', () => {
  it('are read back as the headers that tnl_push adds', () => {
    fc.assert(
      fc.property(header, ({ header: of, list }) => {
        assert.deepEqual(pushedHeader(pushText(of, list)), of);
      }),
    );
  });

  it('are not read when a part of tnl_push is missing, unknown or beyond its range', () => {
    const replacements: readonly (readonly [RegExp, string])[] = [
      [/size=(\d+)/, 'size=1$1'],
      [/proto=17/, 'proto=47'],
      [/udp\(src=0/, 'udp(src=7'],
      [/dst=\d+,csum/, 'dst=65536,csum'],
      [/vni=0x/, 'vni=0x1000000'],
      [/(?:geneve|vxlan)\(/, 'gre('],
      [/(geneve)\(/, '$1(oam,'],
      [/flags=0x8000000/, 'flags=0x88000000'],
      [/,(ttl|hlimit)=\d+/, ''],
      [/label=0/, 'label=5'],
      [/frag=0x(?:4000|0)/, 'frag=0x2000'],
    ];
    fc.assert(
      fc.property(header, fc.constantFrom(...replacements), ({ header: of, list }, [from, to]) => {
        const text = pushText(of, list);
        const other = text.replace(from, to);
        if (other !== text) assert.equal(pushedHeader(other), undefined, other);
      }),
      { numRuns: 300 },
    );
  });

  it('are read back as the key that set(tunnel()) gives to a device', () => {
    fc.assert(
      fc.property(header, ({ header: of, list }) => {
        const isIpv6 = of.src.length === 16;
        const parts = [
          `tun_id=0x${of.vni.toString(16)}`,
          `${isIpv6 ? 'ipv6_' : ''}src=${address(of.src)}`,
          `${isIpv6 ? 'ipv6_' : ''}dst=${address(of.dst)}`,
          ...(of.tos === 0 ? [] : [`tos=0x${of.tos.toString(16)}`]),
          `ttl=${of.ttl}`,
          ...(of.dstPort === 0 ? [] : [`tp_dst=${of.dstPort}`]),
          ...(list.length === 0 ? [] : [`geneve(${list.map((one) => optionText(one)).join('')})`]),
          `flags(${[...(of.doNotFragment ? ['df'] : []), ...(of.hasChecksum ? ['csum'] : []), 'key'].join('|')})`,
        ];
        const { kind: _, ...key } = { ...of, ethernet: undefined };
        assert.deepEqual(tunnelKey(parts.join(',')), key);
        for (const at of parts.keys()) {
          const unknown = parts.with(at, parts[at].replace(/^[a-z0-9_]+/, 'other'));
          assert.equal(tunnelKey(unknown.join(',')), undefined, unknown.join(','));
        }
      }),
    );
  });

  it('are read back as the conditions on options, with their masks', () => {
    const masked = fc.tuple(option, fc.nat(0xffff), fc.nat(0xff), bytes(16));
    fc.assert(
      fc.property(fc.array(masked, { maxLength: 3 }), (list) => {
        let text = '';
        const value: number[] = [];
        const mask: number[] = [];
        for (const [one, classMask, typeMask, dataMask] of list) {
          const bits = [
            classMask >> 8,
            classMask & 0xff,
            typeMask,
            0x1f,
            ...dataMask.slice(0, one.data.length),
          ];
          const whole = optionBytes(one);
          const data =
            one.data.length === 0
              ? ''
              : `,${hex(one.data)}/${hex(dataMask.slice(0, one.data.length))}`;
          text += `{class=${number(one.optionClass)}/0x${classMask.toString(16)},type=${number(one.type)}/0x${typeMask.toString(16)},len=${one.data.length}${data}}`;
          value.push(...whole.map((byte, i) => byte & bits[i]));
          mask.push(...bits);
        }
        assert.deepEqual(geneveOptions(text), {
          value: Uint8Array.from(value),
          mask: Uint8Array.from(mask),
        });
      }),
    );
  });

  it('never fail, whatever they are', () => {
    const piece = fc.constantFrom(...PIECES);
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        for (const read of [geneveOptions, tunnelConditions, pushedHeader, tunnelKey]) read(text);
      }),
      { numRuns: 2000 },
    );
  });

  it('tell critical options', () => {
    fc.assert(
      fc.property(options, (list) => {
        const isCritical = list.some(({ type }) => type >= 0x80);
        assert.equal(hasCriticalOption(wire(list)), isCritical);
      }),
    );
  });

  it('have conditions only where bits count, but always say how many options there are', () => {
    const text =
      'tun_id=0x64,src=172.16.0.2,dst=172.16.0.1,ttl=64/0,tp_src=9/0,tp_dst=6081/0,flags(-df-csum+key)';
    const found = tunnelConditions(text)?.map(({ name, value, mask }) => [
      name,
      Buffer.from(value).toString('hex'),
      Buffer.from(mask).toString('hex'),
    ]);
    assert.deepEqual(found, [
      ['tun_id', '0000000000000064', 'ffffffffffffffff'],
      ['tun_ipv4_src', 'ac100002', 'ffffffff'],
      ['tun_ipv4_dst', 'ac100001', 'ffffffff'],
      ['tun_ip_tos', '00', 'ff'],
      ['tun_ip_ttl', '00', '00'],
      ['tun_udp_src', '0000', '0000'],
      ['tun_udp_dst', '0000', '0000'],
      ['tun_options', '', ''],
    ]);
  });

  const unknown = [
    'flags(+oam-df-csum+key)',
    'flags(-df-csum-key)',
    'flags(0)',
    'flags(oam|key)',
    'gtpu(flags=1,msgtype=2),flags(+key)',
    'vxlan(gbp(id=1,flags=0)),flags(+key)',
  ];
  for (const flags of unknown) {
    it(`are not known with ${flags}`, () => {
      assert.equal(
        tunnelConditions(`tun_id=0x64,src=172.16.0.2,dst=172.16.0.1,${flags}`),
        undefined,
      );
    });
  }
});
