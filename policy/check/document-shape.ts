import { Ajv2020 } from 'ajv/dist/2020.js';
import type { JsonDocument } from '../../text/json-document.ts';
import type { Problem } from '../../text/problem.ts';
import { choice, type SchemaError, schemaProblems } from '../../text/schema-problems.ts';
import type { PolicyDocument } from '../document/policy-document.ts';
import { POLICY_SCHEMA } from '../document/policy-schema.ts';

const ajv = new Ajv2020({ allErrors: true, verbose: true, strict: false });
ajv.addKeyword('enumDescriptions');
const validate = ajv.compile<PolicyDocument>(POLICY_SCHEMA);

const GROUPS = ['all', 'any', 'not', 'condition'];

/** True if `value` conforms to the schema. */
export function isPolicyDocument(value: unknown): value is PolicyDocument {
  return validate(value);
}

/** Violations of the schema, as problems. */
export function shapeProblems(document: JsonDocument): Problem[] {
  if (validate(document.value)) return [];
  return schemaProblems(document, validate.errors ?? [], policyMessage);
}

function policyMessage(found: SchemaError): string | undefined {
  const { error, path, name, shown } = found;
  const last = path.at(-1);
  if (error.propertyName !== undefined) {
    return `a name can have letters, digits, ".", "_" and "-" and starts with a letter; it is "${error.propertyName}"`;
  }
  switch (error.keyword) {
    case 'additionalProperties':
      return secondGroup(found);
    case 'required':
      return error.params.missingProperty === 'all' ? noGroup(name) : undefined;
    case 'enum': {
      const allowed: string[] = error.params.allowedValues;
      if (last !== 'type' || !allowed.includes('offload')) return undefined;
      return `unknown event type ${shown}; ${choice(error.data, allowed, 'event types are')}`;
    }
    case 'minItems':
      if (last === 'any') {
        return 'an empty "any" never holds (json-rules-engine would take it as true)';
      }
      return last === 'all' ? 'an empty "all" holds for every flow; add a condition' : undefined;
    case 'pattern':
      return `${name} can have letters, digits, ".", "_" and "-" and starts with a letter or digit; it is ${shown}`;
    case 'minimum':
      return last === 'priority'
        ? `a priority is 1 or more, not ${shown} (json-rules-engine would take 0 as 1)`
        : undefined;
    default:
      return undefined;
  }
}

/** An extra key of a condition besides the one that determines its kind. */
function secondGroup({ error }: SchemaError): string | undefined {
  const known = Object.keys(error.parentSchema?.properties ?? {});
  if (!GROUPS.some((group) => known.includes(group)) || known.includes('fact')) return undefined;
  const key = String(error.params.additionalProperty);
  return `a condition is one of "all", "any", "not", "condition" and a comparison; it cannot also have "${key}"`;
}

function noGroup(name: string): string {
  const short = name.replace(/^"rules\[\d+\]\.conditions"$/, '"conditions"');
  return `${short} must have one of "all", "any", "not" and "condition"`;
}
