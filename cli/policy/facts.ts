import type { Command } from 'commander';
import type { FactDefinition } from '../../policy/model/fact.ts';
import { FACTS } from '../../policy/facts/facts.ts';
import { OPERATORS, type OperatorDefinition } from '../../policy/operators/operators.ts';
import { didYouMean } from '../../text/nearest.ts';
import { type CliContext, lineWidth, printJson, printLines } from '../support/context.ts';
import { CommandFailed, ExitCode } from '../support/exit-codes.ts';
import { wrappedTable } from '../support/wrapped-table.ts';

const HELP = `
The list does not include facts that policies declare themselves.

Examples:
  norikae policy facts                       all facts
  norikae policy facts packetsPerSecond      one fact in detail
  norikae policy facts port                  facts with "port" in the name or description
  norikae policy facts --operators           all operators
  norikae policy facts --json | jq -r '.facts[].name'
`;

interface FactsOptions {
  readonly operators?: boolean;
  readonly json?: boolean;
}

/** `norikae policy facts [WORD]`: the catalogue. */
export function policyFactsCommand(command: Command, context: CliContext): void {
  command
    .argument('[word]', 'name of a fact, or a word in its name or description')
    .option('--operators', 'list the operators instead')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action((word: string | undefined, options: FactsOptions) => {
      if (options.operators === true) printOperators(context, word, options);
      else printFacts(context, word, options);
    });
}

function printFacts(context: CliContext, word: string | undefined, options: FactsOptions): void {
  const facts = chosen(FACTS, word, 'fact');
  if (options.json === true) {
    printJson(context, { facts: facts.map(plainFact) });
  } else if (facts.length === 1 && facts[0].name === word) {
    printLines(context, factLines(facts[0], context));
  } else {
    printLines(
      context,
      wrappedTable(
        ['FACT', 'OF', 'TYPE', 'MEANING, EXAMPLE'],
        facts.map((f) => [f.name, f.scope, typeText(f), `${f.description} Example: ${f.example}`]),
        lineWidth(context),
        context.stdout.colours.dim,
      ),
    );
  }
}

function printOperators(
  context: CliContext,
  word: string | undefined,
  options: FactsOptions,
): void {
  const operators = chosen(OPERATORS, word, 'operator');
  if (options.json === true) {
    printJson(context, { operators: operators.map(plainOperator) });
    return;
  }
  printLines(
    context,
    wrappedTable(
      ['OPERATOR', 'OF', 'HOLDS WHEN THE FACT'],
      operators.map((o) => [o.name, o.facts.map(pluralOf).join(', '), o.description]),
      lineWidth(context),
      context.stdout.colours.dim,
    ),
  );
}

/** The item named `word`, otherwise all items whose name or description contains it. */
function chosen<T extends { readonly name: string; readonly description: string }>(
  all: readonly T[],
  word: string | undefined,
  kind: string,
): readonly T[] {
  if (word === undefined) return all;
  const exact = all.filter((item) => item.name === word);
  if (exact.length > 0) return exact;
  const lowerCase = word.toLowerCase();
  const found = all.filter((item) =>
    `${item.name} ${item.description}`.toLowerCase().includes(lowerCase),
  );
  if (found.length > 0) return found;
  const hint = didYouMean(
    word,
    all.map((item) => item.name),
  );
  throw new CommandFailed(`there is no ${kind} "${word}"${hint}`, ExitCode.usage);
}

function pluralOf(type: FactDefinition['type']): string {
  return type === 'strings' ? 'lists' : `${type}s`;
}

function typeText({ type, unit }: FactDefinition): string {
  const name = type === 'strings' ? 'list' : type;
  return unit === undefined ? name : `${name}, ${unit}`;
}

function factLines(fact: FactDefinition, { stdout }: CliContext): string[] {
  const rows: [string, string][] = [
    ['of', fact.scope],
    ['type', typeText(fact)],
    ['from', fact.source],
    ['example', fact.example],
    ...optional('values', fact.values?.map((v) => `"${v}"`).join(', ')),
    ...optional('missing', fact.missing && `when ${fact.missing}`),
    ...optional('not known', fact.unknown && `when ${fact.unknown}`),
    ...Object.entries(fact.params ?? {}).map(([name, what]) =>
      pair(`params.${name}`, textOf(what)),
    ),
    ...Object.entries(fact.members ?? {}).map(([name, what]) => pair(`$.${name}`, textOf(what))),
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return [
    `${stdout.colours.bold(fact.name)}: ${fact.description}`,
    ...rows.map(([name, text]) => `  ${stdout.colours.dim(name.padEnd(width))}${text}`),
  ];
}

function pair(name: string, text: string): [string, string] {
  return [name, text];
}

function optional(name: string, text: string | undefined): [string, string][] {
  return text === undefined ? [] : [[name, text]];
}

function textOf(what: { readonly description: string; readonly unit?: string }): string {
  return what.unit === undefined ? what.description : `${what.description} (${what.unit})`;
}

/** A fact as plain JSON, without functions. */
function plainFact(fact: FactDefinition) {
  return { ...fact, ...(fact.form === undefined ? {} : { form: fact.form.text }) };
}

function plainOperator({ name, description, facts, operand }: OperatorDefinition) {
  return { name, description, facts, operand };
}
