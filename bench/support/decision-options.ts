/** Options of `npm run bench -- decisions`, as on the command line. */
export interface DecisionOptions {
  /** A CSV file of flow records instead of generated traffic. */
  readonly trace?: string | undefined;
  /** `tune` or `report`, or seeds themselves, by comma. */
  readonly seeds?: string | undefined;
  /** Folder for plots. */
  readonly plots?: string | undefined;
  /** Restrictions by comma: names of inputs, live flows, entries, window lengths in ms, names. */
  readonly inputs?: string | undefined;
  readonly loads?: string | undefined;
  readonly tables?: string | undefined;
  readonly windows?: string | undefined;
  readonly algorithms?: string | undefined;
  /** True: Norikae also with other prices of an operation. */
  readonly frontier?: boolean | undefined;
  /** What tables cannot do, by comma. */
  readonly hardware?: string | undefined;
}
