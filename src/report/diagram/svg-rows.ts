import { html, type Markup } from '../markup.js';
import { timeText } from './fit.js';
import type { Arrow, Diagram, Mark, Row } from './model.js';
import { type Placed, SLOPE, type SvgLayout } from './svg-layout.js';
import { toneOf } from './tone.js';

const CROSS = 6;

const path = (d: string, name: string): Markup => html`<path class="${name}" d="${d}"/>`;
const round = (value: number): number => Math.round(value * 10) / 10;

export const cross = (x: number, y: number): Markup =>
  path(
    `M${round(x - CROSS)} ${round(y - CROSS)}l${2 * CROSS} ${2 * CROSS}m0 ${-2 * CROSS}l${-2 * CROSS} ${2 * CROSS}`,
    'imd-cross',
  );

/** What a person hears or reads who reaches the row with the keyboard. */
const spoken = (row: Exclude<Row, { kind: 'elision' }>): string => {
  const notes = row.kind === 'arrow' ? row.notes : [];
  const parts = [
    row.title === '' ? timeText(row.at) : row.title,
    ...notes,
    ...(row.violating ? ['named by the violation'] : []),
  ];
  return parts.join('; ');
};

/** One row of the diagram: hover tells the event in full, and so does focus. */
export const rowMarkup = (diagram: Diagram, layout: SvgLayout, placed: Placed): Markup => {
  const { row, top, height, middle } = placed;
  if (row.kind === 'elision') return elision(layout, placed);
  const said = spoken(row);
  const hot = row.violating ? ' imd-hot' : '';
  const bar = row.violating ? html`<path class="imd-bar" d="M3 ${top}h4v${height}h-4z"/>` : undefined;
  const inner =
    row.kind === 'arrow'
      ? arrow(diagram, layout, placed, row)
      : row.kind === 'mark'
        ? mark(diagram, layout, placed, row)
        : band(layout, placed, row.text);
  return html`<g class="imd-row ${kindOf(row)}${hot}" tabindex="0" role="img" aria-label="${said}"><title>${said}</title><rect x="3" y="${top}" width="${layout.width - 6}" height="${height}" rx="3"/>${bar}<text class="imd-time" x="${layout.timeRight}" y="${middle + 4}">${timeText(row.at)}</text>${inner}</g>\n`;
};

const kindOf = (row: Exclude<Row, { kind: 'elision' }>): string => {
  if (row.kind === 'band') return 'imd-band';
  const fate = row.kind === 'arrow' && row.fate !== 'arrived' ? ` imd-${row.fate}` : '';
  return `imd-${toneOf(row)}${fate}`;
};

const arrow = ({ server }: Diagram, layout: SvgLayout, { middle, label, notes }: Placed, row: Arrow): Markup => {
  const client = layout.columns[row.client] ?? 0;
  const place = layout.columns[server] ?? 0;
  const [from, to] = row.toServer ? [client, place] : [place, client];
  const step = from < to ? 1 : -1;
  const stopped = row.fate === 'lost' || row.fate === 'missing';
  const end = stopped ? to - step * 24 : to;
  const slope = SLOPE * Math.min(1, Math.abs(end - from) / layout.gap);
  const [y, endY] = [middle - slope / 2, middle + slope / 2];
  const center = from + (step * layout.gap) / 2;
  const head = `M${round(end)} ${round(endY)}l${-step * 9} -4.5v9z`;
  const shaft = `M${round(from)} ${round(y)}L${round(end - (stopped ? 0 : step * 8))} ${round(endY)}`;
  return html`${path(shaft, 'imd-shaft')}${stopped ? cross(end, endY) : path(head, 'imd-solid')}<text x="${round(center)}" y="${round(middle - 7)}" text-anchor="middle">${label}</text>${notes.map(
    (note, index) =>
      html`<text class="imd-note" x="${round(center)}" y="${round(middle + 18 + index * 13)}" text-anchor="middle">${note}</text>`,
  )}`;
};

/** Words stand on the side of the server, where there is room in such a row. */
const mark = (diagram: Diagram, layout: SvgLayout, { middle, notes }: Placed, row: Mark): Markup => {
  const x = layout.columns[row.party] ?? 0;
  const before =
    row.party > diagram.server || (row.party === diagram.server && row.party === layout.columns.length - 1);
  const anchor = before ? 'end' : 'start';
  const at = round(x + (before ? -12 : 12));
  const sign =
    toneOf(row) === 'bad' ? cross(x, middle) : html`<circle class="imd-dot" cx="${round(x)}" cy="${middle}" r="4.5"/>`;
  return html`${sign}${notes.map(
    (note, index) =>
      html`<text class="imd-note" x="${at}" y="${middle + 4 + index * 13}" text-anchor="${anchor}">${note}</text>`,
  )}`;
};

const band = ({ columns, width }: SvgLayout, { middle }: Placed, text: string): Markup =>
  html`<text class="imd-soft" x="${round(((columns[0] ?? 0) + (columns.at(-1) ?? width)) / 2)}" y="${middle + 4}" text-anchor="middle">${text}</text>`;

const elision = ({ columns, timeRight }: SvgLayout, { row, middle }: Placed): Markup => {
  if (row.kind !== 'elision') return html``;
  const x = round(((columns[0] ?? 0) + (columns.at(-1) ?? 0)) / 2);
  const text = `${row.count.toLocaleString('en-US')} more, until ${timeText(row.toMs)}`;
  return html`<g><text class="imd-time" x="${timeRight}" y="${middle + 4}">⋮</text><text class="imd-soft" x="${x}" y="${middle + 4}" text-anchor="middle">${text}</text></g>\n`;
};
