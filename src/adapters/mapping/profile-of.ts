import {
  type DialectFile,
  type PacketType,
  PROFILE_FIELDS,
  type Profile,
  type ProfileField,
  type ReceiveRule,
} from '../../../schemas/index.js';
import { defined } from '../../defined.js';
import { STATUSES } from './packet-of.js';
import { holesOf } from './template.js';

const namesIn = (template: unknown): Set<string> => new Set(holesOf(template).map(({ name }) => name));

/** What the sender has chosen: no id that is made of it tells two messages apart that the server took for two. */
const OF_THE_SENDER = ['msgId', 'from', 'to', 'body'];

/**
 * Whether every frame of a rule brings that member: captured, or made in `with` of what is. A hole that may be absent, a text
 * that is always the same, and an id of the server that is made of that of the sender bring nothing.
 */
const tells = (rule: ReceiveRule, name: string): boolean => {
  const captured = holesOf([rule.when, rule.item]);
  const brought = new Set(captured.filter(({ optional }) => !optional).map((hole) => hole.name));
  if (!Object.hasOwn(rule.with ?? {}, name)) return brought.has(name);
  const used = holesOf(rule.with?.[name]).map((hole) => hole.name);
  const isOwn = name !== 'serverMsgId' || used.some((hole) => !OF_THE_SENDER.includes(hole));
  return used.length > 0 && isOwn && used.every((hole) => brought.has(hole));
};

/** Every text that a member of `with` can become: itself, what a table gives, or `*` where any may come. */
const possible = (template: unknown, rule: ReceiveRule, { tables = {} }: DialectFile): string[] => {
  if (typeof template !== 'string') return [];
  const [hole] = holesOf(template);
  if (hole === undefined) return [template];
  const captured = holesOf([rule.when, rule.item]).find(({ name }) => name === hole.name);
  const table = hole.table ?? captured?.table;
  return table === undefined ? ['*'] : Object.values(tables[table] ?? {});
};

const statusesOf = (rule: ReceiveRule, file: DialectFile): string[] => {
  const all = STATUSES[String(rule.is)] ?? [];
  const captured = holesOf([rule.when, rule.item]).find(({ name }) => name === 'status');
  const template = rule.with?.status ?? (captured ? '{status}' : all[0]);
  const found = possible(template, rule, file);
  if (found.includes('*')) return [...all];
  return captured?.optional && rule.with?.status === undefined ? [...found, ...all.slice(0, 1)] : found;
};

const codesOf = (rule: ReceiveRule, file: DialectFile): string[] =>
  statusesOf(rule, file).includes('rejected')
    ? possible((rule.with?.error as Record<string, unknown> | undefined)?.code, rule, file)
    : [];

const SHARED: readonly ProfileField[] = [
  'msg:N.msgId',
  'msg:N.serverMsgId',
  'msg:N.from',
  'msg:N.to',
  'msg:N.acceptedAt',
  'msg:N.seq',
  'ack:N.at',
];

const hasField = (field: ProfileField, file: DialectFile): boolean => {
  const rules = (type: string) => file.receive.filter(({ is }) => is === type);
  const some = (type: string, test: (rule: ReceiveRule) => boolean) => rules(type).some(test);
  const every = (type: string, test: (rule: ReceiveRule) => boolean) =>
    rules(type).length > 0 && rules(type).every(test);
  const statuses = (type: string) => rules(type).flatMap((rule) => statusesOf(rule, file));
  const [packet = '', name = ''] = field.split('.');
  if (SHARED.includes(field)) return every(packet, (rule) => tells(rule, name));
  switch (field) {
    case 'device':
      return [file.url, file.login, file.headers].some((part) => JSON.stringify(part ?? '').includes('{device'));
    case 'msg:R.msgId':
    case 'msg:R.ttlMs':
      return namesIn(file.send['msg:R']).has(name);
    case 'msg:A.rid':
      return every(packet, (rule) => tells(rule, 'rid') || tells(rule, 'ridInt'));
    case 'msg:A.serverMsgId':
      return some(packet, (rule) => tells(rule, name));
    case 'msg:N.expiresAt':
      return some(packet, ({ when, item, with: more }) => namesIn([when, item, more?.expiresAt]).has(name));
    case 'msg:A.duplicate':
      return statuses(packet).includes('duplicate') && statuses(packet).includes('accepted');
    case 'msg:A.id-conflict':
    case 'msg:A.inbox-full':
      return some(packet, (rule) => codesOf(rule, file).includes(name));
    case 'msg:A.rejected':
    case 'ack:A.rejected':
    case 'ack:A.duplicate':
    case 'ack:N.stored':
    case 'ack:N.delivered':
    case 'ack:N.expired':
      return statuses(packet).includes(name);
    case 'close.1001':
    case 'close.4409':
      return Object.values(file.closes ?? {}).some((code) => code === Number(name));
    case 'push-on-resend':
      return file.promises?.includes('push-on-resend') === true;
    default:
      return false;
  }
};

/** What the protocol has, as its mapping shows: never written, so that nobody can claim what no frame brings. */
export const profileOf = (file: DialectFile): Profile => {
  const heard = new Set(file.receive.map(({ is }) => is));
  const packets: PacketType[] = ['msg:R'];
  for (const type of ['msg:A', 'msg:N', 'ack:A', 'ack:N'] as const) if (heard.has(type)) packets.push(type);
  if (file.send['ack:R'] !== undefined) packets.push('ack:R');
  const fields = PROFILE_FIELDS.filter((field) => hasField(field, file));
  return { packets, fields, ...defined({ sharesQueue: file.sharesQueue }) };
};
