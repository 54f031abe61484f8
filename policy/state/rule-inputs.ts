import type { FactReading } from '../../engine/model/fact-reading.ts';
import { memberOf } from '../model/linear-function.ts';
import { type FactReference, factLabel } from '../model/condition.ts';
import type { FactLookup, FlowView } from '../model/fact.ts';
import type { PolicyRule } from '../model/policy-set.ts';
import { referencesOf } from '../model/uses.ts';

/** Reads the facts that rules use, each once, without evaluating conditions. */
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
      const { fact: name, params, path } = this.#references[rule][i];
      return { fact, value: memberOf(this.#factNamed(name)?.read(view, params ?? {}), path) };
    });
  }
}
