import { existsSync } from 'node:fs';

const FOUND = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
const MISSING = 'no chromium: apt-get install chromium';

/** Why tests in a browser are skipped here; false: they are not. With IM_REQUIRE_ALL=1 they fail in place of that. */
export const skipWithoutChromium = FOUND === undefined && process.env.IM_REQUIRE_ALL !== '1' ? MISSING : false;

/** Its program. Throws when there is none. */
export const chromiumPath = (): string => {
  if (FOUND === undefined) throw new Error(MISSING);
  return FOUND;
};

/** The sandbox of Chromium does not work for root, who is the user of most containers. */
export const CHROMIUM_FLAGS = ['--no-sandbox', '--no-proxy-server'];
