import { KitError } from '../errors.js';
import { didYouMean } from '../nearest.js';
import type { Settings } from './settings.js';

const checkNodes = (settings: Settings): void => {
  const wrong = (message: string, remedy: string) => new KitError('usage', message, remedy, { field: 'nodes' });
  if (settings.service !== undefined && settings.nodes === undefined) {
    throw wrong('--service goes with --nodes', 'Start what a single server needs in the command of --exec.');
  }
  if (settings.service !== undefined && settings.exec === undefined) {
    throw wrong('--service goes with --exec', 'The embedded cluster starts what it needs itself.');
  }
  if (settings.nodes === undefined) return;
  if (settings.dialect !== undefined || settings.via !== undefined) {
    throw wrong('--nodes is for servers of im.ran.v1', 'Leave out --dialect or --via.');
  }
  if (settings.exec !== undefined) {
    const { url } = settings;
    if (url === undefined || String(url).includes('{port}')) return;
    throw wrong('with --nodes each node needs a port of its own', 'Write {port} in the url.');
  }
  if (settings.url !== undefined) {
    throw wrong(
      '--nodes starts nodes, and a url names one that runs',
      'Add --exec, or let its description list `nodes`.',
    );
  }
};

const checkRunningNodes = (settings: Settings): void => {
  const field = ['node-command', 'node-url'].find((name) => settings[name] !== undefined);
  if (field === undefined) return;
  const wrong = (message: string, remedy: string) => new KitError('usage', message, remedy, { field });
  if (settings['node-url'] === undefined) {
    throw wrong(
      '--node-command goes with --node-url',
      'Say where each node is: --node-url 1=ws://10.0.0.1:9001/ and so on.',
    );
  }
  if (settings.exec !== undefined || settings.nodes !== undefined) {
    const other = settings.exec === undefined ? 'nodes' : 'exec';
    throw wrong(
      `--${field} and --${other} exclude each other`,
      `Nodes either run already, or the kit starts them: leave --${other} out, or --${field}.`,
    );
  }
  if (settings.dialect !== undefined || settings.via !== undefined) {
    throw wrong(`--${field} is for servers of im.ran.v1`, 'Leave out --dialect or --via.');
  }
};

const checkFailOn = (level: unknown): void => {
  if (level === undefined || level === 'warning') return;
  const remedy = `${didYouMean(String(level), ['warning'])}Write --fail-on warning; what fails counts anyway.`;
  throw new KitError('usage', `--fail-on does not know "${level}"`, remedy, { field: 'fail-on' });
};

const checkTogether = (settings: Settings): void => {
  const identities = ['token', 'jwt-secret', 'token-command'].filter((name) => settings[name] !== undefined);
  if (identities.length > 1) {
    const both = identities.map((name) => `--${name}`).join(' and ');
    throw new KitError('usage', `${both} exclude each other`, 'Choose one way to make tokens.', {
      field: identities[1],
    });
  }
  if (settings.only !== undefined && settings['last-failed'] !== undefined) {
    throw new KitError(
      'usage',
      '--only and --last-failed exclude each other',
      'Choose one of them; --skip goes with both.',
      { field: 'last-failed' },
    );
  }
  if (settings.watch !== undefined && settings.exec === undefined) {
    const remedy = 'Add --exec with the command that starts the subject.';
    throw new KitError('usage', '--watch has nothing that it could restart', remedy, { field: 'watch' });
  }
  if (settings.verbose === true && settings.quiet === true) {
    throw new KitError('usage', '--verbose and --quiet exclude each other', 'Choose one of them.', { field: 'quiet' });
  }
  if (settings.ca !== undefined && settings.insecure === true) {
    throw new KitError('usage', '--ca and --insecure exclude each other', 'Check certificates, or do not.', {
      field: 'insecure',
    });
  }
};

const checkRepetitions = (settings: Settings): void => {
  if (settings.repeat === undefined || settings.repetition === undefined) return;
  throw new KitError(
    'usage',
    '--repeat and --repetition exclude each other',
    'Play all repetitions with --repeat, or one of them with --repetition.',
    { field: 'repetition' },
  );
};

/** What belongs to a dialect does nothing without one, and the embedded server needs none. */
const checkDialect = (settings: Settings): void => {
  const [option] = ['dialect', 'via'].filter((name) => settings[name] !== undefined);
  const needing = ['frames', 'judged'].find((name) => settings[name] !== undefined);
  if (option === undefined && needing !== undefined) {
    throw new KitError(
      'usage',
      `--${needing} goes with --dialect or --via`,
      'Leave it out: this server speaks im.ran.v1 itself.',
    );
  }
  if (settings.dialect !== undefined && settings.via !== undefined) {
    throw new KitError('usage', '--dialect and --via exclude each other', 'Name one protocol.');
  }
  if (settings.judged !== undefined && settings.shard !== undefined) {
    const remedy = 'One shard judges a part of the requirements: take --judged to a run of the whole.';
    throw new KitError('usage', '--judged and --shard exclude each other', remedy, { field: 'judged' });
  }
  if (option === undefined || settings.list === true) return;
  if (settings.url !== undefined || settings.exec !== undefined) return;
  throw new KitError(
    'usage',
    `--${option} without a server`,
    'Give its url, or --exec with the command that starts it.',
  );
};

const checkPlace = (settings: Settings): void => {
  const isCommanded = settings['node-command'] !== undefined;
  const needing = ['kills', 'start-timeout'].find(
    (name) => settings[name] !== undefined && settings[name] !== 0 && !(isCommanded && name === 'start-timeout'),
  );
  if (needing !== undefined && settings.url !== undefined && settings.exec === undefined) {
    const remedy = 'Add --exec with the command that starts the server, or leave it out.';
    throw new KitError('usage', `--${needing} needs a server that the kit starts`, remedy, { field: needing });
  }
  if (settings.exec !== undefined || !String(settings.url ?? '').includes('{port}')) return;
  throw new KitError(
    'usage',
    `the url ${settings.url} has a place for a port, but nothing is started on it`,
    'Write the port, or add --exec with the command that starts the server.',
    { field: 'url' },
  );
};

/** Settings that are good each by itself, and not together. Throws a usage KitError that names the option. */
export const checkSettings = (settings: Settings): void => {
  checkTogether(settings);
  checkFailOn(settings['fail-on']);
  checkRunningNodes(settings);
  checkPlace(settings);
  checkRepetitions(settings);
  checkDialect(settings);
  checkNodes(settings);
};
