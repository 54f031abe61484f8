import assert from 'node:assert/strict';
import { Libbpf } from '../../../../adapters/nic/core/libbpf.ts';
import type { HostBackend } from '../../../../adapters/nic/host/backend.ts';
import type { Operation } from '../../../../engine/ports/offload-backend.ts';
import { installed, never } from '../../../contract/collect.ts';
import { flowId } from '../../../support/flows.ts';
import { exactly, matchOn } from '../../../support/match-fields.ts';
import { needs } from '../../../support/needs.ts';
import { tableAt } from '../support/tables.ts';
import { World } from '../support/world.ts';

describe('grace periods after deletions', function () {
  this.timeout(30_000);
  let world: World;
  let backend: HostBackend;
  const real = Object.getOwnPropertyDescriptors(Libbpf.prototype);
  /** The grace periods that have begun; each resolves to whether it ended well. */
  let begun: Promise<boolean>[] = [];
  /** Each waits for it before it asks the kernel. */
  let gate: Promise<void> = Promise.resolve();

  before(async function () {
    needs(this, 'root', 'netns', 'xdp');
    world = await World.create(2);
  });

  after(() => world?.close());

  beforeEach(async () => {
    Libbpf.prototype.updateWaiting = function (this: Libbpf, ...given) {
      const ended = gate.then(() => real.updateWaiting.value?.apply(this, given));
      begun.push(
        ended.then(
          () => true,
          () => false,
        ),
      );
      return ended;
    };
    const sizes = { entries: 8, masks: 8 };
    backend = tableAt('xdp', {
      pinPath: world.pinPath(),
      ...sizes,
      leaseMs: 60_000,
      heartbeatMs: 0,
    });
    await backend.start(world.snapshot(), never());
    await backend.apply([put()], never());
    begun = [];
  });

  afterEach(async () => {
    gate = Promise.resolve();
    Object.defineProperties(Libbpf.prototype, real);
    await backend?.close('withdraw');
  });

  function put(): Operation {
    const [input, output] = world.names();
    const match = matchOn(input, exactly('eth_type', 0x0800));
    const actions = [{ kind: 'output' as const, port: output }];
    return { kind: 'put', flow: { id: flowId(1), match, actions } };
  }

  for (const { how, remove } of [
    {
      how: 'an operation',
      remove: () => backend.apply([{ kind: 'delete', id: flowId(1) }], never()),
    },
    { how: 'a withdrawal', remove: () => backend.withdrawAll() },
  ]) {
    it(`begin with ${how}, and a later put does not wait for another`, async () => {
      await remove();
      assert.equal(begun.length, 1);
      await Promise.all(begun);
      const [result] = await backend.apply([put()], never());
      assert.deepEqual(result, { ok: true, outcome: 'installed' });
      assert.equal(begun.length, 1);
      assert.equal((await installed(backend)).length, 1);
    });
  }

  it('end before the backend closes what they need', async () => {
    let open = (): void => undefined;
    gate = new Promise((resolve) => {
      open = resolve;
    });
    await backend.withdrawAll();
    const closing = backend.close('withdraw');
    setTimeout(open, 50);
    await closing;
    assert(begun.length > 0);
    assert((await Promise.all(begun)).every(Boolean));
  });
});
