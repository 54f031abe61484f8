import assert from 'node:assert/strict';
import { type IncomingMessage, request } from 'node:http';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { runProgram } from '../../../cli/program.ts';
import { parseConfig } from '../../../config/load-config.ts';
import { type ControlService, startControlServer } from '../../../server/control/control-server.ts';
import { createDaemon } from '../../../daemon/daemon.ts';
import type { RecordedTick } from '../../../server/control/recording-streams.ts';
import type { Daemon } from '../../../daemon/lifecycle.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import type { Tick } from '../../../engine/model/tick.ts';
import { packageRoot } from '../../../platform/package-root.ts';
import { isRecording } from '../../../replay/recording/block-reader.ts';
import { RecordingFeed } from '../../../replay/recording/recording-feed.ts';
import { Traffic } from '../../../replay/input/traffic.ts';
import { FakeView } from '../../support/fake-view.ts';
import { recordingLog } from '../../support/quiet-log.ts';
import { TestTerminal } from '../../support/test-terminal.ts';
import { anyFrom, flowId, outputTo } from '../../support/flows.ts';
import { sourceOf, traceFolder } from '../../replay/support/trace-file.ts';

const ENTRIES = 100;

describe('replay: recording of a running daemon', function () {
  this.timeout(60_000);
  let folder: ReturnType<typeof traceFolder>;
  let socket: string;
  let daemon: Daemon;
  let service: ControlService;

  before(async () => {
    folder = traceFolder();
    socket = join(folder.path, 'control.sock');
    const config = parseConfig(
      JSON.stringify({
        node: { adapter: 'emulator', emulator: { seed: 3, vms: 4, load: 0.03 } },
        backend: { adapter: 'emulator', entries: ENTRIES },
        poll: { periodMs: 100 },
        policies: [join(packageRoot(), 'policies/default.json')],
      }),
      join(folder.path, 'config.json'),
    );
    const { log } = recordingLog();
    daemon = await createDaemon(config, log);
    service = await startControlServer(socket, daemon.view, log, daemon.ticks);
    await daemon.start(new AbortController().signal);
    const endMs = performance.now() + 15_000;
    while (daemon.view.status().flows.offload < 20) {
      assert.ok(performance.now() < endMs, 'nothing was offloaded for 15 s');
      await sleep(50);
    }
  });

  after(async () => {
    await service?.close();
    await daemon?.stop();
    folder.remove();
  });

  async function norikae(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
    const stdout = new TestTerminal();
    const stderr = new TestTerminal();
    const context = {
      stdout,
      stderr,
      env: { NORIKAE_CONTROL: socket },
      loadDaemon: () => Promise.reject(new Error('this test runs its own daemon')),
      exit: () => {},
      now: () => performance.now(),
    };
    const code = await runProgram(context, argv);
    return { code, out: stdout.text, err: stderr.text };
  }

  it('replays with nearly the coverage that the daemon had', async () => {
    const file = join(folder.path, 'node.nkrec');
    const done = await norikae('record', file, '--for', '8s', '--json');
    assert.equal(done.code, 0, done.err);
    const recorded: { readonly ticks: number; readonly recordedMs: number } = JSON.parse(done.out);
    assert.ok(recorded.ticks >= 10, done.out);
    assert.ok(recorded.recordedMs > 6000 && recorded.recordedMs < 9500, done.out);
    assert.ok(isRecording(gunzipSync(readFileSync(file))));

    const played = await norikae('replay', file, '--table', String(ENTRIES), '--json');
    assert.equal(played.code, 0, played.err);
    const { trace, policies } = JSON.parse(played.out);
    assert.equal(trace.format, 'recording');
    assert.equal(trace.ticks, recorded.ticks);
    assert.deepEqual(trace.notes, []);
    const own = trace.recorded.packetCoverage;
    const found = policies[0].packetCoverage;
    assert.ok(own > 0.1, `the daemon carried ${own}`);
    // The replay learns in the first ticks what the daemon had learned before.
    assert.ok(Math.abs(found - own) < 0.12, `${found} in the replay, ${own} by the daemon`);
    const slices = policies[0].slices.map((s: { readonly name: string | null }) => s.name);
    assert.ok(slices.includes('blue') || slices.includes('green'), String(slices));
    assert.ok(trace.startedAt.startsWith(new Date().toISOString().slice(0, 8)));

    const again = await norikae('replay', file, '--table', String(ENTRIES), '--json');
    assert.equal(again.out, played.out);
  });

  it('never overwrites a file', async () => {
    const file = join(folder.path, 'mine.nkrec');
    writeFileSync(file, 'mine');
    const { code, err } = await norikae('record', file, '--for', '1s');
    assert.equal(code, 1);
    assert.match(err, /mine\.nkrec already exists/);
    assert.equal(readFileSync(file, 'utf8'), 'mine');
  });

  it('is limited to two at a time, and a third is refused', async () => {
    const first = await stalled();
    const second = await stalled();
    const third = await stalled();
    assert.equal(third.response.statusCode, 503);
    for (const { close } of [first, second, third]) close();
    const endMs = performance.now() + 5000;
    for (;;) {
      const next = await stalled();
      next.close();
      if (next.response.statusCode === 200) break;
      assert.ok(performance.now() < endMs, 'places are not given back');
      await sleep(50);
    }
  });

  /** Requests a recording and does not read it. */
  function stalled() {
    return new Promise<{
      readonly response: {
        readonly statusCode?: number | undefined;
        readonly readableLength: number;
      };
      readonly close: () => void;
    }>((resolve, reject) => {
      const asked = request({ socketPath: socket, path: '/api/v1/recording' }, (response) => {
        resolve({
          response,
          close: () => {
            response.on('error', () => undefined);
            asked.destroy();
          },
        });
      });
      asked.once('error', reject);
      asked.end();
    });
  }
});

