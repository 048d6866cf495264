import { KitError } from '../../../errors.js';
import { fillNames, placesIn } from '../../../template.js';

/** What the places of a template are filled with. */
export interface Identity {
  user: string;
  device: string;
  token?: string;
}

/** The alphabet of user and device ids. None of its characters means anything to a shell. */
const ID = /^[A-Za-z0-9._@-]{1,64}$/;

/** Whether the template names the user or the token, so that the server learns from it who connects. */
export const namesSomebody = (template: string): boolean =>
  placesIn(template).some(({ text }) => text === '{user}' || text === '{token}');

/** Fills `{user}`, `{device}` and `{token}`; what is missing stays as it is. */
export const fillIdentity = (template: string, { user, device, token }: Identity, encode?: (value: string) => string) =>
  fillNames(template, { user, device, token }, encode);

/** The kit makes its users up itself, so a bad one is the kit's mistake; it must not reach a shell or a header. */
export const checkIds = (user: string, device: string): void => {
  if (ID.test(user) && ID.test(device)) return;
  throw new KitError(
    'kit',
    `${JSON.stringify(user)} or ${JSON.stringify(device)} is not a valid user or device id.`,
    'Please report this: the kit chose it.',
  );
};
