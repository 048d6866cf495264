import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { KitError } from '../../errors.js';
import type { SubjectExit } from '../subject.js';
import { groupAlive, signalGroup } from './group.js';
import { guardGroup, releaseGroup } from './guard.js';
import { OutputTail } from './output-tail.js';

/** Time for the last output of a process that has ended to come through the pipe. */
const LAST_OUTPUT_MS = 200;
/** Longest pause between two looks at a group whose first process has ended. */
const LOOK_EVERY_MS = 100;

/** One command in its own process group. */
export interface RunningCommand {
  readonly pgid: number;
  /** Resolves when every process of the group has ended; never rejects. */
  readonly ended: Promise<SubjectExit>;
  /** What `ended` resolved to, as soon as it has. */
  readonly exit: SubjectExit | undefined;
  /** False: the group has ended already and got no signal. */
  signal(signal: NodeJS.Signals): boolean;
  alive(): boolean;
  /** Waits until no process of the group runs and `exit` is known. False: the bound passed first. */
  waitForEnd(boundMs: number): Promise<boolean>;
  /** The end of stdout and stderr. */
  output(): string;
}

/** Runs a command by the shell, in a process group of its own, with its output read and thrown away but for its end. */
export const runCommand = async (command: string, env: Record<string, string>): Promise<RunningCommand> => {
  const child = spawn(command, {
    shell: true,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const closed = once(child, 'close').catch(() => undefined);
  if (child.pid === undefined) {
    const cause = await exited.catch((error: Error) => error);
    throw new KitError(
      'kit',
      `The shell for the command ${quoteCommand(command)} could not be started: ${String(cause)}.`,
      'Check that /bin/sh exists and that this system can start more processes.',
      { cause },
    );
  }
  const pgid = child.pid;
  guardGroup(pgid);
  const tail = new OutputTail();
  // A subject that somebody forgot to close must not keep the kit alive; the guard ends it.
  child.unref();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => tail.add(chunk));
    if (stream instanceof Socket) stream.unref();
  }

  let over = false;
  let exit: SubjectExit | undefined;
  const gone = (async (): Promise<void> => {
    await exited;
    // The others of the group are no children of the kit, so nobody tells it of their end.
    for (let pause = 2; groupAlive(pgid); pause = Math.min(pause * 2, LOOK_EVERY_MS)) {
      await sleep(pause, undefined, { ref: false });
    }
    releaseGroup(pgid);
    over = true;
  })();
  const ended = (async (): Promise<SubjectExit> => {
    await gone;
    const [code, signal] = await exited;
    await Promise.race([closed, sleep(LAST_OUTPUT_MS, undefined, { ref: false })]);
    exit = { code, signal, output: tail.text() };
    return exit;
  })();

  return {
    pgid,
    ended,
    get exit() {
      return exit;
    },
    // Both ask the system one cheap question: a kill must come at its moment, not after a look through all processes.
    signal: (signal) => !over && signalGroup(pgid, signal),
    alive: () => !over && signalGroup(pgid, 0),
    waitForEnd: async (boundMs) => {
      const bound = new AbortController();
      const late = sleep(boundMs, false as const, { signal: bound.signal }).catch(() => false as const);
      const hasEnded = await Promise.race([ended.then(() => true), late]);
      bound.abort();
      return hasEnded;
    },
    output: () => tail.text(),
  };
};

/** The command as a message shows it. */
export const quoteCommand = (command: string): string => {
  return `"${command.length > 200 ? `${command.slice(0, 200)}…` : command}"`;
};
