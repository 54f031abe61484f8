import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Libbpf } from '../../../../../adapters/nic/core/libbpf.ts';
import { FlowerPins } from '../../../../../adapters/nic/flower/pins.ts';
import type { OffloadBackend } from '../../../../../engine/ports/offload-backend.ts';
import { run } from '../../../../../lab/testbed/run.ts';
import { sleep, waitFor } from '../../../../../lab/testbed/wait.ts';
import { carried, idText, installed, never } from '../../../../contract/collect.ts';
import type { OffloadBackendFixture } from '../../../../contract/offload-backend-fixture.ts';
import { del, outcomesOf, put } from '../../../../contract/offload-backend-operations.ts';
import { assertCarried, assertPassed, went } from '../../../../contract/offload-backend-traffic.ts';
import { needs } from '../../../../support/needs.ts';
import { contractFrame } from './support/contract-flow.ts';
import { type FlowerNode, flowerFixture } from './support/contract-fixture.ts';
import { NicNode } from './support/nic-node.ts';
import { VethNode } from './support/veth-node.ts';

/** Entries that the NIC has. */
const NIC_ENTRIES = 8;
/** Of a process that is killed or stopped. */
const OWNER_LEASE_MS = 4_000;
const NEEDS = { entries: 64, leaseMs: 60_000, heartbeatMs: 60_000 };

const OWNER = fileURLToPath(new URL('support/owner.js', import.meta.url));

/** Starts a process that holds a rule for flow 0 in hardware; resolves when the rule is there. */
function startOwner(options: Readonly<Record<string, unknown>>): Promise<ChildProcess> {
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const owner = spawn(process.execPath, [OWNER, JSON.stringify(options)], { stdio: [...stdio] });
  return new Promise((resolve, reject) => {
    owner.once('error', reject);
    owner.once('exit', () => reject(new Error('the owner has ended')));
    owner.stdout.once('data', () => resolve(owner));
  });
}

