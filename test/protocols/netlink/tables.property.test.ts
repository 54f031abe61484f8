import assert from 'node:assert/strict';
import fc from 'fast-check';
import { encodeAttribute } from '../../../protocols/netlink/attributes.ts';
import { NetlinkMalformed } from '../../../protocols/netlink/errors.ts';
import { AttributeReader, type AttributeRow } from '../../../protocols/netlink/tables.ts';
import { ALL_TABLES } from './all-tables.ts';

/** Values by the name of their type, from bytes: what a table decodes from them. */
function decodedOf(row: AttributeRow<unknown>, bytes: Buffer): unknown {
  return new AttributeReader(encodeAttribute(row.number, bytes)).get(row);
}

for (const { name, table } of ALL_TABLES) {
  describe(`netlink attributes: ${name}`, () => {
    const rows = Object.values(table);

    it('are read as they were written', () => {
      const any = fc.tuple(fc.constantFrom(...rows), fc.uint8Array({ maxLength: 64 }));
      fc.assert(
        fc.property(any, ([row, random]) => {
          if (row.isNested) return;
          const bytes = Buffer.from(random);
          if (bytes.length < row.type.minBytes) {
            assert.throws(() => decodedOf(row, bytes), NetlinkMalformed);
            return;
          }
          const value = decodedOf(row, bytes);
          const again = new AttributeReader(row.of(value)).get(row);
          assert.deepEqual(again, value);
        }),
      );
    });

    it('are read or rejected, whatever the bytes', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 96 }), (random) => {
          try {
            const reader = new AttributeReader(Buffer.from(random));
            for (const row of rows) reader.get(row);
            reader.unknown(table);
          } catch (error) {
            assert(error instanceof NetlinkMalformed, String(error));
          }
        }),
      );
    });
  });
}
