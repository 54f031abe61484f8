import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { REASONS } from '../../engine/model/reason.ts';
import { packageRoot } from '../../platform/package-root.ts';
import {
  descriptionTexts,
  helpTexts,
  metricTexts,
  readDocument,
  sourceTexts,
  type UserText,
} from './user-texts.ts';

/** Words that name a thing which the glossary names otherwise, and what to write instead. */
const DISCOURAGED: readonly (readonly [RegExp, string])[] = [
  [/\bwish(?:es)?\b/i, 'requested placement'],
  [/\basks? for\b/i, 'requests'],
  [/\b(?:rules?|it) speaks?\b/i, 'decides'],
  [/\broom\b/i, 'free entries'],
  [/\bfilters? (?:in place|gone)\b|\bNIC filters?\b/i, 'entry'],
  [/\bflow (?:entry|entries)\b/i, 'entry'],
  [/\bdue to it\b/i, 'share'],
  [/\bsessions?\b/i, 'connection, or flow'],
  [/\btenants?\b(?! )/i, 'slice'],
  [/\bV[Ss]witch\b|\bv-switch\b/, 'vSwitch'],
  [/\b[Ff]astpath\b/, 'fast path, or fast-path'],
  [/\b[Ss]lowpath\b/, 'slow path, or slow-path'],
  [/\bde-?offload/i, 'onload'],
  [/\bupcalls? table\b/i, 'flow table'],
  [/\btold\b|\bwhoever\b|\banew\b/i, 'plain words: reported; a client, an operator; again'],
  [/\bwrong use\b/i, 'usage error'],
  [/\bas far as\b/i, 'up to, or if'],
];

/** Folders whose strings users read: in commands, answers, logs, pages and reports. */
const SPEAKING_FOLDERS = [
  'api',
  'cli',
  'config',
  'doctor',
  'daemon',
  'dashboards/grafana',
  'page',
  'platform',
  'policy',
  'policy-tools',
  'replay',
  'server',
  'views',
];

/** Terms that users meet everywhere: each that a text has must be in the glossary. */
const KEY_TERMS = [
  'backend',
  'budget',
  'coverage',
  'decision',
  'entry',
  'fact',
  'fast path',
  'flow',
  'guarantee',
  'heartbeat',
  'hold',
  'host CPU',
  'lease',
  'limit',
  'mask',
  'maximum',
  'megaflow',
  'NIC table',
  'node',
  'node rule',
  'offload',
  'onload',
  'operation',
  'path',
  'placement',
  'planner',
  'policy',
  'port',
  'reason',
  'recording',
  'refusal',
  'replay',
  'requested placement',
  'revision',
  'rule',
  'schedule',
  'score',
  'shadow',
  'share',
  'slice',
  'slow path',
  'source',
  'stale',
  'swap',
  'table',
  'threshold',
  'tick',
  'trace',
  'ufid',
  'uplink',
  'VM',
  'vSwitch',
  'weight',
  'worth',
  'XDP',
];

const GLOSSARY = readDocument('docs/glossary.md');

interface Entry {
  readonly term: string;
  readonly text: string;
}

