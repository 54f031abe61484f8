/** A fact that a rule looked at, with the value it had. */
export interface FactReading {
  /** As in traces, `portLoad(eth1).rxShare`. */
  readonly fact: string;
  /** Undefined: the flow or node has none, or it is not known. */
  readonly value: unknown;
}
