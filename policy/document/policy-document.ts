/** A policy document that conforms to the schema. */
export interface PolicyDocument {
  readonly name: string;
  readonly description?: string;
  readonly version: string;
  readonly mode?: 'enforce' | 'shadow';
  readonly active?: string | readonly string[];
  readonly schedules?: Readonly<Record<string, ScheduleSpec>>;
  readonly slices?: Readonly<Record<string, SliceSpec>>;
  readonly facts?: Readonly<Record<string, FactSpec>>;
  readonly conditions?: Readonly<Record<string, ConditionSpec>>;
  readonly rules: readonly RuleSpec[];
}

/** A number, or a string with a unit such as `10Mbit/s`. */
export type QuantitySpec = number | string;

export interface ScheduleSpec {
  readonly description?: string;
  readonly cron: string;
  readonly timezone?: string;
  readonly duration: QuantitySpec;
  readonly before?: QuantitySpec;
  readonly after?: QuantitySpec;
}

export interface SliceSpec {
  readonly description?: string;
  readonly members: readonly {
    readonly port?: string;
    readonly vm?: string;
    readonly vlan?: number;
    readonly subnet?: string;
  }[];
  readonly weight?: number;
  readonly guaranteed?: QuantitySpec;
  readonly maximum?: QuantitySpec;
}

export interface FactSpec {
  readonly description?: string;
  readonly type: 'number' | 'string' | 'boolean';
  readonly unit?: string;
  readonly initial?: number | string | boolean;
}

/** A linear function of a fact, for a score or the value of a node rule. */
export interface LinearSpec {
  readonly fact: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly path?: string;
  readonly times?: number;
  readonly plus?: QuantitySpec;
  readonly atLeast?: QuantitySpec;
  readonly atMost?: QuantitySpec;
}

interface ConditionOptions {
  readonly name?: string;
  readonly priority?: number;
}

/** A condition with unresolved references and quantities. */
export type ConditionSpec =
  | (ConditionOptions & { readonly all: readonly ConditionSpec[] })
  | (ConditionOptions & { readonly any: readonly ConditionSpec[] })
  | (ConditionOptions & { readonly not: ConditionSpec })
  | (ConditionOptions & { readonly condition: string })
  | ComparisonSpec;

/** A comparison with unresolved quantities. */
export interface ComparisonSpec extends ConditionOptions {
  readonly fact: string;
  readonly operator: string;
  readonly value: unknown;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly path?: string;
}

export interface RuleSpec {
  readonly name: string;
  readonly description?: string;
  readonly scope?: 'flow' | 'node';
  readonly priority?: number;
  readonly active?: string | readonly string[];
  readonly conditions: ConditionSpec;
  readonly event: EventSpec;
}

export interface EventSpec {
  readonly type: string;
  readonly params?: {
    readonly score?: string | number | LinearSpec;
    readonly fact?: string;
    readonly value?: number | string | boolean | LinearSpec;
  };
}
