/** A small policy to begin with, whose descriptions say what to change. */
export function starterPolicy(name: string, schema: string) {
  return {
    $schema: schema,
    name,
    description:
      'Offloads busy flows and onloads them when they fall quiet. Describe the purpose of the policy here.',
    version: '0.1.0',
    conditions: {
      'one-receiver': {
        any: [
          { fact: 'cast', operator: 'equal', value: 'unicast' },
          {
            name: 'The match leaves the destination open: all packets go to the same port.',
            fact: 'matchedFields',
            operator: 'everyFact:notIn',
            value: ['eth_dst', 'ipv4_dst', 'ipv6_dst'],
          },
        ],
      },
    },
    rules: [
      {
        name: 'quiet',
        description:
          'Of the rules that hold for a flow, the one with the highest priority decides. This rule onloads flows that send only keep-alives.',
        priority: 20,
        conditions: {
          all: [
            { fact: 'placement', operator: 'notEqual', value: 'onload' },
            { fact: 'quietMs', operator: 'greaterThanInclusive', value: '2s' },
          ],
        },
        event: { type: 'onload' },
      },
      {
        name: 'busy',
        description:
          'Which flows are offloaded. "norikae policy facts" lists all facts. When there are too few entries, the flows that are worth most get them; event.params.score changes that order.',
        priority: 10,
        conditions: {
          all: [
            { fact: 'packetsPerSecond', operator: 'greaterThanInclusive', value: '1kpps' },
            { fact: 'lastPacketsPerSecond', operator: 'greaterThanInclusive', value: '20pps' },
            { condition: 'one-receiver' },
          ],
        },
        event: { type: 'offload' },
      },
    ],
  };
}

/** Tests of {@link starterPolicy}. */
export function starterTest(name: string, schema: string) {
  return {
    $schema: schema,
    description: `Tests of ${name}.json. Run them with "norikae policy test ${name}.json".`,
    tests: [
      {
        name: 'a busy flow is offloaded within a second and stays',
        description: 'A series has one value per tick of 250 ms: 20 ticks here.',
        flows: { elephant: { packetsPerSecond: '5000x19', tcpDst: 443, cast: 'unicast' } },
        expect: [
          { flow: 'elephant', from: '1s', placement: 'offload', rule: 'busy' },
          { flow: 'elephant', atMostMoves: 1 },
        ],
      },
      {
        name: 'a flow that falls quiet is onloaded',
        flows: { burst: { packetsPerSecond: '5000x19 1x19' } },
        expect: [
          { flow: 'burst', at: '4s', placement: 'offload' },
          { flow: 'burst', by: '8s', from: '5s', placement: 'onload' },
        ],
      },
      {
        name: 'mice and multicast are never offloaded',
        flows: {
          mice: { count: 20, packetsPerSecond: '50x40' },
          stream: { packetsPerSecond: '5000x40', cast: 'multicast' },
        },
        expect: [{ flow: ['mice', 'stream'], never: 'offload' }],
      },
    ],
  };
}
