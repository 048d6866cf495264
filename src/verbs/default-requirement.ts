import type { RequirementId } from '../../schemas/index.js';

const BY_STATUS: Readonly<Record<string, RequirementId>> = {
  'msg:A accepted': 'IM-4.2-1',
  'msg:A duplicate': 'IM-4.2-2',
  'msg:A invalid-packet': 'IM-2-13',
  'msg:A body-too-large': 'IM-2-12',
  'msg:A id-conflict': 'IM-4.2-3',
  'ack:A ok': 'IM-4.2-14',
  'ack:A duplicate': 'IM-4.2-15',
  'ack:A unknown-message': 'IM-4.2-12',
  'ack:A invalid-packet': 'IM-2-13',
  'ack:N delivered': 'IM-4.2-16',
  'ack:N stored': 'IM-4.2-20',
  'close 4400': 'IM-2-14',
  'close 4409': 'IM-1-11',
  'close 1001': 'IM-4.2-28',
  'close 1003': 'IM-1-4',
  'close 1007': 'IM-1-5',
  'close 1009': 'IM-1-6',
};
const BY_TYPE: Readonly<Record<string, RequirementId>> = { 'msg:N': 'IM-4.2-7', 'ack:N': 'IM-4.2-16', pong: 'IM-1-14' };

/** The requirement that an expectation of the script stands for when it does not name one with `by`. */
export const defaultRequirement = (what: string, detail: string | undefined): RequirementId =>
  BY_STATUS[`${what} ${detail}`] ?? BY_TYPE[what] ?? 'IM-2-3';
