/** A policy document that is what the schema asks for, as its author wrote it. */
export interface PolicyDocument {
  readonly name: string;
  readonly description?: string;
  readonly version: string;
  readonly mode?: 'enforce' | 'shadow';
  readonly active?: string | readonly string[];
  readonly schedules?: Readonly<Record<string, WrittenSchedule>>;
  readonly slices?: Readonly<Record<string, WrittenSlice>>;
  readonly facts?: Readonly<Record<string, WrittenFact>>;
  readonly conditions?: Readonly<Record<string, WrittenCondition>>;
  readonly rules: readonly WrittenRule[];
}

/** A number, or one with a unit, as `10Mbit/s`. */
export type WrittenQuantity = number | string;

export interface WrittenSchedule {
  readonly description?: string;
  readonly cron: string;
  readonly timezone?: string;
  readonly duration: WrittenQuantity;
  readonly before?: WrittenQuantity;
  readonly after?: WrittenQuantity;
}

export interface WrittenSlice {
  readonly description?: string;
  readonly members: readonly {
    readonly port?: string;
    readonly vm?: string;
    readonly vlan?: number;
    readonly subnet?: string;
  }[];
  readonly weight?: number;
  readonly guaranteed?: WrittenQuantity;
  readonly maximum?: WrittenQuantity;
}

export interface WrittenFact {
  readonly description?: string;
  readonly type: 'number' | 'string' | 'boolean';
  readonly unit?: string;
  readonly initial?: number | string | boolean;
}

/** A fact that a score or a node rule's value follows. */
export interface WrittenAmount {
  readonly fact: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly path?: string;
  readonly times?: number;
  readonly plus?: WrittenQuantity;
  readonly atLeast?: WrittenQuantity;
  readonly atMost?: WrittenQuantity;
}

interface Words {
  readonly name?: string;
  readonly priority?: number;
}

/** A condition, with references to shared conditions and quantities as written. */
export type WrittenCondition =
  | (Words & { readonly all: readonly WrittenCondition[] })
  | (Words & { readonly any: readonly WrittenCondition[] })
  | (Words & { readonly not: WrittenCondition })
  | (Words & { readonly condition: string })
  | WrittenComparison;

/** A comparison, with quantities as written. */
export interface WrittenComparison extends Words {
  readonly fact: string;
  readonly operator: string;
  readonly value: unknown;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly path?: string;
}

export interface WrittenRule {
  readonly name: string;
  readonly description?: string;
  readonly scope?: 'flow' | 'node';
  readonly priority?: number;
  readonly active?: string | readonly string[];
  readonly conditions: WrittenCondition;
  readonly event: WrittenEvent;
}

export interface WrittenEvent {
  readonly type: string;
  readonly params?: {
    readonly score?: string | number | WrittenAmount;
    readonly fact?: string;
    readonly value?: number | string | boolean | WrittenAmount;
  };
}
