import type { ReplayReport } from './report.ts';

/** What the estimate of the saved CPU rests on, in words. */
export function packetCostText({ settings, policies }: ReplayReport): string {
  const ns = policies.map((p) => p.hostCpu.packetCostNs).find((cost) => cost !== null);
  const cost = ns === undefined ? '' : ` (${ns.toFixed(0)} ns)`;
  return `the host CPU time of a packet through the vSwitch${cost} is ${settings.packetCost}`;
}
