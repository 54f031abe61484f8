import { fileURLToPath } from 'node:url';
import type { KeeperClientOptions } from '../ntuple/keeper/keeper-client.ts';
import type { VfSettings } from './vf-device.ts';

/** What the keeper process of virtual functions needs to know. */
export interface VfKeeperSettings {
  readonly vms: readonly VfSettings[];
  /** True: it keeps receive filters, too. */
  readonly filters: boolean;
}

/** The script of the keeper process with its settings. */
export function vfKeeperScript({
  vms,
  filters,
}: VfKeeperSettings): NonNullable<KeeperClientOptions['script']> {
  const settings: VfKeeperSettings = {
    filters,
    vms: vms.map(({ vf, vfMac, vlan, maxTxMbps, trustGuest }) => {
      return { vf, vfMac, vlan, maxTxMbps, trustGuest };
    }),
  };
  const path = fileURLToPath(new URL('vf-keeper-process.js', import.meta.url));
  return { path, args: [JSON.stringify(settings)] };
}

/** Settings as {@link vfKeeperScript} wrote them, by this same program. */
export function parseSettings(text: string): VfKeeperSettings {
  const value: VfKeeperSettings = JSON.parse(text);
  return value;
}
