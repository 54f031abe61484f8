import assert from 'node:assert/strict';
import fc from 'fast-check';
import { flowMatch, HeaderError } from '../../simulation/flow-match.ts';
import { describeMatch } from '../../views/describe-flow.ts';

function matchOf(headers: Readonly<Record<string, unknown>>, opaque = false) {
  return flowMatch({ inPort: 'vm1', outPorts: [], headers, opaque });
}

describe('flows by their headers', () => {
  const texts: readonly [Readonly<Record<string, unknown>>, string][] = [
    [{}, 'in_port=vm1,ip'],
    [{ ethType: null }, 'in_port=vm1'],
    [{ ethType: 2054 }, 'in_port=vm1,arp'],
    [{ tcpDst: 443 }, 'in_port=vm1,tcp,tcp_dst=443'],
    [{ udpSrc: 53, ipv6Src: 'fd00::1' }, 'in_port=vm1,udp6,ipv6_src=fd00::1,udp_src=53'],
    [{ ipv4Dst: '10.1.2.3/8' }, 'in_port=vm1,ip,ipv4_dst=10.0.0.0/8'],
    [{ ipv6Dst: '::ffff:10.0.0.1/120' }, 'in_port=vm1,ipv6,ipv6_dst=::ffff:a00:0/120'],
    [{ vlanId: 100 }, 'in_port=vm1,ip,vlan_vid=100'],
    [{ cast: 'broadcast' }, 'in_port=vm1,ip,eth_dst=ff:ff:ff:ff:ff:ff'],
    [{ ipProto: 6, ethType: 34525 }, 'in_port=vm1,tcp6'],
  ];
  for (const [headers, text] of texts) {
    it(`makes ${text} of ${JSON.stringify(headers)}`, () => {
      assert.equal(describeMatch(matchOf(headers)), text);
    });
  }

  const refused: readonly [string, unknown][] = [
    ['tcpDst', 65_536],
    ['tcpDst', 1.5],
    ['tcpDst', '443'],
    ['vlanId', 4096],
    ['ipv4Src', '10.0.0.256'],
    ['ipv4Src', '10.0.0.1/33'],
    ['ipv4Src', '10.0.0.1/8/8'],
    ['ipv4Src', 'fd00::1'],
    ['ipv4Src', 167_772_161],
    ['ipv6Src', '10.0.0.1'],
    ['ethDst', '52:54:00:12:34'],
  ];
  for (const [fact, value] of refused) {
    it(`refuses ${fact} ${JSON.stringify(value)} and says what it is`, () => {
      assert.throws(
        () => matchOf({ [fact]: value }),
        (error) =>
          error instanceof HeaderError && error.fact === fact && /; it is a/.test(error.message),
      );
    });
  }

  it('has the headers that it was given', () => {
    const port = fc.nat(65_535);
    const headers = fc.record({
      ipv4Src: fc.ipV4(),
      ipv4Dst: fc.ipV4(),
      tcpSrc: port,
      tcpDst: port,
      vlanId: fc.nat(4095),
    });
    fc.assert(
      fc.property(headers, (given) => {
        const { ipv4Src, ipv4Dst, tcpSrc, tcpDst, vlanId } = given;
        const addresses = `ipv4_src=${ipv4Src},ipv4_dst=${ipv4Dst}`;
        assert.equal(
          describeMatch(matchOf(given)),
          `in_port=vm1,tcp,vlan_vid=${vlanId},${addresses},tcp_src=${tcpSrc},tcp_dst=${tcpDst}`,
        );
      }),
    );
  });
});
