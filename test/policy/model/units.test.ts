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

  const suggested: readonly [string, string, string][] = [
    ['50Mbps', 'bit/s', 'Mbit/s'],
    ['50mbps', 'bit/s', 'Mbit/s'],
    ['5Gb/s', 'bit/s', 'Gbit/s'],
    ['5Kbit/s', 'bit/s', 'kbit/s'],
    ['5Mbits/s', 'bit/s', 'Mbit/s'],
    ['5bps', 'bit/s', 'bit/s'],
    ['5MBps', 'bit/s', 'MB/s'],
    ['5KB/s', 'bit/s', 'kB/s'],
    ['5Mbps/s', perSecond('bit/s'), 'Mbit/s/s'],
  ];
  for (const [text, unit, name] of suggested) {
    it(`suggests ${name} for ${text}`, () => {
      assert.match(String(value(text, unit)), new RegExp(`did you mean "${name}"\\?$`));
    });
  }

  it('never suggests bytes for bits', () => {
    for (const text of ['5Mbps', '5Mb', '5kb', '5mbit']) {
      assert.doesNotMatch(String(value(text, 'byte')), /did you mean/, text);
    }
  });

  it('refuses a number that is too large', () => {
    assert.equal(value(`${'9'.repeat(308)}Tbit/s`, 'bit/s'), 'the number is too large');
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
