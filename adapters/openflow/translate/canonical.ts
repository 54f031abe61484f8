import type { Action } from '../../../protocols/openflow/codec/action.ts';
import type { Instructions } from '../../../protocols/openflow/codec/instruction.ts';
import type { Match, MatchField } from '../../../protocols/openflow/codec/match.ts';
import { Wildcard10 } from '../../../protocols/openflow/codec/match.ts';

/**
 * A match as canonical text. A switch returns fields in another order, drops masks of all ones, and
 * ignores bits beyond the field's width.
 */
export function matchKey(match: Match): string {
  if (match.kind === 'oxm') return match.fields.map(fieldKey).sort().join(',');
  if (match.kind === 'unknown') return `${match.code}:${hex(match.bytes)}`;
  const w = match.wildcards;
  const unless = (bit: number, value: string | number) => ((w & bit) === 0 ? value : '*');
  const address = (value: number, shift: number): string => {
    const ignored = Math.min(32, (w >>> shift) & 63);
    return ignored === 32 ? '*' : `${value}/${32 - ignored}`;
  };
  return [
    unless(Wildcard10.inPort, match.inPort),
    unless(Wildcard10.ethSrc, hex(match.ethSrc)),
    unless(Wildcard10.ethDst, hex(match.ethDst)),
    unless(Wildcard10.vlanVid, match.vlanVid),
    unless(Wildcard10.vlanPcp, match.vlanPcp),
    unless(Wildcard10.ethType, match.ethType),
    unless(Wildcard10.ipTos, match.ipTos),
    unless(Wildcard10.ipProto, match.ipProto),
    address(match.ipSrc, Wildcard10.ipSrcShift),
    address(match.ipDst, Wildcard10.ipDstShift),
    unless(Wildcard10.tpSrc, match.tpSrc),
    unless(Wildcard10.tpDst, match.tpDst),
  ].join(',');
}

/** Instructions as canonical text. */
export function instructionsKey(instructions: Instructions): string {
  return instructions
    .filter((one) => !(one.kind === 'apply-actions' && one.actions.length === 0))
    .map((one) =>
      one.kind === 'apply-actions' || one.kind === 'write-actions'
        ? `${one.kind}(${one.actions.map(actionKey).join(',')})`
        : plain(one),
    )
    .join(';');
}

function fieldKey(field: MatchField): string {
  if (field.kind === 'unknown') return `${field.header}=${hex(field.bytes)}`;
  const { name, value, mask } = field;
  const whole = mask === undefined || mask.every((byte) => byte === 0xff);
  return whole ? `${name}=${hex(value)}` : `${name}=${hex(value)}/${hex(mask)}`;
}

function actionKey(action: Action): string {
  // `maxLen` only matters for output to a controller.
  if (action.kind === 'output') return `output:${action.port}`;
  return action.kind === 'set-field' ? `set(${fieldKey(action.field)})` : plain(action);
}

function plain(value: object): string {
  return Object.entries(value)
    .map(([name, part]) => `${name}=${part instanceof Uint8Array ? hex(part) : String(part)}`)
    .join(' ');
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
