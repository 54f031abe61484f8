import { createReadStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { fileErrorText } from '../../platform/file-error.ts';
import { printMessage } from '../../protocols/openflow/codec/print.ts';
import { OF10, OF13 } from '../../protocols/openflow/codec/version.ts';
import { type CliContext, printJson, printLines } from '../support/context.ts';
import { CommandFailed, ExitCode } from '../support/exit-codes.ts';
import { type Found, messagesIn } from './message-stream.ts';
import { HexInvalid, openflowBytes } from './openflow-bytes.ts';

const HELP = `
Reads what one side of an OpenFlow connection sends, message after message, from FILE or from
standard input: the bytes themselves, or hexadecimal digits, which may have white space, colons,
"0x" and "#" comments between them. Prints a line for each message: bytes before it, version, type,
xid, and what it says, with the names of the specification. Messages of OpenFlow 1.0 and 1.3 are
decoded, with the extensions of Nicira and the ONF that Norikae speaks.

It also says what a switch would refuse in a match: a field twice, a mask where none may be, a field
without what it needs before it. A switch itself answers with no more than an error code.

A message that cannot be decoded is passed over. It stops at bytes that are not an OpenFlow header.

With --json each line is an object: {"offset", "version", "message", "objection"}, or {"offset",
"error"}. In "message", 64-bit numbers are strings of decimal digits, and bytes are hexadecimal.

Exit codes: 0 done, 1 something cannot be decoded or would be refused, 2 no such file, no input.

Examples:
  echo 0414000800000003 | norikae openflow decode       a barrier request of OpenFlow 1.3
  norikae openflow decode --json sent.bin | jq .message.type
  # what a controller sends to a switch, from a capture
  tshark -r switch.pcap -Y 'tcp.dstport == 6653' -T fields -e tcp.payload | norikae openflow decode
`;

/** Output that may wait to be read, bytes. */
const MAX_BACKLOG = 1 << 20;

/** `norikae openflow decode [FILE]`. */
export function openflowDecodeCommand(context: CliContext): Command {
  return new Command('decode')
    .description('print OpenFlow messages, with names, from their bytes or hexadecimal digits')
    .argument('[file]', 'where the messages are; standard input when left out or -', '-')
    .option('--json', 'print JSON for programs, a line each')
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
        throw new CommandFailed('there was nothing to decode; --help shows how', ExitCode.usage);
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

/** A value of JSON: 64-bit numbers as decimal digits, bytes as hexadecimal digits. */
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
