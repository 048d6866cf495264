import { gzipSync } from 'node:zlib';
import type { HistoryEvent, Report, Role, ScenarioResult } from '../../../schemas/index.js';
import { describeEvent } from '../../history/index.js';
import { inert } from '../inert.js';
import { html, type Markup } from '../markup.js';
import type { RenderOptions } from '../options.js';
import { count } from '../words.js';

/** A page below 10 MB opens anywhere: so many characters are kept for histories, and for their lines in words. */
const MAX_PACKED = 4_500_000;
const MAX_WORDS = 1_500_000;
const MAX_LINES = 120;

export interface PackedHistory {
  events: number;
  /** gzip and base64; absent where the page had no more room. */
  packed?: string;
}

const roleIn = ([head]: readonly HistoryEvent[]): Role => (head?.kind === 'history' ? head.subject.role : 'server');

const ndjsonOf = (events: readonly HistoryEvent[]): string =>
  events.map((event) => `${JSON.stringify(event)}\n`).join('');

/** The histories of a page, those of failures first, as long as there is room. */
export class Histories {
  readonly #packed = new Map<string, PackedHistory>();
  readonly #words = new Map<string, Markup>();

  constructor({ scenarios }: Pick<Report, 'scenarios'>, historyOf: RenderOptions['historyOf']) {
    let room = MAX_PACKED;
    let wordRoom = MAX_WORDS;
    const failed = (result: ScenarioResult) => result.verdict === 'failed';
    const inOrder = [...scenarios.filter(failed), ...scenarios.filter((result) => !failed(result))];
    for (const result of historyOf === undefined ? [] : inOrder) {
      const found = historyOf?.(result.id);
      if (found === undefined) continue;
      const events = [...found];
      const packed = gzipSync(ndjsonOf(events)).toString('base64');
      const fits = packed.length <= room;
      if (fits) room -= packed.length;
      this.#packed.set(result.id, { events: events.length, ...(fits ? { packed } : {}) });
      if (!failed(result) || wordRoom <= 0) continue;
      const role = roleIn(events);
      const words = events.slice(0, MAX_LINES).map((event) => inert(describeEvent(event, role)));
      wordRoom -= words.reduce((sum, { length }) => sum + length, 0);
      this.#words.set(result.id, wordsOf(words, events.length - words.length));
    }
  }

  /** A history to be opened as a table and downloaded. Without script the download is packed. */
  details(id: string): Markup | undefined {
    const history = this.#packed.get(id);
    if (history === undefined) return undefined;
    const { events, packed } = history;
    if (packed === undefined) return html`<span class="soft">${count(events, 'event')}; too long for this page</span>`;
    const name = `${id.replaceAll(/[^A-Za-z0-9._-]/g, '-')}.ndjson.gz`;
    return html`<details data-history="yes" id="history-${id}"><summary>history, ${count(events, 'event')}</summary><p><a download="${name}" href="data:application/gzip;base64,${packed}">download</a></p></details>`;
  }

  /** The same in words, for whoever reads without script. */
  words(id: string): Markup | undefined {
    return this.#words.get(id);
  }
}

const wordsOf = (lines: readonly string[], left: number): Markup =>
  html`<details><summary>everything that happened</summary><pre tabindex="0">${lines.join('\n')}${left > 0 ? `\n… ${count(left, 'more event')}` : ''}</pre></details>`;
