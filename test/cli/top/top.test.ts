import assert from 'node:assert/strict';
import { join } from 'node:path';
import { startControlServer, type ControlService } from '../../../server/control/control-server.ts';
import { FakeView, flowOf, whyOf } from '../../support/fake-view.ts';
import { needs } from '../../support/needs.ts';
import { ownProgram } from '../../support/own-program.ts';
import { PseudoTerminal } from '../../support/pseudo-terminal.ts';
import { recordingLog } from '../../support/quiet-log.ts';
import { Screen } from '../../support/screen.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const WEB = flowOf({
  id: '5b1f0c7e-0000-4000-8000-000000000001',
  match: 'in_port=vm1,tcp,ipv4_src=10.1.0.6,ipv4_dst=198.18.7.20,tcp_src=47187,tcp_dst=443',
});
const DNS = flowOf({
  id: '9a000000-0000-4000-8000-000000000002',
  match: 'in_port=vm1,udp,ipv4_src=10.1.0.6,ipv4_dst=198.18.7.53,udp_src=5353,udp_dst=53',
});

describe('norikae top in a terminal of 80 columns and 24 rows', function () {
  this.timeout(20_000);
  let folder: ReturnType<typeof temporaryFolder>;
  let view: FakeView;
  let service: ControlService;
  let terminal: PseudoTerminal;

  before(function () {
    needs(this, 'script');
  });

  beforeEach(async () => {
    folder = temporaryFolder();
    view = new FakeView();
    view.page = { total: 2, matching: 2, flows: [WEB, DNS] };
    const socket = join(folder.path, 's');
    service = await startControlServer(socket, view, recordingLog().log);
    const program = [process.execPath, ...ownProgram('cli/main'), 'top', '--control', socket];
    terminal = new PseudoTerminal(program.map((word) => `'${word}'`).join(' '), {
      env: { ...process.env, NO_COLOR: '1' },
    });
    await shows('the list', (lines) => lines.some((line) => line.includes('Enter detail')));
  });

  afterEach(async () => {
    await terminal.close();
    await service.close();
    folder.remove();
  });

  /** Waits until the lines on the screen are as expected; returns them. */
  async function shows(
    what: string,
    holds: (lines: readonly string[]) => boolean,
  ): Promise<readonly string[]> {
    await terminal.shows(what, (output) => holds(new Screen(80).after(output)));
    return new Screen(80).after(terminal.output);
  }

  const has = (text: string) => (lines: readonly string[]) => lines.join('\n').includes(text);

  it('shows whole matches, the keys, and the address of the page', async () => {
    const lines = await shows('both flows', has('198.18.7.53:53'));
    const screen = lines.join('\n');
    assert.match(screen, /^ {2}FLOW +PLACE +RATE .* MATCH$/m);
    assert.match(screen, /^ {2}5b1f0c7e .* vm1>uplink0 tcp 10\.1\.0\.6:47187>198\.18\.7\.20:443$/m);
    assert.match(screen, /page http:\/\/127\.0\.0\.1:9470\//);
    assert.ok(lines.every((line) => line.length <= 80));
    assert.ok(lines.length <= 24);
  });

  it('q quits, and leaves the terminal as it was', async () => {
    terminal.press('q');
    assert.equal(await terminal.exit(), 0);
    assert.ok(terminal.output.endsWith('\u001B[?25h'));
  });

  it('Ctrl-C quits, although the terminal sends no signal then', async () => {
    terminal.press('\u0003');
    assert.equal(await terminal.exit(), 0);
  });

  it('s sorts by the next key', async () => {
    terminal.press('s');
    await shows('the next order', has('s sort by packets'));
    await terminal.shows('a query with it', () => view.queries.at(-1)?.sort === 'packets');
  });

  it('/ filters by words, and Esc keeps the last filter', async () => {
    terminal.press('/');
    await shows('the prompt', has('filter: _'));
    terminal.press('udq\u007Fp vm1');
    await shows('what was typed', has('filter: udp vm1_'));
    view.page = { total: 2, matching: 1, flows: [DNS] };
    terminal.press('\r');
    const lines = await shows('one flow', (all) => has('9a000000')(all) && !has('5b1f0c7e')(all));
    assert.match(lines.join('\n'), /\/ filter "udp vm1"/);
    assert.deepEqual(view.queries.at(-1)?.words, ['udp', 'vm1']);
    terminal.press('/x\u001B');
    await shows(
      'the filter before',
      (all) => has('/ filter "udp vm1"')(all) && !has('filter: ')(all),
    );
  });

  it('p pauses and continues', async () => {
    terminal.press('p');
    await shows('that it is paused', (lines) => lines.includes('paused'));
    view.page = { total: 1, matching: 1, flows: [DNS] };
    const asked = view.queries.length;
    view.tick();
    await terminal.shows('an answer for the paused view', () => view.queries.length > asked);
    assert.ok(has('5b1f0c7e')(new Screen(80).after(terminal.output)));
    terminal.press('p');
    await shows('that it continues', (lines) => !lines.includes('paused'));
    view.tick();
    await shows('the later tick', (lines) => !has('5b1f0c7e')(lines));
  });

  it('the cursor keys mark a flow; Enter explains it, and Esc goes back', async () => {
    terminal.press('\u001B[B');
    await shows('a mark', (lines) => lines.some((line) => line.startsWith('> 5b1f0c7e')));
    terminal.press('\u001B[B');
    await shows('the next', (lines) => lines.some((line) => line.startsWith('> 9a000000')));
    view.answer = { found: true, why: whyOf(DNS) };
    terminal.press('\r');
    const lines = await shows('the explanation', has('The flow is on the NIC'));
    assert.deepEqual(
      view.asked.findLast((asked) => asked.startsWith('why')),
      `why ${DNS.id}`,
    );
    assert.ok(lines.every((line) => line.length <= 80) && lines.length <= 24);
    terminal.press('\u001B[B\u001B[B');
    await shows(
      'what is below',
      (all) => !has('The flow is on the NIC')(all) && has('Esc list')(all),
    );
    terminal.press('\u001B');
    await shows('the list, with its mark', (all) =>
      all.some((line) => line.startsWith('> 9a000000')),
    );
  });
});
