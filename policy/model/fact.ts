import type { FlowTable } from '../../engine/model/flow-table.ts';
import type { RuleContext } from '../../engine/ports/rule-evaluator.ts';
import type { FactValue } from './fact-value.ts';
import { MatchFacts, type OutputCache } from './match-facts.ts';
import { PacketValues } from './packet-values.ts';
import type { Known } from './possible.ts';
import type { SliceDefinition, SliceUse } from './slice.ts';

/** Type of a fact's value. `strings` is a list of strings; `object` has numeric members. */
export type FactType = 'number' | 'string' | 'boolean' | 'strings' | 'object';

/** Arguments that a condition gives a fact. */
export type FactParams = Readonly<Record<string, unknown>>;

/** Format of a fact's strings, so that the check finds values that can never match. */
export interface TextForm {
  readonly pattern: RegExp;
  readonly text: string;
}

/** Range of a numeric fact; values outside it never match. */
export interface NumberRange {
  readonly min: number;
  readonly max: number;
  /** Only integers. */
  readonly whole?: boolean;
}

/** A numeric member of an object fact. */
export interface MemberDefinition {
  readonly description: string;
  readonly unit?: string;
  readonly range?: NumberRange;
}

/** A required string parameter of a fact. */
export interface ParamDefinition {
  readonly description: string;
  /** All possible values, if they are a fixed list. */
  readonly values?: readonly string[];
  /** Describes why a value is invalid; undefined if it is valid. */
  readonly problem?: (value: string) => string | undefined;
}

/** A key that flows share; a fact that depends on it is read once for all of them. */
export type FlowKey = 'inPort' | 'outPort' | 'slice' | 'rankedSlice';

/** Writes a number for each of `rows[from .. to)` to `into[row]`. */
export type FillColumn = (
  view: FlowView,
  rows: Int32Array,
  from: number,
  to: number,
  into: Float64Array,
  params: FactParams,
) => void;

/** How a fact is read for many flows, and how long its values are valid. */
export type FactColumn =
  /**
   * Depends on the flow's match and actions and, with `ports`, on the port directory; valid until
   * one of these changes.
   */
  | { readonly kind: 'flow'; readonly ports: boolean }
  /** A column of the flow table; never missing. */
  | { readonly kind: 'column'; readonly of: (table: FlowTable) => Float64Array }
  /** A column that is computed from others; NaN means missing. */
  | { readonly kind: 'derived'; readonly fill: FillColumn }
  /** A column of indexes into `names`. */
  | {
      readonly kind: 'code';
      readonly of: (table: FlowTable) => Uint8Array;
      readonly names: readonly string[];
    }
  /** One value per key and tick. */
  | { readonly kind: 'keyed'; readonly key: FlowKey };

/** A fact of the catalogue. */
export interface FactDefinition {
  readonly name: string;
  readonly scope: 'flow' | 'node';
  readonly type: FactType;
  /** Unit of a number as printed; undefined for other types and numbers without a unit. */
  readonly unit?: string;
  readonly description: string;
  /** Origin of the value. */
  readonly source: string;
  readonly example: string;
  /** All possible values, if they are a fixed list. */
  readonly values?: readonly string[];
  readonly form?: TextForm;
  /** Set for addresses and prefixes, which `cidr` accepts. */
  readonly address?: true;
  readonly range?: NumberRange;
  /** When there is certainly no value; undefined if there always is one. */
  readonly missing?: string;
  /** When the value is not known, although there may be one; undefined if it always is known. */
  readonly unknown?: string;
  /**
   * Set for a fact of packet headers: the packets of a flow can have different values. `possible`
   * returns them, and `read` the value that all of them have.
   */
  readonly packets?: true;
  readonly params?: Readonly<Record<string, ParamDefinition>>;
  /** Numeric members of an object; a condition selects one by its path. */
  readonly members?: Readonly<Record<string, MemberDefinition>>;
  /** Value for the view's flow; a node fact does not depend on the flow. */
  read(view: FlowView, params: FactParams): FactValue;
  /**
   * What is known about the value. Default: the result of `read`; if that is undefined and the fact
   * has a reason `unknown`, the value is not known.
   */
  readonly possible?: (view: FlowView, params: FactParams) => Known;
  /** Reads many flows at a time; without it, flows are read one by one, which is slower. */
  readonly column?: FactColumn;
  /**
   * Queries the value asynchronously; `read` then returns what is known without a query. It must
   * have its own time-out; after a rejection, the value is not known. Rules that use such a fact are
   * not compiled: json-rules-engine evaluates them.
   */
  readonly query?: (view: FlowView, params: FactParams) => Promise<FactValue>;
}

/** Finds a fact by name; undefined if unknown. */
export type FactLookup = (name: string) => FactDefinition | undefined;

/** State that facts keep from tick to tick. */
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
    /** The declared slice to which all packets of the view's flow belong. */
    of(view: FlowView): string | undefined;
    /** Slices to which packets of the view's flow can belong, including that of its port. */
    possible(view: FlowView): Known;
    /** The declared slice with this name. */
    named(name: string | undefined): SliceDefinition | undefined;
  };
  /** Flows first seen since the update before the last, per second. */
  readonly newFlowsPerSecond: number | undefined;
  /** Packets through the vSwitch since the update before the last, per second. */
  readonly vswitchPacketsPerSecond: number | undefined;
  /** Whether the schedule `policy/schedule` was active at the last update. */
  scheduleActive(name: string): boolean;
  /** Totals of a slice; undefined if it has no flow. */
  useOf(slice: string | undefined): SliceUse | undefined;
  /** Rank of the view's flow in its slice, from 1. */
  sliceRank(view: FlowView): number | undefined;
  /** Change of a fact for the view's flow, per second. */
  changeOf(fact: string, view: FlowView): number | undefined;
  /** Value of the policy's fact `policy/fact`, as node rules last set it. */
  given(fact: string): FactValue;
}

/**
 * A row of the flow table and its context, from which facts are read. It is moved from row to row,
 * so that nothing is allocated per flow.
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

  get activity() {
    return this.memory.activity;
  }

  /** Facts of the flow's match. */
  get match(): MatchFacts {
    return new MatchFacts(this.table.matchAt(this.row));
  }

  /** Values of the headers of the flow's packets. */
  get packets(): PacketValues {
    return new PacketValues(this.table.matchAt(this.row));
  }

  /** Ports to which the flow is sent, in order; computed once for the flow's actions. */
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

  /** Port that determines VM and slice: the input port, or the output port if that is an uplink. */
  get tenantPort() {
    const from = this.inPort;
    return from?.kind === 'uplink' ? this.outPort : from;
  }

  /** The flow's slice: a declared one, otherwise the slice of its port. */
  get slice(): string | undefined {
    return this.memory.slices.of(this) ?? this.tenantPort?.slice;
  }
}
