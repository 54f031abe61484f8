import type { JsonDocument, JsonPath } from '../text/json-document.ts';
import type { Problem } from '../text/problem.ts';
import type { ConfigFile } from './config-file.ts';

/** Shortest lease that leaves guests time to return to the vSwitch, ms. */
const MIN_LEASE_MS = 500;

/** Checks the section of virtual functions and what it needs. */
export function checkSriov(
  { backend, sriov, guests }: ConfigFile,
  document: JsonDocument,
): Problem[] {
  const problems: Problem[] = [];
  const report = (path: JsonPath, message: string): void => {
    problems.push(document.problemAt(path, message));
  };
  if (backend.adapter !== 'vf') {
    if (sriov !== undefined) {
      report(['sriov'], 'is used only with "backend.adapter": "vf"; remove it, or set that');
    }
    return problems;
  }
  const adapter = ['backend', 'adapter'];
  if (sriov === undefined) report(adapter, 'backend "vf" needs the section "sriov"');
  if (guests === undefined) {
    report(adapter, 'backend "vf" needs the section "guests", for the agents of the guests');
  }
  if (backend.leaseMs < MIN_LEASE_MS) {
    report(['backend', 'leaseMs'], `must be at least ${MIN_LEASE_MS} with backend "vf"`);
  }
  if (sriov === undefined) return problems;
  if (sriov.steering === 'ntuple' && !sriov.addressesAreUnique) {
    report(
      ['sriov', document.has(['sriov', 'steering']) ? 'steering' : 'uplink'],
      '"ntuple" needs "addressesAreUnique": receive filters match neither MAC addresses nor VLANs',
    );
  }
  for (const key of ['port', 'guest', 'vf', 'vfMac'] as const) {
    const seen = new Set<string | number>();
    for (const [n, vm] of sriov.vms.entries()) {
      if (seen.has(vm[key])) report(['sriov', 'vms', n, key], `another VM has ${vm[key]}, too`);
      seen.add(vm[key]);
    }
  }
  return problems;
}
