import { OpenFlowBackend } from '../adapters/openflow/backend.ts';
import { parseTarget } from '../protocols/openflow/connection/target.ts';
import { Cookies } from '../adapters/openflow/cookies.ts';
import type { PortRef } from '../adapters/openflow/options.ts';
import type { FastPathConfig } from '../config/config.ts';

/** The backend for the configured OpenFlow switch. Nothing is connected yet. */
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

/** The fast path's throughput; a value that is not configured is unlimited. */
function throughputOf({ packetsPerSecond, bitsPerSecond }: FastPathConfig) {
  if (packetsPerSecond === undefined && bitsPerSecond === undefined) return {};
  const unlimited = Number.POSITIVE_INFINITY;
  return {
    throughput: {
      packetsPerSecond: packetsPerSecond ?? unlimited,
      bitsPerSecond: bitsPerSecond ?? unlimited,
    },
  };
}

/** Digits are an OpenFlow port number, anything else is a name. */
function portRef(text: string): PortRef {
  return /^\d+$/.test(text) ? Number(text) : text;
}

/** A predicate for cookies of rules that this daemon installs. */
export function ourCookies(config: FastPathConfig | undefined): (cookie: bigint) => boolean {
  if (config === undefined) return () => false;
  const cookies = new Cookies(config.cookieTag);
  return (cookie) => cookies.areOurs(cookie);
}
