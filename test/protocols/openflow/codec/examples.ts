import type { Action } from '../../../../protocols/openflow/codec/action.ts';
import type { FlowMod } from '../../../../protocols/openflow/codec/flow-mod.ts';
import { FlowCommand, Group, NO_BUFFER, Port } from '../../../../protocols/openflow/codec/ids.ts';
import type { Instructions } from '../../../../protocols/openflow/codec/instruction.ts';
import type { KnownField, Match10, OxmMatch } from '../../../../protocols/openflow/codec/match.ts';
import { Wildcard10 } from '../../../../protocols/openflow/codec/match.ts';
import { MATCH10_ALL } from '../../../../protocols/openflow/codec/match-of10.ts';
import type { OxmName } from '../../../../protocols/openflow/codec/oxm-fields.ts';

export const NOTHING = new Uint8Array();

export function bytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll(':', ''), 'hex'));
}

/** A field from hex: `field('ipv4_dst', '0a010000', 'ffff0000')`. */
export function field(name: OxmName, value: string, mask?: string): KnownField {
  return {
    kind: 'field',
    name,
    value: bytes(value),
    mask: mask === undefined ? undefined : bytes(mask),
  };
}

export function oxm(...fields: readonly KnownField[]): OxmMatch {
  return { kind: 'oxm', fields };
}

/** A match of 1.0 on what `fields` has and `care` names (address bits to be given as prefixes). */
export function match10(fields: Partial<Match10>, care: number, src = 0, dst = 0): Match10 {
  const addresses = ((32 - src) << Wildcard10.ipSrcShift) | ((32 - dst) << Wildcard10.ipDstShift);
  const bits = Wildcard10.all & ~(0xfff << Wildcard10.ipSrcShift) & ~care;
  return { ...MATCH10_ALL, ...fields, wildcards: bits | addresses };
}

export function apply(...actions: readonly Action[]): Instructions {
  return [{ kind: 'apply-actions', actions }];
}

export function output(port: number): Action {
  return { kind: 'output', port, maxLen: 0 };
}

/** A flow-mod that adds to table 0 with priority 100, save for what `change` says. */
export function flowMod(change: Partial<FlowMod>): FlowMod {
  return {
    type: 'flow-mod',
    xid: 1,
    command: FlowCommand.add,
    tableId: 0,
    cookie: 0n,
    cookieMask: 0n,
    idleTimeout: 0,
    hardTimeout: 0,
    priority: 100,
    bufferId: NO_BUFFER,
    outPort: Port.any,
    outGroup: Group.any,
    flags: 0,
    match: oxm(),
    instructions: [],
    ...change,
  };
}
