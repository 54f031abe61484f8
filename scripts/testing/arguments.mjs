/** Options of mocha whose value is the next argument. */
const WITH_VALUE = new Set([
  '-f',
  '--fgrep',
  '-g',
  '--grep',
  '-r',
  '--require',
  '--retries',
  '-s',
  '--slow',
  '-t',
  '--timeout',
]);

/** Options of mocha that filter tests, so that a lane may have no test to run. */
const FILTERS = /^(-f|-g|--fgrep|--grep)(=|$)/;

/**
 * Splits the arguments of a test run into paths of tests and options for mocha.
 *
 * @param {readonly string[]} args
 * @returns {{ paths: readonly string[], options: readonly string[], filtered: boolean }} `paths`:
 *   unchanged; `filtered`: an option filters tests
 */
export function splitArguments(args) {
  /** @type {string[]} */
  const paths = [];
  /** @type {string[]} */
  const options = [];
  let previous = '';
  for (const arg of args) {
    const isPath = !arg.startsWith('-') && !WITH_VALUE.has(previous);
    (isPath ? paths : options).push(arg);
    previous = arg;
  }
  return { paths, options, filtered: options.some((option) => FILTERS.test(option)) };
}
