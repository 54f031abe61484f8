/** A fact that a rule read, with its value. */
export interface FactReading {
  /** As in traces, `portLoad(eth1).rxShare`. */
  readonly fact: string;
  /** Undefined if the flow or node has no value, or it is unknown. */
  readonly value: unknown;
}
