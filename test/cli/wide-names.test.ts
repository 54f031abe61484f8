import assert from 'node:assert/strict';
import { join } from 'node:path';
import { runProgram } from '../../cli/program.ts';
import { displayWidth } from '../../platform/display-width.ts';
import { type ControlService, startControlServer } from '../../server/control/control-server.ts';
import { FakeView, flowOf, statusOf } from '../support/fake-view.ts';
import { recordingLog } from '../support/quiet-log.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { TestTerminal } from '../support/test-terminal.ts';

/** CJK characters, and a letter with a combining accent. */
const NAMES = ['vm1', '東京網', 'cafe\u0301', '서울'];

describe('tables with names of CJK and combining characters', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let service: ControlService;
  let stdout: TestTerminal;

  beforeEach(async () => {
    folder = temporaryFolder();
    const status = statusOf();
    const [port] = status.ports;
    const [policy] = status.policies.inForce;
    const view = new FakeView();
    view.state = statusOf({
      ports: NAMES.map((name) => ({ ...port, name, slice: name })),
      policies: {
        ...status.policies,
        inForce: NAMES.map((name) => ({ ...policy, name, file: `/etc/${name}` })),
      },
    });
    view.page = {
      total: 4,
      matching: 4,
      flows: NAMES.map((name) => flowOf({ inPort: name, slice: name, vm: name })),
    };
    service = await startControlServer(join(folder.path, 's'), view, recordingLog().log);
    stdout = new TestTerminal();
  });

  afterEach(async () => {
    await service.close();
    folder.remove();
  });

  /** The output of a command, in lines. */
  async function linesOf(...argv: string[]): Promise<readonly string[]> {
    const context = {
      stdout,
      stderr: new TestTerminal(),
      env: { NORIKAE_CONTROL: join(folder.path, 's') },
      loadDaemon: () => Promise.reject(new Error('this test runs no daemon')),
      exit: () => {},
      now: () => performance.now(),
    };
    assert.equal(await runProgram(context, argv), 0);
    return stdout.text.split('\n');
  }

  /** The column at which `text` starts on the screen. */
  function columnOf(line: string, text: string): number {
    const at = line.indexOf(text);
    assert.ok(at >= 0, `"${text}" is not in "${line}"`);
    return displayWidth(line.slice(0, at));
  }

  /** Checks that the column after the names is aligned below its title. */
  function inLine(lines: readonly string[], title: string, ...after: readonly string[]): void {
    const head = lines.findIndex((line) => line.includes(title));
    assert.ok(head >= 0, lines.join('\n'));
    const rows = lines.slice(head + 1, head + 1 + NAMES.length);
    const columns = rows.map((line, i) => columnOf(line, after[i] ?? after[0]));
    const expected = columnOf(lines[head], title);
    assert.deepEqual(
      columns,
      NAMES.map(() => expected),
    );
  }

  it('line up in flows', async () => {
    const lines = await linesOf('flows');
    inLine(lines, 'REASON', 'placed');
  });

  it('line up in status', async () => {
    const lines = await linesOf('status');
    inLine(lines, 'KIND', 'vm ');
  });

  it('line up in top', async () => {
    stdout.interactive = false;
    const lines = await linesOf('top', '--once');
    inLine(lines, 'REASON', 'placed');
  });

  it('line up in policy status', async () => {
    const lines = await linesOf('policy', 'status');
    inLine(lines, 'VERSION', '1.0.0');
    inLine(lines, 'FILE', '/etc/');
  });

  it('fit a terminal that cuts their matches', async () => {
    stdout.interactive = true;
    for (stdout.columns of [44, 45, 46, 47]) {
      stdout.text = '';
      const lines = await linesOf('flows');
      const widths = lines.slice(0, 1 + NAMES.length).map(displayWidth);
      assert.ok(
        widths.every((width) => width <= stdout.columns),
        lines.join('\n'),
      );
      assert.ok(lines[2].includes('…'));
    }
  });
});
