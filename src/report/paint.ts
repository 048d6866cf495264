import { styleText } from 'node:util';

/** A style of a terminal. */
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Gives text a style, or leaves it as it is where colour is not wanted. */
export type Paint = (style: Style, text: string) => string;

export const plainPaint: Paint = (_style, text) => text;

export const colourPaint: Paint = (style, text) => styleText(style, text, { validateStream: false });

/** The facts about an output stream that decide on colour. */
export interface ColourFacts {
  isTTY: boolean;
  env: Readonly<Record<string, string | undefined>>;
}

/** FORCE_COLOR wins, as in Node itself; then NO_COLOR (any text); then whether somebody is looking. */
export const wantsColour = ({ isTTY, env }: ColourFacts): boolean => {
  const forced = env.FORCE_COLOR;
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  return isTTY && env.TERM !== 'dumb';
};

export const paintFor = (facts: ColourFacts): Paint => (wantsColour(facts) ? colourPaint : plainPaint);
