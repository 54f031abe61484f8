import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packageRoot } from '../../platform/package-root.ts';
import { readDocument } from './user-texts.ts';

/** The anchor that a heading gets on a page of Markdown. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}

function withoutCode(text: string): string {
  return text.replaceAll(/```[^]*?```/g, '');
}

function anchorsOf(file: string): ReadonlySet<string> {
  const headings = withoutCode(readDocument(file)).matchAll(/^#+ (.*)$/gm);
  return new Set([...headings].map(([, heading]) => anchorOf(heading)));
}

function documents(): readonly string[] {
  const files = ['', 'docs', 'docs/decisions'].flatMap((folder) =>
    readdirSync(join(packageRoot(), folder)).map((name) => join(folder, name)),
  );
  return files.filter((file) => file.endsWith('.md'));
}

describe('documents', () => {
  for (const file of documents()) {
    it(`${file} links to files and headings that exist`, () => {
      const links = withoutCode(readDocument(file)).matchAll(/\]\(([^)\s]+)\)/g);
      for (const [, link] of links) {
        if (/^[a-z]+:/.test(link)) continue;
        const [path, anchor] = link.split('#');
        const target = path === '' ? file : join(dirname(file), path);
        assert.ok(existsSync(join(packageRoot(), target)), `${link}: there is no ${target}`);
        if (anchor !== undefined && target.endsWith('.md')) {
          assert.ok(anchorsOf(target).has(anchor), `${link}: there is no such heading`);
        }
      }
    });
  }

  it('docs/architecture.md lists every decision with its title', () => {
    const listed = [
      ...readDocument('docs/architecture.md').matchAll(/^- \[\d+\]\(decisions\/(.*?)\): (.*)$/gm),
    ].map(([, file, title]) => ({ file, title }));
    const decisions = readdirSync(join(packageRoot(), 'docs/decisions'))
      .sort()
      .map((file) => {
        const [heading] = readDocument(join('docs/decisions', file)).split('\n');
        return { file, title: heading.replace(/^# \d+: /, '') };
      });
    assert.deepEqual(listed, decisions);
  });
});
