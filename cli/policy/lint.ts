import { type Command, Option } from 'commander';
import { guaranteeNotes } from '../../policy/check/guarantee-notes.ts';
import { overlapNotes, sliceOverlapNotes } from '../../policy/check/overlap-notes.ts';
import { prohibitionNotes } from '../../policy/check/prohibition-notes.ts';
import { reachNotes } from '../../policy/check/set-check.ts';
import { sliceNotes } from '../../policy/check/slice-notes.ts';
import type { PolicySet } from '../../policy/model/policy-set.ts';
import { notCompiled } from '../../policy/parse/not-compiled.ts';
import { sortFiles } from '../../policy-tools/files/file-kind.ts';
import { checkPolicies } from '../../policy-tools/files/policy-files.ts';
import { counted } from '../../text/format.ts';
import { byPlace, formatProblem, type Problem } from '../../text/problem.ts';
import { type CliContext, printJson, printLines } from '../support/context.ts';
import { CommandFailed, ExitCode } from '../support/exit-codes.ts';
import { failingInJson, PolicyErrors } from '../support/json-errors.ts';
import { wholeNumber } from '../support/number-options.ts';
import { policyFiles } from '../support/paths.ts';

const HELP = `
Searches policies without errors for what is probably not meant. All of them together are one set, in the
given order, as the daemon loads them. Kinds of findings:

  unreachable   a rule that another policy's rule always precedes
  overlap       rules of one priority that can hold for the same flow and request different placements; a
                member of a slice that an earlier slice includes
  unknown       a rule that requests onload or slow-path and also holds for flows to which it only may
                apply, because a header is open or a value is not known
  guarantee     guarantees of slices that together exceed the table of --table
  slice         a slice that no policy declares
  slow          a rule that cannot be compiled

What is meant can be left out with --ignore. In a folder, reads every .json file that is neither a test nor a
schema; of the files that are named, tests and schemas are left out.

Exit codes: 0 nothing found, 1 findings or errors, 2 usage error.

Examples:
  norikae policy lint policies/default.json mine.json
  norikae policy lint policies/ --table 2048 --ignore unknown
  norikae policy lint mine.json --json | jq -r '.findings[].message'
`;

const KINDS = ['unreachable', 'overlap', 'unknown', 'guarantee', 'slice', 'slow'] as const;
type Kind = (typeof KINDS)[number];

/** Entries of the table without --table; that of a common NIC. */
const DEFAULT_ENTRIES = 8192;

interface LintOptions {
  readonly table: number;
  readonly ignore: readonly Kind[];
  readonly json?: boolean;
}

/** A problem with its kind; its message has no prefix. */
interface Finding extends Problem {
  readonly kind: Kind;
}

/** `norikae policy lint FILE|DIR...`. */
export function policyLintCommand(command: Command, context: CliContext): void {
  command
    .argument('<path...>', 'policy files or folders that are in force together')
    .option(
      '--table <n>',
      'entries of the table that slices share',
      wholeNumber(1, 4_000_000),
      DEFAULT_ENTRIES,
    )
    .addOption(
      new Option('--ignore <kind...>', 'leave out findings of these kinds')
        .choices(KINDS)
        .default([]),
    )
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(async (paths: string[], options: LintOptions) => {
      const findings = await failingInJson(context, options.json, async () => {
        const { policies: files } = await sortFiles(policyFiles(paths));
        if (files.length === 0) throw new CommandFailed('no policy file found', ExitCode.usage);
        const checked = await checkPolicies(files);
        if (!checked.ok) throw new PolicyErrors(checked.problems);
        return findingsIn(checked.policies, options);
      });
      if (options.json === true) printJson(context, { ok: findings.length === 0, findings });
      else printLines(context, findings.map(findingLine(context)));
      if (findings.length === 0) return;
      throw new CommandFailed(counted(findings.length, 'finding'), ExitCode.failed);
    });
}

function findingsIn(set: PolicySet, { table, ignore }: LintOptions): readonly Finding[] {
  const all: Readonly<Record<Kind, readonly Problem[]>> = {
    unreachable: reachNotes(set),
    overlap: [...overlapNotes(set), ...sliceOverlapNotes(set)],
    unknown: prohibitionNotes(set),
    guarantee: guaranteeNotes(set, table),
    slice: sliceNotes(set),
    slow: notCompiled(set),
  };
  return KINDS.filter((kind) => !ignore.includes(kind))
    .flatMap((kind) =>
      all[kind].map((note) => ({ ...note, kind, message: note.message.replace(/^note: /, '') })),
    )
    .toSorted((a, b) => a.file.localeCompare(b.file) || byPlace(a, b));
}

function findingLine({ stdout }: CliContext): (finding: Finding) => string {
  const { bold, yellow } = stdout.colours;
  return (finding) => {
    const place = formatProblem({ ...finding, message: '' });
    return `${bold(place)}${yellow(`${finding.kind}:`)} ${finding.message}`;
  };
}
