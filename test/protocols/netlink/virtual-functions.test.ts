import assert from 'node:assert/strict';
import { IFINFOMSG, LINK, LINK_VF, VF_FIELD } from '../../../protocols/netlink/link/tables.ts';
import {
  setVirtualFunction,
  virtualFunctionsOf,
} from '../../../protocols/netlink/link/virtual-functions.ts';
import { encodeStruct, type FieldValue, StructReader } from '../../../protocols/netlink/structs.ts';
import { AttributeReader } from '../../../protocols/netlink/tables.ts';

const MAC = Buffer.from('020900000001', 'hex');

function struct(bytes: number, ...fields: readonly FieldValue[]): StructReader {
  return new StructReader('test', encodeStruct(bytes, fields));
}

describe('virtual functions of a device', () => {
  it('are read with their settings', () => {
    const second = Buffer.concat([
      LINK_VF.mac.of(struct(36, VF_FIELD.number.of(1), VF_FIELD.mac.of(MAC))),
      LINK_VF.vlan.of(struct(12, VF_FIELD.number.of(1), VF_FIELD.vlan.of(7))),
      LINK_VF.spoofCheck.of(struct(8, VF_FIELD.number.of(1), VF_FIELD.setting.of(1))),
      LINK_VF.linkState.of(struct(8, VF_FIELD.number.of(1), VF_FIELD.linkState.of(2))),
      LINK_VF.rate.of(struct(12, VF_FIELD.number.of(1), VF_FIELD.maxTxRate.of(300))),
    ]);
    const first = LINK_VF.mac.of(struct(36, VF_FIELD.number.of(0)));
    const payload = Buffer.concat([
      encodeStruct(IFINFOMSG.bytes, [IFINFOMSG.index.of(4)]),
      LINK.virtualFunctionList.of([first, second]),
    ]);
    assert.deepEqual(virtualFunctionsOf(payload), [
      {
        number: 0,
        mac: '00:00:00:00:00:00',
        vlan: 0,
        spoofCheck: false,
        linkState: 'auto',
        maxTxMbps: 0,
      },
      {
        number: 1,
        mac: '02:09:00:00:00:01',
        vlan: 7,
        spoofCheck: true,
        linkState: 'disable',
        maxTxMbps: 300,
      },
    ]);
  });

  it('get one request for each setting, in the layout of linux/if_link.h', () => {
    const requests = setVirtualFunction(4, 1, { mac: '02:09:00:00:00:01', vlan: 7 });
    assert.deepEqual(
      requests.map(({ name }) => name),
      ['RTM_SETLINK (IFLA_VF_VLAN)', 'RTM_SETLINK (IFLA_VF_MAC)'],
    );
    const [item] =
      new AttributeReader(requests[1].payload.subarray(IFINFOMSG.bytes)).get(
        LINK.virtualFunctionList,
      ) ?? [];
    const mac = new AttributeReader(item).get(LINK_VF.mac)?.bytes.subarray(0, 10);
    assert.equal(mac?.toString('hex'), '01000000020900000001');
    // The kernel accepts items of the type IFLA_VF_INFO (1) alone.
    assert.equal(requests[1].payload.readUInt16LE(IFINFOMSG.bytes + 6) & 0x3fff, 1);
    assert.deepEqual(setVirtualFunction(4, 1, {}), []);
  });
});
