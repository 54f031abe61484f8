import type { FactReading } from '../../engine/model/fact-reading.ts';
import { type FactReference, factLabel } from '../model/condition.ts';
import { describeKnown } from '../model/describe-known.ts';
import type { FactLookup, FlowView } from '../model/fact.ts';
import type { PolicyRule } from '../model/policy-set.ts';
import { knownReader } from '../model/known-value.ts';
import { referencesOf } from '../model/uses.ts';

/**
 * Reads the facts that rules use, each once, without evaluating conditions. Of a fact whose values
 * differ among the packets of a flow, it returns a text such as `can be 10.0.0.0/16`.
 */
export class RuleInputs {
  readonly #references: readonly (readonly FactReference[])[];
  readonly #labels: readonly (readonly string[])[];
  readonly #factNamed: FactLookup;

  constructor(rules: readonly PolicyRule[], factNamed: FactLookup) {
    const distinct = rules.map(({ conditions }) => {
      const references = referencesOf(conditions);
      return [...new Map(references.map((r) => [factLabel(r), r]))];
    });
    this.#labels = distinct.map((entries) => entries.map(([label]) => label));
    this.#references = distinct.map((entries) => entries.map(([, reference]) => reference));
    this.#factNamed = factNamed;
  }

  /** Values of the facts that a rule uses, for the view's flow; `rule`: its index. */
  read(rule: number, view: FlowView): readonly FactReading[] {
    const labels = this.#labels.at(rule) ?? [];
    return labels.map((fact, i) => {
      const known = knownReader(this.#references[rule][i], this.#factNamed)(view);
      const { state, value } = describeKnown(known);
      return { fact, value: state === 'open' ? `can be ${String(value)}` : value };
    });
  }
}
