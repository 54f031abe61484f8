import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseQuantity, perSecond, UNITS, unitsFor } from '../../../policy/model/units.ts';

function value(text: string, unit: string | undefined): number | string | undefined {
  const quantity = parseQuantity(text, unit);
  return quantity === undefined ? undefined : quantity.ok ? quantity.value : quantity.message;
}

describe('parseQuantity', () => {
  const right: readonly [string, string, number][] = [
    ['10Mbit/s', 'bit/s', 10_000_000],
    ['1.5 Gbit/s', 'bit/s', 1_500_000_000],
    ['1MiB/s', 'bit/s', 8 * 1024 * 1024],
    ['64KiB', 'byte', 65_536],
    ['2kB', 'byte', 2000],
    ['30s', 'ms', 30_000],
    ['250ms', 'ms', 250],
    ['2h', 'ms', 7_200_000],
    ['5kpps', 'packet/s', 5000],
    ['1_000packets/s', 'packet/s', 1000],
    ['20%', 'share, 0 to 1', 0.2],
    ['7%', 'share, 0 to 1', 0.07],
    ['10Mbit/s/s', perSecond('bit/s'), 10_000_000],
    ['-5%/s', perSecond('share, 0 to 1'), -0.05],
  ];
  for (const [text, unit, number] of right) {
    it(`reads ${text} as ${number} ${unit}`, () => {
      assert.equal(value(text, unit), number);
    });
  }

  it('suggests a unit', () => {
    assert.match(
      String(value('10mbit/s', 'bit/s')),
      /^unknown unit "mbit\/s"; did you mean "Mbit\/s"\?$/,
    );
    assert.match(String(value('10s', 'bit/s')), /^"s" is a time; it takes "bit\/s", "kbit\/s"/);
    assert.equal(value('10s', undefined), 'it has no unit; write a number');
    assert.match(String(value('10Mbit/s', perSecond('bit/s'))), /it takes "bit\/s\/s"/);
  });

  it('returns undefined for texts that are not quantities', () => {
    for (const text of ['', 'eth0', '10', '10 20s', 's', '1,5s', '10  s', '0x10s', '1e3s']) {
      assert.equal(value(text, 'ms'), undefined, text);
    }
  });

  it('accepts every unit that it suggests', () => {
    for (const unit of UNITS.flatMap((u) => [u, perSecond(u)])) {
      for (const name of unitsFor(unit)) {
        fc.assert(
          fc.property(fc.integer({ min: 0, max: 1_000_000 }), (n) => {
            const read = value(`${n}${name}`, unit);
            assert(typeof read === 'number' && read >= 0 && (n === 0) === (read === 0));
          }),
          { numRuns: 20 },
        );
      }
    }
  });
});
