import { PLACEMENT_NAMES, REQUESTED_PLACEMENT_NAMES } from '../../engine/model/flow.ts';
import { FlowTable } from '../../engine/model/flow-table.ts';
import type { PortInfo } from '../../engine/model/port.ts';
import { linearValue } from '../../policy/model/linear-function.ts';
import type { RuleContext } from '../../engine/ports/rule-evaluator.ts';
import { neededFor } from '../../policy/model/extent.ts';
import { FlowView } from '../../policy/model/fact.ts';
import { PolicyMemory } from '../../policy/state/policy-memory.ts';
import type { PolicySet } from '../../policy/model/policy-set.ts';
import { traceRules } from '../../policy/trace/trace.ts';
import type { RuleView } from '../../api/flow-views.ts';
import { explainNode, type NodeRuleView } from './explain-node.ts';
import { flowActions, flowMatch, HEADER_FACTS, HeaderError } from '../../simulation/flow-match.ts';
import { type GivenFact, GivenFactError, withGiven } from './given-facts.ts';

/** What policies request for a flow, and why. */
export interface FlowExplanation {
  /** The deciding rule of the enforced policies; null if no rule decides. */
  readonly rule: string | null;
  readonly requested: (typeof REQUESTED_PLACEMENT_NAMES)[number];
  readonly score: number;
  /** Verdicts of all rules, in order of precedence. */
  readonly rules: readonly (RuleView & { readonly shadow: boolean })[];
  /** Verdicts of all node rules and what they set. */
  readonly nodeRules: readonly NodeRuleView[];
}

const NOW_MS = 1_000_000;

/**
 * Explains policies for a flow with the given facts. Other facts are those of a new, silent flow
 * with the given headers: rates and totals are 0. If only the smoothed rate or only the rate of the
 * last tick is given, the other equals it.
 *
 * @throws {GivenFactError} if no flow can have the facts
 */
export async function explainFlow(
  policies: PolicySet,
  given: readonly GivenFact[],
  wallMs: number,
): Promise<FlowExplanation> {
  const values = new Map(given.map((g) => [g.label, g.value]));
  const table = tableOf(values);
  const context = contextOf(given, values, wallMs);
  using memory = new PolicyMemory(policies);
  await memory.update(table, context);
  const view = new FlowView(table, context, memory);
  view.row = table.rows[0];
  const { rules: nodeRules, factNamed } = await explainNode(
    policies,
    view,
    // The match has the given headers; null cannot be matched.
    withGiven(
      memory.factNamed,
      given.filter(({ fact, value }) => value === undefined || !HEADER_FACTS.includes(fact.name)),
    ),
    (fact) => values.has(fact),
  );
  const traced = policies.rules.map(({ conditions, requested }) => ({
    conditions,
    needed: neededFor(requested),
  }));
  const traces = await traceRules(view, traced, factNamed);
  const rules = policies.rules.map((rule, i) => ({
    name: rule.name,
    priority: rule.priority,
    requested: REQUESTED_PLACEMENT_NAMES[rule.requested],
    verdict: traces[i].verdict,
    condition: traces[i],
    shadow: rule.mode === 'shadow',
  }));
  const deciding = rules.findIndex((rule) => rule.verdict && !rule.shadow);
  if (deciding < 0) return { rule: null, requested: 'none', score: 0, rules, nodeRules };
  const { score } = policies.rules[deciding];
  const worth = score.kind === 'number' ? score.value : linearValue(score, view, factNamed);
  return {
    rule: rules[deciding].name,
    requested: rules[deciding].requested,
    score: worth ?? 0,
    rules,
    nodeRules,
  };
}

type Values = ReadonlyMap<string, unknown>;

