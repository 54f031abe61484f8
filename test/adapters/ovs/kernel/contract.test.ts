import { KernelFlowSource } from '../../../../adapters/ovs/kernel/flow-source.ts';
import { describeFlowSource } from '../../../contract/flow-source.ts';
import { FakeKernel } from './fake-kernel.ts';
import { FRAME_BYTES, kernelFlow, rowOf, ufidOf } from './kernel-flows.ts';

describe('flows of a kernel datapath in memory', () => {
  describeFlowSource(
    'kernel datapath',
    () => {
      const kernel = new FakeKernel();
      kernel.ports.set(1, 'vm1').set(2, 'vm2');
      /** Traffic that the rules drop. */
      const dropped = new Set<number>();
      const send = (n: number, packets: number): Promise<void> => {
        const ufid = ufidOf(n).toString('hex');
        const actions = dropped.has(n) ? { actions: Buffer.alloc(0) } : {};
        if (!kernel.flows.has(ufid)) kernel.put(kernelFlow(n, actions));
        const flow = kernel.flows.get(ufid);
        if (flow !== undefined) {
          flow.packets += packets;
          flow.bytes += packets * FRAME_BYTES;
          flow.usedMs = monotonicMs();
        }
        return Promise.resolve();
      };
      const broken = (isBroken: boolean): Promise<void> => {
        kernel.hasDatapath = !isBroken;
        return Promise.resolve();
      };
      return Promise.resolve({
        source: new KernelFlowSource({ timeoutMs: 1_000, open: kernel.open }),
        inPort: 'vm1',
        outPort: 'vm2',
        frameBytes: FRAME_BYTES,
        send,
        find: rowOf,
        forget: (n) => Promise.resolve(kernel.delete(ufidOf(n))),
        drop: (n) => {
          dropped.add(n);
          const old = kernel.flows.get(ufidOf(n).toString('hex'));
          if (old !== undefined) kernel.put({ ...old, actions: Buffer.alloc(0) });
          return Promise.resolve();
        },
        restart: () => {
          // ovs-vswitchd flushes the datapath without a notification for each flow.
          kernel.flows.clear();
          return Promise.resolve();
        },
        breakSource: () => broken(true),
        repairSource: () => broken(false),
        now: () => performance.now(),
        close: () => Promise.resolve(),
      });
    },
    { ruleChanges: true, restarts: true, faults: true },
  );
});

function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}
