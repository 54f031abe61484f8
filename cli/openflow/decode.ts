import { createReadStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { fileErrorText } from '../../platform/file-error.ts';
import { printMessage } from '../../protocols/openflow/codec/print.ts';
import { OF10, OF13 } from '../../protocols/openflow/codec/version.ts';
import { type CliContext, printJson, printLines } from '../support/context.ts';
import { CommandFailed, ExitCode } from '../support/exit-codes.ts';
import { type Found, messagesIn } from './message-stream.ts';
import { HexInvalid, openflowBytes } from './openflow-bytes.ts';

const HELP = `
Reads the messages that one side of an OpenFlow connection sent, from FILE or from standard input: as
bytes, or as hexadecimal digits, between which white space, colons, "0x" and "#" comments are allowed.
Prints a line for each message: offset in bytes, version, type, xid and content, with the names of the
specification. Decodes OpenFlow 1.0 and 1.3, and the Nicira and ONF extensions that Norikae uses.

It also reports what a switch would refuse in a match: a duplicate field, a mask that is not allowed, a
field without its prerequisite. A switch itself only answers with an error code.

Messages that cannot be decoded are skipped. An invalid OpenFlow header ends the decoding.

With --json each line is an object: {"offset", "version", "message", "objection"}, or {"offset",
"error"}. In "message", 64-bit numbers are strings of decimal digits, and bytes are hexadecimal.

Exit codes: 0 success; 1 a message cannot be decoded or would be refused; 2 no such file, or no input.

Examples:
  echo 0414000800000003 | norikae openflow decode       a barrier request of OpenFlow 1.3
  norikae openflow decode --json sent.bin | jq .message.type
  # what a controller sends to a switch, from a capture
  tshark -r switch.pcap -Y 'tcp.dstport == 6653' -T fields -e tcp.payload | norikae openflow decode
`;

/** Output that is buffered for a slow reader, bytes. */
const MAX_BACKLOG = 1 << 20;

/** `norikae openflow decode [FILE]`. */
export function openflowDecodeCommand(command: Command, context: CliContext): void {
  command
    .argument('[file]', 'file with the messages; - is standard input', '-')
    .option('--json', 'print JSON, one object per line')
    .addHelpText('after', HELP)
    .action(async (file: string, options: { readonly json?: boolean }) => {
      let messages = 0;
      let errors = 0;
      let refused = 0;
      const input = file === '-' ? process.stdin : createReadStream(file);
      try {
        for await (const found of messagesIn(openflowBytes(input))) {
          messages++;
          if ('error' in found) errors++;
          else if (found.objection !== undefined) refused++;
          if (options.json === true) printJson(context, jsonOf(found));
          else printLines(context, linesOf(found));
          while (context.stdout.backlog() > MAX_BACKLOG) await sleep(5);
        }
      } catch (error) {
        const name = file === '-' ? 'standard input' : file;
        if (error instanceof HexInvalid) {
          throw new CommandFailed(`${name}, ${error.message}`, ExitCode.failed);
        }
        const why = fileErrorText(error);
        throw new CommandFailed(`${name} cannot be read: ${why}`, ExitCode.usage);
      }
      if (messages === 0) {
        throw new CommandFailed('the input is empty; see --help', ExitCode.usage);
      }
      if (errors + refused > 0) throw new CommandFailed(summary(errors, refused), ExitCode.failed);
    });
}

function linesOf(found: Found): readonly string[] {
  const offset = String(found.offset).padStart(6);
  if ('error' in found) return [`${offset}  error: ${found.error}`];
  const { version, message, objection } = found;
  const line = `${offset}  ${versionName(version)}  ${printMessage(message, version)}`;
  return objection === undefined
    ? [line]
    : [line, `${' '.repeat(8)}a switch would refuse the match: ${objection}`];
}

function jsonOf(found: Found): object {
  if ('error' in found) return found;
  const { offset, version, message, objection = null } = found;
  return { offset, version: versionName(version), message: plain(message), objection };
}

/** A JSON value, with 64-bit numbers as decimal strings and bytes as hexadecimal strings. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, plain(v)]));
}

function versionName(version: number): string {
  if (version === OF10) return '1.0';
  return version === OF13 ? '1.3' : `wire version ${version}`;
}

function summary(errors: number, refused: number): string {
  const parts = [];
  if (errors > 0) parts.push(`not decoded: ${errors}`);
  if (refused > 0) parts.push(`with a match that a switch would refuse: ${refused}`);
  return parts.join(', ');
}
