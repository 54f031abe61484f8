import assert from 'node:assert/strict';
import type { FlowAction } from '../../../engine/model/action.ts';
import { sameActions } from '../../../engine/model/same-actions.ts';

/** Made again each time, so that equal ones are not the same object. */
const actions = (): readonly FlowAction[] => [
  { kind: 'output', port: 'a' },
  { kind: 'output', port: 'b' },
  { kind: 'set', field: 'ip_ttl', value: Uint8Array.of(1), mask: Uint8Array.of(255) },
  { kind: 'set', field: 'ip_tos', value: Uint8Array.of(1), mask: Uint8Array.of(255) },
  { kind: 'set', field: 'ip_ttl', value: Uint8Array.of(2), mask: Uint8Array.of(255) },
  { kind: 'set', field: 'ip_ttl', value: Uint8Array.of(1), mask: Uint8Array.of(15) },
  { kind: 'push-vlan', tpid: 0x8100, vid: 1, pcp: 0 },
  { kind: 'push-vlan', tpid: 0x88a8, vid: 1, pcp: 0 },
  { kind: 'push-vlan', tpid: 0x8100, vid: 2, pcp: 0 },
  { kind: 'push-vlan', tpid: 0x8100, vid: 1, pcp: 3 },
  { kind: 'pop-vlan' },
  { kind: 'opaque', text: 'recirc(1)' },
  { kind: 'opaque', text: 'recirc(2)' },
];

describe('the same actions', () => {
  it('do the same one by one', () => {
    for (const [i, a] of actions().entries()) {
      for (const [j, b] of actions().entries()) {
        assert.equal(sameActions([a], [b]), i === j, `${JSON.stringify(a)} ${JSON.stringify(b)}`);
      }
    }
  });

  it('are as many, in the same order', () => {
    assert(sameActions(actions(), actions()));
    assert(!sameActions(actions(), actions().toReversed()));
    assert(!sameActions(actions(), actions().slice(1)));
    assert(!sameActions(actions(), []));
  });
});
