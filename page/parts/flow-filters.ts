import { PATHS } from '../../api/paths.ts';
import type { StatusView } from '../../api/status-view.ts';
import { PLACEMENT_NAMES } from '../../engine/model/flow.ts';
import type { FlowQuestion } from '../data/flow-window.ts';
import { html, type VNode } from '../vendor/preact.js';
import { COLUMNS } from './flow-columns.ts';

interface FlowFiltersProps {
  readonly question: FlowQuestion;
  readonly status: StatusView;
  readonly change: (question: FlowQuestion) => void;
}

/** The filters of the table. */
export function FlowFilters({ question, status, change }: FlowFiltersProps): VNode {
  const slices = status.slices.map((slice) => slice.name);
  const ports = status.ports.map((port) => port.name);
  const { words, placement, slice, port } = question;
  const narrowed = words !== '' || placement !== '' || slice !== '' || port !== '';
  return html`
    <form class="filters" role="search" aria-label="Flows" onSubmit=${(e: Event) => e.preventDefault()}>
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
          onInput=${(e: Event) => change({ ...question, words: valueOf(e) })}
        />
      </div>
      ${select('Path', placement, pathOptions(status), (value) =>
        change({ ...question, placement: PLACEMENT_NAMES.find((p) => p === value) ?? '' }),
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

/** @param options value and text of each */
function select(
  label: string,
  value: string,
  options: readonly (readonly [string, string])[],
  change: (value: string) => void,
): VNode {
  const id = `flows-${label.toLowerCase().replace(' ', '-')}`;
  return html`
    <div class="field">
      <label for=${id}>${label}</label>
      <select id=${id} onChange=${(e: Event) => change(valueOf(e))}>
        ${options.map(
          ([v, text]) => html`<option key=${v} value=${v} selected=${v === value}>${text}</option>`,
        )}
      </select>
    </div>
  `;
}

function pathOptions({ backends }: StatusView): readonly (readonly [string, string])[] {
  const paths = PLACEMENT_NAMES.filter(
    (p) => p !== 'fast-path' || backends.some((b) => b.placement === 'fast-path'),
  );
  return [['', 'all'], ...paths.map((p) => [p, PATHS[p].title] as const)];
}

function named(names: readonly string[], all: string): readonly (readonly [string, string])[] {
  return [['', all], ...names.map((name) => [name, name] as const)];
}

function sortOptions(): readonly (readonly [string, string])[] {
  return COLUMNS.flatMap(({ sort, title }) => (sort === undefined ? [] : [[sort, title] as const]));
}

function valueOf({ target }: Event): string {
  return target instanceof HTMLInputElement || target instanceof HTMLSelectElement
    ? target.value
    : '';
}