describe('replay: recording for a slow reader', function () {
  this.timeout(30_000);
  const FLOWS = 1900;
  const PACKETS = 1_000_003;

  it('buffers at most one tick, loses whole ticks, and misses no packet of flows that stay', async () => {
    const folder = traceFolder();
    const socket = join(folder.path, 'control.sock');
    const reports = new HandMadeTicks(FLOWS);
    const source = { reports, version: '0', periodMs: () => 250 };
    const service = await startControlServer(socket, new FakeView(), recordingLog().log, source);
    try {
      const response = await requestRecording(socket);
      for (let i = 0; i < 150; i++) {
        reports.tick(PACKETS);
        await setImmediate();
      }
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      // After everything in flight has been read, a last tick fits.
      await settled(() => chunks.length);
      reports.tick(PACKETS);
      await settled(() => chunks.length);
      const feed = new RecordingFeed(sourceOf(Buffer.concat(chunks)));
      const traffic = new Traffic();
      let ticks = 0;
      for (; (await feed.next(traffic)) !== undefined; ticks++) traffic.endTick();
      const { lostTicks } = feed.recorded();
      assert.ok(lostTicks > 50, `${lostTicks} ticks were lost, ${ticks} written`);
      // The first tick starts the recording.
      assert.equal(ticks + lostTicks, 150);
      assert.equal(traffic.totalPackets, 150 * PACKETS * FLOWS);
    } finally {
      await service.close();
      folder.remove();
    }
  });
});

/** Ticks of flows with constant traffic. */
class HandMadeTicks {
  readonly #flows: number;
  readonly #table = new FlowTable();
  readonly #listeners = new Set<(report: RecordedTick) => void>();
  #sequence = 0;
  #packets = 0;

  constructor(flows: number) {
    this.#flows = flows;
  }

  onTick(listener: (report: RecordedTick) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tick(packets: number): void {
    const table = this.#table;
    this.#packets += packets;
    const atMs = ++this.#sequence * 250;
    table.begin(atMs);
    for (let n = 0; n < this.#flows; n++) {
      const id = flowId(n);
      const found = table.rowOf(id);
      const row = found >= 0 ? found : table.add(id, anyFrom('vm1'), outputTo('vm2'));
      table.observe(row, this.#packets, this.#packets, 0);
    }
    table.end();
    const tick: Tick = {
      sequence: this.#sequence,
      atMs,
      table,
      node: { hostCpu: undefined, portLoad: new Map() },
      ports: new Map(),
      sources: [],
      flowsFresh: true,
      fresh: true,
    };
    for (const listener of this.#listeners) listener({ tick, plans: [] });
  }
}

function requestRecording(socketPath: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, path: '/api/v1/recording' }, resolve);
    outgoing.once('error', reject);
    outgoing.end();
  });
}

/** Waits until a number has not changed for a while. */
async function settled(number: () => number): Promise<void> {
  for (let before = -1; before !== number(); ) {
    before = number();
    await sleep(200);
  }
}
