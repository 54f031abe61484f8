import type { Action, Actions } from './action.ts';
import type { Instruction, Instructions } from './instruction.ts';
import { printData, printIpv4, printMac } from './print-bytes.ts';
import { printField, printPort } from './print-match.ts';

function printAction(action: Action): string {
  switch (action.kind) {
    case 'output': {
      const length = action.maxLen === 0 ? '' : `:${action.maxLen}`;
      return `output:${printPort(action.port)}${length}`;
    }
    case 'enqueue':
      return `enqueue:${printPort(action.port)}:${action.queue}`;
    case 'group':
      return `group:${action.group}`;
    case 'set-queue':
      return `set-queue:${action.queue}`;
    case 'push-vlan':
    case 'push-mpls':
    case 'push-pbb':
    case 'pop-mpls':
      return `${action.kind}:0x${action.ethType.toString(16)}`;
    case 'set-mpls-ttl':
    case 'set-nw-ttl':
      return `${action.kind}:${action.ttl}`;
    case 'pop-vlan':
    case 'pop-pbb':
    case 'dec-mpls-ttl':
    case 'dec-nw-ttl':
    case 'copy-ttl-out':
    case 'copy-ttl-in':
      return action.kind;
    case 'set-field':
      return `set-field:${printField(action.field)}`;
    case 'set-vlan-vid':
      return `set-vlan-vid:${action.vid}`;
    case 'set-vlan-pcp':
      return `set-vlan-pcp:${action.pcp}`;
    case 'set-eth-src':
    case 'set-eth-dst':
      return `${action.kind}:${printMac(action.address)}`;
    case 'set-ip-src':
    case 'set-ip-dst':
      return `${action.kind}:${printIpv4(action.address)}`;
    case 'set-ip-tos':
      return `set-ip-tos:${action.tos}`;
    case 'set-tp-src':
    case 'set-tp-dst':
      return `${action.kind}:${action.port}`;
    case 'experimenter':
      return `experimenter:0x${action.experimenter.toString(16)}:${printData(action.bytes)}`;
    case 'unknown':
    default:
      return `action ${action.code}:${printData(action.bytes)}`;
  }
}

/** Actions in execution order; `drop` for an empty list. */
export function printActions(actions: Actions): string {
  return actions.length === 0 ? 'drop' : actions.map(printAction).join(',');
}

function printInstruction(instruction: Instruction): string {
  switch (instruction.kind) {
    case 'goto-table':
      return `goto-table:${instruction.table}`;
    case 'write-metadata': {
      const { metadata, mask } = instruction;
      return `write-metadata:0x${metadata.toString(16)}/0x${mask.toString(16)}`;
    }
    case 'write-actions':
      return `write(${printActions(instruction.actions)})`;
    case 'apply-actions':
      return `apply(${printActions(instruction.actions)})`;
    case 'clear-actions':
      return 'clear-actions';
    case 'meter':
      return `meter:${instruction.meter}`;
    case 'experimenter':
      return `experimenter:0x${instruction.experimenter.toString(16)}:${printData(instruction.bytes)}`;
    case 'unknown':
    default:
      return `instruction ${instruction.code}:${printData(instruction.bytes)}`;
  }
}

/** The instructions of an entry; `drop` for an empty list. */
export function printInstructions(instructions: Instructions): string {
  return instructions.length === 0 ? 'drop' : instructions.map(printInstruction).join(' ');
}
