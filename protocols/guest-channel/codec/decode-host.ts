import { ChannelViolation } from './errors.ts';
import { Fields } from './fields.ts';
import { MAX_RULE_ID, MAX_RULES, MAX_RULES_PER_PUT } from './limits.ts';
import type { HostMessage, HostRequest } from './messages.ts';
import { parseJson, readEpoch, readVersions } from './parse.ts';
import { readRule, readRuleId } from './rule.ts';

const TYPES = ['hello', 'put', 'delete', 'retain', 'counters', 'renew', 'withdraw'] as const;

/**
 * A message of the host, as the guest reads it.
 *
 * @throws {ChannelViolation}
 */
export function decodeHostMessage(line: string): HostMessage {
  const fields = new Fields(parseJson(line), 'message');
  const type = fields.oneOf('type', TYPES);
  // Later versions may add fields to a hello; every side must be able to read it.
  if (type === 'hello') {
    return { type, versions: readVersions(fields), epoch: readEpoch(fields, 'epoch') };
  }
  const request = readRequest(type, fields);
  fields.end();
  return request;
}

function readRequest(type: HostRequest['type'], fields: Fields): HostRequest {
  const to = readEpoch(fields, 'to');
  const id = fields.integer('id', 1, Number.MAX_SAFE_INTEGER);
  switch (type) {
    case 'put': {
      const rules = fields.list('rules', MAX_RULES_PER_PUT, readRule);
      if (new Set(rules.map((rule) => rule.id)).size < rules.length) {
        throw new ChannelViolation('message.rules', 'each id once');
      }
      return { type, to, id, rules };
    }
    case 'delete':
    case 'retain':
      return { type, to, id, rules: fields.list('rules', MAX_RULES, readRuleId) };
    case 'counters':
      return { type, to, id, after: fields.integer('after', 0, MAX_RULE_ID) };
    case 'renew':
      return { type, to, id, untilMs: fields.milliseconds('untilMs') };
    case 'withdraw':
      break;
  }
  return { type, to, id };
}
