import type { TraceFeed } from '../input/feed.ts';
import { isRecording } from '../recording/block-reader.ts';
import { RecordingFeed } from '../recording/recording-feed.ts';
import { TimedFeed } from '../input/timed-feed.ts';
import { flowRecordBatches } from '../traces/csv.ts';
import { PacketTrace } from '../traces/packet-trace.ts';
import { isPcap, PcapReader } from '../traces/pcap.ts';
import { isPcapng, PcapngReader } from '../traces/pcapng.ts';
import { RecordTrace } from '../traces/record-trace.ts';
import type { TraceSource } from '../input/source.ts';
import { TraceFormatUnknown } from '../input/trace-error.ts';

/**
 * A feed for a trace, whose format is detected from its first bytes.
 *
 * @param periodMs length of a tick for traces other than recordings, ms
 * @throws {TraceFormatUnknown}
 */
export function openFeed(source: TraceSource, periodMs: number): TraceFeed {
  const { file, head } = source;
  if (isRecording(head)) return new RecordingFeed(source);
  if (isPcap(head)) return timed(new PacketTrace(source, new PcapReader(file)));
  if (isPcapng(head)) return timed(new PacketTrace(source, new PcapngReader(file)));
  if (isText(head)) return timed(new RecordTrace(flowRecordBatches(source)));
  throw new TraceFormatUnknown(file);

  function timed(trace: PacketTrace | RecordTrace): TraceFeed {
    return new TimedFeed(trace, periodMs);
  }
}

/** True if the bytes can be text: they contain no control characters but line ends and tabs. */
function isText(head: Uint8Array): boolean {
  return head.every((byte) => byte >= 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09);
}
