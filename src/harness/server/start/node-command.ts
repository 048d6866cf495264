import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import type { NodeVerb } from '../../../../schemas/index.js';
import { KitError } from '../../../errors.js';
import { fillNames } from '../../../template.js';
import { describeExit, outputOf } from '../../process/exit.js';
import { signalGroup } from '../../process/group.js';
import { OutputTail } from '../../process/output-tail.js';
import { quoteCommand } from '../../process/running-command.js';

/** The command for each verb that its user has given one. */
export type NodeCommands = Readonly<Partial<Record<NodeVerb, string>>>;

/** Longest time for one command: `docker stop` alone waits for 10 s before it kills. Milliseconds. */
export const COMMAND_BOUND_MS = 30_000;

/** What must be true when the command of a verb has ended with code 0. */
const DONE: Readonly<Record<NodeVerb, string>> = {
  start: 'the node has been started',
  stop: 'the node has ended',
  kill: 'the node has been killed',
  freeze: 'the node stands still',
  thaw: 'the node goes on',
  cut: 'nothing crosses between the node and the others, and its clients still reach it',
  heal: 'the links of the node are whole',
  replace: 'a new node with an empty disk has been started in its place',
};

/**
 * Runs the command of one verb for one node, with `{node}` from 1 and `{node0}` from 0, also as NODE and NODE0 in its
 * environment. Resolves when its shell has ended with code 0; what it left running in the background goes on. Rejects with
 * a KitError that names verb, node, command, output and remedy, `boundMs` later at the latest.
 */
export const runNodeCommand = async (
  commands: NodeCommands,
  verb: NodeVerb,
  node: number,
  boundMs = COMMAND_BOUND_MS,
): Promise<void> => {
  const template = commands[verb];
  if (template === undefined)
    throw new KitError('kit', `a scenario wants to ${verb} node ${node} without a command`, 'Please report this.');
  const names = { node: String(node), node0: String(node - 1) };
  const command = fillNames(template, names);
  const child = spawn(command, {
    shell: true,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE: names.node, NODE0: names.node0 },
  });
  const tail = new OutputTail();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => tail.add(chunk));
    // A node that the command started may keep its output open for as long as it runs.
    if (stream instanceof Socket) stream.unref();
  }
  const ending = await new Promise<string | undefined>((resolve) => {
    const end = (outcome: string | undefined): void => {
      clearTimeout(late);
      resolve(outcome);
    };
    const late = setTimeout(() => {
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
      end(`did not end within ${boundMs} ms, and was killed`);
    }, boundMs);
    child.once('error', (error) => end(`could not be started (${error.message})`));
    child.once('exit', (code, signal) => end(code === 0 ? undefined : describeExit({ code, signal, output: '' })));
  });
  if (ending === undefined) return;
  // The last output is read a moment after the end of the process.
  await new Promise((resolve) => setTimeout(resolve, 50));
  throw new KitError(
    'unreachable',
    `The command of --node-command ${verb} for node ${node} ${ending}: ${quoteCommand(command)}.${outputOf(tail.text())}`,
    `Run it by hand: it must end by itself with code 0, and then ${DONE[verb]}.`,
    { field: 'node-command' },
  );
};
