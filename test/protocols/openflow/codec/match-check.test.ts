import assert from 'node:assert/strict';
import { matchProblem } from '../../../../protocols/openflow/codec/match-check.ts';
import { bytes, field, oxm } from './examples.ts';

const IP = field('eth_type', '0800');
const IPV6 = field('eth_type', '86dd');
const TCP = field('ip_proto', '06');

describe('openflow codec: what is wrong with a match', () => {
  it('nothing, when what a field needs is before it', () => {
    assert.equal(matchProblem(oxm()), undefined);
    assert.equal(matchProblem(oxm(IP, TCP, field('tcp_dst', '0050'))), undefined);
    assert.equal(matchProblem(oxm(IPV6, TCP, field('tcp_dst', '0050'))), undefined);
    const nd = [IPV6, field('ip_proto', '3a'), field('icmpv6_type', '87')];
    assert.equal(matchProblem(oxm(...nd, field('ipv6_nd_sll', '020000000001'))), undefined);
    const nxm = [field('nxm_of_eth_type', '0800'), field('nxm_of_ip_proto', '06')];
    assert.equal(matchProblem(oxm(...nxm, field('nxm_of_tcp_dst', '0050'))), undefined);
  });

  it('a field whose prerequisite is missing, comes later or is another', () => {
    const port = field('tcp_dst', '0050');
    assert.equal(matchProblem(oxm(port)), 'tcp_dst needs eth_type 2048 or 34525, ip_proto 6');
    assert.match(matchProblem(oxm(IP, port, TCP)) ?? '', /^tcp_dst needs/);
    assert.match(matchProblem(oxm(IP, field('ip_proto', '11'), port)) ?? '', /^tcp_dst needs/);
    assert.match(matchProblem(oxm(IPV6, field('ipv4_dst', '0a000001'))) ?? '', /^ipv4_dst needs/);
    assert.match(matchProblem(oxm(field('vlan_pcp', '05'))) ?? '', /^vlan_pcp needs vlan_vid$/);
  });

  it('a field twice, a mask that may not be, bits outside of one', () => {
    assert.equal(matchProblem(oxm(IP, IP)), 'eth_type occurs twice');
    const masked = field('eth_type', '0800', 'ff00');
    assert.equal(matchProblem(oxm(masked)), 'eth_type cannot be masked');
    const outside = field('ipv4_dst', '0a000001', 'ffffff00');
    assert.equal(matchProblem(oxm(IP, outside)), 'ipv4_dst has bits set outside its mask');
  });

  it('passes over what it does not know', () => {
    const unknown = { kind: 'unknown', header: 0x0001_0004, bytes: bytes('00000001') } as const;
    assert.equal(matchProblem({ kind: 'oxm', fields: [unknown, unknown] }), undefined);
  });
});
