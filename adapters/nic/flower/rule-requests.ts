import type { NetlinkAnswer, NetlinkRequest } from '../../../protocols/netlink/exchange.ts';
import { NetlinkRefused } from '../../../protocols/netlink/errors.ts';
import { FLAG } from '../../../protocols/netlink/message.ts';
import { FilterCounters } from '../../../protocols/netlink/tc/filter-counters.ts';
import {
  deleteFilter,
  type FilterPlace,
  newFilter,
} from '../../../protocols/netlink/tc/filters.ts';
import { FLOWER } from '../../../protocols/netlink/tc/flower-table.ts';
import { FILTER_FLAGS } from '../../../protocols/netlink/tc/tables.ts';
import { PARENT } from '../../../protocols/netlink/tc/traffic-control.ts';
import { type Entry, noteCounters } from './entry.ts';
import type { RulesIn } from './options.ts';
import type { FlowerRule } from './rules/flower-rule.ts';
import { tunnelDevice } from './rules/tunnel-device.ts';

const KIND = 'flower';

/** A request that writes a rule; the kernel echoes what has become of it. */
export function writeRule(entry: Entry, rule: FlowerRule, rulesIn: RulesIn): NetlinkRequest {
  const flags = flagsOn(entry.device.name, rulesIn);
  return echoed(
    newFilter(filterPlace(entry), KIND, [
      ...rule.keys,
      FLOWER.actions.of(rule.actions),
      FLOWER.filterFlags.of(flags),
    ]),
  );
}

/**
 * Flags of the rules on a device. The kernel accepts no `skip_sw` on the device of a tunnel, which has no driver of a NIC
 * (`nooffloaddevcnt` in net/sched/cls_api.c): its rules are in the NIC and in software.
 */
export function flagsOn(device: string, rulesIn: RulesIn): number {
  if (rulesIn === 'software') return FILTER_FLAGS.skipHardware;
  return tunnelDevice(device) === undefined ? FILTER_FLAGS.skipSoftware : 0;
}

/** A request that deletes the rule of an entry; the kernel echoes its last counters. */
export function deleteRule(entry: Entry): NetlinkRequest {
  return echoed(deleteFilter(filterPlace(entry), KIND));
}

/** Notes the last counters of a deleted rule. Returns the refusal, if it may still be there. */
export function noteDeleted(entry: Entry, answer: NetlinkAnswer): NetlinkRefused | undefined {
  if (answer instanceof NetlinkRefused) return answer.code === 'ENOENT' ? undefined : answer;
  const counters = echoOf(answer);
  if (counters !== undefined) noteCounters(entry, counters);
  return undefined;
}

/** Whether the kernel reports that a written rule is in hardware. */
export function isInHardware(answer: NetlinkAnswer): boolean {
  return !(answer instanceof NetlinkRefused) && echoOf(answer)?.isInHardware === true;
}

function echoOf(answer: Exclude<NetlinkAnswer, NetlinkRefused>): FilterCounters | undefined {
  const counters = new FilterCounters();
  for (const { payload } of answer) if (counters.read(payload, 0, payload.length)) return counters;
  return undefined;
}

function echoed(request: NetlinkRequest): NetlinkRequest {
  return { ...request, flags: (request.flags ?? 0) | FLAG.echo };
}

function filterPlace({ device, place, handle }: Entry): FilterPlace {
  return { ifindex: device.ifindex, parent: PARENT.clsactIngress, handle, ...place };
}
