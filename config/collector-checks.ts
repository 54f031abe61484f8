import type { JsonDocument } from '../text/json-document.ts';
import type { Problem } from '../text/problem.ts';
import type { ConfigFile } from './config-file.ts';
import { checkQueue, checkServer, checkServerFiles, settingReporter } from './server-checks.ts';

const SECTION = ['decisions', 'collector'] as const;

/** Checks settings of the collector of decisions that the schema cannot express. */
export function checkCollector(
  { decisions: { collector } }: ConfigFile,
  document: JsonDocument,
): Problem[] {
  const problems: Problem[] = [];
  if (collector === undefined) return problems;
  const report = settingReporter(SECTION, document, problems);
  checkServer(collector, SECTION, document, report, '"tokenFile"');
  checkQueue(['records', 'bytes'], collector, SECTION, document, report);
  return problems;
}

/**
 * Checks that the files with the token and the certificate authorities can be used.
 *
 * @param folder base of relative paths
 */
export async function checkCollectorFiles(
  { decisions: { collector } }: ConfigFile,
  document: JsonDocument,
  folder: string,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  if (collector === undefined) return problems;
  const { tokenFile, caFile } = collector;
  const report = settingReporter(SECTION, document, problems);
  await checkServerFiles({ tokenFile }, caFile, SECTION, folder, report);
  return problems;
}
