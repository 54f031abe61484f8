import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../platform/package-root.ts';
import { manPages } from '../../../scripts/man/man-pages.ts';
import { helpTexts } from '../../docs/user-texts.ts';
import { needs } from '../../support/needs.ts';
import { runToEnd } from '../../support/programs.ts';

const FOLDER = join(packageRoot(), 'docs/man');

describe('man pages', () => {
  it('are those of the commands', async () => {
    const expected = new Map((await manPages()).map(({ file, text }) => [file, text]));
    const found = new Map(
      readdirSync(FOLDER).map((file) => [file, readFileSync(join(FOLDER, file), 'utf8')]),
    );
    assert.deepEqual(found, expected, 'run: npx tsx scripts/man/write.ts');
  });

  it('exist for every command with a help text', async () => {
    const files = new Set(readdirSync(FOLDER));
    for (const { place } of await helpTexts()) {
      const file = `${place.replace(' --help', '').replaceAll(' ', '-')}.1`;
      assert.ok(files.has(file), file);
    }
  });

  describe('in man', () => {
    before(function () {
      needs(this, 'man');
    });

    it('have no warnings, and the words of the help', async function () {
      this.timeout(60_000);
      for (const { place, text } of await helpTexts()) {
        const page = join(FOLDER, `${place.replace(' --help', '').replaceAll(' ', '-')}.1`);
        const env = { ...process.env, MANWIDTH: '100', LC_ALL: 'C.UTF-8', MANROFFSEQ: '' };
        const shown = await runToEnd('man', ['--warnings', '-l', page], { env });
        assert.equal(shown.code, 0, shown.output);
        assert.doesNotMatch(shown.output, /^(?:troff|man|groff): /m, page);
        const words = new Set(shown.output.split(/\s+/));
        // Examples and options are not filled, so no word of theirs is divided.
        for (const option of text.match(/^ {2}(?:-\w, )?--[\w-]+/gm) ?? []) {
          for (const word of option.trim().split(', ')) {
            assert.ok(words.has(word) || words.has(`${word},`), `${page} has no ${word}`);
          }
        }
        const examples = /\nExamples:\n((?: {2}.*\n)+)/.exec(text)?.[1] ?? '';
        for (const line of examples.split('\n')) {
          assert.ok(shown.output.includes(line.trim()), `${page}: ${line}`);
        }
      }
    });
  });
});
