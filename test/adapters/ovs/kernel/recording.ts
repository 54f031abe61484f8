import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

/** Flows of a kernel datapath: as the kernel dumps them, and as OVS prints them. */
export interface Recording {
  /** Payloads of the family `ovs_flow`. */
  readonly messages: readonly Buffer[];
  /** `dpctl/dump-flows -m --names` of the same flows. */
  readonly text: string;
  /** Names of the ports by number. */
  readonly ports: ReadonlyMap<number, string>;
}

/** Reads `NAME.bin.gz`, `NAME.txt.gz` and `NAME.json` of a folder. */
export function readRecording(folder: string, name: string): Recording {
  const read = (extension: string): Buffer => readFileSync(join(folder, `${name}.${extension}`));
  const ports: [number, string][] = JSON.parse(read('json').toString('utf8'));
  return {
    messages: split(gunzipSync(read('bin.gz'))),
    text: gunzipSync(read('txt.gz')).toString('utf8'),
    ports: new Map(ports),
  };
}

export function writeRecording(folder: string, name: string, recording: Recording): void {
  const write = (extension: string, bytes: string | Buffer): void =>
    writeFileSync(join(folder, `${name}.${extension}`), bytes);
  write('bin.gz', gzipSync(joined(recording.messages), { level: 9 }));
  write('txt.gz', gzipSync(recording.text, { level: 9 }));
  write('json', `${JSON.stringify([...recording.ports])}\n`);
}

/** Each message after its length in 32 bits. */
function joined(messages: readonly Buffer[]): Buffer {
  return Buffer.concat(
    messages.flatMap((message) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(message.length, 0);
      return [length, message];
    }),
  );
}

function split(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32LE(at);
    messages.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return messages;
}
