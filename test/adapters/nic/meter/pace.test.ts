import assert from 'node:assert/strict';
import { PacketMeter } from '../../../../adapters/nic/meter/packet-meter.ts';
import { PacketBurst } from '../../../../lab/testbed/packet-burst.ts';
import { readMeter } from '../../../contract/connection-meter.ts';
import { frameOf, PLAIN } from '../../../contract/metered-frames.ts';
import { eventually } from '../../../support/eventually.ts';
import { needs } from '../../../support/needs.ts';
import { MeterNode } from './support/meter-node.ts';

const ONE_IN = 8;
const ASKED = { connections: 4096, forgetAfterMs: 60_000, sampling: ONE_IN };

describe('the pace of a meter', function () {
  this.timeout(30_000);
  let node: MeterNode;
  let meter: PacketMeter;

  before(async function () {
    needs(this, 'root', 'netns', 'tcx', 'debian-python3');
    node = await MeterNode.start();
  });

  after(async () => {
    await node?.close();
  });

  beforeEach(async () => {
    // Some 336 packets in a window of 17 ms.
    const options = node.options(node.world.pinPath(), ASKED);
    meter = new PacketMeter({ ...options, sampling: { above: 20_000, oneIn: ONE_IN } });
    await meter.portsChanged(node.world.snapshot());
  });

  afterEach(async () => {
    await meter.close('withdraw');
  });

  it('counts every packet while there are few', async () => {
    // Fewer than a busy processor has in a window, however they come.
    const frames = Array.from({ length: 300 }, () => frameOf(PLAIN));
    await node.send(node.names()[0], frames);
    const { all, reading } = await readMeter(meter);
    assert.deepEqual(
      Array.from(all.values(), ({ packets }) => packets),
      [frames.length],
    );
    assert.equal(reading.sampling, 1);
  });

  it('samples while there are many, and ends with that afterwards', async () => {
    const [port] = node.names();
    const frames = Array.from({ length: 256 }, () => frameOf(PLAIN));
    const burst = new PacketBurst(node.vm(port).name, 'eth0', frames);
    const before = await node.entered();
    try {
      for (let round = 0; round < 40; round++) burst.send();
    } finally {
      burst.close();
    }
    assert.equal((await readMeter(meter)).reading.sampling, ONE_IN);
    // Some packets can be lost on the way to the port.
    let entered = 0;
    await eventually('no more packets enter', async () => {
      const last = entered;
      entered = (await node.entered()) - before;
      return entered === last;
    });
    const [{ packets }] = (await readMeter(meter)).all.values();
    const error = Math.abs(packets - entered);
    assert(error < 10 * ONE_IN * Math.sqrt(entered / ONE_IN), `${packets} counted of ${entered}`);
    await eventually('nothing is sampled any more', async () => {
      await node.send(port, [frameOf(PLAIN)]);
      return (await readMeter(meter)).reading.sampling === 1;
    });
  });
});
