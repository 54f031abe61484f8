import { BRIDGE } from '../../testbed/node.ts';
import { nicBytes } from '../bed/placement.ts';
import { FEW_LESS } from '../verdict/tolerances.ts';
import type { Scenario } from './scenario.ts';
import { StreamRun } from './stream-run.ts';

const PACKETS_PER_SECOND = 500;
const SECONDS = 6;
/** Flows with shorter time-outs stay on the vSwitch. */
const SHORTEST_SERVED_SECONDS = 2;
/** Longer than the rules' time-outs. */
const HEARTBEAT_MS = 5_000;

/** A rule that expires when it is idle, and whose packets never pause. */
export function idleTimeout(seconds: number): Scenario {
  return {
    name: `idle-timeout-${seconds}`,
    text: `a rule with idle_timeout=${seconds} and ${PACKETS_PER_SECOND} packets/s for ${SECONDS} s`,
    withoutOffload: seconds < SHORTEST_SERVED_SECONDS,
    quantities: [
      { what: 'packets that arrive', worse: 'fewer', tolerance: FEW_LESS },
      { what: 'rules that are left', worse: 'fewer', tolerance: FEW_LESS },
    ],
    measure: async (bed, startDaemon) => {
      const { sender, receiver, node } = bed;
      await bed.rules();
      await node.ovs.countAsUsual();
      const daemon = await startDaemon?.({ backend: { heartbeatMs: HEARTBEAT_MS } });
      const stream = await StreamRun.open(bed);
      try {
        const from = `in_port=${sender.vm.number}`;
        await node.ovs.ofctl('--strict', 'del-flows', BRIDGE, `priority=1,${from}`);
        const rule = `priority=1,${from},idle_timeout=${seconds},actions=output:${receiver.vm.number}`;
        await node.ovs.ofctl('add-flow', BRIDGE, rule);
        const range = await stream.send(PACKETS_PER_SECOND * SECONDS, PACKETS_PER_SECOND);
        const rules = await node.ovs.ofctl('dump-flows', BRIDGE, from);
        const { received } = await stream.counts(range);
        const offloadedBytes = daemon === undefined ? 0 : await nicBytes(daemon, bed.pace);
        return { values: [received, rules.includes('idle_timeout') ? 1 : 0], offloadedBytes };
      } finally {
        await stream.close();
        await daemon?.stop();
        await node.ovs.countSoon();
      }
    },
  };
}
