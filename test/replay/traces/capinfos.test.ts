import assert from 'node:assert/strict';
import { run } from '../../../lab/testbed/run.ts';
import { blankPacket, type CaptureReader } from '../../../replay/input/capture.ts';
import { openTrace } from '../../../replay/input/source.ts';
import { Traffic } from '../../../replay/input/traffic.ts';
import { PacketTrace } from '../../../replay/traces/packet-trace.ts';
import { PcapReader } from '../../../replay/traces/pcap.ts';
import { isPcapng, PcapngReader } from '../../../replay/traces/pcapng.ts';
import { needs } from '../../support/needs.ts';
import { Seeded } from '../../support/seeded.ts';
import { generatedCapture, type GeneratedCapture } from '../support/generated-captures.ts';
import { traceFolder } from '../support/trace-file.ts';

/* Compares our readers with Wireshark's capinfos on generated captures: packets, bytes, times. */

const SEED = 11;
const CAPTURES = 40;
/** A double resolves ms since 1970 to a quarter of a microsecond. */
const TOLERANCE_S = 1e-6;

interface Totals {
  readonly packets: number;
  readonly bytes: number;
  /** Times of the earliest and the latest packet, seconds since 1970. */
  readonly startS: number;
  readonly endS: number;
}

/** Times as capinfos prints them, with the digits of the capture's resolution. */
interface PrintedTotals {
  readonly packets: number;
  readonly bytes: number;
  readonly start: string;
  readonly end: string;
}

describe('replay: captures compared with capinfos', function () {
  this.timeout(60_000);
  const captures: GeneratedCapture[] = [];
  const files: string[] = [];
  let folder: ReturnType<typeof traceFolder> | undefined;
  let expected: readonly PrintedTotals[] = [];

  before(async function () {
    needs(this, 'capinfos');
    folder = traceFolder();
    const random = new Seeded(SEED);
    for (let n = 0; n < CAPTURES; n++) {
      const capture = generatedCapture(random, n);
      captures.push(capture);
      files.push(folder.write(`${n}-${capture.name}`, capture.bytes));
    }
    expected = await capinfos(files);
  });

  after(() => folder?.remove());

  it(`agree on packets, bytes, start and end of ${CAPTURES} captures`, async () => {
    for (const [i, file] of files.entries()) {
      const ours = await read(file);
      const { packets, bytes, start, end } = expected[i];
      assert.deepEqual([ours.packets, ours.bytes], [packets, bytes], file);
      if (!captures[i].hasTimes) continue;
      assert.ok(isPrintedAs(ours.startS, start), `${file} begins at ${ours.startS}, not ${start}`);
      assert.ok(isPrintedAs(ours.endS, end), `${file} ends at ${ours.endS}, not ${end}`);
    }
  });

  it('assign every packet and byte to a flow of the replay', async () => {
    for (const [i, file] of files.entries()) {
      const source = await openTrace(file);
      const trace = new PacketTrace(source, readerOf(file, source.head));
      const traffic = new Traffic();
      await trace.play(Number.POSITIVE_INFINITY, traffic);
      const { packets, bytes } = expected[i];
      assert.deepEqual([traffic.totalPackets, traffic.totalBytes], [packets, bytes], file);
    }
  });

  it('include every kind of capture', () => {
    const names = captures.map(({ name }) => name).join(' ');
    for (const kind of [
      'us-le',
      'us-be',
      'ns-le',
      'ns-be',
      'le-2.pcapng',
      'be-1.pcapng',
      '.pcap.gz',
      '.pcapng.gz',
    ]) {
      assert.ok(names.includes(kind), `${kind} is not among ${names}`);
    }
    assert.ok(captures.some(({ hasTimes }) => !hasTimes));
    assert.ok(expected.reduce((sum, { packets }) => sum + packets, 0) > 100 * CAPTURES);
  });
});

function readerOf(file: string, head: Uint8Array): CaptureReader {
  return isPcapng(head) ? new PcapngReader(file) : new PcapReader(file);
}

/** Totals by our readers. */
async function read(file: string): Promise<Totals> {
  const source = await openTrace(file);
  const reader = readerOf(file, source.head);
  const packet = blankPacket();
  let packets = 0;
  let bytes = 0;
  let startMs = Number.POSITIVE_INFINITY;
  let endMs = Number.NEGATIVE_INFINITY;
  for await (const chunk of source.chunks) {
    reader.push(chunk);
    while (reader.next(packet)) {
      packets++;
      bytes += packet.wireBytes;
      startMs = Math.min(startMs, packet.atMs);
      endMs = Math.max(endMs, packet.atMs);
    }
  }
  reader.end();
  return { packets, bytes, startS: startMs / 1000, endS: endMs / 1000 };
}

/** Totals of each file by capinfos. */
async function capinfos(files: readonly string[]): Promise<readonly PrintedTotals[]> {
  // Prints a table without header: file, packets, bytes, start, end.
  const printed = await run('capinfos', [
    '-T',
    '-M',
    '-r',
    '-m',
    '-c',
    '-d',
    '-S',
    '-a',
    '-e',
    ...files,
  ]);
  const rows = printed
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  assert.deepEqual(
    rows.map(([file]) => file),
    files,
  );
  return rows.map(([, packets, bytes, start, end]) => ({
    packets: Number(packets),
    bytes: Number(bytes),
    start,
    end,
  }));
}

/** True if a time equals the printed time, at its number of digits. */
function isPrintedAs(timeS: number, printed: string): boolean {
  const digits = printed.split('.')[1]?.length ?? 0;
  const more = timeS - Number(printed);
  return more > -TOLERANCE_S && more < 10 ** -digits + TOLERANCE_S;
}
