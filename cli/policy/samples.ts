import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { applyEdits, type JSONPath, modify } from 'jsonc-parser';
import { TEST_SUFFIX } from '../../policy-tools/testing/run-tests.ts';
import { packageRoot } from '../../platform/package-root.ts';
import { JsonDocument } from '../../text/json-document.ts';
import { formatJson } from '../../text/json-format.ts';
import { starterPolicy, starterTest } from './starter.ts';

/** Name of the sample that is not one of the policies in `policies/`. */
export const STARTER = 'starter';

/** A policy to begin with. */
export interface Sample {
  readonly name: string;
  readonly description: string;
}

/** A sample under its new name: the texts of policy and tests. */
export interface SampleTexts {
  readonly policy: string;
  readonly tests: string;
}

/** Names of all samples. */
export function sampleNames(): readonly string[] {
  const shipped = readdirSync(folderOfPolicies())
    .filter((file) => file.endsWith('.json') && !/\.(test|schema)\.json$/.test(file))
    .map((file) => file.slice(0, -'.json'.length));
  return [STARTER, ...shipped.toSorted()];
}

/** All samples with their descriptions. */
export function samples(): readonly Sample[] {
  return sampleNames().map((name) => ({ name, description: descriptionOf(name) }));
}

/**
 * A sample as a policy with another name in a folder.
 *
 * @param sample one of {@link sampleNames}
 */
export function sampleTexts(sample: string, name: string, folder: string): SampleTexts {
  const policySchema = schemaFrom(folder, 'policy');
  const testSchema = schemaFrom(folder, 'policy-test');
  if (sample === STARTER) {
    return {
      policy: textOf(starterPolicy(name, policySchema)),
      tests: textOf(starterTest(name, testSchema)),
    };
  }
  const tests = shippedText(`${sample}${TEST_SUFFIX}`).replaceAll(
    `"rule": "${sample}/`,
    `"rule": "${name}/`,
  );
  return {
    policy: withValues(shippedText(`${sample}.json`), [
      [['$schema'], policySchema],
      [['name'], name],
    ]),
    tests: withValues(tests, [
      [['$schema'], testSchema],
      ...policiesOf(tests).map((file, i): Change => {
        return [['policies', i], policyFor(file, { sample, name, folder })];
      }),
    ]),
  };
}

type Change = readonly [path: JSONPath, value: string];

/** A text with other values in some places; everything else stays as it is written. */
function withValues(text: string, changes: readonly Change[]): string {
  return changes.reduce(
    (changed, [path, value]) => applyEdits(changed, modify(changed, path, value, {})),
    text,
  );
}

/** The policies that tests name: those beside the sample, too. */
function policiesOf(tests: string): readonly string[] {
  const { value } = new JsonDocument('tests', tests, 'jsonc');
  if (typeof value !== 'object' || value === null || !('policies' in value)) return [];
  return Array.isArray(value.policies) ? value.policies.map(String) : [];
}

/** Path of a policy that tests name, from the new folder. */
function policyFor(
  file: string,
  { sample, name, folder }: { sample: string; name: string; folder: string },
): string {
  if (file === `${sample}.json`) return `${name}.json`;
  return existsSync(join(folder, file)) ? file : relative(folder, join(folderOfPolicies(), file));
}

function descriptionOf(sample: string): string {
  if (sample === STARTER)
    return 'A small policy to change: offloads busy flows, onloads quiet ones.';
  const { value } = new JsonDocument(sample, shippedText(`${sample}.json`), 'jsonc');
  const isDescribed = typeof value === 'object' && value !== null && 'description' in value;
  return isDescribed ? String(value.description) : '';
}

/** Path of a schema relative to the folder; editors use it for completion and documentation. */
function schemaFrom(folder: string, name: string): string {
  const path = relative(folder, join(folderOfPolicies(), `${name}.schema.json`));
  return path.startsWith('.') ? path : `./${path}`;
}

function shippedText(file: string): string {
  return readFileSync(join(folderOfPolicies(), file), 'utf8');
}

function folderOfPolicies(): string {
  return join(packageRoot(), 'policies');
}

function textOf(value: unknown): string {
  return formatJson(JSON.stringify(value));
}
