import { HostBackend } from '../../../../../adapters/nic/host/backend.ts';
import type { HookSetting } from '../../../../../adapters/nic/host/choice.ts';
import type { Need } from '../../../../support/needs.ts';
import { describeAttachedContract } from '../../support/attached-contract.ts';
import { builtObject } from '../../support/object.ts';
import { listenBehind } from './bridge.ts';

/** The contract of backends for what the daemon makes with this setting; all ports have the kernel datapath. */
export function describeIngressContract(name: string, adapter: HookSetting, need: Need): void {
  describeAttachedContract({
    name,
    need,
    listen: listenBehind,
    maker: () => {
      const objectPaths = { xdp: builtObject('xdp'), tcx: builtObject('tcx') };
      const how = {
        adapter,
        mode: 'native',
        objectPaths,
        masks: 16,
        detachAfterMs: 1_000,
      } as const;
      return (pinPath, asked) => new HostBackend({ ...how, pinPath, ...asked });
    },
  });
}
