import assert from 'node:assert/strict';
import type { HostBackend } from '../../../../adapters/nic/host/backend.ts';
import { xdpTable } from '../../../../lab/testbed/nic-tables.ts';
import { monotonicMs } from '../../../../async/monotonic.ts';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { formatFlowId } from '../../../../engine/model/flow-id.ts';
import type { Operation } from '../../../../engine/ports/offload-backend.ts';
import { ethernet, ipv4, udp } from '../../../../lab/testbed/frames.ts';
import { sleep } from '../../../../lab/testbed/wait.ts';
import { carried, never } from '../../../contract/collect.ts';
import { flowId } from '../../../support/flows.ts';
import { needs } from '../../../support/needs.ts';
import { exactly, matchOn } from '../../../support/match-fields.ts';
import { builtObject, projectRoot } from '../support/object.ts';
import { World } from '../support/world.ts';

const ENTRIES = 256;
const RUN_MS = 2_000;

/**
 * How long entries stay, ms. The kernel waits for a grace period before and after it repeats a
 * program, as we do before a put: with a constant time the two may go round in step and never meet.
 */
const stay = (round: number): number => (round * 7) % 40;

/**
 * The kernel gives the memory of a deleted or replaced element to the next one at once, while a
 * program that found it may still be running.
 */
describe('XDP, entries that change under a running program', function () {
  this.timeout(30_000);
  let world: World;
  let backend: HostBackend;
  let objectPath = '';
  let pinPath = '';

  before(function () {
    needs(this, 'root', 'netns', 'xdp');
    objectPath = builtObject();
  });

  beforeEach(async () => {
    world = await World.create(3);
    pinPath = world.pinPath();
    const options = { pinPath, objectPath, entries: ENTRIES, masks: 32, heartbeatMs: 0 };
    backend = xdpTable({ ...options, leaseMs: 60_000, mode: 'auto' });
    await backend.start(world.snapshot(), never());
    await backend.renewLease(monotonicMs());
  });

  afterEach(async () => {
    await backend.close('withdraw');
    await world.close();
  });

  function put(n: number, output: number, version: number): Operation {
    const ports = world.names();
    const mac = Uint8Array.of(2, 0, 0, 0, 0, version);
    const mask = new Uint8Array(6).fill(0xff);
    const fields = [exactly('eth_type', 0x0800), exactly('ip_proto', 17), exactly('udp_dst', n)];
    const flow = {
      id: flowId(n),
      match: matchOn(ports[0], ...fields),
      actions: [
        { kind: 'set' as const, field: 'eth_src' as const, value: mac, mask },
        { kind: 'output' as const, port: ports[output] },
      ],
    };
    return { kind: 'put', flow };
  }

  /** A UDP packet of flow 1. */
  function packet(): Buffer {
    const ip = { src: Buffer.from([10, 0, 0, 1]), dst: Buffer.from([10, 0, 0, 2]) };
    const header = { ...ip, protocol: 17, ttl: 64, tos: 0 };
    const payload = ipv4(header, 1, udp(header, 5, 1, Buffer.alloc(20)));
    const macs = { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' };
    return ethernet({ ...macs, etherType: 0x0800, payload });
  }

  /** Sends packets of flow 1 alone while `change` runs again and again; packets counted. */
  async function countWhile(change: (round: number) => Promise<void>): Promise<{
    readonly sent: number;
    readonly other: number;
  }> {
    const { ifindex } = world.port(world.names()[0]);
    const script = `${projectRoot()}/test/adapters/nic/xdp/support/program-loop.ts`;
    const how = [pinPath, objectPath, ENTRIES, ifindex, packet().toString('hex'), RUN_MS];
    const args = ['--import', 'tsx', script, ...how.map(String)];
    const child = spawn(process.execPath, args, {
      cwd: projectRoot(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const state = { over: false };
    const ended = once(child, 'exit').finally(() => (state.over = true));
    try {
      await Promise.race([once(createInterface(child.stdout), 'line'), ended]);
      for (let round = 0; !state.over; round++) {
        await change(round);
        if (round % 50 === 0) await sleep(0);
      }
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
    assert.equal(child.exitCode, 0);
    const sums = await carried(backend);
    const packets = (n: number) => sums.get(formatFlowId(flowId(n)))?.packets ?? 0;
    return { sent: packets(1), other: packets(2) };
  }

  async function apply(...operations: Operation[]): Promise<void> {
    const results = await backend.apply(operations, never());
    assert.ok(results.every((result) => result.ok));
  }

  it('handles no packet with the entry of another flow when entries are replaced', async () => {
    await apply(put(1, 1, 0), put(2, 2, 0));
    const { sent, other } = await countWhile(async (round) => {
      await apply(put(1, 1, round & 1), put(2, 2, round & 1));
      await sleep(stay(round));
    });
    assert.ok(sent > 0);
    assert.equal(other, 0);
  });

  it('handles no packet with the entry of another flow when entries are added and removed', async () => {
    const { sent, other } = await countWhile(async (round) => {
      await apply({ kind: 'delete', id: flowId(2) }, put(1, 1, 0));
      await sleep(stay(round));
      await apply({ kind: 'delete', id: flowId(1) }, put(2, 2, 0));
    });
    assert.ok(sent > 0);
    assert.equal(other, 0);
  });
});
