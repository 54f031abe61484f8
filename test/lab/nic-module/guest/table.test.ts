import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { type NicOptions, SoftwareNic } from '../../../../lab/nic-module/nic.ts';
import { Cleanup } from '../../../../lab/testbed/cleanup.ts';
import { run } from '../../../../lab/testbed/run.ts';
import { needs } from '../../../support/needs.ts';
import { BulkRules } from './support/bulk-rules.ts';
import { serve } from './support/rig.ts';

const ENTRIES = 16;
const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n);

describe('tables of the NIC in software', function () {
  this.timeout(60_000);

  before(function () {
    needs(this, 'kernel-lab', 'nic-module', 'root', 'netns', 'nft');
  });

  /** Runs a test with rules on the uplink of a NIC. */
  async function withRules(
    options: NicOptions,
    test: (rules: BulkRules, nic: SoftwareNic) => Promise<void>,
  ): Promise<void> {
    const cleanup = new Cleanup();
    const nic = await SoftwareNic.load(cleanup, { vfs: 1, ...options });
    try {
      await serve([nic.devices.uplink]);
      const rules = new BulkRules(nic.devices.uplink);
      await test(rules, nic).finally(() => rules.close());
    } finally {
      await cleanup.run();
    }
  }

  it('hold as many rules as they have entries; a removed rule makes room', async () => {
    await withRules({ entries: ENTRIES }, async (rules, nic) => {
      const refused = await rules.insert(numbers(ENTRIES + 3));
      assert.deepEqual(
        refused.map((refusal) => refusal?.message),
        [
          ...Array.from({ length: ENTRIES }, () => undefined),
          ...Array.from(
            { length: 3 },
            () => 'netlink RTM_NEWTFILTER: ENOSPC (labnic: Flow table is full)',
          ),
        ],
      );
      const { table_entries: entries, table_refusals: refusals } = await counters(nic);
      assert.deepEqual([entries, refusals], [ENTRIES, 3]);
      await rules.remove([5]);
      assert.deepEqual(await rules.insert([ENTRIES, ENTRIES + 1]).then(codes), [
        undefined,
        'ENOSPC',
      ]);
      await rules.remove(numbers(ENTRIES + 1));
      assert.equal((await counters(nic)).table_entries, 0);
    });
  });

  it('of four ways refuse a rule when its bucket is full, though others have room', async () => {
    await withRules({ entries: ENTRIES, ways: 4 }, async (rules, nic) => {
      const refused = await rules.insert(numbers(ENTRIES));
      const words = new Set(refused.flatMap((refusal) => refusal?.message ?? []));
      assert.deepEqual(
        [...words],
        ['netlink RTM_NEWTFILTER: ENOSPC (labnic: Hash bucket is full)'],
      );
      const count = refused.filter((refusal) => refusal !== undefined).length;
      const { table_entries: entries, table_refusals: refusals } = await counters(nic);
      assert.deepEqual([entries, refusals], [ENTRIES - count, count]);
      // The hash is the same in each run: a rule of a full bucket stays refused until one of it goes.
      const again = refused.findIndex((refusal) => refusal !== undefined);
      assert.deepEqual(await rules.insert([again]).then(codes), ['ENOSPC']);
      await rules.remove(numbers(again));
      assert.deepEqual(await rules.insert([again]).then(codes), [undefined]);
    });
  });

  it('with a probe limit refuse a rule as busy', async () => {
    await withRules({ entries: ENTRIES, probes: 2 }, async (rules) => {
      const refused = await rules.insert(numbers(ENTRIES));
      const words = new Set(refused.flatMap((refusal) => refusal?.message ?? []));
      assert.deepEqual(
        [...words],
        ['netlink RTM_NEWTFILTER: EBUSY (labnic: No free entry within the probe limit)'],
      );
    });
  });

  it('let rules wait for a slow firmware', async () => {
    await withRules({}, async (rules, nic) => {
      assert.deepEqual(await rules.insert(numbers(10)).then(codes), none(10));
      assert.equal((await counters(nic)).table_insert_wait_ns, 0);
      await nic.set('rules_per_s', 50);
      const startedMs = performance.now();
      assert.deepEqual(await rules.insert(numbers(20).slice(10)).then(codes), none(10));
      // 20 ms a rule, of which the firmware can have saved up one.
      assert(performance.now() - startedMs >= 10 * 19);
      assert((await counters(nic)).table_insert_wait_ns >= 10 * 19e6);
    });
  });

  it('refuse what the NIC cannot match as not supported', async () => {
    await withRules({}, async (rules) => {
      const refusal = await rules.insertUnsupported();
      assert.equal(
        refusal?.message,
        'netlink RTM_NEWTFILTER: EOPNOTSUPP (labnic: Unsupported match key)',
      );
    });
  });

  it('are freed with the module, also when they hold rules', async () => {
    await withRules({ entries: ENTRIES }, async (rules, nic) => {
      assert.deepEqual(await rules.insert(numbers(3)).then(codes), none(3));
      await nic.unload();
    });
    assert(!existsSync('/sys/module/labnic'));
    // Open vSwitch's own module warns, too, when earlier tests in this guest set up tunnels.
    const [, sinceLoaded] = /(labnic[^]*)/.exec(await run('dmesg', [])) ?? [];
    assert(sinceLoaded !== undefined, 'the kernel log does not have the module');
    const faults = sinceLoaded
      .split('\n')
      .filter((line) => /WARNING:|BUG:|Call Trace|Oops|to become free|refcount/.test(line));
    assert.deepEqual(faults, []);
  });
});

const none = (count: number): readonly undefined[] =>
  Array.from({ length: count }, () => undefined);

function codes(
  refusals: readonly ({ readonly code: string } | undefined)[],
): readonly (string | undefined)[] {
  return refusals.map((refusal) => refusal?.code);
}

function counters(nic: SoftwareNic): ReturnType<SoftwareNic['counters']> {
  return nic.counters(nic.devices.uplink);
}
