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
    // Some 8 packets in a window of 17 ms.
    const options = node.options(node.world.pinPath(), ASKED);
    meter = new PacketMeter({ ...options, sampling: { above: 500, oneIn: ONE_IN } });
    await meter.portsChanged(node.world.snapshot());
  });

  afterEach(async () => {
    await meter.close('withdraw');
  });

  /** What the meter has counted of the one connection. */
  async function counted(): Promise<number> {
    const [first] = (await readMeter(meter)).all.values();
    return first?.packets ?? 0;
  }

  it('counts every packet while there are few', async () => {
    const frames = Array.from({ length: 40 }, () => frameOf(PLAIN));
    await node.send(node.names()[0], frames, { packetsPerSecond: 100 });
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
    let sent = 0;
    try {
      for (let round = 0; round < 40; round++) sent += burst.send();
    } finally {
      burst.close();
    }
    let last = -1;
    await eventually('everything is counted', async () => {
      const before = last;
      last = await counted();
      return last === before;
    });
    assert.equal((await readMeter(meter)).reading.sampling, ONE_IN);
    const error = Math.abs(last - sent);
    assert.notEqual(error, 0, 'it is an estimate');
    assert(error < 10 * ONE_IN * Math.sqrt(sent / ONE_IN), `${last} counted of ${sent}`);
    await eventually('nothing is sampled any more', async () => {
      await node.send(port, [frameOf(PLAIN)]);
      return (await readMeter(meter)).reading.sampling === 1;
    });
  });
});
