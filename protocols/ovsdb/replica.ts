import { isObject } from './values.ts';

/** A row: values of columns in RFC 7047's JSON notation. */
export type Row = Readonly<Record<string, unknown>>;

/**
 * A replica of the monitored tables: the reply of `monitor`, with every `update` applied (RFC 7047,
 * sections 4.1.5 and 4.1.6).
 */
export class Replica {
  readonly #tables = new Map<string, Map<string, Row>>();

  /** The rows of a table by uuid. */
  table(name: string): ReadonlyMap<string, Row> {
    return this.#tables.get(name) ?? new Map<string, Row>();
  }

  /** Applies `<table-updates>`; false when it is malformed. */
  apply(updates: unknown): boolean {
    if (!isObject(updates)) return false;
    for (const [name, rows] of Object.entries(updates)) {
      if (!isObject(rows)) return false;
      const table = this.#tables.get(name) ?? new Map<string, Row>();
      this.#tables.set(name, table);
      for (const [uuid, update] of Object.entries(rows)) {
        if (!isObject(update)) return false;
        const { new: fresh, old } = update;
        if (isObject(fresh)) table.set(uuid, { ...table.get(uuid), ...fresh });
        else if (fresh === undefined && isObject(old)) table.delete(uuid);
        else return false;
      }
    }
    return true;
  }
}
