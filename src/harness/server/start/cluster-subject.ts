import type { Resource } from '../../../../schemas/index.js';
import type { Links } from '../../../links.js';
import type { Subject, SubjectControl, SubjectExit } from '../../subject.js';
import { allOf } from './all-of.js';
import type { CommandSubject } from './command-subject.js';
import type { LinkSet } from './links.js';
import type { Service } from './service.js';

/** A server of several nodes that the kit started: what is done to it is done to all of them, and never to its services. */
export class ClusterSubject implements Subject, SubjectControl {
  readonly url: string;
  readonly nodeUrls: readonly string[];
  readonly control: SubjectControl = this;
  readonly nodes: readonly CommandSubject[];
  readonly links: readonly (Links | undefined)[];
  readonly services: readonly Service[];
  readonly #linkSet: LinkSet;
  readonly #released: () => void;

  constructor(nodes: readonly CommandSubject[], services: readonly Service[], links: LinkSet, released: () => void) {
    this.nodes = nodes;
    this.nodeUrls = nodes.map(({ url }) => url);
    this.url = this.nodeUrls[0] ?? '';
    this.services = services;
    this.#linkSet = links;
    this.links = nodes.map((_, index) => links.of(String(index + 1)));
    this.#released = released;
  }

  /** Those that run already go on. */
  async start(environment?: Record<string, string>): Promise<void> {
    await allOf(this.services.filter((service) => !service.isAlive).map((service) => service.start()));
    await allOf(this.#only(false).map((node) => node.start(environment)));
  }

  async kill(): Promise<void> {
    await allOf(this.nodes.map((node) => node.kill()));
  }

  async stop(): Promise<void> {
    await allOf(this.#only(true).map((node) => node.stop()));
  }

  beginStop(): void {
    for (const node of this.#only(true)) node.beginStop();
  }

  async forget(): Promise<void> {
    await allOf(this.nodes.map((node) => node.forget()));
    await allOf(this.services.map((service) => service.renew()));
  }

  take(resource: Resource): () => void {
    const given = this.#only(true).map((node) => node.take(resource));
    return () => {
      for (const giveBack of given) giveBack();
    };
  }

  memory(): number | undefined {
    const sizes = this.#only(true).map((node) => node.memory());
    return sizes.some((size) => size === undefined)
      ? undefined
      : sizes.reduce<number>((sum, size = 0) => sum + size, 0);
  }

  async freeze(): Promise<void> {
    await allOf(this.#only(true).map((node) => node.freeze()));
  }

  /** Whatever was held goes on: frozen nodes and services, and links that are not whole. */
  async unfreeze(): Promise<void> {
    await allOf([...this.services, ...this.nodes].map((one) => one.unfreeze()));
    this.#linkSet.healAll();
  }

  isFrozen(): boolean | undefined {
    const all = this.#only(true).map((node) => node.isFrozen());
    return all.includes(false) ? false : all.includes(undefined) ? undefined : all.length > 0;
  }

  /** Also where a service ends by itself: what the nodes then do is no fault of theirs. */
  onExit(listener: (exit: SubjectExit) => void): () => void {
    const offs = [
      ...this.nodes.map((node, index) => node.onExit((exit) => listener({ ...exit, who: `node ${index + 1}` }))),
      ...this.services.map((one, index) =>
        one.onExit((exit) => listener({ ...exit, who: `the service "${one.name}"`, service: index + 1 })),
      ),
    ];
    return () => {
      for (const off of offs) off();
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.close()));
    await Promise.all(this.services.map((service) => service.close().catch(() => undefined)));
    this.#linkSet.close();
    this.#released();
  }

  #only(alive: boolean): CommandSubject[] {
    return this.nodes.filter((node) => node.isAlive === alive);
  }
}
