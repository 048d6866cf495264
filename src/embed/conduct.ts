import { setMaxListeners } from 'node:events';
import type { Report } from '../../schemas/index.js';
import { defined } from '../defined.js';
import { EXIT, type RunHooks, type RunOptions } from '../harness/options.js';
import type { Settings } from '../options/settings.js';
import { publicUrl, withPublicUrls } from '../public-url.js';
import { Brake, type RunLimits } from './brake.js';
import { withoutSecret } from './without-secret.js';

/** When a run ends before everything was played, as the settings say. */
export const limitsOf = (settings: Settings): RunLimits => {
  const maxTime = settings['max-time'] as number | undefined;
  return { bail: settings.bail as number | undefined, maxTimeMs: maxTime && maxTime * 1_000 };
};

/** A run that ended as the caller wished says what it has seen: a failure, or that not everything was tested. */
const endedBy = (why: string | undefined, report: Report): Report => {
  if (why === undefined || report.complete) return report;
  const exitCode = report.causes.length > 0 ? EXIT.nonconforming : EXIT.undecided;
  return { ...report, exitCode, problems: [...report.problems, why] };
};

/** The subject as it may be published, and how the caller narrowed the run. */
export const publicParts = (
  subject: Report['subject'],
  { only, skip, allowUnproven, jwtSecret }: RunOptions,
  settings: Settings,
): Pick<Report, 'subject' | 'selection'> => {
  const { command, url } = subject;
  const failOn = settings['fail-on'] as 'warning' | undefined;
  const narrowed = only.length + skip.length > 0 || allowUnproven || failOn !== undefined;
  return {
    subject: {
      ...subject,
      url: publicUrl(url),
      ...defined({ command: command === undefined ? undefined : withoutSecret(command, jwtSecret) }),
    },
    ...defined({ selection: narrowed ? { only, skip, allowUnproven, ...defined({ failOn }) } : undefined }),
  };
};

const withBrake = (hooks: RunHooks, brake: Brake): RunHooks => ({
  ...hooks,
  onStart: (start) => {
    brake.begin();
    hooks.onStart?.(start);
  },
  onResult: (result, kept) => {
    hooks.onResult?.(result, kept);
    if (kept.certain && result.verdict === 'failed' && !result.knownFailure) brake.failed(result.id);
  },
});

/**
 * Runs the suite within its limits, for the command line and for programs alike. The report that comes of it may be
 * published. Throws as `runSuite` does; what an interrupted run throws before its first scenario comes from that.
 */
export const conduct = async (
  options: RunOptions,
  settings: Settings,
  hooks: RunHooks,
  interrupt: AbortSignal,
): Promise<Report> => {
  const brake = new Brake(limitsOf(settings));
  // Every wait of every scenario listens.
  const signal = AbortSignal.any([interrupt, brake.signal]);
  setMaxListeners(0, signal);
  try {
    const { runSuite, withWarningsCounted } = await import('../harness/index.js');
    const whole = await runSuite(options, withBrake(hooks, brake), signal);
    const report = interrupt.aborted ? whole : endedBy(brake.why, whole);
    const parts = publicParts(report.subject, options, settings);
    return withWarningsCounted({ ...report, ...parts, problems: report.problems.map(withPublicUrls) });
  } finally {
    brake.end();
  }
};
