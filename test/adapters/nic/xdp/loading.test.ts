import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { Attachment } from '../../../../adapters/nic/xdp/attachment.ts';
import { Libbpf } from '../../../../adapters/nic/xdp/libbpf.ts';
import { Maps, sizesFor } from '../../../../adapters/nic/xdp/maps.ts';
import { createPinDirectory } from '../../../../adapters/nic/xdp/pin-directory.ts';
import { needs } from '../../../support/needs.ts';
import { builtObject } from './support/object.ts';
import { World } from './support/world.ts';

describe('loading an XDP program', function () {
  this.timeout(30_000);
  let world: World;

  before(async function () {
    needs(this, 'root', 'netns', 'xdp');
    world = await World.create(2);
  });

  after(async () => {
    await world?.close();
  });

  it('leaves the event loop free, and so does attaching it', async () => {
    const pinPath = world.pinPath();
    createPinDirectory(pinPath);
    const libbpf = new Libbpf();
    const maps = Maps.create(libbpf, pinPath, sizesFor(16));
    const attachment = new Attachment(libbpf, maps, {
      pinPath,
      objectPath: builtObject(),
      mode: 'native',
    });
    const [name] = world.names();
    const { ifindex } = world.port(name);
    const working = { now: true };
    let turns = 0;
    const attached = attachment.attach(name, ifindex).finally(() => (working.now = false));
    while (working.now) {
      await turn();
      turns++;
    }
    assert.equal((await attached).mode, 'native');
    assert.ok(turns > 100, `${turns} turns of the event loop`);
    attachment.detach(ifindex);
    attachment.close();
    maps.unpin();
    maps.close();
  });
});
