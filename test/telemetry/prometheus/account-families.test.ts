import assert from 'node:assert/strict';
import { accountFamilies } from '../../../telemetry/prometheus/account-families.ts';
import { TextWriter } from '../../../telemetry/prometheus/text-format.ts';
import { FakeBackend } from '../../support/fake-backend.ts';
import { port, Rig, slice } from '../accounts/rig.ts';

const TABLE = new FakeBackend(1000);

describe('metrics of the accounts', () => {
  /** Samples of a metric, without its name, as they are now. */
  function samples(rig: Rig, name: string, topFlows = 0): readonly string[] {
    const writer = new TextWriter('prometheus');
    for (const family of accountFamilies(rig.accountant.accounts, [TABLE], topFlows))
      writer.family(family);
    return writer
      .end()
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .map((line) => line.slice(name.length));
  }

  it('name the flows with the highest rates while they are among them, and none unasked', () => {
    const rig = new Rig({ topFlows: 100 });
    const name = 'norikae_top_flow_bytes_per_second';
    rig.read(0, []);
    rig.account();
    rig.read(1000, [
      { n: 1, packets: 10 },
      { n: 2, packets: 30 },
      { n: 3, packets: 20 },
    ]);
    rig.account();
    assert.deepEqual(samples(rig, name), []);
    const flows = (most: number) => samples(rig, name, most).map((s) => /-0{11}(\d)"/.exec(s)?.[1]);
    assert.deepEqual(flows(2), ['2', '3']);
    assert.deepEqual(flows(100), ['2', '3', '1']);
    rig.read(2000, [{ n: 3, packets: 40 }]);
    rig.account();
    assert.deepEqual(flows(2), ['3']);
  });

  it('end with the port and the slice they are of', () => {
    const rig = new Rig();
    rig.slices = [slice('blue')];
    rig.read(0, []);
    rig.account();
    const ports = () => samples(rig, 'norikae_port_info').map((s) => /port="(\w+)"/.exec(s)?.[1]);
    assert.deepEqual(ports(), ['vm1', 'vm2']);
    assert.equal(samples(rig, 'norikae_slice_traffic_bytes_total').length, 3);
    rig.ports = new Map([['vm2', port('vm2')]]);
    rig.slices = [];
    rig.read(1000, []);
    rig.account();
    assert.deepEqual(ports(), ['vm2']);
    assert.deepEqual(samples(rig, 'norikae_slice_traffic_bytes_total'), []);
  });

  it('tell what slices are guaranteed and may have, in entries of each table', () => {
    const rig = new Rig();
    rig.slices = [
      { ...slice('gold'), guaranteed: { kind: 'share', value: 0.25 } },
      { ...slice('iron'), maximum: { kind: 'entries', value: 30 } },
    ];
    rig.read(0, []);
    rig.account();
    assert.deepEqual(samples(rig, 'norikae_slice_guaranteed_entries'), [
      '{slice="gold",placement="offload"} 250',
      '{slice="iron",placement="offload"} 0',
    ]);
    assert.deepEqual(samples(rig, 'norikae_slice_maximum_entries'), [
      '{slice="gold",placement="offload"} 1000',
      '{slice="iron",placement="offload"} 30',
    ]);
  });

  it('have what a device counts and its speed only where they are known', () => {
    const rig = new Rig();
    rig.ports = new Map([
      ['p0', { ...port('p0'), linkBitsPerSecond: 8e9 }],
      ['p1', port('p1')],
    ]);
    const load = { rxBitsPerSecond: 800, txBitsPerSecond: 80 };
    rig.node = { ...rig.node, portLoad: new Map([['p1', load]]) };
    rig.read(0, []);
    rig.account();
    assert.deepEqual(samples(rig, 'norikae_port_link_bytes_per_second'), [
      '{port="p0"} 1000000000',
    ]);
    assert.deepEqual(samples(rig, 'norikae_port_device_bytes_per_second'), [
      '{port="p1",direction="rx"} 100',
      '{port="p1",direction="tx"} 10',
    ]);
  });

  it('are bounded by the accounts, however many slices and ports there are', () => {
    const rig = new Rig({ most: 4 });
    rig.slices = Array.from({ length: 50 }, (_, n) => slice(`s${n}`));
    rig.ports = new Map(Array.from({ length: 50 }, (_, n) => [`p${n}`, port(`p${n}`)]));
    rig.read(0, []);
    rig.account();
    assert.equal(samples(rig, 'norikae_slice_traffic_bytes_total').length, 5 * 3);
    assert.equal(samples(rig, 'norikae_port_traffic_bytes_total').length, 5 * 2 * 3);
    assert.equal(samples(rig, 'norikae_port_info').length, 5);
  });
});
