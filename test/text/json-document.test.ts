import assert from 'node:assert/strict';
import fc from 'fast-check';
import { JsonDocument } from '../../text/json-document.ts';
import { formatProblem } from '../../text/problem.ts';

function problems(text: string, syntax?: 'json' | 'jsonc'): string[] {
  return new JsonDocument('f', text, syntax).problems.map(formatProblem);
}

describe('JsonDocument', () => {
  it('reads any JSON as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(0, 2), (text, indent) => {
        const value: unknown = JSON.parse(text);
        const document = new JsonDocument('f', JSON.stringify(value, null, indent));
        assert.deepEqual(document.problems, []);
        assert.equal(JSON.stringify(document.value), JSON.stringify(value));
      }),
    );
  });

  it('reports the position of the error in any text that is not JSON', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map((t) => t.slice(0, -1)),
        ),
        (text) => {
          let valid = true;
          try {
            JSON.parse(text);
          } catch {
            valid = false;
          }
          const lines = text.split('\n');
          const found = new JsonDocument('f', text).problems;
          if (!valid) assert(found.length > 0, JSON.stringify(text));
          for (const { line, column } of found) {
            assert(line >= 1 && line <= lines.length, `line ${line}`);
            assert(column >= 1 && column <= lines[line - 1].length + 1, `column ${column}`);
          }
        },
      ),
    );
  });

  it('reports a comment that is not closed at the end', () => {
    for (const text of ['/*', '{} /*', 'x/*', '/* {', '//']) {
      assert.equal(problems(text).length > 0, true, text);
      assert.equal(problems(text, 'jsonc').length > 0, true, text);
    }
  });

  it('knows the positions of values and keys', () => {
    const document = new JsonDocument('f', '{\r\n  "a": [1,\n\t{ "b": 2 }]\n}');
    const at = (path: (string | number)[]) => formatProblem(document.problemAt(path, 'm'));
    assert.equal(at([]), 'f:1:1: m');
    assert.equal(at(['a', 0]), 'f:2:9: m');
    assert.equal(at(['a', 1, 'b']), 'f:3:9: m');
    assert.equal(at(['a', 1, 'gone', 'x']), 'f:3:2: m');
    assert.equal(formatProblem(document.problemAtKey(['a', 1], 'b', 'm')), 'f:3:4: m');
  });

  it('accepts a byte order mark, and comments only in JSONC', () => {
    assert.deepEqual(problems('\uFEFF{}'), []);
    assert.deepEqual(problems('[1, // one\n]', 'jsonc'), []);
    assert.equal(problems('[1 // one\n]').length, 1);
  });

  it('finds duplicate keys, however deep', () => {
    assert.deepEqual(problems('[{"a":1,\n"a":2, "b": {"a": 1}}]'), [
      'f:2:1: duplicate key "a"; the first is in line 1',
    ]);
  });

  it('refuses a deeply nested document', () => {
    assert.deepEqual(problems('['.repeat(1e6)), ['f:1:101: nested deeper than 100 levels']);
    assert.deepEqual(problems(`${'['.repeat(100)}${']'.repeat(100)}`), []);
    assert.deepEqual(problems(JSON.stringify({ text: '['.repeat(1e4) })), []);
  });

  it('reports at most fifty problems of a file that is not JSON', () => {
    assert.equal(problems('? '.repeat(1e5)).length, 50);
  });
});
