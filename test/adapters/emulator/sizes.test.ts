import assert from 'node:assert/strict';
import {
  ALI_STORAGE_2019,
  type CdfPoints,
  DATA_MINING,
  FB_HADOOP,
  GOOGLE_RPC_2008,
  WEB_SEARCH,
} from '../../../adapters/emulator/distributions.ts';
import { Sfc32 } from '../../../adapters/emulator/random.ts';
import { SizeDistribution } from '../../../adapters/emulator/sizes.ts';

const PUBLISHED: readonly (readonly [string, CdfPoints])[] = [
  ['WebSearch (DCTCP)', WEB_SEARCH],
  ['DataMining (VL2)', DATA_MINING],
  ['FbHadoop', FB_HADOOP],
  ['AliStorage2019', ALI_STORAGE_2019],
  ['GoogleRPC2008', GOOGLE_RPC_2008],
];

describe('flow sizes', () => {
  for (const [name, points] of PUBLISHED) {
    it(`drawn from ${name} follow its distribution`, () => {
      const samples = 50_000;
      const random = new Sfc32(7);
      const sizes = new SizeDistribution(points);
      const drawn = Float64Array.from({ length: samples }, () => sizes.quantile(random.uniform()));
      drawn.sort();
      // Kolmogorov-Smirnov at the published points, 1 % level.
      const bound = 1.63 / Math.sqrt(samples);
      for (const [bytes, percent] of points) {
        const share = countUpTo(drawn, bytes) / samples;
        const distance = Math.abs(share - percent / 100);
        assert.ok(distance <= bound, `${share} up to ${bytes} bytes, published ${percent} %`);
      }
      assert.ok(drawn[0] >= 1);
      assert.ok(drawn[samples - 1] <= points[points.length - 1][0]);
    });

    it(`of ${name} have the mean it says`, () => {
      const sizes = new SizeDistribution(points);
      // Quantiles at even steps: no luck in the heavy tail.
      const steps = 200_000;
      let sum = 0;
      for (let i = 0; i < steps; i++) sum += sizes.quantile((i + 0.5) / steps);
      assert.ok(Math.abs(sum / steps / sizes.mean - 1) < 0.01, `${sum / steps} ${sizes.mean}`);
    });
  }

  it('lie log-linearly between two points', () => {
    const sizes = new SizeDistribution([
      [100, 50],
      [10_000, 100],
    ]);
    assert.equal(sizes.quantile(0), 1);
    assert.equal(sizes.quantile(0.25), 10);
    assert.equal(sizes.quantile(0.5), 100);
    assert.equal(sizes.quantile(0.75), 1_000);
  });

  it('need a distribution that ends', () => {
    assert.throws(() => new SizeDistribution([[100, 50]]), RangeError);
    assert.throws(() => new SizeDistribution([]), RangeError);
  });
});

function countUpTo(sorted: Float64Array, bytes: number): number {
  const first = sorted.findIndex((size) => size > bytes);
  return first === -1 ? sorted.length : first;
}
