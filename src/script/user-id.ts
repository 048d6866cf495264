import { fillText, type Place, placesIn } from '../template.js';

/** `{user:alice}`: the id of that client; `{user63:alice}`: that id filled up to so many characters. */
const LENGTH: Readonly<Record<string, number>> = { user: 0, user63: 63 };

/** The client that a template of a user id names. */
export const userInTemplate = (template: string): string | undefined =>
  placesIn(template).find(({ name }) => Object.hasOwn(LENGTH, name))?.argument;

const idIn = ({ name, argument }: Place, suffix: string): string | undefined =>
  Object.hasOwn(LENGTH, name) ? `${argument}.${suffix}`.padEnd(LENGTH[name] ?? 0, '-') : undefined;

/** Places for 1.6 million scenarios in one run. */
const SUFFIX_WIDTH = 4;

/**
 * What makes the users of one scenario fresh: the run, and which scenario of it is played. All are of one length, so that a
 * name with something behind it, as scripts make them, is no user of another scenario.
 */
export const userSuffixOf = (runId: string, played: number): string =>
  `${runId}${played.toString(36).padStart(SUFFIX_WIDTH, '0')}`;

/** The id of the user that a client plays: its name, made fresh by a suffix; or what a template makes of such an id. */
export const userIdOf = ({ userOf, user }: { userOf: string; user?: string | undefined }, suffix: string): string =>
  user === undefined ? `${userOf}.${suffix}` : String(fillText(user, (place) => idIn(place, suffix)));
