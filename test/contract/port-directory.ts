import assert from 'node:assert/strict';
import type { PortSnapshot } from '../../engine/model/port.ts';
import type { PortDirectory } from '../../engine/ports/port-directory.ts';
import { aborted, never } from './collect.ts';
import { eventually } from '../support/eventually.ts';

/** A node with changing ports. */
export interface PortDirectoryFixture {
  /** Not started. */
  readonly directory: PortDirectory;
  /** A VM's port that exists from the start, with its properties. */
  readonly vmPort: { readonly name: string; readonly vm: string; readonly slice: string };
  /** Name of a port that `addPort` adds; absent at the start. */
  readonly sparePort: string;
  addPort(): Promise<void>;
  removePort(name: string): Promise<void>;
  /** Recreates a removed port. */
  recreatePort(name: string): Promise<void>;
  /** Disconnects the directory from the node, and reconnects it. */
  disconnect(): Promise<void>;
  reconnect(): Promise<void>;
  close(): Promise<void>;
}

/** Capabilities of a fixture. */
export interface PortDirectoryManifest {
  readonly before?: (context: Mocha.Context) => void;
  /** `disconnect` and `reconnect` work. */
  readonly disconnects: boolean;
  /** Bound of each test, ms. */
  readonly timeoutMs?: number;
}

/** The contract of {@link PortDirectory}. */
export function describePortDirectory(
  name: string,
  makeFixture: () => Promise<PortDirectoryFixture>,
  manifest: PortDirectoryManifest,
): void {
  const withFixture = (test: (f: PortDirectoryFixture) => Promise<void>) =>
    async function () {
      const fixture = await makeFixture();
      try {
        await test(fixture);
      } finally {
        await fixture.directory.close();
        await fixture.close();
      }
    };
  const started = (test: (f: PortDirectoryFixture, d: PortDirectory) => Promise<void>) =>
    withFixture(async (f) => {
      await f.directory.start(never());
      await test(f, f.directory);
    });

  describe(`PortDirectory contract: ${name}`, function () {
    this.timeout(manifest.timeoutMs ?? 10_000);
    before(function () {
      manifest.before?.(this);
    });

    it(
      'is empty and stale before it is started',
      withFixture(async ({ directory }) => {
        assert.equal(directory.current().size, 0);
        assert.equal(directory.inSync(), false);
      }),
    );

    it(
      'knows the ports once it is started',
      started(async (f, directory) => {
        assert.equal(directory.inSync(), true);
        const port = directory.current().get(f.vmPort.name);
        assert.ok(port !== undefined);
        assert.equal(port.name, f.vmPort.name);
        assert.equal(port.vm, f.vmPort.vm);
        assert.equal(port.slice, f.vmPort.slice);
        assert.equal(port.kind, 'vm');
        assert.match(port.mac ?? '', /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/);
        assert.ok(port.ifindex > 0);
        assert.equal(directory.current().has(f.sparePort), false);
      }),
    );

    it(
      'gives every port a unique identity',
      started(async (_, directory) => {
        const ports = [...directory.current().values()];
        assert.equal(new Set(ports.map((p) => p.uuid)).size, ports.length);
        for (const [key, port] of directory.current()) assert.equal(key, port.name);
      }),
    );

    it(
      'notifies a subscriber at once, then of every change until it unsubscribes',
      started(async (f, directory) => {
        const told: PortSnapshot[] = [];
        const leave = directory.subscribe((ports) => told.push(ports));
        assert.deepEqual(told, [directory.current()], 'at once');
        await f.addPort();
        await eventually('the new port is told', () => told.at(-1)?.has(f.sparePort) === true);
        await f.removePort(f.sparePort);
        await eventually('its end is told', () => told.at(-1)?.has(f.sparePort) === false);
        assert.equal(told.at(-1), directory.current());
        leave();
        const { length } = told;
        await f.recreatePort(f.sparePort);
        await eventually('the port is back', () => directory.current().has(f.sparePort));
        assert.equal(told.length, length, 'nothing is told after the end');
      }),
    );

    it(
      'notifies several subscribers',
      started(async (f, directory) => {
        const told = [0, 0];
        directory.subscribe(() => told[0]++);
        const leave = directory.subscribe(() => told[1]++);
        leave();
        await f.addPort();
        await eventually('the first is told', () => told[0] > 1);
        assert.equal(told[1], 1);
      }),
    );

    it(
      'never changes a snapshot',
      started(async (f, directory) => {
        const before = directory.current();
        const names = [...before.keys()];
        await f.addPort();
        await eventually('the new port is known', () => directory.current().has(f.sparePort));
        assert.notEqual(directory.current(), before);
        assert.deepEqual([...before.keys()], names);
      }),
    );

    it(
      'gives a recreated port another identity',
      started(async (f, directory) => {
        const { name: port } = f.vmPort;
        const before = directory.current().get(port)?.uuid;
        await f.removePort(port);
        await eventually('the port is gone', () => !directory.current().has(port));
        await f.recreatePort(port);
        await eventually('the port is back', () => directory.current().has(port));
        assert.notEqual(directory.current().get(port)?.uuid, before);
      }),
    );

    it(
      'does not start when the signal is aborted',
      withFixture(async ({ directory }) => {
        await assert.rejects(directory.start(aborted()));
        assert.equal(directory.inSync(), false);
      }),
    );

    it(
      'is stale once it is closed',
      started(async (_, directory) => {
        await directory.close();
        assert.equal(directory.inSync(), false);
      }),
    );

    if (manifest.disconnects) {
      it(
        'becomes stale when disconnected, keeps its ports, and catches up',
        started(async (f, directory) => {
          await f.disconnect();
          await eventually('it is out of step', () => !directory.inSync());
          assert.ok(directory.current().has(f.vmPort.name));
          await f.reconnect();
          await eventually('it is in step again', () => directory.inSync());
          assert.ok(directory.current().has(f.vmPort.name));
          await f.addPort();
          await eventually('it follows again', () => directory.current().has(f.sparePort));
        }),
      );
    }
  });
}
