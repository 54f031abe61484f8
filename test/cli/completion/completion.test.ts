import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMANDS } from '../../../cli/command-table.ts';
import { runProgram } from '../../../cli/program.ts';
import { needs } from '../../support/needs.ts';
import { runToEnd } from '../../support/programs.ts';
import { PseudoTerminal } from '../../support/pseudo-terminal.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { TestTerminal } from '../../support/test-terminal.ts';

/** Names of the commands of a group, in the order of shells. */
function commandsOf(group: string): string[] {
  const { commands = [] } = COMMANDS.find(({ name }) => name === group) ?? {};
  return commands.map(({ name }) => name).toSorted();
}

/** Words before the cursor, the last of them begun, and all that a shell offers for it. */
const OFFERS: readonly (readonly [string[], string[]])[] = [
  [['onl'], ['onload-all']],
  [['re'], ['record', 'reload', 'replay', 'resume']],
  [['policy', 'e'], ['explain']],
  [['policy', ''], commandsOf('policy')],
  [['help', 'wh'], ['why']],
  [
    ['completion', ''],
    ['bash', 'fish', 'zsh'],
  ],
  [['--ver'], ['--version']],
  [['flows', '--pla'], ['--placement']],
  [['flows', '--placement', 'of'], ['offload']],
  [['policy', 'check', '--tog'], ['--together']],
  [
    ['policy', 'check', 'mi'],
    ['mice.json', 'mine.json'],
  ],
  [['run', '--config', 'mic'], ['mice.json']],
];

describe('completion', () => {
  let folder: ReturnType<typeof temporaryFolder>;

  beforeEach(() => {
    folder = temporaryFolder();
    for (const name of ['mice.json', 'mine.json', 'other.json']) {
      writeFileSync(join(folder.path, name), '{}');
    }
  });

  afterEach(() => folder.remove());

  /** Writes the script for a shell; returns its path. */
  async function scriptFor(shell: string): Promise<string> {
    const stdout = new TestTerminal();
    const context = {
      stdout,
      stderr: new TestTerminal(),
      env: {},
      loadDaemon: () => Promise.reject(new Error('this test runs no daemon')),
      exit: () => {},
      now: () => performance.now(),
    };
    assert.equal(await runProgram(context, ['completion', shell]), 0);
    mkdirSync(join(folder.path, 'script'));
    const path = join(folder.path, 'script', shell);
    writeFileSync(path, stdout.text);
    return path;
  }

  it('offers every command of the table in every shell', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      const text = await runProgramText(shell);
      for (const { name, commands = [] } of COMMANDS) {
        assert.ok(text.includes(name), `${shell}: ${name}`);
        for (const below of commands)
          assert.ok(text.includes(below.name), `${shell}: ${below.name}`);
      }
    }
  });

  async function runProgramText(shell: string): Promise<string> {
    const { output } = await runToEnd('cat', [await scriptFor(shell)]);
    folder.remove();
    folder = temporaryFolder();
    return output;
  }

  describe('bash', () => {
    before(function () {
      needs(this, 'bash');
    });

    /** What bash offers for the last of these words. */
    async function offered(words: readonly string[]): Promise<readonly string[]> {
      const script = `
        source "$1"; shift
        COMP_WORDS=(norikae "$@"); COMP_CWORD=$#
        _norikae
        printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { code, output } = await runToEnd('bash', [
        '-c',
        `cd "$1" || exit; shift; ${script}`,
        'bash',
        folder.path,
        join(folder.path, 'script', 'bash'),
        ...words,
      ]);
      assert.equal(code, 0, output);
      return output
        .split('\n')
        .filter((line) => line !== '')
        .toSorted();
    }

    it('completes commands, options, values and files', async () => {
      await scriptFor('bash');
      for (const [words, expected] of OFFERS) {
        assert.deepEqual(await offered(words), expected, words.join(' '));
      }
    });

    it('completes a value after "=", which bash makes a word of its own', async () => {
      await scriptFor('bash');
      assert.deepEqual(await offered(['flows', '--placement', '=', 'of']), ['offload']);
      assert.deepEqual(await offered(['flows', '--sort', '=']), [
        'age',
        'bytes',
        'idle',
        'packets',
        'rate',
        'score',
      ]);
    });

    it('completes file names with spaces', async () => {
      await scriptFor('bash');
      writeFileSync(join(folder.path, 'last night.nkrec'), '');
      assert.deepEqual(await offered(['replay', 'last']), ['last night.nkrec']);
    });
  });

  describe('fish', () => {
    before(function () {
      needs(this, 'fish');
    });

    it('completes commands, options, values and files', async function () {
      this.timeout(20_000);
      const path = await scriptFor('fish');
      const tries = OFFERS.map(
        ([words]) => `echo "? ${words.join(' ')}"; complete -C "norikae ${words.join(' ')}"`,
      );
      const commands = ['cd "$argv[1]"; source "$argv[2]"', ...tries].join('\n');
      const { code, output } = await runToEnd('fish', ['-N', '-c', commands, folder.path, path]);
      assert.equal(code, 0, output);
      const answers = output.split('? ').slice(1);
      const found = answers.map((answer) => {
        const [words, ...lines] = answer.trimEnd().split('\n');
        return [words, lines.map((line) => line.split('\t')[0]).toSorted()];
      });
      assert.deepEqual(
        found,
        OFFERS.map(([words, expected]) => [words.join(' '), expected]),
      );
    });
  });

  describe('zsh', () => {
    before(function () {
      needs(this, 'zsh', 'script');
    });

    it('completes in a terminal: commands, options, values and files', async function () {
      this.timeout(30_000);
      const path = await scriptFor('zsh');
      const terminal = new PseudoTerminal(`zsh -f -i`, { columns: 120 });
      try {
        // A list that is asked for in one go, and a line that is not left by it.
        terminal.press(`cd '${folder.path}'; PS1='> '; autoload -Uz compinit; compinit -u -D\n`);
        terminal.press(
          `setopt no_beep no_auto_menu; LISTMAX=1000; source '${path}'; echo rea""dy\n`,
        );
        await terminal.shows('zsh is ready', (output) => output.includes('\nready'));
        for (const [words, expected] of OFFERS) {
          terminal.forget();
          // Ctrl-D lists without completing.
          terminal.press(`norikae ${words.join(' ')}`);
          await terminal.shows(words.join(' '), (output) =>
            output.includes(words.join(' ').trim()),
          );
          terminal.forget();
          terminal.press(expected.length === 1 ? '\t' : '\u0004');
          const rests =
            expected.length === 1 ? [expected[0].slice(words.at(-1)?.length)] : expected;
          await terminal.shows(`${words.join(' ')}: ${rests.join(' ')}`, (output) =>
            rests.every((rest) => output.includes(rest)),
          );
          for (const other of ['other.json', 'openflow', '--help']) {
            if (!expected.includes(other))
              assert.ok(!terminal.output.includes(other), words.join(' '));
          }
          // Ctrl-U removes the line.
          terminal.press('\u0015');
        }
      } finally {
        await terminal.close();
      }
    });
  });
});
