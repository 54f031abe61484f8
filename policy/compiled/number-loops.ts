/**
 * The loops that compare a column of numbers with one number, or with another column.
 *
 * Each moves the rows that hold to the front of `rows[from .. to)` and returns their end. There
 * is no branch on the outcome, for the processor could not foresee it: every row is swapped to
 * the end of those that hold, and that end moves on by 0 or 1 (Lomuto's partition, branch-free).
 * `~~` makes 0 or 1 of a boolean without one, which `Number()` and `? :` do not (V8 11 to 13).
 *
 * NaN stands for a value that is missing: every comparison with it is false.
 */

/** Compares a column with one number. */
export type NumberLoop = (
  rows: Int32Array,
  from: number,
  to: number,
  column: Float64Array,
  value: number,
) => number;

/** Compares two columns. */
export type ColumnLoop = (
  rows: Int32Array,
  from: number,
  to: number,
  left: Float64Array,
  right: Float64Array,
) => number;

const equal: NumberLoop = (rows, from, to, column, value) => {
  let end = from;
  for (let i = from; i < to; i++) {
    const row = rows[i];
    rows[i] = rows[end];
    rows[end] = row;
    end += ~~(column[row] === value);
  }
  return end;
};

const notEqual: NumberLoop = (rows, from, to, column, value) => {
  let end = from;
  for (let i = from; i < to; i++) {
    const row = rows[i];
    rows[i] = rows[end];
    rows[end] = row;
    end += ~~(column[row] < value) + ~~(column[row] > value);
  }
  return end;
};

const lessThan: NumberLoop = (rows, from, to, column, value) => {
  let end = from;
  for (let i = from; i < to; i++) {
    const row = rows[i];
    rows[i] = rows[end];
    rows[end] = row;
    end += ~~(column[row] < value);
  }
  return end;
};

const lessThanInclusive: NumberLoop = (rows, from, to, column, value) => {
  let end = from;
  for (let i = from; i < to; i++) {
    const row = rows[i];
    rows[i] = rows[end];
    rows[end] = row;
    end += ~~(column[row] <= value);
  }
  return end;
};

const greaterThan: NumberLoop = (rows, from, to, column, value) => {
  let end = from;
  for (let i = from; i < to; i++) {
    const row = rows[i];
    rows[i] = rows[end];
    rows[end] = row;
    end += ~~(column[row] > value);
  }
  return end;
};

const greaterThanInclusive: NumberLoop = (rows, from, to, column, value) => {
  let end = from;
  for (let i = from; i < to; i++) {
    const row = rows[i];
    rows[i] = rows[end];
    rows[end] = row;
    end += ~~(column[row] >= value);
  }
  return end;
};

const equalColumns: ColumnLoop = (rows, from, to, left, right) => {
  let end = from;
  for (let i = from; i < to; i++) {
    const row = rows[i];
    rows[i] = rows[end];
    rows[end] = row;
    end += ~~(left[row] === right[row]);
  }
  return end;
};

const notEqualColumns: ColumnLoop = (rows, from, to, left, right) => {
  let end = from;
  for (let i = from; i < to; i++) {
    const row = rows[i];
    rows[i] = rows[end];
    rows[end] = row;
    end += ~~(left[row] < right[row]) + ~~(left[row] > right[row]);
  }
  return end;
};

const lessThanColumns: ColumnLoop = (rows, from, to, left, right) => {
  let end = from;
  for (let i = from; i < to; i++) {
    const row = rows[i];
    rows[i] = rows[end];
    rows[end] = row;
    end += ~~(left[row] < right[row]);
  }
  return end;
};

const lessThanInclusiveColumns: ColumnLoop = (rows, from, to, left, right) => {
  let end = from;
  for (let i = from; i < to; i++) {
    const row = rows[i];
    rows[i] = rows[end];
    rows[end] = row;
    end += ~~(left[row] <= right[row]);
  }
  return end;
};

/** By operator; what is not here is not compared in a loop. */
export const NUMBER_LOOPS: ReadonlyMap<string, NumberLoop> = new Map([
  ['equal', equal],
  ['notEqual', notEqual],
  ['lessThan', lessThan],
  ['lessThanInclusive', lessThanInclusive],
  ['greaterThan', greaterThan],
  ['greaterThanInclusive', greaterThanInclusive],
]);

/** By operator, with the sides as they are written. */
export const COLUMN_LOOPS: ReadonlyMap<string, ColumnLoop> = new Map([
  ['equal', equalColumns],
  ['notEqual', notEqualColumns],
  ['lessThan', lessThanColumns],
  ['lessThanInclusive', lessThanInclusiveColumns],
  ['greaterThan', (rows, from, to, left, right) => lessThanColumns(rows, from, to, right, left)],
  [
    'greaterThanInclusive',
    (rows, from, to, left, right) => lessThanInclusiveColumns(rows, from, to, right, left),
  ],
]);

/** The operator that says the same with the sides changed. */
export const MIRRORED: ReadonlyMap<string, string> = new Map([
  ['equal', 'equal'],
  ['notEqual', 'notEqual'],
  ['lessThan', 'greaterThan'],
  ['lessThanInclusive', 'greaterThanInclusive'],
  ['greaterThan', 'lessThan'],
  ['greaterThanInclusive', 'lessThanInclusive'],
]);
