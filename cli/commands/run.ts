import type { Command } from 'commander';
import { loadConfig } from '../../config/load-config.ts';
import type { Config } from '../../config/config.ts';
import { runLifecycle } from '../../daemon/lifecycle.ts';
import { createLog, isPretty } from '../../platform/log.ts';
import { watchProcess } from '../support/process-events.ts';
import { startWatchdog } from '../../platform/watchdog/watchdog.ts';
import { isJournal } from '../../platform/journal.ts';
import { openNotifier } from '../../platform/systemd/notify.ts';
import { LiveScreen } from '../support/live-screen.ts';
import { showLiveTable } from '../support/live-table.ts';
import type { CliContext } from '../support/context.ts';
import { CommandFailed, ExitCode } from '../support/exit-codes.ts';

const EXAMPLES = `
Runs in the foreground and logs to standard output. SIGTERM and Ctrl-C shut it down: depending on
"onExit", flows move back to the vSwitch or stay for the next daemon. A second signal exits at once.
SIGHUP reloads the policies.

Examples:
  norikae run --config /etc/norikae/norikae.json
  norikae run --config norikae.json --no-table     log lines also on a terminal
`;

/** Maximum time for an orderly stop, ms. */
const STOP_TIMEOUT_MS = 10_000;

const STANDARD_OUTPUT = 1;

interface RunOptions {
  readonly config: string;
  readonly table?: boolean;
  readonly json?: boolean;
}

/** `norikae run`: the daemon. */
export function runCommand(command: Command, context: CliContext): void {
  command
    .requiredOption('--config <file>', 'configuration file')
    .option('--table', 'show a live table of the fastest flows (default on a terminal)')
    .option('--no-table', 'print log lines only')
    .option('--json', 'log JSON; overrides the configuration')
    .addHelpText('after', EXAMPLES)
    .action((options: RunOptions) => run(context, options));
}

async function run(context: CliContext, options: RunOptions): Promise<void> {
  const config = await loadConfig(options.config);
  const { stdout } = context;
  const json = options.json === true;
  const wanted = options.table ?? (stdout.interactive && !json && config.log.format !== 'json');
  if (wanted && !stdout.interactive) {
    throw new CommandFailed('--table needs a terminal', ExitCode.usage);
  }
  const screen = wanted ? new LiveScreen(stdout) : undefined;
  try {
    await live(context, json ? withJsonLog(config) : config, screen);
  } finally {
    screen?.close();
  }
}

async function live(
  context: CliContext,
  config: Config,
  screen: LiveScreen | undefined,
): Promise<void> {
  const { stdout, env, now } = context;
  const journal = isJournal(STANDARD_OUTPUT, env);
  const log = createLog(config.log, stdout, screen ?? stdout, journal);
  // Before the watchdog starts: a slow machine evaluates the daemon's modules for some seconds.
  const createDaemon = await context.loadDaemon();
  const events = watchProcess(log, (code) => {
    screen?.close();
    context.exit(code);
  });
  const notifier = await openNotifier(env, log);
  const watchdog = startWatchdog({
    log,
    pretty: isPretty(config.log, stdout),
    journal,
    managerMs: notifier.watchdogMs,
  });
  try {
    const daemon = await createDaemon(config, log, watchdog.mark);
    await runLifecycle({
      daemon,
      config,
      log,
      events,
      notifier,
      mark: watchdog.mark,
      stopTimeoutMs: STOP_TIMEOUT_MS,
      ...(screen === undefined
        ? {}
        : { onRunning: () => showLiveTable(daemon.view, screen, stdout, now) }),
    });
  } finally {
    events.dispose();
    await watchdog.close();
  }
  const failure = events.failure();
  if (failure !== undefined) throw failure;
}

function withJsonLog(config: Config): Config {
  return { ...config, log: { ...config.log, format: 'json' } };
}
