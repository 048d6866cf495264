import type { Report } from '../../schemas/index.js';
import { inertJson, inertReport } from './inert.js';
import { type Finding, findingsOf, fingerprintOf, scenarioFile } from './place.js';

/** A MUST is what the exit code is about; what is known already needs no attention. */
const severityOf = ({ result, violation }: Finding): 'info' | 'minor' | 'major' => {
  if (result.knownFailure) return 'info';
  return violation.level === 'MUST' ? 'major' : 'minor';
};

/** The findings as GitLab reads code quality: a list, one entry for each requirement that broke in a scenario. */
export const renderCodeQuality = (original: Report): string => {
  const report = inertReport(original);
  const issues = findingsOf(report.scenarios).map((finding) => {
    const { result, violation, times } = finding;
    const more = times > 1 ? ` (${times} times)` : '';
    return {
      description: `${violation.requirement} in ${result.id}: ${violation.message}${more}`,
      check_name: violation.requirement,
      fingerprint: fingerprintOf(finding),
      severity: severityOf(finding),
      location: { path: scenarioFile(result), lines: { begin: 1 } },
    };
  });
  return `${inertJson(JSON.stringify(issues, undefined, 2))}\n`;
};
