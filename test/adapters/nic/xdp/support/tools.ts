import { BpfPrograms } from '../../../../../adapters/nic/core/bpf-programs.ts';
import { Libbpf } from '../../../../../adapters/nic/core/libbpf.ts';
import { Maps, sizesFor } from '../../../../../adapters/nic/core/maps.ts';
import { OwnPrograms } from '../../../../../adapters/nic/core/own-programs.ts';
import { NetworkLock } from '../../../../../adapters/nic/core/network-lock.ts';
import { createPinDirectory } from '../../../../../adapters/nic/core/pin-directory.ts';
import type { AttachmentParts } from '../../../../../adapters/nic/xdp/attachment.ts';
import { Arrival } from '../../../../../adapters/nic/xdp/arrival.ts';
import { Stalls } from '../../../../../adapters/nic/xdp/stalls.ts';
import { xdpLoader } from '../../../../../adapters/nic/xdp/xdp-hook.ts';
import { builtObject } from '../../support/object.ts';

/** What an attachment works with, on new maps. */
export interface XdpTools extends AttachmentParts {
  /** Unpins and closes the maps. */
  close(): void;
}

export async function openTools(
  pinPath: string,
  lock = new NetworkLock(),
  objectPath = builtObject('xdp'),
): Promise<XdpTools> {
  createPinDirectory(pinPath);
  const libbpf = new Libbpf();
  const programs = new BpfPrograms();
  const maps = Maps.create(libbpf, pinPath, sizesFor(16));
  const stalls = Stalls.open(libbpf, pinPath, false);
  const arrival = new Arrival(libbpf, pinPath, false);
  const close = (): void => {
    for (const map of [stalls, arrival]) {
      map.unpin();
      map.close();
    }
    maps.unpin();
    maps.close();
  };
  try {
    const loader = await xdpLoader({ programs, maps, stalls, arrival, objectPath });
    const own = new OwnPrograms();
    return {
      libbpf,
      programs,
      maps,
      lock,
      own,
      areMapsAdopted: false,
      ownMaps: [stalls, arrival],
      loader,
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}
