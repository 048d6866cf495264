import { type Static, Type } from '@sinclair/typebox';

/** The enumerated fault matrix: what can happen to each of the six packets, for each state of the receiver. */
export const MATRIX_PACKETS = ['msg-r', 'msg-a', 'msg-n', 'ack-r', 'ack-a', 'ack-n'] as const;

/** What happens to the packet, or to the connection that carries it, or to the server at that moment. */
export const MATRIX_FAULTS = [
  'drop',
  'delay',
  'duplicate',
  'reorder',
  'disconnect-before',
  'disconnect-after',
  'reset',
  'silence',
  'kill-before',
  'kill-after',
  'freeze',
] as const;

/** The receiver when the message is sent: connected, away (it comes back later), or on a connection just replaced by a newer one. */
export const MATRIX_RECEIVERS = ['online', 'away', 'replaced'] as const;

export const FaultCellSchema = Type.Object(
  {
    packet: Type.Union(MATRIX_PACKETS.map((name) => Type.Literal(name))),
    fault: Type.Union(MATRIX_FAULTS.map((name) => Type.Literal(name))),
    receiver: Type.Union(MATRIX_RECEIVERS.map((name) => Type.Literal(name))),
  },
  { additionalProperties: false, description: 'A cell of the fault matrix.' },
);
export type FaultCell = Static<typeof FaultCellSchema>;

const isOneOf = (names: readonly string[], name: string | undefined): boolean =>
  name !== undefined && names.includes(name);

/** Whether these names are those of a cell. */
export const isFaultCell = (names: unknown): names is FaultCell => {
  const { packet, fault, receiver } = names as Partial<FaultCell>;
  return isOneOf(MATRIX_PACKETS, packet) && isOneOf(MATRIX_FAULTS, fault) && isOneOf(MATRIX_RECEIVERS, receiver);
};

export const faultCellName = ({ packet, fault, receiver }: FaultCell): string => `${packet} ${fault} ${receiver}`;

/** All cells, in the order of the lists above. */
export const allFaultCells = (): FaultCell[] =>
  MATRIX_PACKETS.flatMap((packet) =>
    MATRIX_FAULTS.flatMap((fault) => MATRIX_RECEIVERS.map((receiver) => ({ packet, fault, receiver }))),
  );

const some = <T extends string>(names: readonly T[]) =>
  Type.Array(Type.Union(names.map((name) => Type.Literal(name))), { minItems: 1, uniqueItems: true });

/** conformance/fault-matrix.yaml: the cells that no scenario plays, and why. Each entry stands for all its combinations. */
export const FaultMatrixFileSchema = Type.Object(
  {
    excused: Type.Array(
      Type.Object(
        {
          packets: some(MATRIX_PACKETS),
          faults: some(MATRIX_FAULTS),
          receivers: some(MATRIX_RECEIVERS),
          why: Type.String({ minLength: 20 }),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);
export type FaultMatrixFile = Static<typeof FaultMatrixFileSchema>;

/** The fault matrix of a client under test: what can happen to each of the six packets. The packet says the side. */
export const ClientCellSchema = Type.Object(
  {
    packet: Type.Union(MATRIX_PACKETS.map((name) => Type.Literal(name))),
    fault: Type.Union(MATRIX_FAULTS.map((name) => Type.Literal(name))),
  },
  { additionalProperties: false, description: 'A cell of the fault matrix of clients.' },
);
export type ClientCell = Static<typeof ClientCellSchema>;

/** Whether these names are those of a cell. */
export const isClientCell = (names: unknown): names is ClientCell => {
  const { packet, fault } = names as Partial<ClientCell>;
  return isOneOf(MATRIX_PACKETS, packet) && isOneOf(MATRIX_FAULTS, fault);
};

export const clientCellName = ({ packet, fault }: ClientCell): string => `${packet} ${fault}`;

/** All cells, in the order of the lists above. */
export const allClientCells = (): ClientCell[] =>
  MATRIX_PACKETS.flatMap((packet) => MATRIX_FAULTS.map((fault) => ({ packet, fault })));

/** conformance/client-fault-matrix.yaml: the cells of clients that no scenario plays, and why. */
export const ClientFaultMatrixFileSchema = Type.Object(
  {
    excused: Type.Array(
      Type.Object(
        { packets: some(MATRIX_PACKETS), faults: some(MATRIX_FAULTS), why: Type.String({ minLength: 20 }) },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);
export type ClientFaultMatrixFile = Static<typeof ClientFaultMatrixFileSchema>;
