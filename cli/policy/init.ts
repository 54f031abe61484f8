import { existsSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import type { Command } from 'commander';
import { fileErrorText } from '../../platform/file-error.ts';
import { packageRoot } from '../../platform/package-root.ts';
import { TEST_SUFFIX } from '../../policy-tools/testing/run-tests.ts';
import { type CliContext, printJson, printLines } from '../support/context.ts';
import { CommandFailed, ExitCode } from '../support/exit-codes.ts';
import { failingInJson } from '../support/json-errors.ts';

const HELP = `
Writes a sample policy NAME.json and its tests NAME.test.json; their descriptions say what to change.
Existing files are not overwritten.

Examples:
  norikae policy init mine
  norikae policy init /etc/norikae/policies/mine.json
`;

/** `norikae policy init NAME`. */
export function policyInitCommand(command: Command, context: CliContext): void {
  command
    .argument('<name>', 'name of the policy or of its file')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(async (path: string, options: { readonly json?: boolean }) => {
      const files = await failingInJson(context, options.json, () => writeSample(path));
      if (options.json === true) {
        printJson(context, { files });
        return;
      }
      const [policy, test] = files;
      printLines(context, [
        `wrote ${policy} and ${test}`,
        `next: norikae policy test ${policy} --coverage`,
      ]);
    });
}

/** Writes a policy and its test; returns their paths. */
function writeSample(path: string): readonly string[] {
  const name = basename(path, '.json');
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) {
    const message = `"${name}" is not a valid policy name; use letters, digits, ".", "_" and "-"`;
    throw new CommandFailed(message, ExitCode.usage);
  }
  const folder = dirname(path);
  const files = [
    [join(folder, `${name}.json`), starterPolicy(name, schemaFrom(folder, 'policy'))],
    [join(folder, `${name}${TEST_SUFFIX}`), starterTest(name, schemaFrom(folder, 'policy-test'))],
  ] as const;
  const taken = files.map(([file]) => file).find((file) => existsSync(file));
  if (taken !== undefined) {
    throw new CommandFailed(`${taken} already exists and was not changed`, ExitCode.usage);
  }
  for (const [file, value] of files) write(file, `${JSON.stringify(value, null, 2)}\n`);
  return files.map(([file]) => file);
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    const why = fileErrorText(error);
    throw new CommandFailed(`cannot write ${file}: ${why}`, ExitCode.failed, { cause: error });
  }
}

/** Path of a schema relative to the folder; editors use it for completion and documentation. */
function schemaFrom(folder: string, name: string): string {
  const path = relative(folder, join(packageRoot(), 'policies', `${name}.schema.json`));
  return path.startsWith('.') ? path : `./${path}`;
}

function starterPolicy(name: string, schema: string) {
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
            { fact: 'quietMs', operator: 'greaterThanInclusive', value: 2000 },
          ],
        },
        event: { type: 'onload' },
      },
      {
        name: 'busy',
        description:
          'Which flows are offloaded. "norikae policy facts" lists all facts; the score decides which flows get entries when there are too few.',
        priority: 10,
        conditions: {
          all: [
            { fact: 'packetsPerSecond', operator: 'greaterThanInclusive', value: 1000 },
            { fact: 'lastPacketsPerSecond', operator: 'greaterThanInclusive', value: 20 },
            { condition: 'one-receiver' },
          ],
        },
        event: { type: 'offload', params: { score: 'packetsPerSecond' } },
      },
    ],
  };
}

function starterTest(name: string, schema: string) {
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
