import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { XdpAttachment } from '../../../../adapters/nic/xdp/attachment.ts';
import { ObjectUnusable } from '../../../../adapters/nic/core/errors.ts';
import { programFor, PROGRAMS } from '../../../../adapters/nic/xdp/programs.ts';
import { needs } from '../../../support/needs.ts';
import { builtObject } from '../support/object.ts';
import { verifiedInstructions } from '../support/verifier-work.ts';
import { World } from '../support/world.ts';
import { openTools } from './support/tools.ts';

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
    const tools = await openTools(world.pinPath());
    const attachment = await XdpAttachment.open(tools, 'native');
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
    tools.close();
  });

  // The kernel takes a million instructions at most, and half a second for those.
  for (const kind of ['plain', 'bound', 'jumbo'] as const) {
    it(`leaves the verifier little to do: ${kind}`, async () => {
      const tools = await openTools(world.pinPath());
      try {
        const [name] = world.names();
        const program = programFor(kind, world.port(name).ifindex);
        const work = await tools.loader.withProgram(program, verifiedInstructions);
        assert.ok(work > 0 && work < 200_000, `${work} instructions`);
      } finally {
        tools.close();
      }
    });
  }

  it('calls functions that a kernel may lack from objects of their own alone', async () => {
    // For such functions libbpf searches all modules, which needs CAP_SYS_ADMIN.
    const hasFunctions = async (object: string) => (await readFile(object)).includes('.ksyms');
    const plain = builtObject('xdp');
    assert.deepEqual(
      await Promise.all(
        [plain, builtObject('tcx'), join(dirname(plain), 'bound.bpf.o')].map(hasFunctions),
      ),
      [false, false, true],
    );
  });

  it('refuses an object file that is missing or is none', async () => {
    const missing = openTools(world.pinPath(), undefined, join(world.folder, 'missing.o'));
    await assert.rejects(missing, /ENOENT.*npm run build:bpf/);
    const text = join(world.folder, 'text.o');
    await writeFile(text, 'no object');
    await writeFile(join(world.folder, 'bound.bpf.o'), 'no object');
    const tools = await openTools(world.pinPath(), undefined, text);
    try {
      await assert.rejects(
        tools.loader.withProgram({ name: PROGRAMS.plain }, () => undefined),
        ObjectUnusable,
      );
    } finally {
      tools.close();
    }
  });
});
