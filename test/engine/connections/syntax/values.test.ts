import assert from 'node:assert/strict';
import {
  listParts,
  maskedBytes,
  numberReader,
  readIpv4,
  readIpv6,
} from '../../../../engine/connections/syntax/values.ts';

const hex = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString('hex');

describe('values in the notation of datapath flows', () => {
  it('are numbers, decimal or hexadecimal, of so many bytes', () => {
    assert.equal(hex(numberReader(2)('258')), '0102');
    assert.equal(hex(numberReader(2)('0x102')), '0102');
    assert.equal(hex(numberReader(4)('0xffffffff')), 'ffffffff');
    assert.equal(
      hex(numberReader(16)('0x1234567890abcdef0011')),
      '0000000000001234567890abcdef0011',
    );
  });

  it('are no numbers when they are too large or malformed', () => {
    assert.equal(numberReader(2)('65536'), undefined);
    assert.equal(numberReader(16)(`0x1${'0'.repeat(32)}`), undefined);
    for (const text of ['', '-1', '0x', '1.5', 'one', '0xg']) {
      assert.equal(numberReader(4)(text), undefined, text);
    }
  });

  it('are addresses', () => {
    assert.equal(hex(readIpv4('10.0.255.1')), '0a00ff01');
    assert.equal(hex(readIpv6('fd00::1:2')), 'fd000000000000000000000000010002');
    assert.equal(hex(readIpv6('1:2:3:4:5:6:7:8')), '00010002000300040005000600070008');
    assert.equal(hex(readIpv6('::ffff:10.0.0.1')), '00000000000000000000ffff0a000001');
    assert.equal(hex(readIpv6('::')), '0'.repeat(32));
  });

  it('are no addresses when they have too many, too few or malformed parts', () => {
    for (const text of ['10.0.0', '10.0.0.1.2', '10.0.0.256', '10.0.0.x', '']) {
      assert.equal(readIpv4(text), undefined, text);
    }
    const malformed = ['1:2', '1::2::3', '1:2:3:4:5:6:7:8::', 'g::', '::12345', '1:2:3:4:5:6:7:x'];
    for (const text of malformed) assert.equal(readIpv6(text), undefined, text);
  });

  it('may have a mask, and every bit counts without one', () => {
    const read = numberReader(2);
    const parts = (text: string) => {
      const found = maskedBytes(text, read);
      return found === undefined ? undefined : [hex(found.value), hex(found.mask)];
    };
    assert.deepEqual(parts('0x1234'), ['1234', 'ffff']);
    assert.deepEqual(parts('0x1234/0xff'), ['0034', '00ff']);
    for (const text of ['x', '1/x', '1/2/3', '65536', '1/65536']) {
      assert.equal(parts(text), undefined, text);
    }
  });

  it('are listed with commas, of which those in parentheses and braces are no separators', () => {
    assert.deepEqual(listParts('zone=1,nat(src=1.2.3.4,random),{a,b},c'), [
      'zone=1',
      'nat(src=1.2.3.4,random)',
      '{a,b}',
      'c',
    ]);
    assert.deepEqual(listParts(''), []);
  });
});
