import { type Codec, type Decoded, parseJson, textOf, writeJson } from './codec.js';

/** `4` `2` `/room,` `17` `["send",{}]`: the digit of Engine.IO, that of Socket.IO, namespace, ack id, data. */
const PACKET = /^([0-6])(?:([0-9]+)-)?(?:(\/[^,]*),)?(\d+)?([[{"\s\S]*)?$/;
const MESSAGE = '4';

const withData = (members: Record<string, unknown>, rest: string): unknown =>
  rest === '' ? members : { ...members, data: parseJson(rest) };

const read = (text: string): unknown => {
  const eio = text.slice(0, 1);
  if (eio !== MESSAGE)
    return eio === '0'
      ? withData({ eio }, text.slice(1))
      : { eio, ...(text.length > 1 ? { data: text.slice(1) } : {}) };
  const [whole, sio, attachments, nsp, id, data = ''] = PACKET.exec(text.slice(1)) ?? [];
  if (whole === undefined) throw new Error('it is no packet of Socket.IO');
  if (attachments !== undefined) throw new Error('it has binary attachments, which a mapping cannot read');
  return withData(
    { eio, sio, ...(nsp === undefined ? {} : { nsp }), ...(id === undefined ? {} : { id: Number(id) }) },
    data,
  );
};

/** Engine.IO 4 and Socket.IO 5, as the library of version 4 speaks them over WebSocket: `{ eio, sio, nsp, id, data }`. */
export const socketIo = (): Codec => ({
  decode: (data): Decoded[] => {
    const text = textOf(data);
    try {
      return [{ value: read(text), text }];
    } catch (cause) {
      return [{ broken: (cause as Error).message, text }];
    }
  },
  encode: (value) => {
    const { eio, sio = '', nsp, id = '', data } = value as Record<string, unknown>;
    const rest = data === undefined ? '' : eio === MESSAGE ? writeJson(data) : String(data);
    return `${eio}${sio}${nsp === undefined ? '' : `${nsp},`}${id}${rest}`;
  },
});
