import type { FlowTable } from '../model/flow-table.ts';
import type { Activity } from './activity.ts';
import type { RuleContext } from './evaluator.ts';
import { MatchFactCache } from './match-facts.ts';

/** What a fact's value can be. `strings` is a list of strings, `object` has members. */
export type FactType = 'number' | 'string' | 'boolean' | 'strings' | 'object';

/** A value of a fact; undefined: the flow or node has none, or it is not known. */
export type FactValue =
  | number
  | string
  | boolean
  | readonly string[]
  | Readonly<Record<string, number | undefined>>
  | undefined;

/** Arguments that a condition gives a fact. */
export type FactParams = Readonly<Record<string, unknown>>;

/** The form that the text of a fact has, so that a value that can never match is found early. */
export interface TextForm {
  readonly pattern: RegExp;
  readonly words: string;
}

/** One line of the facts catalogue. */
export interface FactDefinition {
  readonly name: string;
  readonly scope: 'flow' | 'node';
  readonly type: FactType;
  /** Unit of a number, as printed; undefined for numbers without one and for other types. */
  readonly unit?: string;
  readonly description: string;
  readonly example: string;
  /** Every value there is, when they can be counted. */
  readonly values?: readonly string[];
  readonly form?: TextForm;
  /** When a flow or node has no such value; undefined: it always has one. */
  readonly missing?: string;
  /** Parameters a condition must give, each a string, with what they mean. */
  readonly params?: Readonly<Record<string, string>>;
  /** Members of an object, each a number, with what they mean; a condition's path names one. */
  readonly members?: Readonly<Record<string, string>>;
  /** The value for the flow that `view` looks at. */
  read(view: FlowView, params: FactParams): FactValue;
}

/** The definition of a fact by its name, undefined when there is none. */
export type FactLookup = (name: string) => FactDefinition | undefined;

/**
 * Where the facts look: one row of the flow table in one context. Moved from row to row, so that
 * nothing is allocated for a flow.
 */
export class FlowView {
  table: FlowTable;
  context: RuleContext;
  row = 0;
  readonly activity: Activity;
  readonly #matches: MatchFactCache;

  constructor(
    table: FlowTable,
    context: RuleContext,
    activity: Activity,
    matches = new MatchFactCache(),
  ) {
    this.table = table;
    this.context = context;
    this.activity = activity;
    this.#matches = matches;
  }

  /** What follows from the flow's match and actions alone; worked out once a flow. */
  get match() {
    return this.#matches.of(this.table.matchAt(this.row));
  }

  /** Ports the flow is sent to, in order; worked out once for a flow's actions. */
  get outPorts(): readonly string[] {
    return this.#matches.outputsOf(this.table.actionsAt(this.row));
  }

  get inPort() {
    return this.context.ports.get(this.table.matchAt(this.row).inPort);
  }

  get outPort() {
    const name = this.outPorts[0];
    return name === undefined ? undefined : this.context.ports.get(name);
  }

  /** The port whose VM and slice the flow counts for: where it enters, unless that is an uplink. */
  get tenantPort() {
    const from = this.inPort;
    return from?.kind === 'uplink' ? this.outPort : from;
  }
}
