import assert from 'node:assert/strict';
import { MegaflowIndex } from '../../../../engine/connections/chain/megaflow-index.ts';
import { TravellingPacket } from '../../../../engine/connections/chain/travelling-packet.ts';
import type { FlowSpec } from '../../../../engine/model/flow.ts';
import { formatFlowId } from '../../../../engine/model/flow-id.ts';
import { flowId } from '../../../support/flows.ts';
import { exactly } from '../../../support/match-fields.ts';
import { ufid } from '../../../adapters/ovs/dump/dump-lines.ts';
import { headerValues, indexOf, megaflows } from './support/megaflows.ts';

const IP = 'eth_type(0x0800),ipv4(dst=10.0.0.0/255.0.0.0,proto=17,frag=no)';

function packet(dst: readonly number[], more = {}): TravellingPacket {
  const values = headerValues({
    eth_type: 0x0800,
    ipv4_src: Uint8Array.of(10, 0, 0, 1),
    ipv4_dst: Uint8Array.from(dst),
    ip_proto: 17,
    ip_frag: 0,
    udp_src: 1,
    udp_dst: 2,
    ...more,
  });
  return new TravellingPacket({ inPort: 'vw1', values });
}

function found(index: MegaflowIndex, recirculation: number, of: TravellingPacket): string {
  const megaflow = index.find(recirculation, of);
  return megaflow === undefined ? 'none' : formatFlowId(megaflow.id).slice(-1);
}

describe('finding the megaflow of a packet', () => {
  const specs = megaflows(
    `recirc_id(0),in_port(vw1),${IP}, actions:vw2`,
    `recirc_id(0),in_port(vw1),${IP.replace('10.0.0.0/255.0.0.0', '11.0.0.1')}, actions:vw2`,
    `recirc_id(0x3),in_port(vw1),${IP}, actions:vw2`,
    `recirc_id(0),in_port(vw2),${IP}, actions:vw1`,
    `recirc_id(0),in_port(vw1),eth_type(0x8100),vlan(vid=5,pcp=0),encap(${IP}), actions:vw1`,
    `recirc_id(0),in_port(vw1),eth_type(0x0800),ipv4(dst=12.0.0.1,proto=6,frag=no),tcp(dst=2), actions:vw1`,
  );

  it('by port, recirculation id, mask and value', () => {
    const index = indexOf(specs);
    assert.equal(index.size, specs.length);
    assert.equal(found(index, 0, packet([10, 9, 9, 9])), '1');
    assert.equal(found(index, 0, packet([11, 0, 0, 1])), '2');
    assert.equal(found(index, 0, packet([11, 0, 0, 2])), 'none');
    assert.equal(found(index, 3, packet([10, 9, 9, 9])), '3');
    assert.equal(found(index, 4, packet([10, 9, 9, 9])), 'none');
  });

  it('only with the same tags and the same headers', () => {
    const index = indexOf(specs);
    const tag = { vlan_tpid: 0x8100, vlan_vid: 5, vlan_pcp: 0 };
    assert.equal(found(index, 0, packet([10, 9, 9, 9], tag)), '5');
    assert.equal(found(index, 0, packet([11, 0, 0, 1], tag)), 'none');
    assert.equal(found(index, 0, packet([12, 0, 0, 1], { ip_proto: 6 })), 'none');
  });

  it('follows changes', () => {
    const index = indexOf(specs);
    const before = index.find(0, packet([10, 9, 9, 9]));
    assert.ok(before !== undefined && index.has(before));
    const [first, second] = specs;
    index.put({ ...first, match: second.match });
    assert.equal(index.has(before), false);
    assert.equal(found(index, 0, packet([10, 9, 9, 9])), 'none');
    assert.equal(index.size, specs.length);
    index.remove(second.id);
    assert.equal(found(index, 0, packet([11, 0, 0, 1])), '1');
    index.remove(first.id);
    index.remove(first.id);
    assert.equal(found(index, 0, packet([11, 0, 0, 1])), 'none');
    for (const { id } of specs) index.remove(id);
    assert.equal(index.size, 0);
  });

  it('leaves a megaflow out whose recirculation id cannot be read', () => {
    const [spec] = specs;
    const opaque = [{ name: 'recirc_id', text: '0x1/0x1' }];
    const index = indexOf([{ ...spec, match: { ...spec.match, opaque } }]);
    assert.equal(index.size, 0);
    assert.equal(formatFlowId(spec.id), ufid(1));
  });

  it('among ten thousand, with a search for each mask and not for each megaflow', () => {
    const index = new MegaflowIndex();
    for (let n = 0; n < 10_000; n++) index.put(numbered(n));
    let looked = 0;
    const values = packet([0, 0, 0x12, 0x34]);
    const counted = {
      inPort: 'vw1',
      valueOf: (name: Parameters<TravellingPacket['valueOf']>[0]) => {
        looked++;
        return values.valueOf(name);
      },
    };
    assert.deepEqual(index.find(0, counted)?.id, flowId(0x1234));
    assert.ok(looked < 10, `${looked} values`);
  });
});

function numbered(n: number): FlowSpec {
  const dst = Uint8Array.of(0, 0, n >> 8, n & 0xff);
  const fields = [exactly('ipv4_dst', dst)];
  return { id: flowId(n), match: { inPort: 'vw1', fields, opaque: [] }, actions: [] };
}
