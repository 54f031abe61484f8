import { PATHS, PLACEMENTS } from '../text/words.js';
import { html } from '../vendor/preact.js';
import { COLUMNS } from './flow-columns.js';

/**
 * @import { StatusView } from '../../api/status-view.ts'
 * @import { FlowQuestion } from '../data/flow-window.js'
 */

/**
 * What the table is narrowed down by.
 *
 * @param {{
 *   readonly question: FlowQuestion,
 *   readonly status: StatusView,
 *   readonly change: (question: FlowQuestion) => void,
 * }} props
 */
export function FlowFilters({ question, status, change }) {
  const slices = status.slices.map((slice) => slice.name);
  const ports = status.ports.map((port) => port.name);
  const { words, placement, slice, port } = question;
  const narrowed = words !== '' || placement !== '' || slice !== '' || port !== '';
  return html`
    <form class="filters" role="search" aria-label="Flows" onSubmit=${(/** @type {Event} */ e) => e.preventDefault()}>
      <div class="field words">
        <label for="flows-words">Words</label>
        <input
          id="flows-words"
          type="search"
          value=${words}
          placeholder="10.1.0.6, tcp_dst=443, vm-5, table-full …"
          autocomplete="off"
          spellcheck=${false}
          maxlength="100"
          onInput=${(/** @type {Event} */ e) => change({ ...question, words: valueOf(e) })}
        />
      </div>
      ${select('Path', placement, pathOptions(status), (value) =>
        change({ ...question, placement: PLACEMENTS.find((p) => p === value) ?? '' }),
      )}
      ${
        slices.length > 0 &&
        select('Slice', slice, named(slices, 'all'), (value) =>
          change({ ...question, slice: value }),
        )
      }
      ${select('Port', port, named(ports, 'all'), (value) => change({ ...question, port: value }))}
      <span class="narrow-only">
        ${select('Sort by', question.sort, sortOptions(), (value) => {
          const column = COLUMNS.find((c) => c.sort === value);
          if (column?.sort !== undefined) change({ ...question, sort: column.sort });
        })}
      </span>
      <button
        type="button"
        class="clear"
        disabled=${!narrowed}
        onClick=${() => change({ ...question, words: '', placement: '', slice: '', port: '' })}
      >
        Clear
      </button>
    </form>
  `;
}

/**
 * @param {string} label
 * @param {string} value
 * @param {readonly (readonly [string, string])[]} options value and text of each
 * @param {(value: string) => void} change
 */
function select(label, value, options, change) {
  const id = `flows-${label.toLowerCase().replace(' ', '-')}`;
  return html`
    <div class="field">
      <label for=${id}>${label}</label>
      <select id=${id} onChange=${(/** @type {Event} */ e) => change(valueOf(e))}>
        ${options.map(
          ([v, text]) => html`<option key=${v} value=${v} selected=${v === value}>${text}</option>`,
        )}
      </select>
    </div>
  `;
}

/**
 * @param {StatusView} status
 * @returns {readonly (readonly [string, string])[]}
 */
function pathOptions({ backends }) {
  const paths = PLACEMENTS.filter(
    (p) => p !== 'fast-path' || backends.some((b) => b.placement === 'fast-path'),
  );
  return [['', 'all'], ...paths.map((p) => /** @type {const} */ ([p, PATHS[p].name]))];
}

/**
 * @param {readonly string[]} names
 * @param {string} all
 * @returns {readonly (readonly [string, string])[]}
 */
function named(names, all) {
  return [['', all], ...names.map((name) => /** @type {const} */ ([name, name]))];
}

/** @returns {readonly (readonly [string, string])[]} */
function sortOptions() {
  return COLUMNS.flatMap(({ sort, title }) =>
    sort === undefined ? [] : [/** @type {const} */ ([sort, title])],
  );
}

/** @param {Event} event */
function valueOf({ target }) {
  return target instanceof HTMLInputElement || target instanceof HTMLSelectElement
    ? target.value
    : '';
}
