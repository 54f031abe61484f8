/**
 * Loops that compare a column of numbers with a number or with another column.
 *
 * Each moves the matching rows to the front of `rows[from .. to)` and returns their end. There is
 * no branch on the verdict, because the processor could not predict it: every row is swapped to the
 * end of the matching ones, and that end advances by 0 or 1 (branch-free Lomuto partition). `~~`
 * converts a boolean without a branch, which `Number()` and `? :` do not (V8 11 to 13).
 *
 * NaN means missing: every comparison with it is false.
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

/** By operator; other operators have no loop. */
export const NUMBER_LOOPS: ReadonlyMap<string, NumberLoop> = new Map([
  ['equal', equal],
  ['notEqual', notEqual],
  ['lessThan', lessThan],
  ['lessThanInclusive', lessThanInclusive],
  ['greaterThan', greaterThan],
  ['greaterThanInclusive', greaterThanInclusive],
]);

/** By operator. */
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
