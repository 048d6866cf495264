import type { Miss } from '../../../schemas/index.js';
import { defined } from '../../defined.js';

/** An event as version 1 had it: where version 2 has a code, it had a sentence. */
type Event = Record<string, unknown>;

const OLD_FAULTS: Readonly<Record<string, { fault: string; detail?: string }>> = {
  'clock jump': { fault: 'clock', detail: 'jump' },
  'clock set right': { fault: 'clock', detail: 'set right' },
};

const faultOf = (fault: string): { fault: string; detail?: string } => {
  const [, name, detail] = /^(flood) of (.*)$/.exec(fault) ?? /^([a-z]+): (.*)$/.exec(fault) ?? [];
  return name === undefined || detail === undefined ? (OLD_FAULTS[fault] ?? { fault }) : { fault: name, detail };
};

const missOf = ({ seen, text, late }: Event): { miss: Miss; closeCode?: number } => {
  const closeCode = /the connection ended with code (\d+)/.exec(String(seen))?.[1];
  if (closeCode !== undefined) return { miss: 'connection-ended', closeCode: Number(closeCode) };
  if (late === true || /^nothing that matches/.test(String(seen))) return { miss: 'nothing-came' };
  if (/\{ getsNo: /.test(String(text))) return { miss: 'unwanted-packet' };
  const isPacket = /^((msg|ack):[RAN]\b|close \d+$|pong$)/.test(String(seen));
  return { miss: isPacket ? 'wrong-packet' : 'observed' };
};

/** What a bad frame names: version 1 had only its text. */
const idsIn = (text: string): { rid?: string; msgId?: string } =>
  defined({
    rid: /"rid"\s*:\s*"([^"]+)"/.exec(text)?.[1],
    msgId: /"msgId"\s*:\s*"([^"]+)"/.exec(text)?.[1],
  });

const isFrameFault = (errors: unknown): boolean =>
  Array.isArray(errors) && errors.some((error) => /text frame|UTF-8|not JSON|JSON object/i.test(String(error)));

/**
 * An event of version 1 as version 2 has it. Only here are its sentences read: whoever wrote them had no codes.
 * What is malformed stays so, for the reader to refuse.
 */
export const upgradeEvent = (event: Event): Event => {
  switch (event.kind) {
    case 'history': {
      const { classes, version: _, kind, scenario, ...rest } = event;
      return { kind, version: 2, scenario, subject: { role: 'server', classes }, ...rest };
    }
    case 'closed':
      return { ...event, by: event.by === 'server' ? 'subject' : event.by };
    case 'refused':
      return {
        ...event,
        refusal: /subprotocol/.test(String(event.error))
          ? 'subprotocol'
          : event.status === undefined
            ? 'network'
            : 'status',
      };
    case 'got-invalid':
      return { ...event, level: isFrameFault(event.errors) ? 'frame' : 'packet', ...idsIn(String(event.text)) };
    case 'fault':
      return { ...event, ...faultOf(String(event.fault)) };
    case 'step':
      return { ...event, ...(event.outcome === 'missed' ? missOf(event) : {}) };
    default:
      return event;
  }
};
