import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { load } from 'js-yaml';
import { packageRoot } from '../../platform/package-root.ts';
import { supportedVersions } from './support/node-versions.ts';

interface Step {
  readonly uses?: string;
  readonly run?: string;
}

interface Job {
  readonly strategy?: { readonly matrix?: { readonly node?: readonly string[] } };
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly jobs: Readonly<Record<string, Job>>;
}

/** The schema of all workflows. */
const SCHEMA = {
  type: 'object',
  required: ['name', 'on', 'permissions', 'concurrency', 'jobs'],
  properties: {
    permissions: { const: { contents: 'read' } },
    concurrency: { type: 'object', required: ['group', 'cancel-in-progress'] },
    jobs: {
      type: 'object',
      minProperties: 1,
      additionalProperties: {
        type: 'object',
        required: ['runs-on', 'timeout-minutes', 'steps'],
        properties: {
          'timeout-minutes': { type: 'integer', minimum: 1, maximum: 90 },
          // A job could extend the permissions of the workflow.
          permissions: false,
          steps: {
            type: 'array',
            minItems: 2,
            items: {
              type: 'object',
              oneOf: [{ required: ['uses'] }, { required: ['run'] }],
              properties: {
                uses: { pattern: '^actions/(checkout|setup-node|upload-artifact)@v\\d+$' },
                run: { type: 'string' },
              },
            },
          },
        },
      },
    },
  },
};

const FOLDER = join(packageRoot(), '.github/workflows');
const isWorkflow = new Ajv({ allErrors: true, strictTypes: false }).compile<Workflow>(SCHEMA);

describe('workflows', () => {
  const manifest: { scripts: Record<string, string> } = JSON.parse(
    readFileSync(join(packageRoot(), 'package.json'), 'utf8'),
  );

  for (const file of readdirSync(FOLDER)) {
    describe(file, () => {
      const document = load(readFileSync(join(FOLDER, file), 'utf8'));

      it('has read permission only, a time limit, and known actions', () => {
        assert(isWorkflow(document), JSON.stringify(isWorkflow.errors, null, 2));
      });

      it('runs only npm ci and scripts of this package', () => {
        const lines = stepsOf(document).flatMap(({ run }) => (run === undefined ? [] : [run]));
        assert(lines.includes('npm ci') && lines.length > 1);
        for (const line of lines) {
          // One command, without expressions, which the name of a branch could inject into.
          assert.match(line, /^npm (ci|test|run [\w:-]+)( -- [\w "$./-]+)?$/);
          const [, command, script = command] = line.split(' ');
          if (command === 'ci') continue;
          assert(script in manifest.scripts, `package.json has no script ${script}`);
        }
      });

      it('uses the supported lines of Node in its matrix', () => {
        const lines = supportedVersions().map((version) => version.split('.')[0]);
        for (const { strategy } of jobsOf(document)) {
          if (strategy !== undefined) assert.deepEqual(strategy.matrix?.node, lines);
        }
      });
    });
  }

  it('exist for checks, fast tests, full tests and releases', () => {
    const files = ['check.yml', 'release.yml', 'test-fast.yml', 'test-full.yml'];
    assert.deepEqual(readdirSync(FOLDER).toSorted(), files);
  });
});

function jobsOf(document: unknown): readonly Job[] {
  assert(isWorkflow(document));
  return Object.values(document.jobs);
}

function stepsOf(document: unknown): readonly Step[] {
  return jobsOf(document).flatMap(({ steps }) => steps);
}
