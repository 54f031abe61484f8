import assert from 'node:assert/strict';
import {
  bitRate,
  byteCount,
  count,
  counted,
  duration,
  factValue,
  packetRate,
  percent,
  plainNumber,
  scaled,
  whole,
} from '../../text/format.ts';

describe('formats of numbers and times', () => {
  const cases: [string, string][] = [
    [bitRate(0), '0 bit/s'],
    [bitRate(999.4), '999 bit/s'],
    [bitRate(999.5), '1.00 kbit/s'],
    [bitRate(1_234_567), '1.23 Mbit/s'],
    [bitRate(9.996e9), '10.0 Gbit/s'],
    [bitRate(Number.NaN), '-'],
    [packetRate(81_300), '81.3 kpkt/s'],
    [byteCount(1.5e6), '1.50 MB'],
    [count(12_345), '12.3 k'],
    [count(7), '7'],
    [duration(7.6), '8 ms'],
    [duration(999.6), '1.0 s'],
    [duration(59_940), '59.9 s'],
    [duration(125_000), '2 min 5 s'],
    [duration(3_600_000), '1 h'],
    [duration(183_600_000), '2 d 3 h'],
    [duration(Number.POSITIVE_INFINITY), '-'],
    [percent(0.4204), '42.0 %'],
    [whole(12_345), '12,345'],
    [counted(1, 'rule'), '1 rule'],
    [counted(2_345, 'rule'), '2,345 rules'],
    [plainNumber(12.345), '12.35'],
    [plainNumber(12_345.6), '12,346'],
    [plainNumber(1e15), '1000000000000000'],
    [factValue(null), 'not known'],
    [factValue('tcp'), '"tcp"'],
    [scaled(1_234_567, 'bit/s').join(' '), '1.23 Mbit/s'],
  ];
  for (const [actual, expected] of cases) it(expected, () => assert.equal(actual, expected));
});
