import { Experimenter } from './ids.ts';
import { OF10, type Version } from './version.ts';

/** Subtypes of the supported Nicira messages on OpenFlow 1.0 (OVS 3.1, nicira-ext.h). */
export const NICIRA10 = {
  'role-request': 10,
  'role-reply': 11,
  'nx-set-flow-format': 12,
  'flow-mod': 13,
  'flow-removed': 14,
  'nx-flow-mod-table-id': 15,
  'set-async': 19,
  'flow-monitor-cancel': 21,
  'flow-monitor-paused': 22,
  'flow-monitor-resumed': 23,
} as const;

/**
 * Subtypes of the supported ONF messages on 1.3: extensions 187 (flow monitor) and 230 (bundles).
 */
export const ONF13 = {
  'flow-monitor-cancel': 1870,
  'flow-monitor-paused': 1871,
  'flow-monitor-resumed': 1872,
  'bundle-control': 2300,
  'bundle-add': 2301,
} as const;

/** Name of a supported experimenter message; a name in both tables is one type of message. */
export type ExtensionName = keyof typeof NICIRA10 | keyof typeof ONF13;

function inverse<N extends string>(codes: Readonly<Record<N, number>>): ReadonlyMap<number, N>;
function inverse(codes: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  return new Map(Object.entries(codes).map(([name, code]) => [code, name]));
}

const NICIRA10_NAMES = inverse(NICIRA10);
const ONF13_NAMES = inverse(ONF13);

/** Name of the experimenter message; undefined when it is not supported. */
export function extensionName(
  version: Version,
  experimenter: number,
  subtype: number,
): ExtensionName | undefined {
  if (version === OF10) {
    return experimenter === Experimenter.nicira ? NICIRA10_NAMES.get(subtype) : undefined;
  }
  return experimenter === Experimenter.onf ? ONF13_NAMES.get(subtype) : undefined;
}
