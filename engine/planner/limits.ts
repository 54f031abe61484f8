import type { PortSnapshot } from '../model/port.ts';
import type { BackendCapabilities } from '../ports/offload-backend.ts';
import type { ThroughputLimit } from './throughput-limit.ts';

/** Maximum that all NIC ports together receive and send, bits/s; left out: the sum of their links. */
export interface NodeBandwidth {
  readonly receiveBitsPerSecond?: number;
  readonly sendBitsPerSecond?: number;
}

/**
 * Throughput limits of a backend. A fast path must not get more traffic than it can process. The
 * flows of a NIC share the links of its ports and the throughput of all ports together, which is
 * less than the sum of the links (measured for two 10 Gbit/s ports: 15.2 Gbit/s in, 11.3 Gbit/s out).
 */
export function limitsOf(
  { placement, throughput }: BackendCapabilities,
  ports: PortSnapshot,
  node: NodeBandwidth,
): readonly ThroughputLimit[] {
  const limits: ThroughputLimit[] = [];
  if (throughput !== undefined) {
    limits.push({ name: placement, scope: { kind: 'all' }, hard: true, ...throughput });
  }
  if (placement === 'fast-path') return limits;
  const soft = { packetsPerSecond: Number.POSITIVE_INFINITY, hard: false };
  for (const { name, kind, linkBitsPerSecond: bitsPerSecond } of ports.values()) {
    if (kind !== 'uplink' || bitsPerSecond === undefined) continue;
    for (const direction of ['receive', 'send'] as const) {
      const scope = { kind: direction, port: name };
      limits.push({ name: `${name} ${direction}`, scope, bitsPerSecond, ...soft });
    }
  }
  const { receiveBitsPerSecond: receive, sendBitsPerSecond: send } = node;
  if (receive !== undefined) {
    const scope = { kind: 'receive' } as const;
    limits.push({ name: 'all ports receive', scope, bitsPerSecond: receive, ...soft });
  }
  if (send !== undefined) {
    const scope = { kind: 'send' } as const;
    limits.push({ name: 'all ports send', scope, bitsPerSecond: send, ...soft });
  }
  return limits;
}
