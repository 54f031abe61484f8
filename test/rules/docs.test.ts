import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import type { FactDefinition } from '../../engine/rules/fact.ts';
import { FACTS } from '../../engine/rules/facts.ts';
import { OPERATORS } from '../../engine/rules/operators.ts';
import { parsePolicies } from '../../engine/rules/policy.ts';
import { PolicyError } from '../../engine/rules/policy-error.ts';
import { EVENT_TYPES } from '../../engine/rules/policy-schema.ts';
import { policyFile, repositoryFile } from './policy-files.ts';

const FILE = repositoryFile('docs/policies.md');

/** Fenced blocks of the guide: what stands behind the fence, and the text. */
function blocks(): { info: string; text: string; line: number }[] {
  const guide = readFileSync(FILE, 'utf8');
  return [...guide.matchAll(/^```(\S.*)\n([^]*?)^```$/gm)].map((m) => ({
    info: m[1],
    text: m[2],
    line: guide.slice(0, m.index).split('\n').length,
  }));
}

/** The example as a whole policy: a rule's event or condition alone is put into one. */
function wholePolicy(text: string): string {
  const value: Record<string, unknown> = JSON.parse(text);
  if ('rules' in value) return text;
  const holds = { fact: 'bytes', operator: 'greaterThan', value: 0 };
  const [conditions, event] =
    'type' in value ? [{ all: [holds] }, value] : [{ all: [value] }, { type: 'offload' }];
  return JSON.stringify({ name: 'p', version: '1', rules: [{ name: 'r', conditions, event }] });
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function factLine(fact: FactDefinition): string {
  const params = Object.entries(fact.params ?? {}).map(
    ([n, { description }]) => `\`params.${n}\`: ${description}.`,
  );
  const members = Object.entries(fact.members ?? {}).map(
    ([n, { unit, description }]) =>
      `\`$.${n}\`${unit === undefined ? '' : `, ${unit}`}: ${description}.`,
  );
  const values =
    fact.values === undefined ? [] : [`One of ${fact.values.map((v) => `\`"${v}"\``).join(', ')}.`];
  const missing = fact.missing === undefined ? [] : [`Missing when ${fact.missing}.`];
  const description = [fact.description, ...values, ...params, ...members, ...missing].join(' ');
  const type = fact.type === 'strings' ? 'list of strings' : fact.type;
  const unit = fact.unit === undefined ? '' : `, ${fact.unit}`;
  const { name, source, example } = fact;
  return `| \`${name}\` | ${type}${unit} | ${cell(description)} | ${source} | \`${example}\` |`;
}

function factsTable(): string {
  const part = (scope: FactDefinition['scope']) =>
    ['| fact | type | | from | such as |', '|---|---|---|---|---|']
      .concat(FACTS.filter((f) => f.scope === scope).map(factLine))
      .join('\n');
  return `\nOf the flow:\n\n${part('flow')}\n\nOf the node:\n\n${part('node')}\n\n`;
}

function operatorsTable(): string {
  const lines = OPERATORS.map((o) => {
    const facts = o.facts.map((t) => (t === 'strings' ? 'lists' : `${t}s`)).join(', ');
    return `| \`${o.name}\` | ${facts} | ${cell(o.description)} |`;
  });
  return ['', '| operator | of | holds when the fact |', '|---|---|---|', ...lines, '', ''].join(
    '\n',
  );
}

/** The guide with its generated tables as they should be. */
function withTables(guide: string): string {
  const tables = { facts: factsTable(), operators: operatorsTable() };
  return Object.entries(tables).reduce(
    (text, [name, table]) =>
      text.replace(
        new RegExp(`(<!-- ${name}: [^\\n]*-->\\n)[^]*?(<!-- end -->)`),
        (_all, start: string, end: string) => `${start}${table}${end}`,
      ),
    guide,
  );
}

describe('docs/policies.md', () => {
  before('its tables are written anew when UPDATE_DOCS is set', () => {
    if (process.env.UPDATE_DOCS !== undefined) {
      writeFileSync(FILE, withTables(readFileSync(FILE, 'utf8')));
    }
  });

  it('has the facts and operators that there are (UPDATE_DOCS=1 writes them)', () => {
    const guide = readFileSync(FILE, 'utf8');
    assert.equal(guide, withTables(guide));
    for (const { name } of [...FACTS, ...OPERATORS])
      assert(guide.includes(`| \`${name}\` |`), name);
    for (const type of EVENT_TYPES) assert(guide.includes(`| \`${type}\` |`), type);
  });

  const examples = blocks().filter((b) => b.info === 'json');

  it('has examples', () => {
    assert(examples.length >= 6, String(examples.length));
  });

  for (const { text, line } of examples) {
    it(`has an example in line ${line} that is a policy or a part of one`, () => {
      parsePolicies([{ file: `line ${line}`, text: wholePolicy(text) }]);
    });
  }

  it('shows the messages that its broken example leads to', () => {
    const all = blocks();
    const at = all.findIndex((b) => b.info === 'json broken');
    assert.equal(all[at + 1].info, 'text');
    assert.throws(
      () => parsePolicies([{ file: 'typo.json', text: all[at].text }]),
      (error) => error instanceof PolicyError && `${error.message}\n` === all[at + 1].text,
    );
  });

  it('refuses what it says is refused of json-rules-engine', () => {
    const refused = [
      { any: [] },
      { all: [] },
      { fact: 'bytes', operator: 'greaterThan', value: '10' },
      { fact: 'bytes', operator: 'equal', value: 10, path: '$..x' },
      { not: { fact: 'tcpDst', operator: 'equal', value: 22 } },
    ];
    for (const condition of refused) {
      const text = wholePolicy(JSON.stringify(condition));
      assert.throws(() => parsePolicies([{ file: 'p', text }]), PolicyError, text);
    }
  });
});

describe('policies/', () => {
  it('has policies that are loaded together without a mistake', () => {
    const text = readFileSync(policyFile('default.json'), 'utf8');
    const { policies, rules } = parsePolicies([{ file: 'default.json', text }]);
    assert.deepEqual(
      policies.map((p) => p.name),
      ['default'],
    );
    assert.deepEqual(
      rules.map((r) => r.name),
      ['default/quiet', 'default/busy'],
    );
  });
});
