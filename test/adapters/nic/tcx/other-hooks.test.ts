import assert from 'node:assert/strict';
import type { HostBackend } from '../../../../adapters/nic/host/backend.ts';
import { ingressTable, xdpTable } from '../../../../lab/testbed/nic-tables.ts';
import { monotonicMs } from '../../../../async/monotonic.ts';
import type { FlowSpec } from '../../../../engine/model/flow.ts';
import { MARKER, ethernet, ipv4, udp } from '../../../../lab/testbed/frames.ts';
import { Capture, sendFrames } from '../../../../lab/testbed/packets.ts';
import { run } from '../../../../lab/testbed/run.ts';
import { sleep } from '../../../../lab/testbed/wait.ts';
import { carried, idText, never } from '../../../contract/collect.ts';
import { flowId } from '../../../support/flows.ts';
import { exactly, matchOn } from '../../../support/match-fields.ts';
import { needs } from '../../../support/needs.ts';
import { type AddHook, tcFilter } from '../hooks/support/foreign.ts';
import { INGRESS_HOOKS } from './support/ingress.ts';
import { builtObject, compiled } from '../support/object.ts';
import { World } from '../support/world.ts';

const SIZES = { entries: 64, masks: 8, leaseMs: 60_000, heartbeatMs: 0, trainMs: 0 };
const FRAMES = 5;

for (const { hook, need } of INGRESS_HOOKS) {
  describe(`${hook} beside other hooks of a device`, function () {
    this.timeout(30_000);
    let world: World;
    let backend: HostBackend;
    let received: Capture;
    let inPort = '';
    let outPort = '';

    before(async function () {
      needs(this, 'root', 'netns', need, 'debian-python3');
      world = await World.create(2);
      [inPort, outPort] = world.names();
      received = await Capture.start(world.port(outPort).vm);
      const objectPath = builtObject('tcx');
      backend = ingressTable(hook, { pinPath: world.pinPath(), objectPath, ...SIZES });
      await backend.start(world.snapshot(), never());
      await backend.renewLease(monotonicMs());
    });

    after(async () => {
      await backend?.close('withdraw');
      await world?.close();
    });

    const flow = (): FlowSpec => ({
      id: flowId(1),
      match: matchOn(inPort, exactly('eth_type', 0x0800)),
      actions: [{ kind: 'output', port: outPort }],
    });

    function answer(): string {
      const support = backend.supports(flow());
      return support.ok ? 'ok' : support.refusal.detail;
    }

    async function tc(...args: readonly string[]): Promise<string> {
      return run('tc', args);
    }

    it('does not report its own program', async () => {
      await backend.apply([{ kind: 'put', flow: flow() }], never());
      // The notification of a filter that was added last.
      await sleep(200);
      let changes = 0;
      const end = backend.onLost(() => changes++);
      // Longer than the period of the check for programs.
      await sleep(1_500);
      end();
      assert.equal(changes, 0);
      assert.equal(backend.ports().find(({ name }) => name === inPort)?.mode, hook);
    });

    it('does not serve a port with an XDP program', async () => {
      const port = await world.addPort();
      const xdp = xdpTable({
        ...SIZES,
        pinPath: world.pinPath(),
        objectPath: builtObject('xdp'),
        mode: 'native',
        ports: [port.name],
      });
      await xdp.start(world.snapshot(), never());
      try {
        await backend.portsChanged(world.snapshot());
        const report = backend.ports().find(({ name }) => name === port.name);
        assert.equal(report?.mode, 'unavailable');
        assert.match(report.detail, /an XDP program/);
      } finally {
        await xdp.close('withdraw');
        await world.removePort(port.name);
        await backend.portsChanged(world.snapshot());
      }
    });

    describe('at egress', () => {
      beforeEach(async () => {
        await backend.withdrawAll();
        await carried(backend);
        received.take();
      });

      /** Sends frames that an entry redirects to a port with a hook; resolves to what arrived. */
      async function through(add: AddHook): Promise<readonly Buffer[]> {
        const remove = await add(outPort, world.port(outPort).ifindex);
        try {
          await backend.portsChanged(world.snapshot());
          assert.equal(answer(), 'ok');
          await backend.apply([{ kind: 'put', flow: flow() }], never());
          // Longer than the first train of an entry.
          await sleep(100);
          await sendFrames(world.port(inPort).vm, frames(), 1_000, world.folder);
          await sleep(100);
          const sum = (await carried(backend)).get(idText(flow()));
          assert.equal(sum?.packets, FRAMES, 'the entry carries the packets');
          return received.take().map(({ bytes }) => bytes);
        } finally {
          await remove();
        }
      }

      function frames(): Buffer[] {
        const ip = { src: Buffer.from([10, 0, 0, 1]), dst: Buffer.from([10, 0, 0, 2]) };
        const header = { ...ip, protocol: 17, ttl: 64, tos: 0 };
        const payload = ipv4(
          header,
          1,
          udp(header, 5, 9, Buffer.concat([MARKER, Buffer.alloc(50)])),
        );
        const macs = { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' };
        return Array.from({ length: FRAMES }, () =>
          ethernet({ ...macs, etherType: 0x0800, payload }),
        );
      }

      it('redirected packets arrive without a hook', async () => {
        const arrived = await through(async () => async () => undefined);
        assert.equal(arrived.length, FRAMES);
      });

      it('a tc filter handles redirected packets', async () => {
        const program = compiled('push-tag', world.folder);
        const filter = ['bpf', 'direct-action', 'object-file', program, 'section', 'tc'];
        const arrived = await through(tcFilter('egress', filter));
        const tags = arrived.map((frame) => frame.subarray(12, 16).toString('hex'));
        assert.deepEqual(
          tags,
          Array.from({ length: FRAMES }, () => '8100a007'),
        );
      });

      it('a configured qdisc queues redirected packets', async () => {
        let queued = '';
        const arrived = await through(async (device) => {
          await tc('qdisc', 'add', 'dev', device, 'root', 'pfifo');
          return async () => {
            queued = await tc('-s', 'qdisc', 'show', 'dev', device, 'root');
            await tc('qdisc', 'delete', 'dev', device, 'root');
          };
        });
        assert.equal(arrived.length, FRAMES);
        assert.match(queued, new RegExp(`qdisc pfifo [^]*Sent \\d+ bytes ${FRAMES} pkt`));
      });
    });
  });
}
