import assert from 'node:assert/strict';
import { NetlinkMalformed } from '../../../protocols/netlink/errors.ts';
import { MIRRED_TO } from '../../../protocols/netlink/tc/action-tables.ts';
import { popVlan, redirect, verdict } from '../../../protocols/netlink/tc/actions.ts';
import {
  deleteFilter,
  type FilterPlace,
  flowerOf,
  newFilter,
} from '../../../protocols/netlink/tc/filters.ts';
import { FLOWER } from '../../../protocols/netlink/tc/flower-table.ts';
import { FILTER_FLAGS, infoOf, VERDICT } from '../../../protocols/netlink/tc/tables.ts';
import { PARENT } from '../../../protocols/netlink/tc/traffic-control.ts';

const PLACE: FilterPlace = {
  ifindex: 7,
  parent: PARENT.clsactIngress,
  priority: 10,
  protocol: 0x0800,
  handle: 3,
};
const MAC = Buffer.from('020000000001', 'hex');
const OPTIONS = [
  FLOWER.ethType.of(0x0800),
  FLOWER.ethDestination.of(MAC),
  FLOWER.ethDestinationMask.of(Buffer.alloc(6, 0xff)),
  FLOWER.filterFlags.of(FILTER_FLAGS.skipHardware),
  FLOWER.actions.of([popVlan(), redirect(9)]),
];

describe('netlink filters of tc', () => {
  const request = newFilter(PLACE, 'flower', OPTIONS);

  it('are read as they are written', () => {
    const filter = flowerOf(request.payload);
    assert(filter !== undefined);
    const { options, actions, ...place } = filter;
    assert.deepEqual(place, { ...PLACE, chain: 0, isInHardware: false });
    assert.equal(options.get(FLOWER.ethType), 0x0800);
    assert.deepEqual(options.get(FLOWER.ethDestination), MAC);
    assert.deepEqual(options.unknown(FLOWER), []);
    assert.deepEqual(
      actions.map(({ kind, to }) => [kind, to]),
      [
        ['vlan', undefined],
        ['mirred', { how: MIRRED_TO.egressRedirect, ifindex: 9 }],
      ],
    );
    assert.equal(actions[1].verdict, VERDICT.stolen);
  });

  it('have priority and ethertype in one word, the ethertype in network byte order', () => {
    assert.equal(infoOf(10, 0x0800), 0x000a_0008);
    assert.equal(infoOf(0xffff, 0x88a8), 0xffff_a888);
  });

  it('of other kinds are left out, and the head of a list, too', () => {
    assert.equal(flowerOf(newFilter(PLACE, 'u32', []).payload), undefined);
    assert.equal(
      flowerOf(newFilter({ ...PLACE, handle: 0 }, 'flower', OPTIONS).payload),
      undefined,
    );
    assert.equal(flowerOf(deleteFilter(PLACE, 'flower').payload), undefined);
  });

  it('are read or rejected when they are cut anywhere', () => {
    for (let length = 0; length < request.payload.length; length++) {
      try {
        const filter = flowerOf(request.payload.subarray(0, length));
        assert.equal(filter?.actions.length, undefined, `${length} bytes`);
      } catch (error) {
        assert(error instanceof NetlinkMalformed, String(error));
      }
    }
  });

  it('name a verdict of their own', () => {
    const options = [FLOWER.actions.of([verdict(VERDICT.shot)])];
    const filter = flowerOf(newFilter(PLACE, 'flower', options).payload);
    assert.deepEqual(
      filter?.actions.map((action) => [action.kind, action.verdict]),
      [['gact', VERDICT.shot]],
    );
  });
});
