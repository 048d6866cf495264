import { createHash } from 'node:crypto';
import { VERDICTS } from '../../../schemas/index.js';
import { html, Markup } from '../markup.js';
import { PAGE_SCRIPT } from './script.js';
import { PAGE_STYLE } from './style.js';

/** Search and filter over what has a verdict. Without script they stay hidden. */
export const TOOLS = html`<div class="tools" id="tools" role="search" hidden><input type="search" id="words" placeholder="search scenarios" aria-label="search scenarios"><select id="verdict" aria-label="verdict"><option value="">all verdicts</option>${[...VERDICTS, 'flaky'].map((name) => html`<option>${name}</option>`)}</select><span id="shown" role="status"></span></div>`;

const policyOf = (script: string): string => {
  const hash = createHash('sha256').update(script).digest('base64');
  return `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'`;
};

/** Everything of a page before its heading. It loads nothing, and runs no script but its own. */
export const pageHead = (title: string): Markup => html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policyOf(PAGE_SCRIPT)}">
<title>im-conformance: ${title}</title><style>${new Markup(PAGE_STYLE)}</style></head><body>
<a class="skip" href="#main">to the report</a>`;

export const PAGE_END = html`<script>${new Markup(PAGE_SCRIPT)}</script></body></html>`;
