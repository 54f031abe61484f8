import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { Attachment } from '../../../../adapters/nic/xdp/attachment.ts';
import { BpfPrograms } from '../../../../adapters/nic/xdp/bpf-programs.ts';
import { ObjectUnusable } from '../../../../adapters/nic/xdp/errors.ts';
import { Libbpf } from '../../../../adapters/nic/xdp/libbpf.ts';
import { Maps, sizesFor } from '../../../../adapters/nic/xdp/maps.ts';
import { NetworkLock } from '../../../../adapters/nic/xdp/network-lock.ts';
import { createPinDirectory } from '../../../../adapters/nic/xdp/pin-directory.ts';
import { ProgramLoader } from '../../../../adapters/nic/xdp/program-loader.ts';
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
    const programs = new BpfPrograms();
    const loader = await ProgramLoader.open(programs, maps, builtObject());
    const tools = { libbpf, programs, loader, maps, lock: new NetworkLock() };
    const attachment = await Attachment.open(tools, { pinPath, mode: 'native' });
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
    await attachment.detach(ifindex);
    attachment.close();
    maps.unpin();
    maps.close();
  });

  it('refuses an object file that is missing or is none', async () => {
    const pinPath = world.pinPath();
    createPinDirectory(pinPath);
    const libbpf = new Libbpf();
    const maps = Maps.create(libbpf, pinPath, sizesFor(16));
    const programs = new BpfPrograms();
    try {
      const missing = ProgramLoader.open(programs, maps, join(world.folder, 'missing.o'));
      await assert.rejects(missing, /ENOENT.*npm run build:bpf/);
      const text = join(world.folder, 'text.o');
      await writeFile(text, 'no object');
      const loader = await ProgramLoader.open(programs, maps, text);
      await assert.rejects(
        loader.withProgram('plain', 0, () => undefined),
        ObjectUnusable,
      );
    } finally {
      maps.unpin();
      maps.close();
    }
  });
});
