import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { runProgram } from '../../../cli/program.ts';
import { POLICY } from '../../policy-tools/fixture.ts';
import { ownProgram } from '../../support/own-program.ts';
import { TestTerminal } from '../../support/test-terminal.ts';
import { frameOf, ipv4Packet, PcapngWriter } from '../../replay/support/capture-writer.ts';
import { generatedCsv } from '../../replay/support/generated-trace.ts';
import { traceFolder } from '../../replay/support/trace-file.ts';

/** Preloaded into a child process: reports when it starts to listen for SIGINT. */
const TELLS_LISTENERS = `process.on('newListener',(event)=>{
  if (event==='SIGINT') process.stderr.write('listens\\n');
})`;

describe('replay: command', function () {
  this.timeout(20_000);
  let folder: ReturnType<typeof traceFolder>;
  let csv: string;
  let policy: string;
  let stderr: TestTerminal;

  before(() => {
    folder = traceFolder();
    csv = folder.write('flows.csv', generatedCsv({ seed: 1, flows: 400, flowsPerSecond: 40 }));
    policy = folder.write('p.json', JSON.stringify(POLICY));
  });

  after(() => folder.remove());

  async function norikae(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
    const stdout = new TestTerminal();
    stderr = new TestTerminal();
    const context = {
      stdout,
      stderr,
      env: {},
      loadDaemon: () => Promise.reject(new Error('this test runs no daemon')),
      exit: () => {},
      now: () => performance.now(),
    };
    const code = await runProgram(context, argv);
    return { code, out: stdout.text, err: stderr.text };
  }

  it('reports on the default policy as text', async () => {
    const { code, out, err } = await norikae('replay', csv, '--table', '50');
    assert.equal(code, 0, err);
    assert.match(out, /flows\.csv \(csv\): \d+\.\d s, \d+ ticks$/m);
    assert.match(
      out,
      /^entries of the table: 50; host CPU time per packet .*: assumed \(2500 ns\)$/m,
    );
    assert.match(out, /^ +default$/m);
    assert.match(out, /^bytes carried +\d+\.\d %$/m);
    assert.match(out, /^host CPU saved \(estimate\) +\d/m);
    assert.match(out, /^REASON +BYTES +PACKETS/m);
    assert.match(out, /^red +\d/m);
  });

  it('compares policies side by side, in JSON and as text', async () => {
    const packed = folder.write('flows.csv.gz', gzipSync(readFileSync(csv)));
    const both = ['--policy', policy, '--policy', 'policies/default.json'];
    const { code, out } = await norikae('replay', packed, ...both, '--json');
    assert.equal(code, 0);
    const report: unknown = JSON.parse(out);
    assert.ok(typeof report === 'object' && report !== null && 'policies' in report);
    assert.ok(Array.isArray(report.policies));
    const names = report.policies.map((p: { readonly name: string }) => p.name);
    assert.deepEqual(names, ['p', 'default']);
    // Two candidates with one policy are distinguished by their paths.
    const twin = folder.write('q.json', JSON.stringify(POLICY));
    const text = await norikae('replay', csv, '--policy', policy, '--policy', twin);
    assert.match(text.out, /p\.json +\S*q\.json$/m);
  });

  it('writes a self-contained page, whatever the names', async () => {
    const bad = `</script><script>alert(1)</script>"'&`;
    const named = { ...POLICY, name: 'p', rules: POLICY.rules };
    const file = folder.write('named.json', JSON.stringify(named));
    const trace = folder.write('bad.csv', `0,9,9000000,9000,,,,,,"${bad.replaceAll('"', '""')}"\n`);
    const page = join(folder.path, 'report.html');
    const { code, err } = await norikae('replay', trace, '--policy', file, '--html', page);
    assert.equal(code, 0, err);
    const html = readFileSync(page, 'utf8');
    assert.match(html, /^<!doctype html>/);
    assert.ok(!html.includes('<script>alert'), 'a name became a script');
    assert.ok(html.includes('&lt;/script&gt;&lt;script&gt;alert(1)'), 'the slice is missing');
    assert.deepEqual(html.match(/(?:src|href|url)\s*[=(]|https?:|@import|\/\/[a-z]/gi), null);
    assert.match(html, /default-src &#39;none&#39;/);
    for (const title of [
      'Traffic by path',
      'Bytes carried',
      'Entries in use',
      'Operations per second',
      'Lifetime of entries',
      'Slices',
    ]) {
      assert.ok(html.includes(title), title);
    }
    assert.ok(!/NaN|undefined|Infinity/.test(html.replaceAll(/<script>.*?<\/script>/gs, '')));
    const wrong = await norikae('replay', csv, '--html', join(folder.path, 'no/such/folder.html'));
    assert.equal(wrong.code, 1);
    assert.match(wrong.err, /cannot write \S*folder\.html/);
  });

  it('reports on the readable part of a damaged trace, and fails', async () => {
    const frame = frameOf(ipv4Packet(), 0x0800);
    const writer = new PcapngWriter().section().iface({ name: 'eth0' });
    for (let i = 0n; i < 40n; i++) writer.packet(0, i * 100_000n, frame);
    const bytes = writer.done();
    const file = folder.write('cut.pcapng', bytes.subarray(0, bytes.length - 5));
    const { code, out, err } = await norikae('replay', file);
    assert.equal(code, 1);
    assert.match(err, /cut\.pcapng at byte \d+: the file ends in the middle of this block/);
    assert.match(out, /only a part of the trace was read/);
    assert.match(out, /^2\.\d+ kB in 39 packets/m);
    const json = await norikae('replay', file, '--json');
    assert.equal(json.code, 1);
    assert.match(json.out, /"failure":"[^"]*cut\.pcapng at byte/);
  });

  it('reports invalid arguments', async () => {
    const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
      [[join(folder.path, 'none')], 2, /none: cannot be read: .*ENOENT/],
      [[folder.path], 2, /cannot be read: it is a directory/],
      [
        [folder.write('elf', '\u007FELF\u0001\u0002')],
        2,
        /elf: unknown format; expected a recording of "norikae record", CSV/,
      ],
      [[csv, '--policy', join(folder.path, 'none.json')], 2, /cannot read \S*none\.json/],
      [[csv, '--policy', folder.write('bad.json', '{"name": 7}')], 1, /bad\.json:1:\d+/],
      [[csv, '--table', '0'], 2, /It must be a whole number from 1/],
      [[csv, '--for', 'long'], 2, /It must be a time such as 30s/],
      [[folder.write('bad.csv', 'a,b\n')], 1, /bad\.csv:1:1: the header has no column "start_s"/],
    ];
    for (const [argv, code, message] of cases) {
      const found = await norikae('replay', ...argv);
      assert.equal(found.code, code, found.err);
      assert.match(found.err, message);
    }
  });

  it('ends on Ctrl-C while standard input is silent', async () => {
    const telling = ['--import', `data:text/javascript,${TELLS_LISTENERS}`];
    const child = spawn(process.execPath, [...telling, ...ownProgram('cli/main'), 'replay', '-']);
    try {
      let err = '';
      child.stderr.on('data', (chunk: Buffer) => {
        err += chunk.toString();
        if (err === 'listens\n') child.kill('SIGINT');
      });
      const [code] = await once(child, 'close', { signal: AbortSignal.timeout(15_000) });
      assert.equal(err, 'listens\nnorikae: interrupted\n');
      assert.equal(code, 1);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('plays an empty trace', async () => {
    const { code, out } = await norikae('replay', folder.write('empty.csv', ''), '--json');
    assert.equal(code, 0);
    assert.match(out, /"durationMs":0,"ticks":0/);
  });

  it('record: reports that no daemon answers, and leaves no file', async () => {
    const file = join(folder.path, 'x.nkrec');
    const control = join(folder.path, 'none.sock');
    const { code, err } = await norikae('record', file, '--control', control);
    assert.equal(code, 3);
    assert.match(err, /no daemon answers on/);
    assert.ok(!existsSync(file));
  });
});
