import type { FlowTable } from '../../engine/model/flow-table.ts';
import type { RuleContext } from '../../engine/ports/rule-evaluator.ts';
import { MatchFacts, type OutputCache } from './match-facts.ts';
import type { SliceDefinition, SliceUse } from './slice.ts';

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

/** What flows can have in common, so that a fact of it is read once for all of them. */
export type FlowKey = 'inPort' | 'outPort' | 'slice' | 'rankedSlice';

/** Writes a number for each of `rows[from .. to)` into `into`, at the row's index. */
export type FillColumn = (
  view: FlowView,
  rows: Int32Array,
  from: number,
  to: number,
  into: Float64Array,
  params: FactParams,
) => void;

/** How a fact is read for many flows at a time, and how long a value of it is valid. */
export type FactColumn =
  /**
   * Follows from the flow's match and actions and, with `ports`, from the port directory: valid
   * until one of these changes.
   */
  | { readonly kind: 'flow'; readonly ports: boolean }
  /** A column of numbers, never missing. */
  | { readonly kind: 'column'; readonly of: (table: FlowTable) => Float64Array }
  /** A column of numbers that is computed from others; NaN: missing. */
  | { readonly kind: 'derived'; readonly fill: FillColumn }
  /** A column of small numbers that stand for names. */
  | {
      readonly kind: 'code';
      readonly of: (table: FlowTable) => Uint8Array;
      readonly names: readonly string[];
    }
  /** One value, for one tick, for all flows with one key. */
  | { readonly kind: 'keyed'; readonly key: FlowKey };

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
  /** The same values for many flows at a time; left out: read flow by flow, which is slower. */
  readonly column?: FactColumn;
  /**
   * Asks for the value where it is not at hand; `read` then gives what is known without asking.
   * Settles within a time-out of its own; a rejection counts as a missing value. Rules that look
   * at such a fact are not compiled: json-rules-engine evaluates them.
   */
  readonly ask?: (view: FlowView, params: FactParams) => Promise<FactValue>;
}

/** The definition of a fact by its name, undefined when there is none. */
export type FactLookup = (name: string) => FactDefinition | undefined;

/** What is remembered from tick to tick for the facts. */
export interface FactMemory {
  readonly activity: {
    quietMs(table: FlowTable, row: number, nowMs: number): number;
    fillQuietMs(
      table: FlowTable,
      nowMs: number,
      rows: Int32Array,
      from: number,
      to: number,
      into: Float64Array,
    ): void;
  };
  readonly outputs: OutputCache;
  readonly slices: {
    /** The declared slice of the flow that `view` looks at. */
    of(view: FlowView): string | undefined;
    /** The declared slice called `name`. */
    named(name: string | undefined): SliceDefinition | undefined;
  };
  /** Flows first seen since the update before the last, per second. */
  readonly newFlowsPerSecond: number | undefined;
  /** Packets through the vSwitch since the update before the last, per second. */
  readonly vswitchPacketsPerSecond: number | undefined;
  /** Whether the schedule `policy/schedule` was active at the last update. */
  scheduleActive(name: string): boolean;
  /** What a slice uses; undefined when it has no flow. */
  useOf(slice: string | undefined): SliceUse | undefined;
  /** Place of the flow that `view` looks at among the flows of its slice, from 1. */
  sliceRank(view: FlowView): number | undefined;
  /** How fast a fact changes for the flow that `view` looks at, per second. */
  changeOf(fact: string, view: FlowView): number | undefined;
  /** Value of a fact that a policy declares, `policy/fact`, as node rules last set it. */
  given(fact: string): FactValue;
}

/**
 * Where the facts look: one row of the flow table in one context. Moved from row to row, so that
 * nothing is allocated for a flow.
 */
export class FlowView {
  table: FlowTable;
  context: RuleContext;
  row = 0;
  readonly memory: FactMemory;

  constructor(table: FlowTable, context: RuleContext, memory: FactMemory) {
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
