import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { DECORATORS } from '../../policy/operators/decorators.ts';
import type { FactDefinition } from '../../policy/model/fact.ts';
import { FACTS } from '../../policy/facts/facts.ts';
import { OPERATORS } from '../../policy/operators/operators.ts';
import { parsePolicies } from '../../policy/parse/parse-policies.ts';
import { PolicyError } from '../../policy/model/policy-error.ts';
import { EVENT_TYPES, SET_FACT } from '../../policy/document/policy-schema.ts';
import { UNITS, unitsFor } from '../../policy/model/units.ts';
import { blocksOf, Walkthrough } from './guide.ts';
import { repositoryFile } from './policy-files.ts';

const FILE = repositoryFile('docs/policies.md');

/** Sections of a policy that an example can consist of. */
const SECTIONS = ['mode', 'schedules', 'slices', 'facts', 'conditions', 'rules'];
const HOLDS = { all: [{ fact: 'bytes', operator: 'greaterThan', value: 0 }] };

/** Completes an example to a policy: a section, an event or a condition is inserted into one. */
function wholePolicy(text: string): string {
  const value: Record<string, unknown> = JSON.parse(text);
  if ('name' in value && 'rules' in value) return text;
  const whole = { name: 'p', version: '1' };
  const event = { type: 'offload' };
  const rules = [{ name: 'r', conditions: HOLDS, event }];
  const isSections = Object.keys(value).every((key) => SECTIONS.includes(key));
  if (isSections) return JSON.stringify({ ...whole, rules, ...value });
  const [conditions, given] = 'type' in value ? [HOLDS, value] : [{ all: [value] }, event];
  return JSON.stringify({ ...whole, rules: [{ name: 'r', conditions, event: given }] });
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
  const unknown = fact.unknown === undefined ? [] : [`Not known when ${fact.unknown}.`];
  const description = [
    fact.description,
    ...values,
    ...params,
    ...members,
    ...missing,
    ...unknown,
  ].join(' ');
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

function unitsTable(): string {
  const lines = UNITS.map((unit) => {
    const names = unitsFor(unit).map((name) => `\`${name}\``);
    return `| ${unit} | ${names.join(', ')} |`;
  });
  return ['', '| of | units |', '|---|---|', ...lines, '', ''].join('\n');
}

function decoratorsTable(): string {
  const lines = DECORATORS.map((d) => `| \`${d.name}:\` | ${cell(d.description)} |`);
  return ['', '| decorator | |', '|---|---|', ...lines, '', ''].join('\n');
}

/** Problems of a broken example. */
function messagesOf(text: string): string {
  const { name }: { name: string } = JSON.parse(text);
  try {
    parsePolicies([{ file: `${name}.json`, text }]);
    return '';
  } catch (error) {
    assert(error instanceof PolicyError);
    return `${error.message}\n`;
  }
}

/** The guide with current tables and messages. */
function withTables(guide: string): string {
  const tables = {
    facts: factsTable(),
    operators: operatorsTable(),
    decorators: decoratorsTable(),
    units: unitsTable(),
  };
  const filled = Object.entries(tables).reduce(
    (text, [name, table]) =>
      text.replace(
        new RegExp(`(<!-- ${name}: [^\\n]*-->\\n)[^]*?(<!-- end -->)`),
        (_all, start: string, end: string) => `${start}${table}${end}`,
      ),
    guide,
  );
  return filled.replaceAll(
    /(^```json broken\n([^]*?)^```\n\n```text\n)[^]*?(^```$)/gm,
    (_all, start: string, example: string, end: string) => `${start}${messagesOf(example)}${end}`,
  );
}

/** The guide with the current output of its commands. */
async function walkedThrough(guide: string): Promise<string> {
  const walk = new Walkthrough();
  let text = guide;
  try {
    for (const block of blocksOf(guide)) {
      const name = /^json (\S+\.json)$/.exec(block.info)?.[1];
      if (name !== undefined) walk.write(name, block.text);
      if (block.info !== 'console') continue;
      const printed = await walk.run(block);
      text = text.replace(
        `\`\`\`console\n${block.text}\`\`\``,
        () => `\`\`\`console\n${printed}\`\`\``,
      );
    }
    return text;
  } finally {
    walk.remove();
  }
}

describe('docs/policies.md', () => {
  before('writes the generated parts if UPDATE_DOCS is set', async () => {
    if (process.env.UPDATE_DOCS !== undefined) {
      writeFileSync(FILE, await walkedThrough(withTables(readFileSync(FILE, 'utf8'))));
    }
  });

  it('has current tables and messages (UPDATE_DOCS=1 writes them)', () => {
    const guide = readFileSync(FILE, 'utf8');
    assert.equal(guide, withTables(guide));
    for (const { name } of [...FACTS, ...OPERATORS]) {
      assert(guide.includes(`| \`${name}\` |`), name);
    }
    for (const type of [...EVENT_TYPES, SET_FACT]) assert(guide.includes(`| \`${type}\` |`), type);
    assert.equal(blocksOf(guide).filter((b) => b.info === 'json broken').length, 2);
  });

  it('shows the output that its commands print for its files', async function () {
    this.timeout(30_000);
    const guide = readFileSync(FILE, 'utf8');
    assert.equal(guide, await walkedThrough(guide));
    const console = blocksOf(guide).filter((b) => b.info === 'console');
    assert(console.length >= 5, `${console.length} blocks of commands`);
    for (const { text } of console) assert(!/FAIL|ERROR/.test(text), text);
  });

  const guide = readFileSync(FILE, 'utf8');
  const examples = blocksOf(guide).filter((b) => b.info === 'json');

  it('has examples, and no other JSON', () => {
    assert(examples.length >= 15, String(examples.length));
    const known = /^(json|json broken|json web-first(\.test)?\.json|console|text)$/;
    for (const { info, line } of blocksOf(guide)) assert.match(info, known, `line ${line}`);
  });

  for (const { text, line } of examples) {
    it(`has a valid example in line ${line}`, () => {
      parsePolicies([{ file: `line ${line}`, text: wholePolicy(text) }]);
    });
  }

  it('lists what is refused of json-rules-engine', () => {
    const refused = [
      { any: [] },
      { all: [] },
      { fact: 'bytes', operator: 'greaterThan', value: '10' },
      { fact: 'bytes', operator: 'equal', value: 10, path: '$..x' },
      { fact: 'bytes', operator: 'swap:equal', value: 10 },
      { condition: 'nowhere' },
      { not: { fact: 'tcpDst', operator: 'equal', value: 22 } },
    ];
    for (const condition of refused) {
      const text = wholePolicy(JSON.stringify(condition));
      assert.throws(() => parsePolicies([{ file: 'p', text }]), PolicyError, text);
    }
  });
});
