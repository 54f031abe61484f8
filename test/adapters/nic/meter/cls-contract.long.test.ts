import { describeConnectionMeter } from '../../../contract/connection-meter.ts';
import { needs } from '../../../support/needs.ts';
import { MeterNode } from './support/meter-node.ts';

describe('counting with cls_bpf', () => {
  let node: MeterNode;

  before(async function () {
    needs(this, 'root', 'netns', 'xdp', 'debian-python3');
    node = await MeterNode.start();
  });

  after(async () => {
    await node?.close();
  });

  describeConnectionMeter('cls_bpf', (asked) => node.fixture(asked, 'cls_bpf'));
});
