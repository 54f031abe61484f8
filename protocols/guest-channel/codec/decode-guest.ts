import { ChannelViolation } from './errors.ts';
import { Fields, integerItem } from './fields.ts';
import {
  MAX_COUNTERS_PER_REPLY,
  MAX_DEVICES,
  MAX_RULE_ID,
  MAX_RULES,
  MAX_RULES_PER_PUT,
} from './limits.ts';
import type {
  GuestDevice,
  GuestHello,
  GuestMessage,
  GuestReply,
  ReplyResult,
  RuleCounters,
  RuleResult,
} from './messages.ts';
import { parseJson, readEpoch, readVersions } from './parse.ts';
import { DEVICE_NAME, DEVICE_NAME_WORDS } from './rule.ts';

const MAC = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/;
const DRIVER = /^[A-Za-z0-9_-]{0,40}$/;
const MAX_MTU = 1 << 20;

/**
 * A message of the guest, as the host reads it. Guests are hostile until proven otherwise: every field
 * has a bound.
 *
 * @throws {ChannelViolation}
 */
export function decodeGuestMessage(line: string): GuestMessage {
  const fields = new Fields(parseJson(line), 'message');
  const type = fields.oneOf('type', ['hello', 'reply', 'leaving'] as const);
  // Later versions may add fields to a hello; every side must be able to read it.
  if (type === 'hello') return readHello(fields);
  const message = type === 'reply' ? readReply(fields) : ({ type } as const);
  fields.end();
  return message;
}

function readHello(fields: Fields): GuestHello {
  return {
    type: 'hello',
    versions: readVersions(fields),
    epoch: readEpoch(fields, 'epoch'),
    to: fields.nullable('to', (f) => readEpoch(f, 'to')),
    agent: fields.words('agent'),
    clockMs: fields.milliseconds('clockMs'),
    devices: fields.list('devices', MAX_DEVICES, readDevice),
  };
}

function readDevice(value: unknown, where: string): GuestDevice {
  const fields = new Fields(value, where);
  const device = {
    name: fields.text('name', DEVICE_NAME, DEVICE_NAME_WORDS),
    mac: fields.text('mac', MAC, 'a MAC address in lower case'),
    driver: fields.text('driver', DRIVER, 'the name of a driver'),
    mtu: fields.integer('mtu', 0, MAX_MTU),
    isUp: fields.boolean('isUp'),
    canRedirect: fields.boolean('canRedirect'),
  };
  fields.end();
  return device;
}

function readReply(fields: Fields): GuestReply {
  return {
    type: 'reply',
    id: fields.integer('id', 1, Number.MAX_SAFE_INTEGER),
    clockMs: fields.milliseconds('clockMs'),
    lost: fields.integer('lost', 0, Number.MAX_SAFE_INTEGER),
    result: readResult(fields.object('result')),
  };
}

function readResult(fields: Fields): ReplyResult {
  const of = fields.oneOf('of', ['put', 'delete', 'counters', 'renew', 'error'] as const);
  const result = resultOf(of, fields);
  fields.end();
  return result;
}

function resultOf(of: ReplyResult['of'], fields: Fields): ReplyResult {
  switch (of) {
    case 'put':
      return { of, rules: fields.list('rules', MAX_RULES_PER_PUT, readRuleResult) };
    case 'delete':
      return { of, rules: fields.integer('rules', 0, MAX_RULES) };
    case 'counters':
      return {
        of,
        counters: fields.list('counters', MAX_COUNTERS_PER_REPLY, readCounters),
        more: fields.boolean('more'),
      };
    case 'renew':
      return { of, lease: fields.oneOf('lease', ['renewed', 'late'] as const) };
    case 'error':
      break;
  }
  return { of, why: fields.words('why') };
}

function readRuleResult(value: unknown, where: string): RuleResult {
  const fields = new Fields(value, where);
  const id = fields.integer('id', 1, MAX_RULE_ID);
  const ok = fields.boolean('ok');
  const result = ok ? { id, ok } : { id, ok, why: fields.words('why') };
  fields.end();
  return result;
}

function readCounters(value: unknown, where: string): RuleCounters {
  if (!Array.isArray(value) || value.length !== 3) {
    throw new ChannelViolation(where, 'id, packets, bytes');
  }
  const [id, packets, bytes]: readonly unknown[] = value;
  return [
    integerItem(id, `${where}[0]`, 1, MAX_RULE_ID),
    integerItem(packets, `${where}[1]`, 0, Number.MAX_SAFE_INTEGER),
    integerItem(bytes, `${where}[2]`, 0, Number.MAX_SAFE_INTEGER),
  ];
}
