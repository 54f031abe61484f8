import type { JsonDocument } from '../text/json-document.ts';
import type { Problem } from '../text/problem.ts';
import type { ConfigFile } from './config-file.ts';

/** The adapters of `backend` that serve a node, by the adapter of `node`. */
const BACKENDS = {
  emulator: ['emulator', 'none'],
  ovs: ['auto', 'xdp', 'tcx', 'cls_bpf', 'flower', 'vf', 'ntuple', 'none'],
} as const;

/** Shortest lease of rules in hardware, ms. */
const MIN_HARDWARE_LEASE_MS = 500;

/** Checks settings of the backend that the schema cannot express. */
export function checkBackend({ node, backend }: ConfigFile, document: JsonDocument): Problem[] {
  const { adapter } = backend;
  if (adapter === undefined) return [];
  const report = (message: string): Problem[] => [
    document.problemAt(['backend', 'adapter'], message),
  ];
  const fitting: readonly string[] = BACKENDS[node.adapter];
  if (!fitting.includes(adapter)) {
    return report(
      `backend "${adapter}" cannot be used with node "${node.adapter}"; use ${listed(fitting)}`,
    );
  }
  const { datapath } = node.ovs;
  if (adapter === 'flower' && backend.rulesIn === 'hardware') {
    if (backend.leaseMs < MIN_HARDWARE_LEASE_MS) {
      const message =
        `must be at least ${MIN_HARDWARE_LEASE_MS} with rules in hardware, whose removal takes time, ` +
        `is ${backend.leaseMs}`;
      return [document.problemAt(['backend', 'leaseMs'], message)];
    }
  }
  const isAtIngress = adapter === 'tcx' || adapter === 'cls_bpf' || adapter === 'flower';
  if (isAtIngress && datapath?.startsWith('netdev@') === true) {
    return report(
      `backend "${adapter}" cannot be used with the userspace datapath "${datapath}", which gets ` +
        `packets before ${adapter}; use "auto" or "xdp"`,
    );
  }
  return [];
}

function listed(names: readonly string[]): string {
  const quoted = names.map((name) => `"${name}"`);
  return `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`;
}
