import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { WriteStream } from 'node:tty';
import { coloursOf, terminalOf } from '../../platform/terminal.ts';

/** A stream like process.stdout. */
function stream(isTTY: boolean, columns = 80, rows = 24): NodeJS.WriteStream {
  const fake: unknown = Object.assign(new PassThrough(), { isTTY, columns, rows });
  if (!isStream(fake)) throw new Error('no stream');
  return fake;
}

function isStream(value: unknown): value is NodeJS.WriteStream {
  return value instanceof PassThrough || value instanceof WriteStream;
}

describe('the size of a terminal', () => {
  const size = (columns: number, rows: number) =>
    terminalOf(stream(true, columns, rows), {}).size();

  it('is that of the stream', () => {
    assert.deepEqual(size(132, 50), { columns: 132, rows: 50 });
  });

  it('is assumed for a serial console, which does not know its size', () => {
    assert.deepEqual(size(0, 0), { columns: 100, rows: 30 });
  });
});

describe('colours of a terminal', () => {
  const red = (isTTY: boolean, env: NodeJS.ProcessEnv): string =>
    terminalOf(stream(isTTY), env).colours.red('x');
  const PAINTED = '\u001B[31mx\u001B[39m';

  it('are on for a terminal, and off elsewhere', () => {
    assert.equal(red(true, {}), PAINTED);
    assert.equal(red(false, {}), 'x');
    assert.equal(red(true, { TERM: 'dumb' }), 'x');
  });

  it('are off with a non-empty NO_COLOR', () => {
    assert.equal(red(true, { NO_COLOR: '1' }), 'x');
    assert.equal(red(true, { NO_COLOR: '' }), PAINTED);
  });

  it('follow FORCE_COLOR before all else', () => {
    for (const force of ['', '1', '2', '3', 'true']) {
      assert.equal(red(false, { FORCE_COLOR: force, NO_COLOR: '1' }), PAINTED);
    }
    assert.equal(red(true, { FORCE_COLOR: '0' }), 'x');
    assert.equal(terminalOf(stream(false), { FORCE_COLOR: '1' }).interactive, false);
  });

  it('are reset after the text, and leave an empty text unchanged', () => {
    const { bold, dim, green, yellow, cyan } = coloursOf(true);
    assert.equal(bold('x'), '\u001B[1mx\u001B[22m');
    assert.equal(dim('x'), '\u001B[2mx\u001B[22m');
    assert.equal(green('x'), '\u001B[32mx\u001B[39m');
    assert.equal(yellow('x'), '\u001B[33mx\u001B[39m');
    assert.equal(cyan('x'), '\u001B[36mx\u001B[39m');
    assert.equal(cyan(''), '');
  });
});
