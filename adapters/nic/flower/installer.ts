import { bypassRefusal } from '../../../engine/model/bypass.ts';
import { type FlowId, formatFlowId } from '../../../engine/model/flow-id.ts';
import type { FlowSpec } from '../../../engine/model/flow.ts';
import type { Refusal } from '../../../engine/model/refusal.ts';
import type { Operation, OperationResult } from '../../../engine/ports/offload-backend.ts';
import { monotonicMs } from '../../../async/monotonic.ts';
import { errorMessage } from '../../../text/error-message.ts';
import { ABSENT, INSTALLED, refused, REPLACED, UNCHANGED } from '../core/operation-results.ts';
import type { Devices } from './devices.ts';
import { type Entry, newState, type PortIdentity } from './entry.ts';
import type { EntryTable } from './entry-table.ts';
import type { RulesIn } from './options.ts';
import { placeOf } from './priorities.ts';
import type { RuleMoves } from './rule-moves.ts';
import { deleteRule, noteDeleted, writeRule } from './rule-requests.ts';
import { encodeRule, type FlowerRule } from './rules/flower-rule.ts';
import { isSameRule } from './same-rule.ts';
import type { ServedDevice } from './served-device.ts';
import type { ServedPorts } from './served-ports.ts';
import { answered, MAX_REQUESTS, type Step, type StepSender } from './steps.ts';
import { canForbidFragments } from './forbid-fragments.ts';

const CAN_FORBID_FRAGMENTS = canForbidFragments();

/** Why no rule is written to hardware, where it would be in force at once. */
const NOT_IN_FORCE =
  'the lease is not in force: the entries have not been verified in time, or the watchdog does not run';

/** What an {@link Installer} works with. */
export interface InstallerParts {
  readonly sender: StepSender;
  readonly moves: RuleMoves;
  readonly entries: EntryTable;
  readonly devices: Devices;
  readonly ports: ServedPorts;
  readonly rulesIn: RulesIn;
  readonly limit: number;
  /** Time between two heartbeats of a flow, ms; 0: no heartbeats. */
  readonly heartbeatMs: number;
  /** Whether rules may be in the table now; in hardware, only while the lease holds. */
  readonly mayInstall: () => boolean;
}

/** Applies the engine's operations, many in one request. */
export class Installer {
  readonly #parts: InstallerParts;

  constructor(parts: InstallerParts) {
    this.#parts = parts;
  }

  /** The rule of a flow, or why the flow cannot have one. */
  check(flow: FlowSpec): FlowerRule | Refusal {
    const { ports, heartbeatMs, rulesIn } = this.#parts;
    const shortestMs = heartbeatMs === 0 ? Number.POSITIVE_INFINITY : heartbeatMs;
    const bypassed = bypassRefusal(flow, (name) => ports.snapshot.get(name), shortestMs);
    if (bypassed !== undefined) return bypassed;
    const isInSoftware = rulesIn === 'software';
    const heartbeat = isInSoftware && heartbeatMs > 0;
    const encoded = encodeRule(flow, ports, {
      heartbeat,
      isInSoftware,
      canForbidFragments: CAN_FORBID_FRAGMENTS,
    });
    return encoded.ok ? encoded.rule : encoded.refusal;
  }

  /** Applies operations in their order. */
  async apply(
    operations: readonly Operation[],
    signal: AbortSignal,
  ): Promise<readonly OperationResult[]> {
    const { sender } = this.#parts;
    const results: OperationResult[] = [];
    let steps: Step[] = [];
    let requests = 0;
    const flush = async (): Promise<void> => {
      results.push(...(await sender.send(steps)));
      steps = [];
      requests = 0;
    };
    for (const operation of operations) {
      signal.throwIfAborted();
      const id = operation.kind === 'put' ? operation.flow.id : operation.id;
      const key = formatFlowId(id);
      if (requests >= MAX_REQUESTS || steps.some((step) => step.key === key)) await flush();
      const planned = steps.reduce((sum, step) => sum + step.change, 0);
      const step =
        operation.kind === 'put'
          ? await this.#put(operation.flow, key, planned)
          : this.#delete(operation.id, key);
      steps.push(step);
      requests += step.requests.length;
    }
    await flush();
    return results;
  }

