import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FileReader, FileReadTimeout, NotARegularFile } from '../../platform/regular-file.ts';
import { HungFileSystem } from '../support/hung-file-system.ts';
import { needs } from '../support/needs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const TIMEOUT_MS = 100;
const MAX_BYTES = 10;

describe('file reader', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let reader: FileReader;

  beforeEach(() => {
    folder = temporaryFolder();
    reader = new FileReader(TIMEOUT_MS);
    writeFileSync(join(folder.path, 'local'), 'local');
  });
  afterEach(() => folder.remove());

  const read = (name: string): Promise<Buffer> =>
    reader.read({ path: join(folder.path, name), maxBytes: MAX_BYTES });

  it('reads a regular file after its status was checked', async () => {
    const path = join(folder.path, 'local');
    const sizes: number[] = [];
    const check = ({ size }: { readonly size: number }): void => void sizes.push(size);
    assert.equal((await reader.read({ path, maxBytes: MAX_BYTES, check })).toString(), 'local');
    assert.deepEqual(sizes, [5]);
    const refused = reader.read({
      path,
      maxBytes: MAX_BYTES,
      check: () => {
        throw new RangeError('refused');
      },
    });
    await assert.rejects(refused, /refused/);
  });

  it('refuses folders, named pipes and large files', async () => {
    writeFileSync(join(folder.path, 'large'), 'x'.repeat(MAX_BYTES + 1));
    execFileSync('mkfifo', [join(folder.path, 'pipe')]);
    for (const name of ['.', 'pipe', 'large']) await assert.rejects(read(name), NotARegularFile);
    await assert.rejects(read('none'), { code: 'ENOENT' });
    assert.equal((await read('local')).toString(), 'local');
  });

  describe('on a file system that hangs', () => {
    let hung: HungFileSystem;

    before(function () {
      needs(this, 'root', 'fuse');
    });
    beforeEach(async () => {
      mkdirSync(join(folder.path, 'hung'));
      hung = await HungFileSystem.mount(join(folder.path, 'hung'));
    });
    afterEach(() => hung?.unmount());

    it('gives up in time, and reads again when the file system answers', async () => {
      const sinceMs = performance.now();
      await assert.rejects(read('hung/token'), (error) => {
        assert.ok(error instanceof FileReadTimeout);
        assert.match(error.message, /reading .*hung\/token takes longer than 0.1 s/);
        return true;
      });
      const tookMs = performance.now() - sinceMs;
      assert.ok(tookMs >= TIMEOUT_MS - 5 && tookMs < 1_000, `${tookMs} ms`);
      await hung.unmount();
      await assert.rejects(readUntilFree('hung/token'), { code: 'ENOENT' });
      assert.equal((await read('local')).toString(), 'local');
    });

    it('starts no other read meanwhile', async () => {
      await assert.rejects(read('hung/token'), FileReadTimeout);
      const sinceMs = performance.now();
      for (let i = 0; i < 20; i++) await assert.rejects(read('hung/other'), /hung\/token/);
      assert.ok(performance.now() - sinceMs < TIMEOUT_MS);
      // The threads for files are free but for one.
      assert.equal(
        (
          await new FileReader().read({
            path: join(folder.path, 'local'),
            maxBytes: MAX_BYTES,
          })
        ).toString(),
        'local',
      );
    });

    it('stops waiting when its signal aborts', async () => {
      const end = new AbortController();
      const reading = reader.read({
        path: join(folder.path, 'hung', 'token'),
        maxBytes: MAX_BYTES,
        signal: end.signal,
      });
      end.abort(new Error('stopped'));
      await assert.rejects(reading, /stopped/);
      await assert.rejects(read('local'), FileReadTimeout);
    });

    /** Reads when the abandoned read has ended. */
    async function readUntilFree(name: string): Promise<Buffer> {
      for (;;) {
        try {
          return await read(name);
        } catch (error) {
          if (!(error instanceof FileReadTimeout)) throw error;
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }
    }
  });
});
