import assert from 'node:assert/strict';
import fc from 'fast-check';
import { encodeRule } from '../../../../../adapters/nic/flower/rules/flower-rule.ts';
import type { FieldMatch } from '../../../../../engine/model/match.ts';
import { decodedFields } from './support/decoded-match.ts';
import { randomFlow } from './support/random-flows.ts';
import { sentByTc, sentByVswitch } from './support/sent-packets.ts';

const ID = { w0: 1, w1: 2, w2: 3, w3: 4 };
const PORTS = ['in', 'out1', 'out2'];
const ports = {
  get: (name: string) => ({ ifindex: PORTS.indexOf(name) + 10, isInternal: false }),
  problem: (name: string) => `${name} has no device`,
};

describe('rules of tc flower, for random flows', () => {
  it('match the same packets, and send the same out of the same ports', () => {
    let accepted = 0;
    let all = 0;
    const property = fc.property(randomFlow, ({ fields, actions }) => {
      all++;
      const match = { inPort: 'in', fields, opaque: [] };
      const options = { heartbeat: false, isInSoftware: false, canForbidFragments: true };
      const outcome = encodeRule({ id: ID, match, actions }, ports, options);
      if (!outcome.ok) {
        assert.match(outcome.refusal.code, /^unsupported-(match|action)$/);
        return;
      }
      accepted++;
      const { rule } = outcome;
      assert.deepEqual(decodedFields(rule.keys).map(text), fields.map(text));
      const tags = fields.filter(({ field }) => field.endsWith('_tpid')).map(({ field }) => field);
      const portOf = (ifindex: number): string => PORTS[ifindex - 10];
      assert.deepEqual(
        sentByTc(fields, tags, rule.actions, portOf),
        sentByVswitch(fields, tags, actions),
      );
    });
    fc.assert(property, { numRuns: 2_000 });
    // Otherwise the property says little.
    assert(accepted > all / 2, `${accepted} of ${all}`);
  });
});

const text = ({ field, value, mask }: FieldMatch): string =>
  `${field} ${Buffer.from(value).toString('hex')}/${Buffer.from(mask).toString('hex')}`;
