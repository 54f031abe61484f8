import { needs } from '../../../support/needs.ts';
import { Seeded } from '../../../support/seeded.ts';
import { judge, type Judged } from './judge.ts';
import { randomShape } from './pipelines.ts';
import { ChainRig } from './rig.ts';

const PIPELINES = 60;

describe('composed entries, judged by a real userspace datapath in many pipelines', function () {
  this.timeout(300_000);
  let rig: ChainRig;
  const sums: Judged = { unmatched: 0, delivered: 0, dropped: 0 };

  before(async function () {
    needs(this, 'root', 'netns', 'ovs', 'debian-python3');
    rig = await ChainRig.start();
  });
  after(async () => {
    await rig?.stop();
    process.stdout.write(`    packets: ${JSON.stringify(sums)}\n`);
  });

  it('do what it does in random pipelines', async () => {
    const first = Date.now() % 1_000_000_000;
    for (let seed = first; seed < first + PIPELINES; seed++) {
      const r = new Seeded(seed);
      const shape = randomShape(r);
      try {
        const { unmatched, delivered, dropped } = await judge(rig, shape, r);
        sums.unmatched += unmatched;
        sums.delivered += delivered;
        sums.dropped += dropped;
      } catch (error) {
        throw new Error(`seed ${seed}: ${JSON.stringify(shape)}`, { cause: error });
      }
    }
  });
});
