import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { packageRoot } from '../../platform/package-root.ts';
import { JsonDocument } from '../../text/json-document.ts';
import { formatJson } from '../../text/json-format.ts';

const POLICIES = join(packageRoot(), 'policies');

describe('formatJson', () => {
  for (const name of readdirSync(POLICIES).filter((file) => file.endsWith('.json'))) {
    it(`leaves ${name} as it is`, () => {
      const text = readFileSync(join(POLICIES, name), 'utf8');
      assert.equal(formatJson(text), text);
    });
  }

  it('keeps the value of any document, and changes nothing the second time', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(0, 1, 4), (text, indent) => {
        const value: unknown = JSON.parse(text);
        const formatted = formatJson(JSON.stringify(value, null, indent));
        assert.equal(JSON.stringify(JSON.parse(formatted)), JSON.stringify(value));
        assert.equal(formatJson(formatted), formatted);
      }),
    );
  });

  it('keeps every comment, in order, wherever it is', () => {
    const pieces = [
      '{',
      '"a"',
      ':',
      '[',
      '1',
      ',',
      '{',
      '"b"',
      ':',
      'null',
      '}',
      ']',
      ',',
      '"c"',
      ':',
      '2',
      '}',
    ];
    const comment = fc.constantFrom(
      '',
      ' ',
      '\n',
      '/*@*/',
      '//@\n',
      '\n//@\n\n',
      '\n\n/*@*/\n',
      '/*@\n@*/ //@\n',
    );
    const gaps = fc.array(comment, { minLength: pieces.length + 1, maxLength: pieces.length + 1 });
    fc.assert(
      fc.property(gaps, (written) => {
        let number = 0;
        const numbered = written.map((gap) => gap.replaceAll('@', () => `c${number++}.`));
        const text = numbered.map((gap, i) => `${gap}${pieces[i] ?? ''}`).join('');
        const formatted = formatJson(text);
        assert.deepEqual(formatted.match(/c\d+\./g) ?? [], text.match(/c\d+\./g) ?? [], text);
        const { problems, value } = new JsonDocument('f', formatted, 'jsonc');
        assert.deepEqual(problems, [], formatted);
        assert.equal(JSON.stringify(value), '{"a":[1,{"b":null}],"c":2}');
        assert.equal(formatJson(formatted), formatted);
      }),
      { numRuns: 500 },
    );
  });

  it('has one layout: indentation, one line where it fits, no trailing commas', () => {
    const written = `{"name":"p", // the name
    "list" : [ 1,2, ],


      // rules
      "rules": [ {"a":1,"b":2}, {"a":3,"b":4}, ],
      "wide": {"first": "${'x'.repeat(60)}", "second": "${'y'.repeat(30)}"}, }`;
    assert.equal(
      formatJson(written),
      `{
  "name": "p", // the name
  "list": [1, 2],

  // rules
  "rules": [
    { "a": 1, "b": 2 },
    { "a": 3, "b": 4 }
  ],
  "wide": {
    "first": "${'x'.repeat(60)}",
    "second": "${'y'.repeat(30)}"
  }
}
`,
    );
  });
});
