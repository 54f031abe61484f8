import assert from 'node:assert/strict';
import fc from 'fast-check';
import { KernelFlowSource } from '../../../../adapters/ovs/kernel/flow-source.ts';
import { FlowTable } from '../../../../engine/model/flow-table.ts';
import { never } from '../../../contract/collect.ts';
import { FakeKernel } from './fake-kernel.ts';
import { kernelFlow, outputTo, rowOf, ufidOf } from './kernel-flows.ts';

const FLOWS = 12;
const PORTS = 3;

type Step =
  | {
      readonly do: 'put' | 'delete' | 'send' | 'miss';
      readonly flow: number;
      readonly port: number;
    }
  | { readonly do: 'lose' | 'flush' | 'rename'; readonly flow: number; readonly port: number };

const step: fc.Arbitrary<Step> = fc.record({
  do: fc.constantFrom('put', 'put', 'delete', 'send', 'miss', 'lose', 'flush', 'rename'),
  flow: fc.nat(FLOWS - 1),
  port: fc.integer({ min: 1, max: PORTS }),
});

/** What happens before a reading, and during its dump. */
const round = fc.record({
  before: fc.array(step, { maxLength: 6 }),
  during: fc.array(step, { maxLength: 3 }),
});

let names = 0;

function apply(kernel: FakeKernel, { do: what, flow, port }: Step): void {
  const ufid = ufidOf(flow);
  const known = kernel.flows.get(ufid.toString('hex'));
  switch (what) {
    case 'put':
      kernel.put({ ...kernelFlow(flow), ...known, actions: outputTo(port) });
      return;
    case 'delete':
      kernel.delete(ufid);
      return;
    case 'send':
      if (known !== undefined) known.packets += 1;
      return;
    case 'miss':
      kernel.missed.clear();
      kernel.missed.add(ufid.toString('hex'));
      return;
    case 'lose':
      kernel.loseNotification();
      // What changes while notifications are lost.
      if (known !== undefined) {
        kernel.flows.set(ufid.toString('hex'), { ...known, actions: outputTo(port) });
      }
      return;
    case 'flush':
      kernel.flows.clear();
      return;
    case 'rename':
      kernel.setPort(port, `port${names++}`);
      return;
    default:
  }
}

describe('readings of kernel flows, whatever changes and is lost', () => {
  it('have exactly the flows of the kernel, with their actions and counters', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 8 }), async (rounds) => {
        const kernel = new FakeKernel();
        for (let port = 1; port <= PORTS; port++) kernel.ports.set(port, `p${port}`);
        const source = new KernelFlowSource({ timeoutMs: 1_000, open: kernel.open });
        const table = new FlowTable();
        try {
          for (const { before, during } of rounds) {
            for (const change of before) apply(kernel, change);
            kernel.afterDump = () => {
              kernel.afterDump = () => undefined;
              // A change that no notification reports may wait for the next reading.
              const unreported = ['flush', 'lose', 'miss'];
              for (const change of during) {
                if (!unreported.includes(change.do)) apply(kernel, change);
              }
            };
            table.begin(performance.now());
            await source.read(table, never());
            table.end();
            compare(kernel, table);
          }
        } finally {
          await source.close();
        }
      }),
      { numRuns: 300 },
    );
  });
});

function compare(kernel: FakeKernel, table: FlowTable): void {
  const missed = (ufid: string): boolean => kernel.missed.has(ufid);
  for (let n = 0; n < FLOWS; n++) {
    const ufid = ufidOf(n).toString('hex');
    const flow = kernel.flows.get(ufid);
    const row = rowOf(table, n);
    // A flow that no dump had yet, and whose notification was lost, is not known.
    if (flow !== undefined && row < 0 && missed(ufid)) continue;
    assert.equal(row >= 0, flow !== undefined, `flow ${n}`);
    if (flow === undefined) continue;
    const port = kernel.ports.get(flow.actions.readUInt32LE(4)) ?? '';
    assert.deepEqual(table.actionsAt(row), [{ kind: 'output', port }]);
    assert.equal(table.matchAt(row).inPort, kernel.ports.get(1));
  }
}
