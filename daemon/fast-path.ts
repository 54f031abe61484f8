import { OpenFlowBackend } from '../adapters/openflow/backend.ts';
import { parseTarget } from '../protocols/openflow/connection/target.ts';
import { Cookies } from '../adapters/openflow/cookies.ts';
import type { PortRef } from '../adapters/openflow/options.ts';
import type { FastPathConfig } from '../config/config.ts';

/** The node's OpenFlow switch, as the configuration describes it. Nothing is connected yet. */
export function openFlowBackend(config: FastPathConfig): OpenFlowBackend {
  const { connect, listen, version, tls, timeoutMs, ports } = config;
  const { uplink, slow, fast, vswitch, vms } = ports;
  return new OpenFlowBackend({
    connection: {
      target: parseTarget(connect ?? listen ?? ''),
      maxVersion: version === '1.0' ? 1 : 4,
      session: { timeoutMs },
      ...(tls === undefined ? {} : { tls }),
    },
    entrances: { [vswitch]: { uplink: portRef(uplink), slow: portRef(slow) } },
    exits: Object.fromEntries(vms.map((vm) => [vm, portRef(fast)])),
    entries: config.entries,
    ...throughputOf(config),
    priority: config.priority,
    cookieTag: config.cookieTag,
    leaseMs: config.leaseMs,
    heartbeatMs: config.heartbeatMs,
    pauseMs: config.pauseMs,
    journal: config.journal,
  });
}

/** What the fast path processes; what is not said of it is no limit. */
function throughputOf({ packetsPerSecond, bitsPerSecond }: FastPathConfig) {
  if (packetsPerSecond === undefined && bitsPerSecond === undefined) return {};
  const any = Number.POSITIVE_INFINITY;
  return {
    throughput: { packetsPerSecond: packetsPerSecond ?? any, bitsPerSecond: bitsPerSecond ?? any },
  };
}

/** Digits are an OpenFlow port number, anything else is a name. */
function portRef(text: string): PortRef {
  return /^\d+$/.test(text) ? Number(text) : text;
}

/** Tells cookies of our own rules from all others. */
export function ourCookies(config: FastPathConfig | undefined): (cookie: bigint) => boolean {
  if (config === undefined) return () => false;
  const cookies = new Cookies(config.cookieTag);
  return (cookie) => cookies.areOurs(cookie);
}
