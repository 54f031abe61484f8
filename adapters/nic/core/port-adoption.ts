import { setImmediate as turn } from 'node:timers/promises';
import type { PortInfo, PortSnapshot } from '../../../engine/model/port.ts';
import type { Attachment } from './hook.ts';
import type { PortCloser } from './port-closer.ts';
import type { PortEligibility } from './port-eligibility.ts';
import { identityOf, type PortMaps } from './port-maps.ts';
import type { PortOpener } from './port-opener.ts';
import type { ServedPorts } from './served-ports.ts';

/** What an adoption works with. */
export interface PortAdoptionParts {
  readonly maps: PortMaps;
  readonly eligibility: PortEligibility;
  readonly opener: PortOpener;
  readonly attachment: Attachment;
  readonly closer: PortCloser;
  readonly served: ServedPorts;
}

/** Adopts the ports of an earlier daemon whose device is still the same, and closes the others. */
export async function adoptPorts(
  { maps, eligibility, opener, attachment, closer, served }: PortAdoptionParts,
  ports: PortSnapshot,
): Promise<void> {
  maps.markRecycled();
  const byIdentity = new Map<string, PortInfo>();
  for (const port of ports.values()) byIdentity.set(identityOf(port), port);

  for (const id of maps.registered()) {
    const { ifindex, identity } = maps.registration(id);
    const port = byIdentity.get(identity);
    const admitted = maps.portAt(ifindex);
    const isSame =
      port?.ifindex === ifindex &&
      eligibility.refusal(port) === undefined &&
      maps.deviceOf(id) === ifindex &&
      !(await attachment.isElsewhere(ifindex)) &&
      (admitted === id || (admitted === undefined && (await opener.isOnDemand(port))));
    // Adopted as not rate-limited, as it may have been: `drop` then removes its entries if it is.
    const isServed =
      port !== undefined &&
      isSame &&
      (await opener.begin({ ...port, shaped: false, policed: false }, id, admitted === id));
    if (!isServed) {
      served.delete(port?.name ?? '');
      closer.add(id, ifindex);
      closer.cutOff();
      await closer.detach();
    }
    await turn();
  }
  const ids = served.ids();
  for (const ifindex of maps.admitted()) {
    if (!ids.has(maps.portAt(ifindex) ?? 0)) maps.exclude(ifindex);
  }
  for (const id of maps.outputs()) if (!ids.has(id)) maps.removeOutput(id);
}
