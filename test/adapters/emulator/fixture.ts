import type { FlowSpec } from '../../../engine/model/flow.ts';
import { exact, flowIdOf } from '../../../adapters/emulator/megaflow.ts';
import { EmulatedNode } from '../../../adapters/emulator/node.ts';
import type { EmulatedNodeOptions } from '../../../adapters/emulator/options.ts';
import { ManualClock } from '../../support/manual-clock.ts';

/** A node without generated traffic, and its clock. */
export function quietNode(options: Partial<EmulatedNodeOptions> = {}): {
  node: EmulatedNode;
  clock: ManualClock;
} {
  const clock = new ManualClock(1_000);
  const node = new EmulatedNode({ seed: 1, clock, load: 0, warmUpMs: 0, ...options });
  return { node, clock };
}

/** The n-th TCP flow from one port to another. */
export function flowBetween(inPort: string, outPort: string, n: number): FlowSpec {
  const match = {
    inPort,
    fields: [
      exact('eth_src', 0x5254_0000_0001),
      exact('eth_dst', 0x5254_0000_0002),
      exact('eth_type', 0x0800),
      exact('ipv4_src', 0x0a00_0001),
      exact('ipv4_dst', 0x0a00_0002),
      exact('ip_proto', 6),
      exact('ip_frag', 0),
      exact('tcp_src', 10_000 + n),
      exact('tcp_dst', 80),
    ],
    opaque: [],
  };
  return { id: flowIdOf(match), match, actions: [{ kind: 'output', port: outPort }] };
}
