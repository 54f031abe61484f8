import assert from 'node:assert/strict';
import type { HostSource } from '../../engine/ports/host-source.ts';
import { aborted, never } from './collect.ts';

/** A host whose counters are read. */
export interface HostSourceFixture {
  readonly source: HostSource;
  /** A port whose counters can be read, and a name that no port has. */
  readonly port: string;
  readonly unknownPort: string;
  /** Lets traffic pass through `port` in both directions. */
  traffic(): Promise<void>;
  /** Waits for at least 50 ms. */
  pass(): Promise<void>;
  breakSource(): Promise<void>;
  close(): Promise<void>;
}

/** Capabilities of a fixture. */
export interface HostSourceManifest {
  readonly before?: (context: Mocha.Context) => void;
  /** `traffic` works. */
  readonly traffic: boolean;
  /** `breakSource` works. */
  readonly faults: boolean;
  /** Bound of each test, ms. */
  readonly timeoutMs?: number;
}

/** The contract of {@link HostSource}. */
export function describeHostSource(
  name: string,
  makeFixture: () => Promise<HostSourceFixture>,
  manifest: HostSourceManifest,
): void {
  const withSource = (test: (f: HostSourceFixture, source: HostSource) => Promise<void>) =>
    async function () {
      const fixture = await makeFixture();
      try {
        await test(fixture, fixture.source);
      } finally {
        await fixture.close();
      }
    };

  describe(`HostSource contract: ${name}`, function () {
    this.timeout(manifest.timeoutMs ?? 10_000);
    before(function () {
      manifest.before?.(this);
    });

    it(
      'reports CPU time that never decreases',
      withSource(async (f, source) => {
        let last = (await source.read([], never())).cpu;
        assert.ok(last.total > 0);
        for (let i = 0; i < 3; i++) {
          await f.pass();
          const { cpu } = await source.read([], never());
          assert.ok(cpu.total > last.total, 'time goes by on every host');
          assert.ok(cpu.idle >= last.idle && cpu.guest >= last.guest);
          assert.ok(cpu.idle + cpu.guest <= cpu.total);
          last = cpu;
        }
      }),
    );

    it(
      'reads the requested ports and omits unreadable ones',
      withSource(async (f, source) => {
        const { ports } = await source.read([f.port, f.unknownPort], never());
        assert.deepEqual([...ports.keys()], [f.port]);
        const counters = ports.get(f.port);
        assert.ok(counters !== undefined);
        for (const count of Object.values(counters)) {
          assert.ok(Number.isSafeInteger(count) && count >= 0);
        }
        assert.equal((await source.read([], never())).ports.size, 0);
      }),
    );

    if (manifest.traffic) {
      it(
        'counts the traffic of a port',
        withSource(async (f, source) => {
          const before = (await source.read([f.port], never())).ports.get(f.port);
          await f.traffic();
          const after = (await source.read([f.port], never())).ports.get(f.port);
          assert.ok(before !== undefined && after !== undefined);
          assert.ok(after.rxPackets > before.rxPackets && after.txPackets > before.txPackets);
          assert.ok(after.rxBytes > before.rxBytes && after.txBytes > before.txBytes);
        }),
      );
    }

    it(
      'rejects when the signal is aborted',
      withSource(async (f, source) => {
        await assert.rejects(source.read([f.port], aborted()));
      }),
    );

    if (manifest.faults) {
      it(
        'rejects when the CPU times cannot be read',
        withSource(async (f, source) => {
          await f.breakSource();
          await assert.rejects(source.read([f.port], never()));
        }),
      );
    }
  });
}
