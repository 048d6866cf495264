/** `{user:NAME}`, with what stands before and after it. */
const TEMPLATE = /\{user:([a-z][A-Za-z0-9-]*)\}/;

/** The client that a template of a user id names. */
export const userInTemplate = (template: string): string | undefined => TEMPLATE.exec(template)?.[1];

/** The id of the user that a client plays: its name, made fresh by a suffix; or what a template makes of such an id. */
export const userIdOf = ({ userOf, user }: { userOf: string; user?: string | undefined }, suffix: string): string =>
  user?.replace(TEMPLATE, (_, base: string) => `${base}.${suffix}`) ?? `${userOf}.${suffix}`;
