import { html, Markup } from '../markup.js';
import { shorten, wrapHard } from './fit.js';
import { STATE_WORDS } from './glyphs.js';
import type { Diagram, LifelineState } from './model.js';
import { CHARACTER, cutTo, layOutSvg, SMALL_CHARACTER, type SvgLayout } from './svg-layout.js';
import { lifelineMarkup } from './svg-lifelines.js';
import { rowMarkup } from './svg-rows.js';
import { SVG_STYLE } from './svg-style.js';

export interface SvgOptions {
  /** Writes the style into the picture: false for a page that has `SVG_STYLE` once for all of its diagrams. */
  style?: boolean;
}

const LINE = 16;
const MAX_NAMED = 6;
/** Smaller than that nobody reads it: a narrow page scrolls. */
const SMALLEST = 0.68;

/** The diagram as one SVG element: no script, no id, no link, nothing that is loaded. */
export const svgDiagram = (diagram: Diagram, { style = true }: SvgOptions = {}): string => {
  const layout = layOutSvg(diagram);
  const footer = footerLines(diagram, layout);
  const height = Math.ceil(layout.bottom + 10 + footer.length * LINE + (footer.length > 0 ? 6 : 0));
  const { width } = layout;
  const about = diagram.vanished === undefined ? '' : `. ${diagram.vanished}`;
  const title = `Space-time diagram of ${diagram.scenario}${about}`;
  const least = Math.round(width * SMALLEST);
  return html`<svg xmlns="http://www.w3.org/2000/svg" class="imd" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" style="min-width:${least}px" role="group" aria-label="${title}"><title>${title}</title>
${style ? html`<style>${new Markup(SVG_STYLE)}</style>\n` : undefined}<rect class="imd-paper" width="${width}" height="${height}"/>
${lifelineMarkup(diagram, layout)}${heads(diagram, layout)}
${layout.rows.map((placed) => rowMarkup(diagram, layout, placed))}${footer.map(
  ({ text, bad }, index) =>
    html`<text class="${bad ? 'imd-bad imd-said' : 'imd-soft'}" x="12" y="${layout.bottom + 20 + index * LINE}">${text}</text>\n`,
)}</svg>\n`.html;
};

const heads = ({ parties }: Diagram, { columns, gap, head }: SvgLayout): Markup[] =>
  parties.map(({ name, detail }, index) => {
    const x = columns[index] ?? 0;
    const width = Math.min(gap - 10, 104);
    const text = cutTo(name, Math.floor((width - 8) / CHARACTER));
    return html`<g><title>${detail}</title><rect class="imd-head" x="${x - width / 2}" y="8" width="${width}" height="${head - 8}" rx="4"/><text class="imd-name" x="${x}" y="${head - 9}">${text}</text></g>`;
  });

interface FooterLine {
  text: string;
  bad: boolean;
}

const footerLines = (diagram: Diagram, { width }: SvgLayout): FooterLine[] => {
  const { vanished, messages, hidden, rows } = diagram;
  const lines = (text: string, bad: boolean): FooterLine[] => {
    const characters = Math.floor((width - 24) / (bad ? CHARACTER : SMALL_CHARACTER));
    return wrapHard(text, characters).map((line) => ({ text: cutTo(line, characters), bad }));
  };
  const states = new Set(rows.flatMap((row): readonly LifelineState[] => row.states));
  const words: [LifelineState, string][] = [
    ['frozen', 'hatched'],
    ['silent', 'dashed'],
    ['stalled', 'dotted'],
  ];
  const legend = words.flatMap(([state, look]) =>
    states.has(state) ? [`${look}: ${STATE_WORDS[state] ?? state}`] : [],
  );
  const named = messages.filter(({ label, msgId }) => label !== msgId);
  const ids = named.length > MAX_NAMED ? [] : named.map(({ label, msgId }) => `${label} = ${shorten(msgId, 40)}`);
  const left = hidden.length > 4 ? ` and ${hidden.length - 4} more` : '';
  return [
    ...(vanished === undefined ? [] : lines(`✕ ${vanished}`, true)),
    ...(legend.length === 0 ? [] : lines(legend.join(', '), false)),
    ...ids.flatMap((line) => lines(line, false)),
    ...(hidden.length === 0 ? [] : lines(`not shown: ${hidden.slice(0, 4).join(', ')}${left}`, false)),
  ];
};
