import { KitError } from '../../../errors.js';

/** What the places of a template are filled with. */
export interface Identity {
  user: string;
  device: string;
  token?: string;
}

const PLACE = /\{(user|device|token)\}/g;
/** The alphabet of user and device ids. None of its characters means anything to a shell. */
const ID = /^[A-Za-z0-9._@-]{1,64}$/;

/** Whether the template names the user or the token, so that the server learns from it who connects. */
export const namesSomebody = (template: string): boolean => {
  return /\{(user|token)\}/.test(template);
};

/** Fills `{user}`, `{device}` and `{token}`; what is missing stays as it is. */
export const fill = (template: string, identity: Identity, encode = (value: string) => value): string => {
  return template.replace(PLACE, (place, name: keyof Identity) => {
    const value = identity[name];
    return value === undefined ? place : encode(value);
  });
};

/** The kit makes its users up itself, so a bad one is the kit's mistake; it must not reach a shell or a header. */
export const checkIds = (user: string, device: string): void => {
  if (ID.test(user) && ID.test(device)) return;
  throw new KitError(
    'kit',
    `${JSON.stringify(user)} or ${JSON.stringify(device)} is not a valid user or device id.`,
    'Please report this: the kit chose it.',
  );
};
