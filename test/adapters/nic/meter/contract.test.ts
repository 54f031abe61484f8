import { describeConnectionMeter } from '../../../contract/connection-meter.ts';
import { needs } from '../../../support/needs.ts';
import { MeterNode } from './support/meter-node.ts';

describe('counting with tcx', () => {
  let node: MeterNode;

  before(async function () {
    needs(this, 'root', 'netns', 'tcx', 'debian-python3');
    node = await MeterNode.start();
  });

  after(async () => {
    await node?.close();
  });

  describeConnectionMeter('tcx', (asked) => node.fixture(asked));
});