/* The main parts of the contract; all of it is in flower-contract.long.test.ts. */
for (const { where, start } of [
  { where: 'software', start: () => VethNode.start() },
  { where: 'hardware', start: () => NicNode.start({ entries: NIC_ENTRIES }) },
]) {
  describe(`rules of tc flower in ${where}`, function () {
    this.timeout(60_000);
    let node: (FlowerNode & { stop(): Promise<void> }) | undefined;

    before(async function () {
      needs(this, 'kernel-lab', 'nic-module', 'root', 'netns', 'nft');
      node = await start();
    });
    after(() => node?.stop());

    async function withBackend(
      test: (f: OffloadBackendFixture, backend: OffloadBackend) => Promise<void>,
      needs: Partial<typeof NEEDS> = {},
    ): Promise<void> {
      assert(node !== undefined);
      const f = await flowerFixture(node, { ...NEEDS, ...needs });
      try {
        await f.backend.start(f.ports(), never());
        await waitFor(
          'the lease',
          async () => ((await f.backend.renewLease(f.nowMs())) === 'renewed' ? true : undefined),
          { timeoutMs: 10_000 },
        );
        await test(f, f.backend);
      } finally {
        await f.close();
      }
    }

    it('carry a flow while they are there, count it, and survive the daemon', async () => {
      await withBackend(async (f, backend) => {
        assertPassed(await went(f, f.flow(0)));
        const results = await backend.apply([put(f.flow(0)), put(f.flow(1))], never());
        assert.deepEqual(outcomesOf(results), ['installed', 'installed']);
        const first = await went(f, f.flow(0));
        assertCarried(first);
        const counted = (await carried(backend)).get(idText(f.flow(0)));
        assert.deepEqual([counted?.packets, counted?.bytes], [first.out, first.out * f.frameBytes]);

        const next = await f.restart();
        assertCarried(await went(f, f.flow(0)));
        await next.start(f.ports(), never());
        assert.deepEqual(await installed(next), [idText(f.flow(0)), idText(f.flow(1))].sort());
        const again = await next.apply(
          [put(f.flow(0)), put(f.redirected(1)), del(f.flow(1))],
          never(),
        );
        assert.deepEqual(outcomesOf(again), ['unchanged', 'replaced', 'deleted']);
        await carried(next);
        const second = await went(f, f.flow(0));
        assertCarried(second);
        assert.equal((await carried(next)).get(idText(f.flow(0)))?.packets, second.out);
      });
    });

    it('end with the lease, and are there again after a newer verification', async () => {
      await withBackend(async (f, backend) => {
        await backend.apply([put(f.flow(0))], never());
        const before = f.nowMs();
        await f.passTime();
        await backend.endLease();
        assertPassed(await went(f, f.flow(0)));
        assert.equal(await backend.renewLease(before), 'late');
        await f.passTime();
        await waitFor(
          'the lease',
          async () => ((await backend.renewLease(f.nowMs())) === 'renewed' ? true : undefined),
          { timeoutMs: 10_000 },
        );
        assertCarried(await went(f, f.flow(0)));
      });
    });

    it('leave nothing behind', async () => {
      await withBackend(async (f, backend) => {
        await backend.apply([put(f.flow(0))], never());
        await backend.close('withdraw');
        const left = await run('tc', ['filter', 'show', 'dev', f.inPort, 'ingress']);
        assert.equal(left, '');
        assertPassed(await went(f, f.flow(0)));
      });
    });

    if (where === 'hardware') {
      for (const signal of ['SIGSTOP', 'SIGKILL'] as const) {
        it(`end within the lease when their owner gets ${signal}`, async () => {
          assert(node !== undefined);
          await node.reset();
          const { objectPath, inPort, outPort } = node;
          const pinPath = node.pinPath();
          const options = { pinPath, objectPath, leaseMs: OWNER_LEASE_MS, inPort, outPort };
          const owner = await startOwner(options);
          const frame = contractFrame(0);
          /** Packets that the vSwitch gets of 10. */
          const passed = async (): Promise<number> => {
            assert(node !== undefined);
            const before = await node.passed();
            for (let i = 0; i < 10; i++) node.send(frame);
            return (await node.passed()) - before;
          };
          try {
            assert.equal(await passed(), 0, 'the NIC carries the flow');
            owner.kill(signal);
            const all = async () => ((await passed()) === 10 ? true : undefined);
            await waitFor('the vSwitch gets all packets', all, { timeoutMs: 20_000, everyMs: 20 });
            // A quarter of the lease is left when the watchdog sees its end, and removes one rule.
            const pins = FlowerPins.open(new Libbpf(), pinPath);
            assert(pins !== undefined);
            try {
              // Written when all rules are removed: packets can be quicker.
              const isRecorded = () => pins.removedMs >= pins.leaseUntilMs || undefined;
              await waitFor('the removal is recorded', isRecorded, { timeoutMs: 20_000 });
              const lateMs = pins.removedMs - pins.leaseUntilMs;
              assert(lateMs < OWNER_LEASE_MS / 4, `${lateMs} ms`);
            } finally {
              pins.close();
            }
            if (signal === 'SIGKILL') return;
            owner.kill('SIGCONT');
            const none = async () => ((await passed()) === 0 ? true : undefined);
            await waitFor('the NIC carries the flow again', none, { timeoutMs: 20_000 });
          } finally {
            owner.kill('SIGKILL');
          }
          // Its watchdog removes the rules, and ends.
          const rules = async () =>
            (await run('tc', ['filter', 'show', 'dev', inPort, 'ingress'])) === '' || undefined;
          await waitFor('no rule is left', rules, { timeoutMs: 20_000 });
        });
      }

      it('are refused in the words of the driver when the table is full', async () => {
        await withBackend(async (f, backend) => {
          const flows = Array.from({ length: NIC_ENTRIES + 1 }, (_, n) => f.flow(n));
          const results = await backend.apply(flows.map(put), never());
          const last = results.at(-1);
          assert(last !== undefined && !last.ok);
          assert.equal(last.refusal.code, 'table-full');
          assert.match(last.refusal.detail, /labnic: Flow table is full/);
          assert.equal(results.filter(({ ok }) => ok).length, NIC_ENTRIES);
          assert.equal(backend.capacity().used, NIC_ENTRIES);
        });
      });
    } else {
      it('show the vSwitch one packet a second', async () => {
        await withBackend(async (f, backend) => {
          await backend.apply([put(f.flow(0))], never());
          await went(f, f.flow(0), 1);
          await carried(backend);
          await sleep(1_050);
          const w = await went(f, f.flow(0));
          assert(w.vswitch >= 1, 'a heartbeat');
          assert.equal(w.out + w.vswitch, 20);
          assert.equal((await carried(backend)).get(idText(f.flow(0)))?.packets, w.out);
        });
      });

      it('do not keep a clsact that they have made', async () => {
        await withBackend(async (f, backend) => {
          await backend.apply([put(f.flow(0))], never());
          assert.match(await run('tc', ['qdisc', 'show', 'dev', f.inPort]), /clsact/);
          const policed = new Map(
            [...f.ports()].map(([name, port]) => [name, { ...port, policed: name === f.inPort }]),
          );
          assert.equal((await backend.portsChanged(policed)).length, 1);
          assert.doesNotMatch(await run('tc', ['qdisc', 'show', 'dev', f.inPort]), /clsact/);
        });
      });
    }
  });
}
