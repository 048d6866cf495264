import { appendFileSync } from 'node:fs';
import type { Report } from '../../schemas/index.js';
import { type RenderOptions, renderReport } from '../../src/report/index.js';
import { tell } from '../failure.js';

type Env = Readonly<Record<string, string | undefined>>;

/** Nobody asked for these files, so one that cannot be written decides nothing. */
const append = (file: string | undefined, text: string): void => {
  if (file === undefined || file === '') return;
  try {
    appendFileSync(file, text);
  } catch (cause) {
    tell(`cannot write what GitHub Actions reads, ${file} (${(cause as NodeJS.ErrnoException).code ?? 'unwritable'})`);
  }
};

/**
 * In a job of GitHub Actions, tells there what came of the run: annotations on stderr, so that stdout stays the report,
 * the summary of the job, and outputs for later steps. Elsewhere it does nothing.
 */
export const tellGithub = async (
  report: Report,
  exitCode: number,
  options: RenderOptions,
  env: Env = process.env,
  write: (text: string) => void = (text) => void process.stderr.write(text),
): Promise<void> => {
  if (env.GITHUB_ACTIONS !== 'true') return;
  const { annotationLines, outputLines } = await import('../../src/report/github.js');
  for (const line of annotationLines(report)) write(`${line}\n`);
  const { width: _, ...whole } = options;
  append(env.GITHUB_STEP_SUMMARY, await renderReport('markdown', report, whole));
  append(env.GITHUB_OUTPUT, `${outputLines(report, exitCode).join('\n')}\n`);
};
