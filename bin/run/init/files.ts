import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defined } from '../../../src/defined.js';
import { packageRoot } from '../../../src/package-root.js';
import { type Answers, BOT } from './answers.js';

/** One file that `init` writes: its path from the folder, and its text. */
export interface NewFile {
  path: string;
  text: string;
}

const CONFIG = 'im-conformance.config.json';
const SCHEMA = './node_modules/im-conformance/schemas/config.schema.json';

/** The configuration that the answers come to. */
export const configOf = ({ exec, url, dialect, classes }: Answers): Record<string, unknown> => ({
  $schema: SCHEMA,
  ...defined({ url }),
  ...defined({ exec, dialect }),
  ...(classes.length === 0 ? {} : { class: classes }),
});

const commandOf = ({ role }: Answers): string =>
  `npx im-conformance${role === 'client' ? ' client' : ''} --report pretty --report junit=conformance.xml`;

/** Whatever else the subject needs is known to its owner alone. */
const preparing = (answers: Answers, folder: string): string[] => [
  ...(answers.url === undefined ? [] : [`# Start the server of ${answers.url} here.`]),
  existsSync(join(folder, 'package-lock.json')) ? 'npm ci' : 'npm install --no-save im-conformance',
];

const githubWorkflow = (answers: Answers, folder: string): string => {
  const steps = preparing(answers, folder).map((line) => `      ${line.startsWith('#') ? line : `- run: ${line}`}`);
  return `name: conformance
on: [push, pull_request]
permissions:
  contents: read
jobs:
  conformance:
    runs-on: ubuntu-latest
    timeout-minutes: 30
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with: { node-version: 20 }
${steps.join('\n')}
      - run: ${commandOf(answers)}
      - uses: actions/upload-artifact@v4
        if: always()
        with: { name: conformance, path: conformance.xml }
`;
};

const gitlabJob = (answers: Answers, folder: string): string => {
  const lines = preparing(answers, folder).map((line) => `    ${line.startsWith('#') ? line : `- ${line}`}`);
  return `conformance:
  image: node:20
  timeout: 30m
  script:
${lines.join('\n')}
    - ${commandOf(answers)}
  artifacts:
    when: always
    reports: { junit: conformance.xml }
`;
};

const GITLAB = '.gitlab-ci.yml';
/** Where a pipeline is there already, the job stands beside it, to be included. */
const GITLAB_PART = '.gitlab/im-conformance.yml';

const ciFile = (answers: Answers, folder: string): NewFile[] => {
  if (answers.ci === 'github') {
    return [{ path: '.github/workflows/conformance.yml', text: githubWorkflow(answers, folder) }];
  }
  if (answers.ci === 'none') return [];
  return [{ path: existsSync(join(folder, GITLAB)) ? GITLAB_PART : GITLAB, text: gitlabJob(answers, folder) }];
};

const botStub = (): string => readFileSync(join(packageRoot, 'examples', 'client-bot-js', 'stub.js'), 'utf8');

const dialectStub = (): string => readFileSync(join(packageRoot, 'examples', 'dialects', 'stub.yaml'), 'utf8');

/** A dialect that is there already is somebody's work. */
const dialectFile = ({ dialect }: Answers, folder: string): NewFile[] =>
  dialect === undefined || existsSync(join(folder, dialect)) ? [] : [{ path: dialect, text: dialectStub() }];

/** All files, in the order in which they are written. */
export const filesOf = (answers: Answers, folder: string): NewFile[] => [
  { path: CONFIG, text: `${JSON.stringify(configOf(answers), undefined, 2)}\n` },
  ...(answers.stub ? [{ path: BOT, text: botStub() }] : []),
  ...dialectFile(answers, folder),
  ...ciFile(answers, folder),
];

/** What the person does now, one line each. */
export const nextSteps = (answers: Answers, written: readonly string[], folder: string): string[] => {
  const { role, exec, url, dialect } = answers;
  const installed = existsSync(join(folder, 'node_modules', 'im-conformance'));
  const noPort = role === 'server' && exec !== undefined && !exec.includes('{port}');
  return [
    ...(installed ? [] : ['npm install --save-dev im-conformance']),
    ...(answers.stub ? [`write openLibrary in ${BOT}: it connects your library to the kit`] : []),
    ...(dialect !== undefined && written.includes(dialect)
      ? [
          `write the frames of your server into ${dialect} (docs/any-server.md), and try it: npx im-conformance dialect try ${dialect} ${url ?? 'ws://HOST:PORT/'}`,
        ]
      : []),
    ...(noPort
      ? ['let the server listen on the port that the environment names as PORT, or write {port} in the command']
      : []),
    ...(url === undefined ? [] : [`start your server, so that it answers at ${url}`]),
    `npx im-conformance${role === 'client' ? ' client' : ''}`,
    ...(written.includes(GITLAB_PART) ? [`add to ${GITLAB}: include: { local: ${GITLAB_PART} }`] : []),
  ];
};
