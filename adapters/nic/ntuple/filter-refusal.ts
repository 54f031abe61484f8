import { constants } from 'node:os';
import type { Refusal } from '../../../engine/model/refusal.ts';
import { errnoName } from '../core/errors.ts';

const { EBUSY, EEXIST, EINVAL, ENODEV, ENOSPC, EOPNOTSUPP } = constants.errno;

/** What a driver's error to the insertion of a filter means. */
export function refusalOfErrno(errno: number, device: string): Refusal {
  const error = errnoName(errno);
  switch (errno) {
    case EBUSY:
      return {
        code: 'probe-depth',
        detail: `${device} has no free place within its probe depth for this key (${error})`,
      };
    case ENOSPC:
      return { code: 'table-full', detail: `the filter table of ${device} is full (${error})` };
    case EINVAL:
    case EOPNOTSUPP:
      return { code: 'unsupported-match', detail: `${device} does not accept this key (${error})` };
    case ENODEV:
      return { code: 'port-unavailable', detail: `there is no device ${device} (${error})` };
    case EEXIST:
      return {
        code: 'device-error',
        detail: `another program has a filter with this key on ${device} (${error})`,
      };
    default:
      return { code: 'device-error', detail: `${device} refuses the filter: ${error}` };
  }
}
