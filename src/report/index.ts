import type { Report } from '../../schemas/index.js';
import type { RenderOptions } from './options.js';

/** The formats of reports, as `--report` names them. */
export const REPORT_FORMATS = [
  'pretty',
  'tap',
  'json',
  'ndjson',
  'junit',
  'html',
  'markdown',
  'sarif',
  'code-quality',
  'badge',
] as const;
/** Name of a format of reports. */
export type ReportFormat = (typeof REPORT_FORMATS)[number];

export { inert, inertJson, inertReport } from './inert.js';
export type { RenderOptions, ShownStep } from './options.js';
export { isTooSlow, type Outcome, outcomeOf } from './outcome.js';
export { type ColourFacts, type Paint, paintFor, plainPaint, type Style, wantsColour } from './paint.js';
export { outcomeText, resultText, type TextOptions } from './result-text.js';

const renderers: Record<ReportFormat, (report: Report, options: RenderOptions) => Promise<string>> = {
  pretty: async (report, options) => (await import('./pretty.js')).renderPretty(report, options),
  tap: async (report) => (await import('./tap.js')).renderTap(report),
  json: async (report) => (await import('./json.js')).renderJson(report),
  ndjson: async (report) => (await import('./ndjson.js')).renderNdjson(report),
  junit: async (report) => (await import('./junit.js')).renderJunit(report),
  html: async (report, options) => (await import('./html.js')).renderHtml(report, options),
  sarif: async (report) => (await import('./sarif.js')).renderSarif(report),
  'code-quality': async (report) => (await import('./code-quality.js')).renderCodeQuality(report),
  badge: async (report) => (await import('./badge.js')).renderBadge(report),
  markdown: async (report, options) => (await import('./markdown.js')).renderMarkdown(report, options),
};

/**
 * Renders a report as text. The options say what else is known. The text ends with a line end. What a subject wrote is
 * made harmless in it.
 */
export const renderReport = (format: ReportFormat, report: Report, options: RenderOptions = {}): Promise<string> =>
  renderers[format](report, options);