  async #put(flow: FlowSpec, key: string, planned: number): Promise<Step> {
    const { entries, limit, devices, ports, mayInstall } = this.#parts;
    const rule = this.check(flow);
    if ('code' in rule) return answered(key, { ok: false, refusal: rule });
    const before = entries.get(flow.id);
    if (before !== undefined && isUnchanged(before, rule)) {
      before.rule = rule;
      return answered(key, UNCHANGED);
    }
    if (before === undefined && entries.size + planned >= limit) {
      return answered(key, refused('table-full', `all ${limit} entries are in use`));
    }
    if (!mayInstall()) {
      // The rule that has lapsed would come back with the lease, and do what the flow did before.
      if (before !== undefined) entries.remove(before);
      return answered(key, refused('device-error', NOT_IN_FORCE));
    }
    const names = [rule.inPort, ...rule.outputs];
    const identities = names
      .map((name) => ports.identity(name))
      .filter((port) => port !== undefined);
    try {
      const device = await devices.open(identities[0], rule.optionBytes);
      if (device.optionBytes !== rule.optionBytes) {
        return answered(key, refused('mask-table-full', otherOptions(device, rule)));
      }
      return this.#installation(
        this.#newEntry(flow.id, key, rule, device, identities),
        rule,
        before,
      );
    } catch (error) {
      const why = errorMessage(error);
      ports.fail(identities[0], why);
      return answered(key, refused('port-unavailable', why));
    }
  }

  #newEntry(
    id: FlowId,
    key: string,
    rule: FlowerRule,
    device: ServedDevice,
    identities: readonly PortIdentity[],
  ): Entry {
    const { rulesIn, heartbeatMs } = this.#parts;
    const place = placeOf(rule.protocol);
    return {
      id,
      key,
      device,
      place,
      handle: device.takeHandle(),
      rule,
      adopted: undefined,
      ports: identities.map(({ name, uuid, ifindex }) => ({ name, uuid, ifindex })),
      hasHeartbeat: rulesIn === 'software' && heartbeatMs > 0,
      ...newState(place),
      // Spread over the period, so that not all flows that begin together beat together.
      beatAtMs: monotonicMs() - (id.w3 % Math.max(1, heartbeatMs)),
    };
  }

  #installation(entry: Entry, rule: FlowerRule, before: Entry | undefined): Step {
    const { entries, rulesIn, sender } = this.#parts;
    const change = before === undefined ? 1 : 0;
    const outcome = before === undefined ? INSTALLED : REPLACED;
    const removal = before?.state === 'installed' ? [deleteRule(before)] : [];
    const requests = [...removal, writeRule(entry, rule, rulesIn)];
    return {
      key: entry.key,
      change,
      requests,
      settle: (answers) => {
        if (before !== undefined) {
          const refusal = removal.length === 0 ? undefined : noteDeleted(before, answers[0]);
          if (refusal !== undefined) return sender.notDeleted(refusal);
          entries.remove(before);
        }
        const problem = sender.problemOf(answers[removal.length]);
        if (problem !== undefined) return { ok: false, refusal: problem };
        entries.add(entry);
        return outcome;
      },
    };
  }

  #delete(id: FlowId, key: string): Step {
    const entry = this.#parts.entries.get(id);
    return entry === undefined ? answered(key, ABSENT) : this.#parts.moves.deletion(entry);
  }
}

/** Why a rule cannot be beside those of a device. */
function otherOptions(device: ServedDevice, rule: FlowerRule): string {
  return (
    `rules on ${device.name} are for packets with ${device.optionBytes} bytes of options, and flower ` +
    `cannot tell them from ${rule.optionBytes} bytes`
  );
}

function isUnchanged(entry: Entry, rule: FlowerRule): boolean {
  const { rule: before, adopted } = entry;
  if (before !== undefined) return areEqual(before, rule);
  return adopted !== undefined && isSameRule(rule, adopted);
}

/** True if both would write the same filter. */
function areEqual(a: FlowerRule, b: FlowerRule): boolean {
  const same = (one: readonly Buffer[], other: readonly Buffer[]): boolean =>
    one.length === other.length && one.every((bytes, i) => bytes.equals(other[i]));
  return (
    a.ifindex === b.ifindex &&
    a.protocol === b.protocol &&
    same(a.keys, b.keys) &&
    same(a.actions, b.actions)
  );
}
