import assert from 'node:assert/strict';
import fc from 'fast-check';
import { KEY_WORDS } from '../../../../adapters/nic/core/entry-table.ts';
import { Libbpf } from '../../../../adapters/nic/core/libbpf.ts';
import type { Operation } from '../../../../engine/ports/offload-backend.ts';
import { never } from '../../../contract/collect.ts';
import { flowId } from '../../../support/flows.ts';
import { needs } from '../../../support/needs.ts';
import { exactly, matchOn } from '../../../support/match-fields.ts';
import { HOOKS, tableAt } from '../support/tables.ts';
import { World } from '../support/world.ts';

const ENTRIES = 6;

/** One change: a call of apply, or of portsChanged without one of the output ports. */
type Change =
  | { readonly kind: 'apply'; readonly operations: readonly RequestedPlacement[] }
  | { readonly kind: 'ports'; readonly without: number };
interface RequestedPlacement {
  readonly kind: 'put' | 'delete';
  readonly id: number;
  readonly match: number;
  readonly masks: number;
  readonly output: number;
}

const few = fc.integer({ min: 0, max: 3 });
const requested: fc.Arbitrary<RequestedPlacement> = fc.record({
  kind: fc.constantFrom('put', 'put', 'delete'),
  id: few,
  match: few,
  masks: fc.constantFrom(0xff, 0xfc),
  output: fc.constantFrom(1, 2),
});
const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('apply' as const),
      operations: fc.array(requested, { maxLength: 8 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('ports' as const), without: fc.constantFrom(0, 2) }),
  },
);

for (const { hook, need } of HOOKS) {
  describe(`${hook}, calls to the kernel`, function () {
    this.timeout(60_000);
    let world: World;
    const real = Object.getOwnPropertyDescriptors(Libbpf.prototype);

    before(async function () {
      needs(this, 'root', 'netns', need);
      world = await World.create(3);
    });

    after(async () => {
      Object.defineProperties(Libbpf.prototype, real);
      await world?.close();
    });

    /** Observes the flow table and the port table; returns violations. */
    function watch(): readonly string[] {
      const wrong: string[] = [];
      const live = new Set<string>();
      // A grace period covers what was deleted before it began.
      let deletions = 0;
      let covered = 0;
      let writing = 0;
      const portsFds = new Set<number>();
      let portsDirty = false;
      const keysOf = (keys: Uint32Array, count: number) =>
        Array.from({ length: count }, (_, i) =>
          keys.subarray(i * KEY_WORDS, (i + 1) * KEY_WORDS).join(),
        );
      Libbpf.prototype.deleteBatch = function (this: Libbpf, ...given) {
        const [, keys, count] = given;
        if (count > 0) deletions++;
        if (count > 0 && writing > 0) wrong.push('an entry is deleted while others are written');
        for (const key of keysOf(keys, count)) live.delete(key);
        return real.deleteBatch.value?.apply(this, given) ?? { done: 0, errno: 1 };
      };
      Libbpf.prototype.updateBatch = async function (this: Libbpf, ...given) {
        const [, keys, , count] = given;
        if (covered < deletions)
          wrong.push('an entry is written before running programs have ended');
        for (const key of keysOf(keys, count)) {
          if (live.has(key)) wrong.push('an entry is written over');
          live.add(key);
        }
        writing++;
        try {
          return (await real.updateBatch.value?.apply(this, given)) ?? { done: 0, errno: 1 };
        } finally {
          writing--;
        }
      };
      Libbpf.prototype.updateWaiting = async function (this: Libbpf, ...given) {
        const before = deletions;
        await real.updateWaiting.value?.apply(this, given);
        covered = Math.max(covered, before);
        portsDirty = false;
      };
      Libbpf.prototype.update = function (this: Libbpf, ...given) {
        if (given[3].startsWith('ifindex')) {
          portsFds.add(given[0]);
          if (portsDirty) wrong.push('a port is let in before running programs have ended');
        }
        real.update.value?.apply(this, given);
      };
      Libbpf.prototype.remove = function (this: Libbpf, ...given) {
        if (portsFds.has(given[0])) portsDirty = true;
        return real.remove.value?.apply(this, given) ?? false;
      };
      return wrong;
    }

    function operation({ kind, id, match, masks, output }: RequestedPlacement): Operation {
      const names = world.names();
      if (kind === 'delete') return { kind, id: flowId(id) };
      const tos = {
        field: 'ip_tos' as const,
        value: Uint8Array.of((match << 2) & masks),
        mask: Uint8Array.of(masks),
      };
      const actions = [{ kind: 'output' as const, port: names[output] }];
      const fields = [exactly('eth_type', 0x0800), tos];
      return { kind, flow: { id: flowId(id), match: matchOn(names[0], ...fields), actions } };
    }

    /** Applies the changes on a backend of its own; resolves to the violations. */
    async function violationsOf(changes: readonly Change[]): Promise<readonly string[]> {
      const wrong = watch();
      const backend = tableAt(hook, {
        pinPath: world.pinPath(),
        entries: ENTRIES,
        masks: 8,
        leaseMs: 60_000,
        heartbeatMs: 0,
        trainMs: 0,
      });
      try {
        await backend.start(world.snapshot(), never());
        for (const step of changes) {
          if (step.kind === 'apply') {
            await backend.apply(step.operations.map(operation), never());
          } else {
            const ports = new Map(world.snapshot());
            ports.delete(world.names()[step.without]);
            await backend.portsChanged(ports);
            await backend.portsChanged(world.snapshot());
          }
        }
      } finally {
        await backend.close('withdraw');
      }
      return wrong;
    }

    it('never overwrite an entry, nor memory that running programs may still use', async () => {
      // fast-check does not wait for the run that it interrupts.
      let last: Promise<unknown> = Promise.resolve();
      try {
        await fc.assert(
          fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async (changes) => {
            const running = violationsOf(changes);
            last = running;
            assert.deepEqual(await running, []);
          }),
          { numRuns: 12, interruptAfterTimeLimit: 25_000 },
        );
      } finally {
        await last;
      }
    });
  });
}
