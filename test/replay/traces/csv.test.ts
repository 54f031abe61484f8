import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { flowRecordBatches, readFlowRecords } from '../../../replay/traces/csv.ts';
import type { FlowRecord } from '../../../replay/traces/flow-record.ts';
import { StartOrder } from '../../../replay/traces/start-order.ts';
import {
  FlowRecordError,
  TraceCompressionDamaged,
  TraceError,
  TraceUnreadable,
} from '../../../replay/input/trace-error.ts';
import { flattened, sourceOf, traceFolder } from '../support/trace-file.ts';

const encoder = new TextEncoder();

function recordsOf(text: string, pieces: readonly number[] = []): Promise<FlowRecord[]> {
  return flattened(flowRecordBatches(sourceOf(encoder.encode(text), pieces)));
}

function fails(text: string, message: RegExp): Promise<void> {
  return assert.rejects(recordsOf(text), (error: unknown) => {
    assert.ok(error instanceof FlowRecordError, String(error));
    assert.match(error.message, message);
    return true;
  });
}

describe('replay: CSV flow records', () => {
  it('reads records with and without a header, with all columns and with the required ones', async () => {
    const [a, b] = await recordsOf(
      '0.5,2,1000,4,10.0.0.1,10.0.0.2,tcp,40000,443,blue\r\n1,0,64,1\n',
    );
    assert.deepEqual(a, {
      startMs: 500,
      durationMs: 2000,
      bytes: 1000,
      packets: 4,
      src: '10.0.0.1',
      dst: '10.0.0.2',
      proto: 6,
      sport: 40_000,
      dport: 443,
      slice: 'blue',
      line: 1,
    });
    assert.equal(b.durationMs, 0);
    assert.equal(b.src, undefined);
    const withHeader = 'packets,proto,start_s,"note",bytes,duration_s\n4,17,1,"a, ""b""",100,3\n';
    const [c] = await recordsOf(`\uFEFF${withHeader}`);
    assert.deepEqual(
      [c.packets, c.proto, c.startMs, c.bytes, c.durationMs],
      [4, 17, 1000, 100, 3000],
    );
  });

  it('reports the line and column of an error', async () => {
    await fails('0,1,10,1\n0,1,ten,1\n', /^trace:2:5: bytes is a whole number .* not "ten"$/);
    await fails('0,-1,10,1\n', /^trace:1:3: duration_s is a number from 0/);
    await fails('0,1,10\n', /^trace:1:5: packets is missing$/);
    await fails('0,1,10,0\n', /^trace:1:8: 0 packets cannot have 10 bytes$/);
    await fails(
      'start,duration_s,bytes,packets\n',
      /^trace:1:1: the header has no column "start_s"/,
    );
    await fails('0,1,10,1,10.0.0.256\n', /^trace:1:10: src is an IPv4 or IPv6 address/);
    await fails('0,1,10,1,,,6,70000\n', /^trace:1:14: sport is a whole number from 0 to 65535/);
    await fails('0,1,10,1,,,,,,"red\n', /^trace:1:15: the quoted field has no closing quote/);
    await fails('x'.repeat(70_000), /^trace:1:65536: the line has more than 65536 characters/);
  });

  it('returns the records before an error', async () => {
    const given: FlowRecord[] = [];
    const lines = Array.from({ length: 100_000 }, (_, i) => `${i},1,10,1`);
    const text = `${lines.join('\n')}\nno,1,10,1\n`;
    await assert.rejects(async () => {
      const pieces = Array.from({ length: 100 }, () => 10_000);
      for await (const batch of flowRecordBatches(sourceOf(encoder.encode(text), pieces))) {
        given.push(...batch);
      }
    }, /^FlowRecordError: trace:100001:1: /);
    assert.equal(given.length, 100_000);
  });

  it('sorts records within its window and refuses a record that is too late', () => {
    const at = (startMs: number, line: number): FlowRecord => ({ ...PLAIN, startMs, line });
    const order = new StartOrder('trace', 2);
    for (const [i, start] of [5, 3, 4].entries()) order.add(at(start, i + 1));
    assert.deepEqual(
      order.takeReady().map((r) => r.startMs),
      [3],
    );
    order.add(at(3, 4));
    assert.deepEqual(
      order.takeReady().map((r) => r.startMs),
      [3],
    );
    assert.throws(
      () => order.add(at(2, 5)),
      /^FlowRecordError: trace:5:1: the record starts 0\.001 s before .* sort the file by start_s$/,
    );
    assert.deepEqual(
      order.takeRest().map((r) => r.startMs),
      [4, 5],
    );
  });

  it('returns every record in order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 200 }), (starts) => {
        const order = new StartOrder('trace', starts.length);
        for (const [i, startMs] of starts.entries()) order.add({ ...PLAIN, startMs, line: i });
        const out = order.takeRest();
        const sorted = starts.map((startMs, line) => ({ startMs, line }));
        sorted.sort((a, b) => a.startMs - b.startMs || a.line - b.line);
        assert.deepEqual(
          out.map(({ startMs, line }) => ({ startMs, line })),
          sorted,
        );
      }),
    );
  });

  it('gives the same records wherever the file is split into chunks', async () => {
    const text = 'start_s,duration_s,bytes,packets,slice\r\n1,2,300,4,blü\r\n\r\n2,2,5,1,"a,b"\r\n';
    const whole = await recordsOf(text);
    assert.equal(whole.length, 2);
    for (let cut = 0; cut <= encoder.encode(text).length; cut++) {
      assert.deepEqual(await recordsOf(text, [cut, 1]), whole);
    }
  });

  it('reads arbitrary bytes or fails with a TraceError', async () => {
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc
        .string({ unit: fc.constantFrom('0', '1', '.', ',', '"', '\n', '\r', 'e', '-', ' ') })
        .map((s) => encoder.encode(s)),
    );
    await fc.assert(
      fc.asyncProperty(hostile, fc.array(fc.nat(40), { maxLength: 4 }), async (bytes, pieces) => {
        try {
          for (const r of await flattened(flowRecordBatches(sourceOf(bytes, pieces)))) {
            assert.ok(r.startMs >= 0 && r.durationMs >= 0 && Number.isSafeInteger(r.bytes));
          }
        } catch (error) {
          assert.ok(error instanceof TraceError, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });

  describe('files', () => {
    let folder: ReturnType<typeof traceFolder>;
    before(() => {
      folder = traceFolder();
    });
    after(() => folder.remove());

    async function starts(file: string): Promise<number[]> {
      const all: number[] = [];
      for await (const record of readFlowRecords(file)) all.push(record.startMs);
      return all;
    }

    it('unpacks gzip, including several members', async () => {
      const members = [gzipSync('2,1,10,1\n'), gzipSync('1,1,10,1\n')];
      const file = folder.write('flows.csv.gz', Buffer.concat(members));
      assert.deepEqual(await starts(file), [1000, 2000]);
    });

    it('reports truncated gzip, a missing file and a directory', async () => {
      const lines = Array.from({ length: 5000 }, (_, i) => `${i},${Math.sqrt(i)},10,1\n`);
      const packed = gzipSync(lines.join(''));
      const cut = folder.write('cut.csv.gz', packed.subarray(0, packed.length - 20));
      await assert.rejects(starts(cut), TraceCompressionDamaged);
      await assert.rejects(starts(`${folder.path}/none`), TraceUnreadable);
      await assert.rejects(starts(folder.path), /it is a directory/);
    });

    it('closes the file when iteration ends early', async () => {
      // More records than the sort window, so that the file is not yet read to its end.
      const lines = Array.from({ length: 150_000 }, (_, i) => `${i + 1},1,10,1\n`);
      const file = folder.write('long.csv', lines.join(''));
      for await (const record of readFlowRecords(file)) {
        assert.equal(record.startMs, 1000);
        assert.equal(openTimes(file), 1);
        break;
      }
      assert.equal(openTimes(file), 0);
    });
  });
});

/** Number of open descriptors of a file in this process. */
function openTimes(file: string): number {
  const own = '/proc/self/fd';
  return readdirSync(own).filter((fd) => {
    try {
      return readlinkSync(`${own}/${fd}`) === file;
    } catch {
      // The descriptor of the directory listing is already closed.
      return false;
    }
  }).length;
}

const PLAIN: FlowRecord = {
  startMs: 0,
  durationMs: 0,
  bytes: 1,
  packets: 1,
  src: undefined,
  dst: undefined,
  proto: undefined,
  sport: undefined,
  dport: undefined,
  slice: undefined,
  line: 1,
};