function tableOf(values: Values): FlowTable {
  const outPorts = values.get('outPorts');
  const outPort = values.has('outPort') ? values.get('outPort') : 'uplink0';
  const headers = {
    inPort: text(values.get('inPort')) ?? 'vm1',
    outPorts: Array.isArray(outPorts)
      ? outPorts.map(String)
      : outPort === undefined
        ? []
        : [text(outPort) ?? 'uplink0'],
    headers: Object.fromEntries(
      [...values].flatMap(([name, value]) =>
        HEADER_FACTS.includes(name) ? [[name, value ?? null]] : [],
      ),
    ),
    opaque: values.get('offloadable') === false,
  };
  const table = new FlowTable();
  table.begin(NOW_MS);
  const row = table.add({ w0: 1, w1: 2, w2: 3, w3: 4 }, matchOf(headers), flowActions(headers));
  table.observe(row, number(values, 'packets'), number(values, 'bytes'), 0);
  table.end();
  const { forecast, rates } = table;
  rates.packetsPerSecond[row] = number(values, 'packetsPerSecond', 'lastPacketsPerSecond');
  // A flow without history is expected to keep its rate.
  forecast.worth[row] = rates.packetsPerSecond[row];
  forecast.packetsPerSecond[row] = rates.packetsPerSecond[row];
  rates.lastPacketsPerSecond[row] = number(values, 'lastPacketsPerSecond', 'packetsPerSecond');
  rates.bitsPerSecond[row] = number(values, 'bitsPerSecond', 'lastBitsPerSecond');
  rates.lastBitsPerSecond[row] = number(values, 'lastBitsPerSecond', 'bitsPerSecond');
  const placement = PLACEMENT_NAMES.findIndex((name) => name === values.get('placement'));
  table.decision.placement[row] = Math.max(0, placement);
  return table;
}

function matchOf(headers: Parameters<typeof flowMatch>[0]) {
  try {
    return flowMatch(headers);
  } catch (error) {
    if (error instanceof HeaderError) throw new GivenFactError(error.message);
    throw error;
  }
}

/** The node, with ports from the flow's facts and with the given node facts. */
function contextOf(given: readonly GivenFact[], values: Values, wallMs: number): RuleContext {
  const inPort = text(values.get('inPort')) ?? 'vm1';
  const outPort = text(values.get('outPort')) ?? 'uplink0';
  const vm = text(values.get('vm'));
  const slice = text(values.get('slice'));
  const hostCpu = values.get('hostCpu');
  const loads = new Map<string, { rxBitsPerSecond: number; txBitsPerSecond: number }>();
  for (const { fact, label, member, value } of given) {
    if (fact.name !== 'portLoad' || typeof value !== 'number') continue;
    const port = label.slice('portLoad('.length, -1);
    const load = loads.get(port) ?? { rxBitsPerSecond: 0, txBitsPerSecond: 0 };
    if (member === 'rxBitsPerSecond') load.rxBitsPerSecond = value;
    if (member === 'txBitsPerSecond') load.txBitsPerSecond = value;
    loads.set(port, load);
  }
  return {
    nowMs: NOW_MS,
    wallMs,
    node: { hostCpu: typeof hostCpu === 'number' ? hostCpu : undefined, portLoad: loads },
    ports: new Map([
      [
        outPort,
        portInfo(outPort, kindOf(values.get('outPortKind'), 'uplink'), undefined, undefined),
      ],
      [inPort, portInfo(inPort, kindOf(values.get('inPortKind'), 'vm'), vm, slice)],
    ]),
    tableFill: number(values, 'tableFill'),
  };
}

function portInfo(
  name: string,
  kind: PortInfo['kind'],
  vm: string | undefined,
  slice: string | undefined,
): PortInfo {
  const uuid = `given-${name}`;
  return {
    name,
    uuid,
    ifindex: 0,
    bridge: 'br0',
    kind,
    mac: undefined,
    vm,
    slice,
    linkBitsPerSecond: undefined,
    shaped: false,
    policed: false,
  };
}

function kindOf(value: unknown, otherwise: PortInfo['kind']): PortInfo['kind'] {
  return value === 'vm' || value === 'uplink' || value === 'internal' || value === 'other'
    ? value
    : otherwise;
}

function number(values: Values, ...names: readonly string[]): number {
  const value = names.map((name) => values.get(name)).find((v) => typeof v === 'number');
  return typeof value === 'number' ? value : 0;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
