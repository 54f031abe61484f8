import type { ReplayReport } from './report.ts';

/** Describes the packet cost that the estimate of saved CPU uses. */
export function packetCostText({ settings, policies }: ReplayReport): string {
  const ns = policies.map((p) => p.hostCpu.packetCostNs).find((cost) => cost !== null);
  const cost = ns === undefined ? '' : ` (${ns.toFixed(0)} ns)`;
  return `host CPU time per packet on the vSwitch: ${settings.packetCost}${cost}`;
}
