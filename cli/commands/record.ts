import { type Command, Option } from 'commander';
import { type RecordingResult, recordToFile } from '../../replay/recording/record-to-file.ts';
import { fileErrorText } from '../../platform/file-error.ts';
import { byteCount, counted, duration } from '../../text/format.ts';
import { type CliContext, printJson, printLines } from '../support/context.ts';
import { clientFor, type ControlOptions, withControlOptions } from '../support/control-options.ts';
import { CommandFailed, ExitCode } from '../support/exit-codes.ts';
import { upTo400Days } from '../support/number-options.ts';
import { ProgressLine } from '../support/progress-line.ts';

const HELP = `
Writes the traffic of every flow, tick by tick, to FILE, until the time of --for has passed, until Ctrl-C,
or until the daemon exits. The file is compressed (gzip); "norikae replay FILE" plays it with any policy.

The daemon does not wait for the recorder: when the disk is too slow, whole ticks are lost; the file and
the last line of the output count them. At most two recordings can run at the same time.

Exit codes: 0 success; 1 the file exists or cannot be written, or the daemon exited before the time of --for
had passed (the recording up to then is valid); 3 no daemon answers.

Examples:
  norikae record last-night.nkrec --for 8h
  norikae record now.nkrec --for 60s && norikae replay now.nkrec
`;

interface RecordCommandOptions extends ControlOptions {
  readonly for?: number;
}

/** `norikae record FILE`. */
export function recordCommand(command: Command, context: CliContext): void {
  command
    .argument('<file>', 'file to write; it must not exist')
    .addOption(
      new Option('--for <time>', 'duration, such as 30s or 8h; by default until Ctrl-C').argParser(
        upTo400Days,
      ),
    )
    .addHelpText('after', HELP);
  withControlOptions(command).action(async (file: string, options: RecordCommandOptions) => {
    const stop = new AbortController();
    const onSignal = (): void => stop.abort();
    process.once('SIGINT', onSignal);
    process.once('SIGTERM', onSignal);
    const timer =
      options.for === undefined ? undefined : setInterval(stopWhenElapsed, CHECK_PERIOD_MS);
    const startedMs = context.now();
    try {
      const result = await record(context, file, options, stop);
      if (options.json === true) printJson(context, { file, ...result });
      else printLines(context, [resultLine(file, result)]);
    } finally {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
      clearInterval(timer);
    }

    // A single timer cannot wait for longer than 24 days.
    function stopWhenElapsed(): void {
      if (context.now() - startedMs >= (options.for ?? 0)) stop.abort();
    }
  });
}

const CHECK_PERIOD_MS = 50;

async function record(
  context: CliContext,
  file: string,
  options: RecordCommandOptions,
  stop: AbortController,
): Promise<RecordingResult> {
  const progress = new ProgressLine(context.stderr, context.now);
  const endReason = (): string =>
    stop.signal.aborted ? 'stopped by the user' : 'the daemon exited';
  try {
    const chunks = clientFor(context, options).recording(stop.signal);
    const result = await recordToFile(file, chunks, {
      reason: endReason,
      onProgress: ({ ticks, lostTicks, recordedMs, bytes }) => {
        const share = options.for === undefined ? undefined : recordedMs / options.for;
        const lost = lostTicks === 0 ? '' : `, ${lostTicks} lost`;
        progress.show(
          share,
          () =>
            `${duration(recordedMs)}, ${counted(ticks, 'tick')}${lost}, ${byteCount(bytes)} before compression`,
        );
      },
    });
    if (!stop.signal.aborted && options.for !== undefined) {
      throw new CommandFailed(
        `the daemon exited; ${file} has ${duration(result.recordedMs)}`,
        ExitCode.failed,
      );
    }
    return result;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    const message = `cannot write ${file}: ${fileErrorText(error)}`;
    throw new CommandFailed(message, ExitCode.failed, { cause: error });
  } finally {
    stop.abort();
    progress.clear();
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && error.syscall !== 'connect';
}

function resultLine(file: string, r: RecordingResult): string {
  const lost = r.lostTicks === 0 ? '' : `, ${counted(r.lostTicks, 'tick')} lost`;
  return `${file}: ${duration(r.recordedMs)}, ${counted(r.ticks, 'tick')}${lost}, ${byteCount(r.fileBytes)}`;
}
