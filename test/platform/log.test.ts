import assert from 'node:assert/strict';
import { createLog } from '../../platform/log.ts';
import { prettyLine } from '../../platform/pretty-line.ts';
import { coloursOf } from '../../platform/terminal.ts';
import { TestTerminal } from '../support/test-terminal.ts';

const PLAIN = coloursOf(false);

describe('log', () => {
  it('writes JSON with time and level names without a terminal', () => {
    const terminal = new TestTerminal();
    const log = createLog({ level: 'info', format: 'auto' }, terminal, terminal);
    log.debug('too quiet');
    log.info({ flows: 3 }, 'moved');
    const record = JSON.parse(terminal.text);
    assert.match(record.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual([record.level, record.flows, record.msg], ['info', 3, 'moved']);
  });

  it('writes readable lines on a terminal or if configured', () => {
    const terminal = new TestTerminal();
    createLog({ level: 'info', format: 'pretty' }, terminal, terminal).warn({ a: 'b c' }, 'hm');
    terminal.interactive = true;
    createLog({ level: 'info', format: 'auto' }, terminal, terminal).info({ n: 1 }, 'hi');
    assert.match(
      terminal.text,
      /^\d\d:\d\d:\d\d\.\d{3} warn {2}hm a="b c"\n\d\d:\d\d:\d\d\.\d{3} info {2}hi n=1\n$/,
    );
  });

  it('shows an error with its stack', () => {
    const terminal = new TestTerminal();
    const log = createLog({ level: 'info', format: 'pretty' }, terminal, terminal);
    log.error({ err: new Error('broken') }, 'it failed');
    assert.match(terminal.text, /error it failed\n {2}Error: broken\n {6}at /);
  });

  it('drops and counts lines for a reader that stalls', () => {
    const terminal = new TestTerminal();
    const log = createLog({ level: 'info', format: 'json' }, terminal, terminal);
    log.info('one');
    terminal.waiting = 2e6;
    for (let i = 0; i < 10; i++) log.info('lost');
    terminal.waiting = 0;
    log.info('two');
    const said = terminal.text.trim().split('\n');
    assert.equal(said.length, 3);
    assert.deepEqual(JSON.parse(said[1]).lost, 10);
    assert.equal(JSON.parse(said[2]).msg, 'two');
  });

  it('passes on lines that are not JSON', () => {
    assert.equal(prettyLine('plain\n', PLAIN), 'plain\n');
  });
});
