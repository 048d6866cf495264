import type { ScenarioFile } from '../../schemas/index.js';
import { defined } from '../defined.js';
import type { ClientSpec } from './model.js';
import type { Source } from './source.js';
import { SERVER, SUBJECT } from './steps.js';
import { userInTemplate } from './user-id.js';

type Options = Exclude<ScenarioFile['clients'], string[]>[string];

/** The clients of a file, by whatever form they are listed. */
export const clientSpecs = (file: Pick<ScenarioFile, 'clients'>): ClientSpec[] => {
  const named: [string, Options][] = Array.isArray(file.clients)
    ? file.clients.map((name) => [name, {}])
    : Object.entries(file.clients);
  return named.map(([name, { userOf, user, device, away, absent, autoAcks, fragments, voice, node }]) => ({
    name,
    device: device ?? 'default',
    start: absent ? 'absent' : away ? 'away' : 'present',
    autoAcks: autoAcks ?? false,
    ...defined({ fragments, voice, userOf, user, node: node === undefined ? undefined : Number(node) }),
  }));
};

/** A user id is made of one that the kit makes up, never of one that is made itself. */
const checkUserId = (source: Source, clients: ClientSpec[], { name, user, userOf }: ClientSpec): void => {
  const base = clients.find((client) => client.name === (user === undefined ? userOf : userInTemplate(user)));
  const isFresh = base !== undefined && base.user === undefined && base.userOf === undefined;
  if (user === undefined ? base?.user === undefined : userOf === undefined && isFresh) return;
  throw source.fault(
    ['clients', name],
    `the user id of "${name}" cannot be made`,
    'Write `user: "{user:NAME}-b"` without userOf; NAME is a client that has neither, and userOf names no such client.',
  );
};

export const checkClients = (source: Source, clients: ClientSpec[]): void => {
  const names = new Set(clients.map((client) => client.name));
  for (const client of clients) {
    const { name, userOf } = client;
    if (name === SUBJECT || name === SERVER)
      throw source.fault(['clients', name], `a client cannot be called "${name}"`, 'Choose another name.');
    if (userOf !== undefined && !names.has(userOf)) {
      throw source.fault(
        ['clients', name],
        `userOf names "${userOf}", which is no client`,
        'Name a client of this file.',
      );
    }
    checkUserId(source, clients, client);
  }
};
