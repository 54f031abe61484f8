import type { Command } from 'commander';
import type { ConditionTrace } from '../../engine/ports/rule-evaluator.ts';
import { FACTS } from '../../policy/facts/facts.ts';
import { factLookup } from '../../policy/facts/fact-lookup.ts';
import { type PolicySet } from '../../policy/model/policy-set.ts';
import { checkPolicies } from '../../policy-tools/files/policy-files.ts';
import { explainFlow, type FlowExplanation } from '../../policy-tools/explain/explain-flow.ts';
import type { NodeRuleView } from '../../policy-tools/explain/explain-node.ts';
import {
  type GivenFact,
  GivenFactError,
  parseGiven,
} from '../../policy-tools/explain/given-facts.ts';
import type { Colours } from '../../platform/terminal.ts';
import { conditionLines, mark, ruleLines } from '../../views/why-report.ts';
import { plainNumber } from '../../text/format.ts';
import { type CliContext, printJson, printLines } from '../support/context.ts';
import { CommandFailed, ExitCode } from '../support/exit-codes.ts';
import { failingInJson, PolicyErrors } from '../support/json-errors.ts';
import { policyFiles } from '../support/paths.ts';

const HELP = `
Describe the flow by facts (see "norikae policy facts"): FACT=VALUE arguments, or a JSON object. Values can
have units; null makes a fact missing. Facts that are not given default to those of a new IPv4 flow from
vm1 to uplink0 that has sent nothing, on a node without readings; headers that are not given can have any
value. The output lists these assumptions.

Facts with parameters and members: portLoad(eth1).txShare=0.5

Examples:
  norikae policy explain mine.json --flow packetsPerSecond=5000 packets=10000 tcpDst=443
  norikae policy explain mine.json --flow placement=offload quietMs=3s hostCpu=80%
  norikae policy explain mine.json --at 2026-03-01T03:00:00+01:00 --flow bitsPerSecond=1Gbit/s
  norikae policy explain mine.json --flow '{"slice":"gold","bitsPerSecond":1e9}' --json
`;

interface ExplainOptions {
  readonly flow: readonly string[];
  readonly at?: string;
  readonly json?: boolean;
}

/** `norikae policy explain FILE... --flow FACT=VALUE...`. */
export function policyExplainCommand(command: Command, context: CliContext): void {
  command
    .argument('<path...>', 'policy files or folders that are in force together')
    .requiredOption('--flow <facts...>', 'facts of the flow: FACT=VALUE, or a JSON object')
    .option('--at <time>', 'wall-clock time, such as 2026-03-01T03:00:00+01:00; by default now')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(async (paths: string[], options: ExplainOptions) => {
      const { given, explanation } = await failingInJson(context, options.json, async () => {
        const policies = await loaded(policyFiles(paths));
        const wallMs = options.at === undefined ? Date.now() : Date.parse(options.at);
        if (!Number.isFinite(wallMs)) {
          throw new CommandFailed(`"${options.at}" is not an ISO 8601 time`, ExitCode.usage);
        }
        return explained(policies, options.flow, wallMs);
      });
      const assumed = assumedOf(explanation, given);
      if (options.json === true) printJson(context, { ...explanation, assumed: valuesOf(assumed) });
      else printLines(context, lines(explanation, assumed, context));
    });
}

async function loaded(files: readonly string[]): Promise<PolicySet> {
  const found = await checkPolicies(files);
  if (found.ok) return found.policies;
  throw new PolicyErrors(found.problems);
}

async function explained(policies: PolicySet, words: readonly string[], wallMs: number) {
  const names = [...FACTS, ...policies.facts].map((fact) => fact.name);
  try {
    const given = parseGiven(words, factLookup(policies), names);
    return { given, explanation: await explainFlow(policies, given, wallMs) };
  } catch (error) {
    if (error instanceof GivenFactError) throw new CommandFailed(error.message, ExitCode.usage);
    throw error;
  }
}

type Comparison = Extract<ConditionTrace, { kind: 'compare' }>;

/** Comparisons of facts that were not given, one for each fact. */
function assumedOf(
  { rules, nodeRules }: FlowExplanation,
  given: readonly GivenFact[],
): readonly Comparison[] {
  const known = new Set(
    given.map((g) => (g.member === undefined ? g.label : `${g.label}.${g.member}`)),
  );
  for (const rule of nodeRules) if (rule.verdict) known.add(rule.sets);
  const seen = [...rules, ...nodeRules].flatMap((rule) => comparisons(rule.condition));
  return [...new Map(seen.filter((c) => !known.has(c.fact)).map((c) => [c.fact, c])).values()];
}

/** The assumed values by fact; null for a fact without a single value. */
function valuesOf(assumed: readonly Comparison[]) {
  return Object.fromEntries(
    assumed.map(({ fact, state, actual }) => [fact, state === 'value' ? actual : null]),
  );
}

function assumedText({ fact, state, actual }: Comparison): string {
  if (state === 'value') return `${fact}=${JSON.stringify(actual)}`;
  if (state === 'open') return `${fact} can be ${String(actual)}`;
  return state === 'none' ? `no ${fact}` : `${fact} not known`;
}

function comparisons(trace: ConditionTrace): Comparison[] {
  return trace.kind === 'compare' ? [trace] : trace.of.flatMap(comparisons);
}

function lines(
  explanation: FlowExplanation,
  assumed: readonly Comparison[],
  { stdout }: CliContext,
): string[] {
  const { colours } = stdout;
  const { rule, requested } = explanation;
  const sentence =
    rule === null
      ? 'No rule applies to this flow: it stays where it is.'
      : `Rule ${rule} decides this flow: ${requested}, score ${plainNumber(explanation.score)}.`;
  const facts = assumed.map(assumedText);
  return [
    colours.bold(sentence),
    ...(facts.length === 0 ? [] : [colours.dim(`assumed: ${facts.join(', ')}`)]),
    '',
    ...explanation.rules.flatMap((r) => {
      const [head, ...conditions] = ruleLines(r, colours);
      return [
        r.shadow ? `${head} ${colours.yellow('(shadow: moves nothing)')}` : head,
        ...conditions,
      ];
    }),
    ...explanation.nodeRules.flatMap((r) => nodeRuleLines(r, colours)),
  ];
}

function nodeRuleLines(rule: NodeRuleView, colours: Colours): string[] {
  const value = rule.value === undefined ? 'nothing' : JSON.stringify(rule.value);
  const sets = `sets ${rule.sets} to ${value}`;
  const head = `node rule ${rule.name} (priority ${rule.priority}) ${sets}`;
  return [`${mark(rule.verdict, colours)} ${head}`, ...conditionLines(rule.condition, 1, colours)];
}
