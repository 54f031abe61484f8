import { parseFlowId } from '../../engine/model/flow-id.ts';
import { PLACEMENT_NAMES } from '../../engine/model/flow.ts';
import { FlowTable } from '../../engine/model/flow-table.ts';
import type { FlowMatch } from '../../engine/model/match.ts';
import type { PortInfo } from '../../engine/model/port.ts';
import type { PortLoad } from '../../engine/model/tick.ts';
import type { RuleContext } from '../../engine/ports/rule-evaluator.ts';
import type { PolicySet } from '../../policy/model/policy-set.ts';
import type { FlowView } from '../../api/flow-views.ts';
import type { PortView, StatusView } from '../../api/status-view.ts';
import { isTickLine } from '../../api/view-guards.ts';
import { createEvaluator } from '../../policy/compiled/create-evaluator.ts';
import { SimulatedClock } from '../../simulation/simulated-clock.ts';
import { diffOf, type PolicyDiff, requestsOf } from './diff.ts';
import { parseMatch } from './match-text.ts';
import { errorMessage } from '../../text/error-message.ts';

/** The text is not a recorded tick. */
export class RecordingError extends Error {
  override readonly name = 'RecordingError';
}

/**
 * Compares two sets of policies on a tick that `norikae top --once --json` printed.
 *
 * @throws {RecordingError}
 */
export async function diffOnRecordedTick(
  before: PolicySet,
  after: PolicySet,
  text: string,
  wallMs: number,
  signal: AbortSignal,
): Promise<PolicyDiff> {
  const { status, page } = parsed(text);
  const clock = new SimulatedClock();
  const table = tableOf(page.flows, clock.now());
  const context = contextOf(status, clock.now(), wallMs);
  using evaluatorBefore = createEvaluator(before, clock);
  const old = await requestsOf(evaluatorBefore, table, context, signal);
  using evaluatorAfter = createEvaluator(after, clock);
  const now = await requestsOf(evaluatorAfter, table, context, signal);
  return diffOf(table, old, now);
}

function parsed(text: string) {
  let value: unknown;
  try {
    value = JSON.parse(text.split('\n', 1)[0]);
  } catch (error) {
    const why = errorMessage(error);
    throw new RecordingError(`the first line is not valid JSON: ${why}`);
  }
  if (isTickLine(value)) return value;
  throw new RecordingError('not the output of "norikae top --once --json"');
}

function tableOf(flows: readonly FlowView[], nowMs: number): FlowTable {
  const table = new FlowTable();
  table.begin(nowMs);
  const rows = flows.map((flow) => {
    const id = parseFlowId(flow.id);
    if (id === undefined) throw new RecordingError(`"${flow.id}" is not a ufid`);
    const actions = flow.outPorts.map((port) => ({ kind: 'output', port }) as const);
    const row = table.add(id, matchOf(flow), actions);
    table.observe(row, flow.packets, flow.bytes, flow.idleMs);
    return row;
  });
  table.end();
  flows.forEach((flow, i) => {
    const row = rows[i];
    table.traffic.firstSeenMs[row] = nowMs - flow.ageMs;
    table.traffic.vswitchBytes[row] = flow.vswitchBytes;
    table.traffic.carriedBytes[row] = flow.carriedBytes;
    table.rates.bitsPerSecond[row] = flow.bitsPerSecond;
    table.rates.lastBitsPerSecond[row] = flow.bitsPerSecond;
    table.rates.packetsPerSecond[row] = flow.packetsPerSecond;
    table.rates.lastPacketsPerSecond[row] = flow.packetsPerSecond;
    // There is no history to forecast from, so flows are expected to keep their rates.
    table.forecast.worth[row] = flow.packetsPerSecond;
    table.decision.placement[row] = PLACEMENT_NAMES.indexOf(flow.entry ?? 'onload');
    table.decision.placedSinceMs[row] =
      flow.placedMs === null ? Number.NEGATIVE_INFINITY : nowMs - flow.placedMs;
  });
  return table;
}

/** The match, from its text. */
function matchOf(flow: FlowView): FlowMatch {
  const match = parseMatch(flow.match);
  if (match === undefined) {
    throw new RecordingError(`flow ${flow.id}: "${flow.match}" is not the match of a flow`);
  }
  return match;
}

function contextOf(status: StatusView, nowMs: number, wallMs: number): RuleContext {
  const portLoad = new Map<string, PortLoad>();
  for (const { name, rxBitsPerSecond: rx, txBitsPerSecond: tx } of status.ports) {
    if (rx !== null && tx !== null) {
      portLoad.set(name, { rxBitsPerSecond: rx, txBitsPerSecond: tx });
    }
  }
  const { backend, hostCpu } = status;
  return {
    nowMs,
    wallMs,
    node: { hostCpu: hostCpu ?? undefined, portLoad },
    ports: new Map(status.ports.map((port) => [port.name, portOf(port)])),
    tableFill: backend === null || backend.entries === 0 ? 0 : backend.used / backend.entries,
    tables: backend === null ? [] : [backend],
  };
}

function portOf(port: PortView): PortInfo {
  const { name, vm, slice, linkBitsPerSecond } = port;
  const kinds = ['vm', 'uplink', 'internal', 'other'] as const;
  return {
    name,
    uuid: name,
    ifindex: 0,
    bridge: '',
    kind: kinds.find((kind) => kind === port.kind) ?? 'other',
    mac: undefined,
    vm: vm ?? undefined,
    slice: slice ?? undefined,
    linkBitsPerSecond: linkBitsPerSecond ?? undefined,
    shaped: false,
    policed: false,
  };
}
