import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../platform/package-root.ts';
import { type Evaluation, isEvaluation } from './model/cells.ts';
import { markdownEvaluation } from './report/markdown-report.ts';

const PAGE = join(packageRoot(), 'docs', 'evaluation.md');
const FIGURES = /(<!-- figures: .*-->\n)([^]*?)(\n<!-- \/figures -->)/;

/** A file or a page does not have what it should have. */
export class NotAnEvaluation extends Error {
  override readonly name = 'NotAnEvaluation';
}

/**
 * Replaces the figures of `docs/evaluation.md` by those of a file.
 *
 * @throws {NotAnEvaluation}
 */
export async function updateEvaluationDocs(file: string): Promise<void> {
  const evaluation = parseEvaluation(await readFile(file, 'utf8'), file);
  await writeFile(PAGE, withFigures(await readFile(PAGE, 'utf8'), evaluation));
}

/** The page with the figures of the evaluation in place of its own. @throws {NotAnEvaluation} */
export function withFigures(page: string, evaluation: Evaluation): string {
  if (!FIGURES.test(page)) throw new NotAnEvaluation(`${PAGE} has no place for the figures`);
  const figures = markdownEvaluation(evaluation);
  return page.replace(
    FIGURES,
    (_, before: string, __, after: string) => `${before}${figures}${after}`,
  );
}

function parseEvaluation(text: string, file: string): Evaluation {
  const value: unknown = JSON.parse(text);
  if (!isEvaluation(value)) {
    throw new NotAnEvaluation(
      `${file} has no cells and lanes: write it with lab evaluate --output`,
    );
  }
  return value;
}
