import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { PlacementName, REQUESTED_PLACEMENT_NAMES } from '../../engine/model/flow.ts';
import { JsonDocument } from '../../text/json-document.ts';
import { byPlace, type Problem } from '../../text/problem.ts';
import { schemaProblems } from '../../text/schema-problems.ts';
import { packageRoot } from '../../platform/package-root.ts';

/** A policy test file; policy-test.schema.json describes its keys. */
export interface TestDocument extends TestSettings {
  readonly policies?: readonly string[];
  readonly tick: string | number;
  readonly start: string;
  readonly tests: readonly TestCase[];
}

/** Settings that a file can have for all of its tests, or a test for itself. */
export interface TestSettings {
  readonly start?: string;
  readonly backend?: BackendSettings;
  readonly planner?: PlannerSettings;
  readonly node?: { readonly hostCpu?: string | number };
  readonly ports?: Readonly<Record<string, TestPort>>;
}

/** One test. */
export interface TestCase extends TestSettings {
  readonly name: string;
  readonly for?: string | number;
  readonly flows: Readonly<Record<string, TestFlow>>;
  readonly expect: readonly Expectation[];
}

/** A flow, or `count` flows with the same settings. */
export interface TestFlow {
  readonly count: number;
  readonly bitsPerSecond?: string | number;
  readonly packetsPerSecond?: string | number;
  readonly packetBytes: string | number;
  readonly inPort: string;
  readonly outPort: string | null;
  readonly outPorts?: readonly string[];
  readonly offloadable: boolean;
}

export interface TestPort {
  readonly kind: 'vm' | 'uplink' | 'internal' | 'other';
  readonly vm?: string;
  readonly slice?: string;
  readonly linkBitsPerSecond?: string | number;
  readonly rxBitsPerSecond?: string | number;
  readonly txBitsPerSecond?: string | number;
}

export interface BackendSettings {
  readonly entries: number;
  readonly fastPathEntries: number;
}

export interface PlannerSettings {
  readonly minHold: string | number;
  readonly operationsPerSecond: number;
  readonly burst: number;
}

/** A condition that the test must meet. */
export interface Expectation {
  readonly description?: string;
  readonly flow: string | readonly string[];
  readonly at?: string | number;
  readonly by?: string | number;
  readonly from?: string | number;
  readonly to?: string | number;
  readonly placement?: PlacementName;
  readonly requested?: (typeof REQUESTED_PLACEMENT_NAMES)[number];
  readonly rule?: string | null;
  readonly reason?: string;
  readonly never?: PlacementName;
  readonly atMostMoves?: number;
  readonly atLeastMoves?: number;
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** A parsed test file, or its problems. */
export type ReadTests =
  | { readonly ok: true; readonly document: JsonDocument; readonly tests: TestDocument }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Validates a test file against its schema and fills in defaults. */
export function readTestDocument(file: string, text: string): ReadTests {
  const document = new JsonDocument(file, text, 'jsonc');
  if (document.problems.length > 0) return { ok: false, problems: document.problems };
  const tests: unknown = structuredClone(document.value);
  const validate = validator();
  if (validate(tests)) return { ok: true, document, tests };
  const problems = schemaProblems(document, validate.errors ?? []);
  return { ok: false, problems: problems.toSorted(byPlace) };
}

function validator() {
  const file = join(packageRoot(), 'policies', 'policy-test.schema.json');
  const schema = JSON.parse(readFileSync(file, 'utf8'));
  const ajv = new Ajv2020({
    allErrors: true,
    useDefaults: true,
    verbose: true,
    allowUnionTypes: true,
  });
  return ajv.compile<TestDocument>(schema);
}
