import assert from 'node:assert/strict';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { JsonDocument } from '../../text/json-document.ts';
import { schemaProblems, type SchemaWords } from '../../text/schema-problems.ts';

const validate = new Ajv2020({ allErrors: true, verbose: true, allowUnionTypes: true }).compile({
  type: 'object',
  required: ['name'],
  additionalProperties: false,
  propertyNames: { maxLength: 8 },
  properties: {
    name: { type: 'string', pattern: '^[a-z]+$' },
    kind: { enum: ['small', 'large'] },
    size: { type: ['number', 'string'], minimum: 1, maximum: 9 },
    ratio: { type: 'number', exclusiveMinimum: 0 },
    list: { type: 'array', minItems: 1, maxItems: 2, items: { type: 'integer' } },
    map: { type: 'object', minProperties: 1 },
  },
});

function problemsIn(value: unknown, words?: SchemaWords): readonly string[] {
  const document = new JsonDocument('f.json', JSON.stringify(value));
  assert.equal(validate(document.value), false);
  return schemaProblems(document, validate.errors ?? [], words).map(
    ({ column, message }) => `${column}: ${message}`,
  );
}

describe('schema problems', () => {
  it('have a message, a position and a similar name', () => {
    const cases: [value: object, ...problems: string[]][] = [
      [{}, '1: the document lacks the key "name"'],
      [{ nam: 'a', name: 'a' }, '2: unknown key "nam"; did you mean "name"?'],
      [{ name: 'a', kind: 'smal' }, '20: "kind" cannot be "smal"; did you mean "small"?'],
      [{ name: 'a', kind: 3 }, '20: "kind" cannot be 3; it can be "small", "large"'],
      [{ name: 'a', size: true }, '20: "size" must be a number or a string, not true'],
      [{ name: 'a', size: 0 }, '20: "size" must be 1 or more, not 0'],
      [{ name: 'a', size: 10 }, '20: "size" must be 9 or less, not 10'],
      [{ name: 'a', ratio: 0 }, '21: "ratio" must be more than 0, not 0'],
      [{ name: 'a', list: [] }, '20: "list" is empty; it needs at least one'],
      [{ name: 'a', list: [1, 2, 3] }, '20: "list" has 3 entries; there can be 2'],
      [{ name: 'a', list: [1, 'x'] }, '23: "list[1]" must be an integer, not "x"'],
      [{ name: 'a', map: {} }, '19: "map" is empty; it needs at least one key'],
      [{ name: 'A' }, '9: "name" must match pattern "^[a-z]+$"; it is "A"'],
    ];
    for (const [value, ...problems] of cases) assert.deepEqual(problemsIn(value), problems);
  });

  it('are reported once, with all known keys if none is similar', () => {
    const [problem, ...more] = problemsIn({ name: 'a', somethingElse: 1 }).filter((p) =>
      p.includes('unknown'),
    );
    assert.match(problem, /^13: unknown key "somethingElse"; it can have "name", "kind", /);
    assert.deepEqual(more, []);
  });

  it('use the messages for the kind of document, if there are any', () => {
    const words: SchemaWords = ({ error, name, shown }) =>
      error.keyword === 'pattern' ? `${name} has small letters only, not ${shown}` : undefined;
    assert.deepEqual(problemsIn({ name: 'A', size: 0 }, words), [
      '9: "name" has small letters only, not "A"',
      '20: "size" must be 1 or more, not 0',
    ]);
  });
});
