import assert from 'node:assert/strict';
import { DEVLINK, eswitchModes } from '../../../protocols/netlink/devlink.ts';
import { NetlinkRefused } from '../../../protocols/netlink/errors.ts';
import type { NetlinkRequest } from '../../../protocols/netlink/exchange.ts';
import { CONTROL, genericPayload } from '../../../protocols/netlink/generic.ts';
import type { NetlinkMessage } from '../../../protocols/netlink/message.ts';

const FAMILY = 30;
const EOPNOTSUPP = 95;
const ENOENT = 2;

function message(payload: Buffer): NetlinkMessage {
  return { type: FAMILY, flags: 0, sequence: 1, payload };
}

function deviceOf(name: string): Buffer {
  const place = Buffer.concat([DEVLINK.busName.of('pci'), DEVLINK.deviceName.of(name)]);
  return genericPayload(3, 1, place);
}

/** A kernel with these NICs. @param modes by device; undefined: it has no embedded switch */
function kernelWith(modes: ReadonlyMap<string, number | undefined>) {
  return {
    async dump(): Promise<NetlinkMessage[]> {
      return [...modes.keys()].map((name) => message(deviceOf(name)));
    },
    async request({ name, type, payload }: NetlinkRequest): Promise<readonly NetlinkMessage[]> {
      if (type !== FAMILY) return [message(genericPayload(1, 1, CONTROL.familyId.of(FAMILY)))];
      // DEVLINK_CMD_ESWITCH_GET
      assert.equal(payload[0], 29);
      const [device, mode] = [...modes].find(([key]) => payload.includes(`${key}\0`)) ?? [];
      assert(device !== undefined);
      if (mode === undefined) throw new NetlinkRefused(name, EOPNOTSUPP, '');
      return [message(genericPayload(29, 1, DEVLINK.eswitchMode.of(mode)))];
    },
  };
}

describe('devlink', () => {
  it('has the modes of embedded switches, and leaves out NICs without one', async () => {
    const modes = new Map([
      ['0000:03:00.0', 1],
      ['0000:03:00.1', 0],
      ['0000:04:00.0', undefined],
    ]);
    assert.deepEqual(
      [...(await eswitchModes(kernelWith(modes)))],
      [
        ['0000:03:00.0', 'switchdev'],
        ['0000:03:00.1', 'legacy'],
      ],
    );
  });

  it('is empty where the kernel has none', async () => {
    const without = {
      dump: () => Promise.reject(new Error('not asked')),
      request: ({ name }: NetlinkRequest) => Promise.reject(new NetlinkRefused(name, ENOENT, '')),
    };
    assert.equal((await eswitchModes(without)).size, 0);
  });
});
