import { Type } from '@sinclair/typebox';
import { CUT_WAYS, RESOURCES } from '../faults.js';
import { event, node } from './event.js';

/** What happened to the subject and on the way to it. */
export const SUBJECT_EVENTS = [
  event(
    'subject',
    {
      event: Type.Union(
        (
          [
            'started',
            'killing',
            'killed',
            'stopping',
            'stopped',
            'frozen',
            'continued',
            'starting',
            'cut',
            'slowed',
            'healed',
            'clock',
            'short',
            'supplied',
            'exited',
          ] as const
        ).map((e) => Type.Literal(e)),
      ),
      node,
      service: Type.Optional(
        Type.Integer({ minimum: 1, description: 'Which of the services that the kit started, in their order.' }),
      ),
      way: Type.Optional(
        Type.Union(
          CUT_WAYS.map((way) => Type.Literal(way)),
          { description: 'Of `cut`: what is lost.' },
        ),
      ),
      signal: Type.Optional(Type.String()),
      code: Type.Optional(Type.Integer()),
      offsetMs: Type.Optional(Type.Integer({ description: 'Of `clock`: from the true time.' })),
      resource: Type.Optional(
        Type.Union(
          RESOURCES.map((name) => Type.Literal(name)),
          { description: 'Of `short` and `supplied`.' },
        ),
      ),
    },
    'What happened to the process under test. `exited`: by itself. `clock`: the kit set it. `short`: the kit leaves it no more of a resource than it has; `supplied`: it gave it back. `killing`: SIGKILL is about to be sent. `killed`: the port refuses. `starting`: a node or a service is about to be started again. `cut`, `slowed`, `healed`: its links to other nodes and to services.',
  ),
  event(
    'metrics',
    {
      askedAt: Type.Number({
        minimum: 0,
        description: 'When the request was begun; `at` is when the answer was read.',
      }),
      node,
      of: Type.Optional(
        Type.Integer({ minimum: 2, description: 'Of so many nodes; the page of each follows in their order.' }),
      ),
      status: Type.Optional(Type.Integer({ description: 'HTTP status, if there was one.' })),
      contentType: Type.Optional(Type.String()),
      text: Type.Optional(Type.String({ description: 'The page as it came, cut to 262,144 characters.' })),
      error: Type.Optional(Type.String({ description: 'Why there was no page.' })),
    },
    'The kit asked for the metrics page of the subject.',
  ),
  event(
    'network',
    {
      queuedMs: Type.Integer({
        minimum: 1,
        description: 'So long the line still needs for what it was given: added to every bound from here on.',
      }),
    },
    'The line to the server is slow, and behind.',
  ),
] as const;
