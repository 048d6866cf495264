import type { HistoryEvent, Report, ScenarioResult, Violation } from '../../../schemas/index.js';
import { diagramOf, svgDiagram } from '../diagram/index.js';
import { html, Markup, prose } from '../markup.js';
import type { RenderOptions, ShownStep } from '../options.js';
import { isFlaky } from '../outcome.js';
import { bugLink, cut, firstAttemptWords, repetitionWords } from '../words.js';
import type { Histories } from './histories.js';

/** So many characters of pictures fit into a page that opens at once; later failures show their packets in words. */
const MAX_PICTURES = 2_500_000;
const ROWS = 32;

/** What did not pass, or passed with a warning, or only when it was tried again: a person wants to know more. */
export const needsDetail = (result: ScenarioResult): boolean =>
  !['passed', 'not-applicable'].includes(result.verdict) || result.warnings.length > 0 || isFlaky(result);

const field = (name: string, text: string | undefined): Markup | undefined =>
  text === undefined ? undefined : html`<dt>${name}</dt><dd>${text}</dd>`;

/** Leads to the sentence and the reason of a requirement, where the page has them. */
export const requirementLink = ({ requirements }: Pick<Report, 'requirements'>, id: string): Markup =>
  requirements.some((row) => row.id === id) ? html`<a href="#${id}">${id}</a>` : html`${id}`;

const violationMarkup = (report: Report, violation: Violation, withPackets: boolean): Markup => {
  const { requirement, level, sentence, message, expected, seen, where, trace } = violation;
  return html`<h4>${requirementLink(report, requirement)} (${level})</h4>
<p>${prose(sentence)}</p>
<dl>${field('what', message)}${field('expected', expected)}${field('seen', seen)}${field('where', where)}</dl>
${withPackets && trace.length > 0 ? html`<pre tabindex="0">${trace.join('\n')}</pre>` : undefined}`;
};

const stepsMarkup = (steps: readonly ShownStep[], violations: readonly Violation[]): Markup | undefined => {
  if (steps.length === 0) return undefined;
  const missed = new Set(violations.map(({ step }) => step));
  const item = ({ step, text }: ShownStep): Markup =>
    missed.has(step)
      ? html`<li class="missed">${step} ${text} <span>✕ missed</span></li>`
      : html`<li><span class="soft">${step}</span> ${text}</li>`;
  return html`<div><h4>script</h4><ol>${steps.map(item)}</ol></div>`;
};

export const flakyMark = (result: ScenarioResult): Markup | undefined =>
  isFlaky(result) ? html` <span class="mark flaky">flaky</span>` : undefined;

const againMarkup = (result: ScenarioResult): Markup | undefined => {
  const words = [
    ...(result.attempts > 1
      ? [`${result.attempts} attempts: the second one, alone and with more patience, counts`]
      : []),
    repetitionWords(result) ?? [],
    firstAttemptWords(result) ?? [],
  ].flat();
  return words.length === 0 ? undefined : html`<p class="soft">${words.join('; ')}</p>`;
};

/** Makes the articles of a page, which share the room for pictures. */
export class Articles {
  readonly #report: Report;
  readonly #options: RenderOptions;
  readonly #histories: Histories;
  #room = MAX_PICTURES;

  constructor(report: Report, options: RenderOptions, histories: Histories) {
    this.#report = report;
    this.#options = options;
    this.#histories = histories;
  }

  /** What did not pass, whole: the script beside the picture of what happened. */
  of(result: ScenarioResult): Markup {
    const { id, title, verdict, reason, seenIn, replay, violations, warnings } = result;
    const { shown, rest } = cut([...violations, ...warnings], 'violation');
    const picture = this.#picture(result);
    const steps = stepsMarkup(this.#options.stepsOf?.(id) ?? [], violations);
    return html`<article id="detail-${id}" data-verdict="${verdict}" data-flaky="${isFlaky(result) ? 'yes' : 'no'}"><h3>${id} <span class="mark ${verdict}">${verdict}</span>${flakyMark(result)}</h3>
<p>${title}${reason === undefined ? undefined : html`: ${reason}`}</p>${againMarkup(result)}
${shown.map((violation, index) => violationMarkup(this.#report, violation, index > 0 || picture === undefined))}${rest.map((line) => html`<p>${line}</p>`)}
${steps === undefined && picture === undefined ? undefined : html`<div class="beside">${steps}${picture}</div>`}
${seenIn.map((bug) => html`<p>seen in <a href="${bugLink(bug)}">${bug}</a></p>`)}
<p class="replay">replay: <code>${replay}</code></p>
${this.#histories.words(id)}${this.#histories.details(id)}</article>
`;
  }

  #picture({ id, violations }: ScenarioResult): Markup | undefined {
    const [violation] = violations;
    const events = violation === undefined || this.#room <= 0 ? undefined : this.#options.historyOf?.(id);
    if (violation === undefined || events === undefined) return undefined;
    const svg = pictureOf(events, violation);
    this.#room -= svg.length;
    return html`<div class="picture" tabindex="0" role="region" aria-label="what happened in ${id}">${new Markup(svg)}</div>`;
  }
}

const pictureOf = (events: Iterable<HistoryEvent>, violation: Violation): string =>
  svgDiagram(diagramOf(events, { violation, rows: ROWS }), { style: false });
