/** Type byte of each message in OpenFlow 1.0 (section 5.1) and 1.3.5 (section 7.1); -1: none. */
export const MESSAGE_CODES = {
  hello: [0, 0],
  error: [1, 1],
  'echo-request': [2, 2],
  'echo-reply': [3, 3],
  /** 1.0 calls it vendor. */
  experimenter: [4, 4],
  'features-request': [5, 5],
  'features-reply': [6, 6],
  'get-config-request': [7, 7],
  'get-config-reply': [8, 8],
  'set-config': [9, 9],
  'packet-in': [10, 10],
  'flow-removed': [11, 11],
  'port-status': [12, 12],
  'packet-out': [13, 13],
  'flow-mod': [14, 14],
  'group-mod': [-1, 15],
  'port-mod': [15, 16],
  'table-mod': [-1, 17],
  /** 1.0 calls both stats. */
  'multipart-request': [16, 18],
  'multipart-reply': [17, 19],
  'barrier-request': [18, 20],
  'barrier-reply': [19, 21],
  'queue-get-config-request': [20, 22],
  'queue-get-config-reply': [21, 23],
  'role-request': [-1, 24],
  'role-reply': [-1, 25],
  'get-async-request': [-1, 26],
  'get-async-reply': [-1, 27],
  'set-async': [-1, 28],
  'meter-mod': [-1, 29],
} as const satisfies Record<string, readonly [number, number]>;

/** Name of a message type with a number. */
export type MessageName = keyof typeof MESSAGE_CODES;

function isMessageName(name: string): name is MessageName {
  return Object.hasOwn(MESSAGE_CODES, name);
}

function namesOf(column: 0 | 1): readonly (MessageName | undefined)[] {
  const names: (MessageName | undefined)[] = [];
  for (const name of Object.keys(MESSAGE_CODES)) {
    if (isMessageName(name) && MESSAGE_CODES[name][column] >= 0) {
      names[MESSAGE_CODES[name][column]] = name;
    }
  }
  return names;
}

const NAMES10 = namesOf(0);
const NAMES13 = namesOf(1);

/** Name of the message with this type byte; undefined when the version has none. */
export function messageName(version: number, code: number): MessageName | undefined {
  return (version === 1 ? NAMES10 : NAMES13)[code];
}
