import { fillText, placesIn } from '../template.js';

/** The client that a template of a user id names. */
export const userInTemplate = (template: string): string | undefined =>
  placesIn(template).find(({ name }) => name === 'user')?.argument;

/** The id of the user that a client plays: its name, made fresh by a suffix; or what a template makes of such an id. */
export const userIdOf = ({ userOf, user }: { userOf: string; user?: string | undefined }, suffix: string): string =>
  user === undefined
    ? `${userOf}.${suffix}`
    : String(fillText(user, ({ name, argument }) => (name === 'user' ? `${argument}.${suffix}` : undefined)));
