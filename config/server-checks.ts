import { resolve } from 'node:path';
import type { JsonDocument, JsonPath } from '../text/json-document.ts';
import type { Problem } from '../text/problem.ts';
import { fileErrorText } from '../platform/file-error.ts';
import { FileReader, MAX_CERTIFICATE_BYTES } from '../platform/regular-file.ts';
import { readSecretLine, SecretFileExposed, SecretFileUnusable } from '../platform/secret-file.ts';

/** The settings that each server to which the daemon sends batches has. */
export interface ServerSettings {
  readonly url: string;
  readonly caFile?: string;
  readonly retry: { readonly minMs: number; readonly maxMs: number };
}

/** Reports a problem of a setting of one section. */
export type ReportSetting = (path: JsonPath, message: string) => void;

/** A reporter for the settings of a section, such as `influx`, which finds their positions. */
export function settingReporter(
  section: JsonPath,
  document: JsonDocument,
  problems: Problem[],
): ReportSetting {
  return (path, message) => {
    const place: JsonPath = [...section, ...path];
    problems.push(document.problemAt(document.has(place) ? place : section, message));
  };
}

/**
 * Checks the URL, and that no wait before a repetition is below the first.
 *
 * @param secrets the settings to use in place of a secret in the URL
 */
export function checkServer(
  { url, retry }: ServerSettings,
  section: JsonPath,
  document: JsonDocument,
  report: ReportSetting,
  secrets: string,
): void {
  const name = section.join('.');
  const problem = urlProblem(url, `"${name}.url"`, secrets);
  if (problem !== undefined) report(['url'], problem);
  if (retry.maxMs < retry.minMs) {
    report(
      document.has([...section, 'retry', 'maxMs']) ? ['retry', 'maxMs'] : ['retry', 'minMs'],
      `"${name}.retry.maxMs" (${retry.maxMs}) must not be below "${name}.retry.minMs" (${retry.minMs})`,
    );
  }
}

/** Checks that a batch fits into the queue, in each unit. */
export function checkQueue<Unit extends string>(
  units: readonly Unit[],
  { queue, batch }: { readonly queue: Record<Unit, number>; readonly batch: Record<Unit, number> },
  section: JsonPath,
  document: JsonDocument,
  report: ReportSetting,
): void {
  const name = section.join('.');
  for (const unit of units) {
    if (queue[unit] >= batch[unit]) continue;
    report(
      document.has([...section, 'queue', unit]) ? ['queue', unit] : ['batch', unit],
      `"${name}.queue.${unit}" (${queue[unit]}) must not be below "${name}.batch.${unit}" (${batch[unit]})`,
    );
  }
}

/**
 * Checks that the files with secrets and certificate authorities can be used.
 *
 * @param secrets files with a secret, by the name of their setting
 * @param folder base of relative paths
 */
export async function checkServerFiles(
  secrets: Readonly<Record<string, string | undefined>>,
  caFile: string | undefined,
  section: JsonPath,
  folder: string,
  report: ReportSetting,
): Promise<void> {
  const reader = new FileReader();
  for (const [key, path] of Object.entries(secrets)) {
    if (path === undefined) continue;
    try {
      const setting = [...section, key].join('.');
      await readSecretLine({ path: resolve(folder, path), setting, reader });
    } catch (error) {
      const known = error instanceof SecretFileExposed || error instanceof SecretFileUnusable;
      if (!known) throw error;
      report([key], error.message);
    }
  }
  if (caFile === undefined) return;
  const path = resolve(folder, caFile);
  try {
    await reader.read({ path, maxBytes: MAX_CERTIFICATE_BYTES });
  } catch (error) {
    report(['caFile'], `${path} cannot be read: ${fileErrorText(error)}`);
  }
}

function urlProblem(url: string, shown: string, secrets: string): string | undefined {
  if (!URL.canParse(url)) return `${shown} must be like "http://127.0.0.1:8086"`;
  const { protocol, username, password, search, hash } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') {
    return `${shown} must begin with http: or https:, not with ${protocol}`;
  }
  // The URL is logged and shown, so it must not contain a secret.
  if (username !== '' || password !== '') {
    return `${shown} must not contain a user or password; use ${secrets}`;
  }
  if (search !== '' || hash !== '') return `${shown} must end with the path, without "?" and "#"`;
  return undefined;
}
