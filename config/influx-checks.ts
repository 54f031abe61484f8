import type { JsonDocument } from '../text/json-document.ts';
import type { Problem } from '../text/problem.ts';
import type { InfluxConfig } from './config.ts';
import type { ConfigFile } from './config-file.ts';
import {
  checkQueue,
  checkServer,
  checkServerFiles,
  type ReportSetting,
  settingReporter,
} from './server-checks.ts';

const SECTION = ['influx'] as const;

/** Checks settings of InfluxDB that the schema cannot express. */
export function checkInflux({ influx }: ConfigFile, document: JsonDocument): Problem[] {
  if (influx === undefined) return [];
  const problems: Problem[] = [];
  const report = settingReporter(SECTION, document, problems);
  checkServer(influx, SECTION, document, report, '"username" and "passwordFile"');
  for (const [path, name] of [
    [['database'], influx.database],
    [['retention', 'policy'], influx.retention?.policy ?? ''],
  ] as const) {
    if (/["'\\\p{Cc}]/u.test(name)) {
      report(path, `"influx.${path.join('.')}" has quotes, backslashes or control characters`);
    }
  }
  checkLogin(influx, report);
  const { retention } = influx;
  if (retention !== undefined && !isDuration(retention.duration)) {
    report(
      ['retention', 'duration'],
      `"influx.retention.duration" must be like "12h", "30d", "8w" or "INF", at least "1h", ` +
        `not "${retention.duration}"`,
    );
  }
  checkQueue(['points', 'bytes'], influx, SECTION, document, report);
  return problems;
}

/**
 * Checks that the files with secrets and certificate authorities can be used.
 *
 * @param folder base of relative paths
 */
export async function checkInfluxFiles(
  { influx }: ConfigFile,
  document: JsonDocument,
  folder: string,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  if (influx === undefined) return problems;
  const { passwordFile, tokenFile, caFile } = influx;
  const report = settingReporter(SECTION, document, problems);
  await checkServerFiles({ passwordFile, tokenFile }, caFile, SECTION, folder, report);
  return problems;
}

function checkLogin(influx: InfluxConfig, report: ReportSetting): void {
  const { username, passwordFile, tokenFile, create } = influx;
  if (tokenFile !== undefined && (username !== undefined || passwordFile !== undefined)) {
    report(['tokenFile'], 'a token (2.x) replaces user and password (1.x); set only one of them');
  } else if ((username === undefined) !== (passwordFile === undefined)) {
    report(
      [username === undefined ? 'passwordFile' : 'username'],
      '"username" and "passwordFile" must be set together',
    );
  }
  if (tokenFile !== undefined && create) {
    report(
      ['create'],
      'InfluxDB 2.x cannot create databases this way; create the bucket and its mapping',
    );
  }
}

/** Hours, days or weeks in InfluxDB's notation, or unlimited. */
function isDuration(text: string): boolean {
  return text === 'INF' || /^[1-9]\d{0,5}[hdw]$/.test(text);
}
