import { NODE_VERBS, type NodeVerb } from '../../schemas/index.js';
import { KitError } from '../errors.js';
import { didYouMean } from '../nearest.js';

/** `NAME=command`, each name once. */
export const servicesFrom = (list: readonly string[]): Record<string, string> => {
  const services: Record<string, string> = {};
  for (const text of list) {
    const [, name = '', command = ''] = /^([a-z][a-z0-9-]{0,31})=(.+)$/s.exec(text) ?? [];
    if (name === '' || services[name] !== undefined) {
      const remedy = 'Write NAME=command with another name for each, such as etcd="etcd --data-dir {data}".';
      throw new KitError('usage', `--service cannot be "${text}"`, remedy, { field: 'service' });
    }
    services[name] = command;
  }
  return services;
};

/** What takes back what another verb does: neither is of use alone. */
const TAKES_BACK: readonly (readonly [NodeVerb, NodeVerb])[] = [
  ['kill', 'start'],
  ['stop', 'start'],
  ['freeze', 'thaw'],
  ['cut', 'heal'],
];

/** `VERB=command`, each verb once. */
export const nodeCommandsFrom = (list: readonly string[]): Partial<Record<NodeVerb, string>> => {
  const wrong = (message: string, remedy: string) => new KitError('usage', message, remedy, { field: 'node-command' });
  const commands: Partial<Record<NodeVerb, string>> = {};
  for (const text of list) {
    const [, name = '', command = ''] = /^([a-z]+)=(.*\S.*)$/s.exec(text) ?? [];
    const verb = NODE_VERBS.find((one) => one === name);
    if (verb === undefined || commands[verb] !== undefined) {
      const what = verb === undefined ? `cannot be "${text}"` : `has two commands for ${verb}`;
      const remedy = `${didYouMean(name, NODE_VERBS)}Write VERB=command, each verb once, such as kill='docker kill im-{node}'; the verbs are ${NODE_VERBS.join(', ')}.`;
      throw wrong(`--node-command ${what}`, remedy);
    }
    commands[verb] = command;
  }
  const lone = TAKES_BACK.find(([verb, back]) => commands[verb] !== undefined && commands[back] === undefined);
  if (lone) throw wrong(`--node-command ${lone[0]} without ${lone[1]}`, `Add --node-command ${lone[1]}='…'.`);
  return commands;
};

/** `N=url`, numbers from 1 without a gap, at least two. */
export const nodeUrlsFrom = (list: readonly string[], checkUrl: (url: string) => string): string[] => {
  const urls: string[] = [];
  const wrong = (message: string) =>
    new KitError(
      'usage',
      message,
      'Write N=url for each node, from 1: --node-url 1=ws://10.0.0.1:9001/ --node-url 2=ws://10.0.0.2:9001/.',
      { field: 'node-url' },
    );
  for (const text of list) {
    const [, digit = '', url = ''] = /^([1-9])=(.+)$/s.exec(text) ?? [];
    const place = Number(digit) - 1;
    if (digit === '' || urls[place] !== undefined) throw wrong(`--node-url cannot be "${text}"`);
    urls[place] = checkUrl(url);
  }
  if (urls.length < 2) throw wrong('--node-url names one node only');
  const gap = Array.from(urls).indexOf(undefined as unknown as string);
  if (gap >= 0) throw wrong(`--node-url names no node ${gap + 1}`);
  return urls;
};
