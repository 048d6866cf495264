import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CutWay, PairRelay } from './pair-relay.js';

const START_MS = 60_000;
const ASK_MS = 1_000;

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
};

interface Member {
  name: string;
  data: string;
  client: number;
  peer: number;
  relay: number;
  process?: ChildProcess;
}

interface Status {
  header?: { member_id?: string };
  leader?: string;
}

/** Members of etcd that sync what they write, each behind a relay on the way between them. */
export class EtcdMembers {
  readonly #folder = mkdtempSync(join(tmpdir(), 'im-etcd-members-'));
  readonly #members: Member[] = [];
  readonly #relays: PairRelay[] = [];

  async start(members = 3): Promise<void> {
    for (let number = 1; number <= members; number += 1) {
      const [client, peer, relay] = [await freePort(), await freePort(), await freePort()];
      this.#members.push({ name: `m${number}`, data: join(this.#folder, `m${number}`), client, peer, relay });
    }
    const processes = (): number[] => this.#members.flatMap(({ process: one }) => one?.pid ?? []);
    for (const { relay, peer } of this.#members) this.#relays.push(new PairRelay(relay, peer, processes));
    for (const member of this.#members) this.#run(member);
    await this.allAnswer();
  }

  /** What clients of the engine ask. */
  get urls(): string[] {
    return this.#members.map(({ client }) => `http://127.0.0.1:${client}`);
  }

  /** The place of the member that leads. */
  async leader(): Promise<number> {
    for (;;) {
      for (const index of this.#members.keys()) {
        const status = await this.#status(index);
        if (status?.leader !== undefined && status.leader === status.header?.member_id) return index;
      }
      await sleep(50);
    }
  }

  /** Resolves when each of them knows a leader. */
  async allAnswer(): Promise<void> {
    const until = performance.now() + START_MS;
    for (;;) {
      const all = await Promise.all([...this.#members.keys()].map((index) => this.#status(index)));
      if (all.every((status) => (status?.leader ?? '0') !== '0')) return;
      if (performance.now() > until) throw new Error(`the members of etcd do not answer within ${START_MS} ms`);
      await sleep(100);
    }
  }

  async kill(index: number): Promise<void> {
    const { process: one } = this.#member(index);
    one?.kill('SIGKILL');
    if (one && one.exitCode === null && one.signalCode === null) await once(one, 'exit');
  }

  restart(index: number): void {
    this.#run(this.#member(index));
  }

  freeze(index: number): void {
    this.#member(index).process?.kill('SIGSTOP');
  }

  thaw(index: number): void {
    this.#member(index).process?.kill('SIGCONT');
  }

  /** Neither hears of the other: it and all others. Its clients still reach it. */
  cut(index: number, way: CutWay): void {
    const pid = this.#member(index).process?.pid ?? 0;
    for (const [place, relay] of this.#relays.entries()) relay.cut(place === index ? 'all' : pid, way);
  }

  heal(): void {
    for (const relay of this.#relays) relay.heal();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#members.keys()].map((index) => this.kill(index)));
    for (const relay of this.#relays) relay.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #member(index: number): Member {
    const member = this.#members[index];
    if (member === undefined) throw new Error(`there is no member ${index}`);
    return member;
  }

  #run(member: Member): void {
    const at = (port: number): string => `http://127.0.0.1:${port}`;
    const cluster = this.#members.map(({ name, relay }) => `${name}=${at(relay)}`).join(',');
    const words = ['--name', member.name, '--data-dir', member.data, '--log-level', 'error'];
    words.push('--listen-client-urls', at(member.client), '--advertise-client-urls', at(member.client));
    words.push('--listen-peer-urls', at(member.peer), '--initial-advertise-peer-urls', at(member.relay));
    words.push('--initial-cluster', cluster);
    member.process = spawn('etcd', words, { stdio: 'ignore' });
  }

  async #status(index: number): Promise<Status | undefined> {
    try {
      const url = `${this.urls[index]}/v3/maintenance/status`;
      const response = await fetch(url, { method: 'POST', body: '{}', signal: AbortSignal.timeout(ASK_MS) });
      return (await response.json()) as Status;
    } catch {
      return undefined;
    }
  }
}
