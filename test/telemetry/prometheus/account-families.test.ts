import assert from 'node:assert/strict';
import { accountFamilies } from '../../../telemetry/prometheus/account-families.ts';
import { TextWriter } from '../../../telemetry/prometheus/text-format.ts';
import { limitOf, planOf, shareOf } from '../../support/plans.ts';
import { port, Rig, slice } from '../accounts/rig.ts';

describe('metrics of the accounts', () => {
  /** Current samples of a metric, without its name. */
  function samples(rig: Rig, name: string, topFlows = 0): readonly string[] {
    const writer = new TextWriter('prometheus');
    for (const family of accountFamilies(rig.accountant.accounts, topFlows))
      writer.writeFamily(family);
    return writer
      .end()
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .map((line) => line.slice(name.length));
  }

  it('list the flows with the highest rates, and none unless configured', () => {
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
    const flows = (max: number) => samples(rig, name, max).map((s) => /-0{11}(\d)"/.exec(s)?.[1]);
    assert.deepEqual(flows(2), ['2', '3']);
    assert.deepEqual(flows(100), ['2', '3', '1']);
    rig.read(2000, [{ n: 3, packets: 40 }]);
    rig.account();
    assert.deepEqual(flows(2), ['3']);
  });

  it('count samples by result, if any are taken', () => {
    const rig = new Rig();
    rig.read(0, []);
    rig.account();
    assert.deepEqual(samples(rig, 'norikae_samples_total'), []);
    rig.samples = { same: 7, suspected: 2, different: 1, 'not-comparable': 3, failed: 4 };
    rig.account();
    assert.deepEqual(samples(rig, 'norikae_samples_total'), [
      '{result="same"} 7',
      '{result="suspected"} 2',
      '{result="different"} 1',
      '{result="not-comparable"} 3',
      '{result="failed"} 4',
    ]);
  });

  it('end with their port or slice', () => {
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

  it('show guaranteed, wanted, due and used entries of each slice and table', () => {
    const rig = new Rig();
    const gold = { weight: 3, guaranteed: 200, maximum: 640, wanted: 900, share: 500, used: 480 };
    rig.plans = [
      planOf({ shares: [shareOf(undefined, { used: 7 }), shareOf('gold', gold)] }),
      planOf({ backend: 'of', placement: 'fast-path', shares: [shareOf('gold', { used: 3 })] }),
    ];
    rig.read(0, []);
    rig.account();
    const [nic, other, fast] = [
      '{backend="nic",placement="offload",slice="gold"}',
      '{backend="nic",placement="offload",slice="other"}',
      '{backend="of",placement="fast-path",slice="gold"}',
    ];
    assert.deepEqual(samples(rig, 'norikae_slice_used_entries'), [
      `${nic} 480`,
      `${other} 7`,
      `${fast} 3`,
    ]);
    const first = (of: string) => samples(rig, `norikae_slice_${of}`)[0];
    assert.equal(first('weight'), `${nic} 3`);
    assert.equal(first('guaranteed_entries'), `${nic} 200`);
    assert.equal(first('maximum_entries'), `${nic} 640`);
    assert.equal(first('wanted_entries'), `${nic} 900`);
    assert.equal(first('share_entries'), `${nic} 500`);
  });

  it('show the values that the planner computes, with +Inf when no swap gained enough', () => {
    const rig = new Rig();
    rig.bitShare = 0.25;
    rig.plans = [planOf(), planOf({ backend: 'of', swapGain: Number.POSITIVE_INFINITY })];
    rig.read(0, []);
    rig.account();
    const planner = (of: string) => samples(rig, `norikae_planner_${of}`);
    assert.deepEqual(planner('threshold_packets_per_second'), [
      '{backend="nic"} 12',
      '{backend="of"} 12',
    ]);
    assert.deepEqual(planner('swap_gain_packets_per_second'), [
      '{backend="nic"} 340',
      '{backend="of"} +Inf',
    ]);
    assert.equal(planner('contenders')[0], '{backend="nic"} 900');
    assert.equal(planner('budget_operations')[0], '{backend="nic"} 40');
    assert.deepEqual(planner('bit_share_ratio'), [' 0.25']);
  });

  it('show limits and the expected traffic within them, in bytes', () => {
    const rig = new Rig();
    rig.plans = [planOf({ limits: [limitOf('p0')] })];
    rig.read(0, []);
    rig.account();
    const limit = (of: string) => samples(rig, `norikae_limit_${of}`);
    const p0 = '{backend="nic",limit="p0 send"}';
    assert.deepEqual(limit('bytes_per_second'), [`${p0} 1000000000`]);
    assert.deepEqual(limit('packets_per_second'), [`${p0} +Inf`]);
    assert.deepEqual(limit('expected_bytes_per_second'), [`${p0} 500000000`]);
    assert.deepEqual(limit('expected_packets_per_second'), [`${p0} 500`]);
  });

  it('show the load and the speed of a device only if they are known', () => {
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

  it('are bounded in number for any number of slices and ports', () => {
    const rig = new Rig({ maxNamed: 4 });
    rig.slices = Array.from({ length: 50 }, (_, n) => slice(`s${n}`));
    rig.ports = new Map(Array.from({ length: 50 }, (_, n) => [`p${n}`, port(`p${n}`)]));
    const shares = [undefined, ...rig.slices.map((s) => s.name)].map((name) => shareOf(name));
    const limits = Array.from({ length: 50 }, (_, n) => limitOf(`p${n}`));
    rig.plans = [planOf({ shares, limits })];
    rig.read(0, []);
    rig.account();
    assert.equal(samples(rig, 'norikae_slice_traffic_bytes_total').length, 5 * 3);
    assert.equal(samples(rig, 'norikae_port_traffic_bytes_total').length, 5 * 2 * 3);
    assert.equal(samples(rig, 'norikae_port_info').length, 5);
    assert.equal(samples(rig, 'norikae_limit_bytes_per_second').length, 4);
    const used = samples(rig, 'norikae_slice_used_entries');
    assert.equal(used.length, 5);
    // The rest is summed up: 46 slices, and the flows without a slice.
    assert.match(used[4], /slice="other"\} 470$/);
    assert.match(samples(rig, 'norikae_slice_maximum_entries')[4], /slice="other"\} 800$/);
  });
});
