import type { PortSnapshot } from '../model/port.ts';
import type { BackendCapabilities } from '../ports/offload-backend.ts';
import type { ThroughputLimit } from './throughput-limit.ts';

/** Most that all NIC ports together receive and send, bits/s; left out: the sum of their links. */
export interface NodeBandwidth {
  readonly receiveBitsPerSecond?: number;
  readonly sendBitsPerSecond?: number;
}

/**
 * What a backend's flows together can send. A fast path must not be given more than it processes. A
 * NIC's flows share its ports' links, and what all ports give together, which is less than the
 * sum of the links (two 10 Gbit/s ports were measured at 15.2 Gbit/s in and 11.3 Gbit/s out).
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
    for (const way of ['receive', 'send'] as const) {
      const scope = { kind: way, port: name };
      limits.push({ name: `${name} ${way}`, scope, bitsPerSecond, ...soft });
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
