import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { POLICY_SCHEMA } from '../../../policy/document/policy-schema.ts';
import { policyFile } from '../policy-files.ts';

const FILE = policyFile('policy.schema.json');

describe('policies/policy.schema.json', () => {
  before('writes the file if UPDATE_SCHEMA is set', () => {
    if (process.env.UPDATE_SCHEMA !== undefined) {
      writeFileSync(FILE, `${JSON.stringify(POLICY_SCHEMA, null, 2)}\n`);
    }
  });

  it('equals the schema of the checker (UPDATE_SCHEMA=1 writes it)', () => {
    assert.deepEqual(JSON.parse(readFileSync(FILE, 'utf8')), POLICY_SCHEMA);
  });

  it('is valid JSON Schema 2020-12', () => {
    const ajv = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false });
    ajv.addKeyword('enumDescriptions');
    assert.equal(ajv.validateSchema(POLICY_SCHEMA), true);
    ajv.compile(POLICY_SCHEMA);
  });

  it('describes each name that it suggests', () => {
    const offers: { enum: unknown[]; enumDescriptions: unknown[] }[] = [];
    JSON.stringify(POLICY_SCHEMA, (_key, value) => {
      if (Array.isArray(value?.enumDescriptions)) offers.push(value);
      return value;
    });
    assert.equal(offers.length, 5);
    for (const offer of offers) assert.equal(offer.enumDescriptions.length, offer.enum.length);
  });
});
