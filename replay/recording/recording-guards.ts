import type { PortInfo } from '../../engine/model/port.ts';
import { isRecord } from '../../policy/document/literal.ts';
import type { RecordingStart } from './format.ts';

/** True for a valid {@link RecordingStart}. */
export function isRecordingStart(value: unknown): value is RecordingStart {
  if (!isRecord(value)) return false;
  const { version, startedMs, periodMs, tables } = value;
  return (
    typeof version === 'string' &&
    (startedMs === null || isTime(startedMs)) &&
    typeof periodMs === 'number' &&
    Array.isArray(tables) &&
    tables.every(isTable)
  );
}

function isTable(value: unknown): boolean {
  if (!isRecord(value)) return false;
  return typeof value.backend === 'string' && typeof value.entries === 'number';
}

/** True for valid ports; JSON omits members that are undefined. */
export function isPorts(value: unknown): value is readonly PortInfo[] {
  return Array.isArray(value) && value.every(isPort);
}

const KINDS: ReadonlySet<unknown> = new Set(['vm', 'uplink', 'internal', 'other']);

function isPort(value: unknown): value is PortInfo {
  if (!isRecord(value)) return false;
  const { name, uuid, ifindex, bridge, kind, mac, vm, slice, linkBitsPerSecond } = value;
  return (
    [name, uuid, bridge].every((text) => typeof text === 'string') &&
    [mac, vm, slice].every((text) => text === undefined || typeof text === 'string') &&
    (linkBitsPerSecond === undefined || typeof linkBitsPerSecond === 'number') &&
    typeof ifindex === 'number' &&
    KINDS.has(kind) &&
    typeof value.shaped === 'boolean' &&
    typeof value.policed === 'boolean'
  );
}

function isTime(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= 2 ** 43;
}
