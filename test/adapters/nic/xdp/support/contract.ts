import { xdpTable } from '../../../../../lab/testbed/nic-tables.ts';
import {
  type AttachedContract,
  describeAttachedContract,
} from '../../support/attached-contract.ts';
import { builtObject } from '../../support/object.ts';
import { PassedFrames } from '../../support/passed.ts';

/** The contract of backends for XDP in this mode. @param contract a part of it; default: all of it */
export function describeXdpContract(
  mode: 'native' | 'generic',
  contract?: AttachedContract['contract'],
): void {
  // Natively as the daemon runs it: a port is attached with its first entry.
  const onDemand = mode === 'native' ? { detachAfterMs: 1_000 } : {};
  describeAttachedContract({
    name: `XDP, ${mode}`,
    need: 'xdp',
    listen: (world, device) => PassedFrames.on(world.cleanup, device),
    maker: () => {
      const how = { objectPath: builtObject('xdp'), masks: 16, mode, ...onDemand };
      return (pinPath, asked) => xdpTable({ pinPath, ...how, ...asked });
    },
    ...(contract === undefined ? {} : { contract }),
  });
}
