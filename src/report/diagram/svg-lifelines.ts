import { html, type Markup } from '../markup.js';
import type { Diagram, LifelineState } from './model.js';
import type { SvgLayout } from './svg-layout.js';

interface Stretch {
  state: LifelineState;
  from: number;
  to: number;
}

const ICE = 12;

/** The lifelines, each in stretches of one state, and the names above them. */
export const lifelineMarkup = (diagram: Diagram, layout: SvgLayout): Markup =>
  html`${diagram.parties.map((_, party) => stretchesOf(diagram, layout, party).map((one) => stretch(layout.columns[party] ?? 0, one)))}\n`;

const stretchesOf = ({ parties }: Diagram, { rows, head, bottom }: SvgLayout, party: number): Stretch[] => {
  const stretches: Stretch[] = [{ state: parties[party]?.role === 'server' ? 'up' : 'away', from: head, to: bottom }];
  for (const { row, middle } of rows) {
    const last = stretches.at(-1);
    const state = row.states[party];
    if (last === undefined || state === undefined || state === last.state) continue;
    last.to = middle;
    stretches.push({ state, from: middle, to: bottom });
  }
  return stretches.filter(({ from, to }) => to > from);
};

const stretch = (x: number, { state, from, to }: Stretch): Markup => {
  if (state !== 'frozen') return html`<path class="imd-life imd-${state}" d="M${x} ${from}V${to}"/>`;
  const left = x - ICE / 2;
  let hatch = '';
  // Each stroke is cut at the ends of the stretch, so that no clip path with an id is needed.
  for (let y = from; y < to; y += 7) {
    const rise = Math.min(ICE, y - from);
    if (rise > 0) hatch += `M${left} ${y}l${rise} ${-rise}`;
  }
  return html`<rect class="imd-ice" x="${left}" y="${from}" width="${ICE}" height="${to - from}"/><path class="imd-hatch" d="${hatch}"/>`;
};
