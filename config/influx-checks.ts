import { resolve } from 'node:path';
import type { JsonDocument, JsonPath } from '../text/json-document.ts';
import type { Problem } from '../text/problem.ts';
import { fileErrorText } from '../platform/file-error.ts';
import { FileReader, MAX_CERTIFICATE_BYTES } from '../platform/regular-file.ts';
import { readSecretLine, SecretFileExposed, SecretFileUnusable } from '../platform/secret-file.ts';
import type { InfluxConfig } from './config.ts';
import type { ConfigFile } from './config-file.ts';

/** Checks settings of InfluxDB that the schema cannot express. */
export function checkInflux({ influx }: ConfigFile, document: JsonDocument): Problem[] {
  if (influx === undefined) return [];
  const problems: Problem[] = [];
  const report = reporter(document, problems);
  const problem = urlProblem(influx);
  if (problem !== undefined) report(['url'], problem);
  for (const [path, name] of [
    [['database'], influx.database],
    [['retention', 'policy'], influx.retention?.policy ?? ''],
  ] as const) {
    if (/["'\\\p{Cc}]/u.test(name)) {
      report(path, `"influx.${path.join('.')}" has quotes, backslashes or control characters`);
    }
  }
  checkLogin(influx, report);
  const { retention, batch, queue, retry } = influx;
  if (retention !== undefined && !isDuration(retention.duration)) {
    report(
      ['retention', 'duration'],
      `"influx.retention.duration" must be like "12h", "30d", "8w" or "INF", at least "1h", ` +
        `not "${retention.duration}"`,
    );
  }
  for (const unit of ['points', 'bytes'] as const) {
    if (queue[unit] >= batch[unit]) continue;
    report(
      document.has(['influx', 'queue', unit]) ? ['queue', unit] : ['batch', unit],
      `"influx.queue.${unit}" (${queue[unit]}) must not be below "influx.batch.${unit}" (${batch[unit]})`,
    );
  }
  if (retry.maxMs < retry.minMs) {
    report(
      document.has(['influx', 'retry', 'maxMs']) ? ['retry', 'maxMs'] : ['retry', 'minMs'],
      `"influx.retry.maxMs" (${retry.maxMs}) must not be below "influx.retry.minMs" (${retry.minMs})`,
    );
  }
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
  if (influx !== undefined) await checkFiles(influx, folder, reporter(document, problems));
  return problems;
}

type Report = (path: JsonPath, message: string) => void;

/** Adds problems with the positions of settings of InfluxDB. */
function reporter(document: JsonDocument, problems: Problem[]): Report {
  return (path, message) => {
    const place: JsonPath = ['influx', ...path];
    problems.push(document.problemAt(document.has(place) ? place : ['influx'], message));
  };
}

function urlProblem({ url }: InfluxConfig): string | undefined {
  const shown = '"influx.url"';
  if (!URL.canParse(url)) return `${shown} must be like "http://127.0.0.1:8086"`;
  const { protocol, username, password, search, hash } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') {
    return `${shown} must begin with http: or https:, not with ${protocol}`;
  }
  // The URL is logged and shown, so it must not contain a secret.
  if (username !== '' || password !== '') {
    return `${shown} must not contain a user or password; use "username" and "passwordFile"`;
  }
  if (search !== '' || hash !== '') return `${shown} must end with the path, without "?" and "#"`;
  return undefined;
}

function checkLogin(influx: InfluxConfig, report: Report): void {
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

async function checkFiles(influx: InfluxConfig, folder: string, report: Report): Promise<void> {
  const reader = new FileReader();
  for (const key of ['passwordFile', 'tokenFile'] as const) {
    const path = influx[key];
    if (path === undefined) continue;
    try {
      await readSecretLine({ path: resolve(folder, path), setting: `influx.${key}`, reader });
    } catch (error) {
      const known = error instanceof SecretFileExposed || error instanceof SecretFileUnusable;
      if (!known) throw error;
      report([key], error.message);
    }
  }
  if (influx.caFile === undefined) return;
  const path = resolve(folder, influx.caFile);
  try {
    await reader.read({ path, maxBytes: MAX_CERTIFICATE_BYTES });
  } catch (error) {
    report(['caFile'], `${path} cannot be read: ${fileErrorText(error)}`);
  }
}

/** Hours, days or weeks in InfluxDB's notation, or unlimited. */
function isDuration(text: string): boolean {
  return text === 'INF' || /^[1-9]\d{0,5}[hdw]$/.test(text);
}
