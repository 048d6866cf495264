import type { JudgedClass } from '../../judge.js';
import { ExpiryJudge } from './expiry.js';
import { lifetimeOf } from './lifetime.js';

/** Class `expiry`: messages may have a lifetime. */
export const expiry: JudgedClass = {
  policies: () => ({ lifetimeOf }),
  judges: (context) => [new ExpiryJudge(context)],
};
