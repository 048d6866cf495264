import type { Report } from '../../schemas/index.js';
import { inertJson } from './inert.js';

/** The report as JSON text, valid against `schemas/report.schema.json`, safe to print on a terminal. */
export const renderJson = (report: Report): string => inertJson(`${JSON.stringify(report, null, 2)}\n`);
