import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';
import { getActions, putActions } from './actions.ts';
import { OpenFlowEncodeError } from '../wire/errors.ts';
import type { Instruction, Instructions } from './instruction.ts';
import { OF10, OF13, type Version } from './version.ts';

/** Wire numbers of the instructions (1.3.5, section 7.2.4). */
const CODE = {
  'goto-table': 1,
  'write-metadata': 2,
  'write-actions': 3,
  'apply-actions': 4,
  'clear-actions': 5,
  meter: 6,
  experimenter: 0xffff,
} as const;

const NONE: Instructions = [];

/**
 * The instructions of a flow entry; 1.0: the bare actions of the one `apply-actions`.
 * @throws OpenFlowEncodeError: 1.0 lacks the instruction, or allows only one
 */
export function putInstructions(w: Writer, instructions: Instructions, version: Version): void {
  if (version === OF10) {
    putActions10(w, instructions);
    return;
  }
  for (const instruction of instructions) putInstruction(w, instruction);
}

function putActions10(w: Writer, instructions: Instructions): void {
  if (instructions.length === 0) return;
  const [first] = instructions;
  if (instructions.length > 1 || first.kind !== 'apply-actions') {
    const kinds = instructions.map((i) => i.kind).join(', ');
    throw new OpenFlowEncodeError(`OpenFlow 1.0 has no instructions but apply-actions: ${kinds}`);
  }
  putActions(w, first.actions, OF10);
}

function putInstruction(w: Writer, instruction: Instruction): void {
  const start = w.length;
  w.u16(instruction.kind === 'unknown' ? instruction.code : CODE[instruction.kind]);
  w.u16(0);
  switch (instruction.kind) {
    case 'goto-table':
      w.u8(instruction.table);
      w.zeros(3);
      break;
    case 'write-metadata':
      w.zeros(4);
      w.u64(instruction.metadata);
      w.u64(instruction.mask);
      break;
    case 'write-actions':
    case 'apply-actions':
      w.zeros(4);
      putActions(w, instruction.actions, OF13);
      break;
    case 'clear-actions':
      w.zeros(4);
      break;
    case 'meter':
      w.u32(instruction.meter);
      break;
    case 'experimenter':
      w.u32(instruction.experimenter);
      w.bytes(instruction.bytes);
      break;
    case 'unknown':
      w.bytes(instruction.bytes);
      break;
  }
  const length = w.length - start;
  if (length % 8 !== 0) {
    throw new OpenFlowEncodeError(`an instruction is ${length} bytes long, not a multiple of 8`);
  }
  w.patchLength(start + 2, length);
}

/** Reads instructions up to the end of the current structure. */
export function getInstructions(r: Reader, version: Version): Instructions {
  if (version === OF10) {
    if (r.left === 0) return NONE;
    return [{ kind: 'apply-actions', actions: getActions(r, OF10) }];
  }
  const instructions: Instruction[] = [];
  while (r.at < r.end) {
    const code = r.u16();
    const length = r.u16();
    if (length < 8 || length % 8 !== 0) {
      throw r.fail(`the length of an instruction, not ${length}`);
    }
    const outer = r.enter(length - 4, 'an instruction');
    instructions.push(getInstruction(r, code));
    r.leave(outer);
  }
  return instructions;
}

function getInstruction(r: Reader, code: number): Instruction {
  switch (code) {
    case CODE['goto-table']:
      expect(r, 8);
      return { kind: 'goto-table', table: r.u8() };
    case CODE['write-metadata']:
      expect(r, 24);
      r.skip(4);
      return { kind: 'write-metadata', metadata: r.u64(), mask: r.u64() };
    case CODE['write-actions']:
      r.skip(4);
      return { kind: 'write-actions', actions: getActions(r, OF13) };
    case CODE['apply-actions']:
      r.skip(4);
      return { kind: 'apply-actions', actions: getActions(r, OF13) };
    case CODE['clear-actions']:
      expect(r, 8);
      return { kind: 'clear-actions' };
    case CODE.meter:
      expect(r, 8);
      return { kind: 'meter', meter: r.u32() };
    case CODE.experimenter:
      return { kind: 'experimenter', experimenter: r.u32(), bytes: r.rest() };
    default:
      return { kind: 'unknown', code, bytes: r.rest() };
  }
}

function expect(r: Reader, length: number): void {
  if (r.left !== length - 4) {
    throw r.fail(`an instruction of ${length} bytes, not ${r.left + 4}`);
  }
}
