import type { Refusal } from '../../../engine/model/refusal.ts';
import type { NetlinkRefused } from '../../../protocols/netlink/errors.ts';

/**
 * What a refused rule says about the flow and the table, in the words of the kernel or of the driver.
 *
 * ENOSPC: every entry of the NIC is in use. EBUSY: there is no place for this key, as at the probe depth
 * of a hash table.
 */
export function refusalOf(error: NetlinkRefused): Refusal {
  const detail = error.message;
  switch (error.code) {
    case 'ENOSPC':
    case 'ENOMEM':
      return { code: 'table-full', detail };
    case 'EBUSY':
      return { code: 'probe-depth', detail };
    case 'EOPNOTSUPP':
    case 'ERANGE':
      return { code: 'unsupported-match', detail };
    default:
      return { code: 'device-error', detail };
  }
}
