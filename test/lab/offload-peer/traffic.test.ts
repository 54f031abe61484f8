import assert from 'node:assert/strict';
import { sendScene } from '../../../lab/offload-peer/traffic.ts';
import { Cleanup } from '../../../lab/testbed/cleanup.ts';
import { NameMaker } from '../../../lab/testbed/names.ts';
import { Namespace } from '../../../lab/testbed/namespace.ts';
import { needs } from '../../support/needs.ts';

const probe = { udpPort: 20_000, frameBytes: 100, offset: 0 };
/** For 0.6 s: 20 packets/s, twice as many from the middle on, and a probe that begins there. */
const SCENE = {
  durationMs: 600,
  flows: [
    {
      udpPort: 10_000,
      frameBytes: 60,
      offset: 0.5,
      steps: [
        { atMs: 0, packetsPerSecond: 20 },
        { atMs: 300, packetsPerSecond: 40 },
      ],
    },
  ],
  probes: [{ ...probe, steps: [{ atMs: 300, packetsPerSecond: 50 }] }],
};

describe('the traffic of the offload peer', function () {
  this.timeout(30_000);
  const cleanup = new Cleanup();
  let namespace: Namespace;

  before(async function () {
    needs(this, 'root', 'netns', 'debian-python3');
    namespace = await Namespace.create(cleanup, new NameMaker());
    const devices = 'ip link add va type veth peer name vb; ip link add vc type veth peer name vd';
    const up = 'for n in va vb vc vd; do ip link set $n up; done';
    await namespace.exec('sh', ['-c', `${devices}; ${up}`]);
  });
  after(() => cleanup.run());

  const send = (representor: string) =>
    sendScene(SCENE, { device: 'va', representor }, (file, args, options) =>
      namespace.exec(file, args, options),
    );

  it('is sent at the rates of the scene, and shows no reaction while all comes to the vSwitch', async () => {
    const { sentPackets, reactionMs } = await send('vb');
    // At 25, 75 ... 275 ms, 300 ms and one in 25 ms from there; the probe at 300, 320 ... 580 ms.
    assert.deepEqual(sentPackets, [18, 15]);
    assert.deepEqual(reactionMs, [null]);
  });

  it('shows a reaction with the first packet that does not come to the vSwitch', async () => {
    const { reactionMs } = await send('vd');
    assert.deepEqual(reactionMs, [0]);
  });
});
