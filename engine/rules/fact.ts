import type { FlowTable } from '../model/flow-table.ts';
import type { RuleContext } from './evaluator.ts';
import { MatchFacts } from './match-facts.ts';
import type { PolicyMemory } from './policy-memory.ts';

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

/** Numbers that a fact can have; what lies outside never matches. */
export interface NumberRange {
  readonly min: number;
  readonly max: number;
  /** Whole numbers alone. */
  readonly whole?: boolean;
}

/** One number of an object fact. */
export interface MemberDefinition {
  readonly description: string;
  readonly unit?: string;
  readonly range?: NumberRange;
}

/** A parameter that a condition must give, a string. */
export interface ParamDefinition {
  readonly description: string;
  /** Every value there is, when they can be counted. */
  readonly values?: readonly string[];
  /** What is wrong with a value, undefined when it can be. */
  readonly problem?: (value: string) => string | undefined;
}

/** One line of the facts catalogue. */
export interface FactDefinition {
  readonly name: string;
  readonly scope: 'flow' | 'node';
  readonly type: FactType;
  /** Unit of a number, as printed; undefined for numbers without one and for other types. */
  readonly unit?: string;
  readonly description: string;
  /** Where the value comes from. */
  readonly source: string;
  readonly example: string;
  /** Every value there is, when they can be counted. */
  readonly values?: readonly string[];
  readonly form?: TextForm;
  /** An address or a prefix, which `cidr` takes. */
  readonly address?: true;
  readonly range?: NumberRange;
  /** When a flow or node has no such value; undefined: it always has one. */
  readonly missing?: string;
  readonly params?: Readonly<Record<string, ParamDefinition>>;
  /** Members of an object, each a number; a condition's path names one. */
  readonly members?: Readonly<Record<string, MemberDefinition>>;
  /** The value for the flow that `view` looks at; of a node fact, whatever flow that is. */
  read(view: FlowView, params: FactParams): FactValue;
  /**
   * Asks for the value where it is not at hand; `read` then gives what is known without asking.
   * Settles within a time-out of its own; a rejection counts as a missing value. Rules that look
   * at such a fact are not compiled: json-rules-engine evaluates them.
   */
  readonly ask?: (view: FlowView, params: FactParams) => Promise<FactValue>;
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
  readonly memory: PolicyMemory;

  constructor(table: FlowTable, context: RuleContext, memory: PolicyMemory) {
    this.table = table;
    this.context = context;
    this.memory = memory;
  }

  /** When flows were busy. */
  get activity() {
    return this.memory.activity;
  }

  /** What follows from the flow's match alone. */
  get match(): MatchFacts {
    return new MatchFacts(this.table.matchAt(this.row));
  }

  /** Ports the flow is sent to, in order; worked out once for a flow's actions. */
  get outPorts(): readonly string[] {
    return this.memory.outputs.of(this.table.actionsAt(this.row));
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

  /** Slice that the flow belongs to: one that a policy declares, or else the port's. */
  get slice(): string | undefined {
    return this.memory.slices.of(this) ?? this.tenantPort?.slice;
  }
}
