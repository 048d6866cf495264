import { REPORT_VERSION, type Report, type Role } from '../../schemas/index.js';
import { defined } from '../defined.js';
import { kitVersion } from '../kit-version.js';
import type { Settings } from '../options/settings.js';
import { publicUrl } from '../public-url.js';
import { withoutSecret } from './without-secret.js';

const ZERO: Report['summary'] = {
  passed: 0,
  failed: 0,
  inconclusive: 0,
  notApplicable: 0,
  unproven: 0,
  errors: 0,
  warnings: 0,
  knownFailures: 0,
  staleBaseline: [],
  durationMs: 0,
};

/** The report of a run that could not take place: no scenario, and the problem. */
export const emptyReport = (
  settings: Settings,
  seed: string,
  exitCode: number,
  problem: string,
  role: Role,
): Report => {
  const text = (name: string) => (typeof settings[name] === 'string' ? settings[name] : undefined);
  const exec = text('exec');
  const command = exec === undefined ? undefined : withoutSecret(exec, text('jwt-secret'));
  return {
    version: REPORT_VERSION,
    kit: { name: 'im-conformance', version: kitVersion(), seed },
    subject: {
      role,
      url: publicUrl(text('url') ?? ''),
      ...defined({ command }),
      embedded: role === 'server' && text('url') === undefined && command === undefined,
      classes: [],
      description: { protocol: 'im.ran.v1' },
    },
    startedAt: new Date().toISOString(),
    complete: false,
    exitCode,
    problems: [problem],
    summary: ZERO,
    scenarios: [],
    causes: [],
    requirements: [],
    matrix: [],
  };
};