/** The two lists of the glossary, in its order. */
function entriesIn(section: string): readonly Entry[] {
  return section
    .split(/^### /m)
    .slice(1)
    .map((part) => {
      const [term, ...lines] = part.split('\n');
      return { term, text: lines.join('\n').trim() };
    });
}

const SECTIONS = GLOSSARY.split(/^## /m).slice(1).map(entriesIn);
const TERMS = new Set(SECTIONS.flat().map(({ term }) => term.toLowerCase()));

/** The prose of a document, line by line: no code, no addresses of links. */
function proseOf(file: string): readonly UserText[] {
  return readDocument(file)
    .replaceAll(/```[^]*?```/g, (block) => block.replaceAll(/[^\n]/g, ''))
    .split('\n')
    .map((line, i) => ({
      place: `${file}:${i + 1}`,
      text: line.replaceAll(/`[^`]*`|\]\([^)]*\)|"[^"]*"/g, ' '),
    }));
}

/** The documents for users: design decisions may speak of the code. */
function documents(): readonly string[] {
  const inDocs = readdirSync(join(packageRoot(), 'docs'));
  return ['README.md', ...inDocs.filter((f) => f.endsWith('.md')).map((f) => join('docs', f))];
}

async function allTexts(): Promise<readonly UserText[]> {
  return [
    ...(await helpTexts()),
    ...sourceTexts(...SPEAKING_FOLDERS),
    ...metricTexts(),
    ...descriptionTexts(
      'config/config.schema.json',
      'policies/policy.schema.json',
      'policies/policy-test.schema.json',
    ),
    ...REASONS.map(({ code, text }) => ({ place: `reason ${code}`, text })),
  ];
}

describe('docs/glossary.md', () => {
  it('defines each term once, in alphabetical order', () => {
    for (const section of SECTIONS) {
      const terms = section.map(({ term }) => term.toLowerCase());
      assert.deepEqual(
        terms,
        [...new Set(terms)].sort((a, b) => a.localeCompare(b, 'en')),
      );
      for (const { term, text } of section) assert.ok(text.length > 20, `${term} has no text`);
    }
    assert.ok(TERMS.size > 80);
  });

  it('agrees with every text of the command line, the page, the metrics and the schemas', async () => {
    const texts = await allTexts();
    assert.ok(texts.length > 500, 'the texts were not found');
    const wrong = texts.flatMap(({ place, text }) =>
      DISCOURAGED.flatMap(([word, instead]) => {
        const found = word.exec(text);
        return found === null ? [] : [`${place}: "${found[0]}" in "${text}": write ${instead}`];
      }),
    );
    assert.deepEqual(wrong, []);
  });

  it('agrees with the prose of the documents', () => {
    const wrong = documents().flatMap((file) =>
      proseOf(file).flatMap(({ place, text }) =>
        DISCOURAGED.flatMap(([word, instead]) => {
          const found = word.exec(text);
          return found === null || file === 'docs/glossary.md'
            ? []
            : [`${place}: "${found[0]}": write ${instead}`];
        }),
      ),
    );
    assert.deepEqual(wrong, []);
  });

  it('has every key term that the texts use', async () => {
    const all = (await allTexts()).map(({ text }) => text.toLowerCase()).join('\n');
    for (const term of KEY_TERMS) {
      const words = new RegExp(`\\b${term.toLowerCase().replace(/y$/, '(?:y|ies)')}`);
      assert.match(all, words, `no text uses "${term}"`);
      assert.ok(TERMS.has(term.toLowerCase()), `"${term}" is missing`);
    }
  });

  it('names metrics, commands and settings that exist', async () => {
    const metrics = new Set(metricTexts().map(({ place }) => place));
    const help = (await helpTexts()).map(({ place }) => place);
    for (const [, name] of GLOSSARY.matchAll(/`(norikae_\w+)`/g)) {
      assert.ok(metrics.has(name), `there is no metric ${name}`);
    }
    for (const [, command] of GLOSSARY.matchAll(/`norikae ((?:policy )?[a-z-]+)[^`]*`/g)) {
      assert.ok(help.includes(`norikae ${command} --help`), `there is no command ${command}`);
    }
    const schema: unknown = JSON.parse(readDocument('config/config.schema.json'));
    const settings = /`((?:backend|fastPath|poll|planner|decisions|node)\.[\w.]+)`/g;
    for (const [, path] of GLOSSARY.matchAll(settings)) {
      assert.ok(hasSetting(schema, path.split('.')), `there is no setting ${path}`);
    }
  });
});

function hasSetting(schema: unknown, path: readonly string[]): boolean {
  if (path.length === 0) return true;
  if (typeof schema !== 'object' || schema === null || !('properties' in schema)) return false;
  const { properties } = schema;
  if (typeof properties !== 'object' || properties === null) return false;
  const found = Object.entries(properties).find(([key]) => key === path[0]);
  return found !== undefined && hasSetting(found[1], path.slice(1));
}
