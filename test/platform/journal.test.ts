import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLog } from '../../platform/log.ts';
import { isJournal, withPriority } from '../../platform/journal.ts';
import { ownProgram } from '../support/own-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { TestTerminal } from '../support/test-terminal.ts';

describe('the journal', () => {
  it('gets the priority of each line', () => {
    assert.equal(withPriority('error', 'one\n  two\n'), '<3>one\n<3>  two\n');
    assert.equal(withPriority('fatal', 'x'), '<2>x');
    assert.equal(withPriority('unheard-of', 'x\n'), '<6>x\n');
  });

  it('gets JSON lines of the log with their priorities', () => {
    const terminal = new TestTerminal();
    const log = createLog({ level: 'trace', format: 'json' }, terminal, terminal, true);
    log.info('a');
    log.warn('b');
    log.error('c');
    log.fatal('d');
    log.debug('e');
    const lines = terminal.text.trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => line.slice(0, 3)),
      ['<6>', '<4>', '<3>', '<2>', '<7>'],
    );
    assert.deepEqual(
      lines.map((line): unknown => JSON.parse(line.slice(3)).msg),
      ['a', 'b', 'c', 'd', 'e'],
    );
  });

  it('gets priorities for all lines of an error in the pretty format', () => {
    const terminal = new TestTerminal();
    const log = createLog({ level: 'info', format: 'pretty' }, terminal, terminal, true);
    log.error({ err: new Error('broken') }, 'it failed');
    const lines = terminal.text.trimEnd().split('\n');
    assert.ok(lines.length > 2);
    assert.ok(lines.every((line) => line.startsWith('<3>')));
  });

  it('is recognised by device and inode, so that a redirected output has no priorities', () => {
    assert.equal(isJournal(1, {}), false);
    assert.equal(isJournal(1, { JOURNAL_STREAM: '1:1' }), false);
  });

  describe('of a daemon', () => {
    let folder: ReturnType<typeof temporaryFolder>;

    beforeEach(() => {
      folder = temporaryFolder();
    });

    afterEach(() => folder.remove());

    /** The output of a daemon that cannot start, in a file whose inode systemd names, or does not. */
    function outputOf(isNamed: boolean): readonly string[] {
      const config = join(folder.path, 'norikae.json');
      const http = { port: 0 };
      const control = { path: join(folder.path, 'control.sock') };
      const text = { node: { adapter: 'emulator' }, policies: ['p.json'], http, control };
      writeFileSync(config, JSON.stringify(text));
      const output = join(folder.path, 'output');
      const descriptor = openSync(output, 'a');
      const { dev, ino } = fstatSync(descriptor, { bigint: true });
      const { status } = spawnSync(
        process.execPath,
        [...ownProgram('test/daemon/support/fake-daemon-main'), 'run', '--config', config],
        {
          stdio: ['ignore', descriptor, descriptor],
          env: {
            ...process.env,
            NOTIFY_SOCKET: '',
            FAKE_DAEMON: 'no-start',
            JOURNAL_STREAM: isNamed ? `${dev}:${ino}` : `${dev}:1`,
          },
        },
      );
      closeSync(descriptor);
      assert.equal(status, 1);
      return readFileSync(output, 'utf8').trimEnd().split('\n');
    }

    it('has priorities of log lines, and of the message that ends it', () => {
      const lines = outputOf(true);
      assert.match(
        lines.find((line) => line.includes('HTTP server')) ?? '',
        /^<6>\{"level":"info"/,
      );
      const failed = lines.find((line) => line.includes('could not start')) ?? '';
      assert.match(failed, /^<3>\{"level":"error"/);
      assert.ok(lines.includes('<3>norikae: no vSwitch here'), lines.join('\n'));
    });

    it('has none in a file to which a service is redirected', () => {
      assert.ok(outputOf(false).every((line) => !line.startsWith('<')));
    });
  });
});
