/**
 * What a match says of both ends of a flow.
 *
 * @typedef {{ readonly protocol: string, readonly from: string, readonly to: string }} FlowWords
 */

/** Fields of a match that are an end's address, the most telling first. */
const ADDRESSES = ['ipv4', 'ipv6', 'arp', 'eth'];
/** Protocols whose ends have ports. */
const PORTED = ['tcp', 'udp', 'sctp'];

/**
 * A match in the words of people: its protocol and both ends, `10.1.0.6:443`. What a match leaves
 * open is `any`. The match itself has all there is to know.
 *
 * @param {string} match `in_port=vm1,tcp,ipv4_src=10.1.0.6,...`
 * @returns {FlowWords}
 */
export function flowWords(match) {
  /** @type {Map<string, string>} */
  const fields = new Map();
  /** @type {string[]} */
  const bare = [];
  for (const part of match.split(',')) {
    const equals = part.indexOf('=');
    if (equals < 0) bare.push(part);
    else fields.set(part.slice(0, equals), part.slice(equals + 1));
  }
  const protocol = bare.find((word) => !word.includes('(')) ?? fields.get('eth_type') ?? 'any';
  return { protocol, from: end(fields, 'src'), to: end(fields, 'dst') };
}

/**
 * @param {ReadonlyMap<string, string>} fields
 * @param {'src' | 'dst'} which
 */
function end(fields, which) {
  const known = ADDRESSES.find((a) => fields.has(`${a}_src`) || fields.has(`${a}_dst`));
  const address = (known === undefined ? undefined : fields.get(`${known}_${which}`)) ?? 'any';
  const port = PORTED.map((p) => fields.get(`${p}_${which}`)).find((p) => p !== undefined);
  if (port === undefined) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
