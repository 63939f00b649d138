import type { Endpoint } from "../discovery/find-endpoints.js";
import { outlineOf } from "./path-outline.js";
import { PathTrie } from "./path-trie.js";

/** Finds the endpoints that a request may come to, without trying all of them. */
export class EndpointIndex {
  readonly #endpoints: readonly Endpoint[];
  readonly #trie = new PathTrie();

  constructor(endpoints: readonly Endpoint[]) {
    this.#endpoints = endpoints;
    for (const [position, { kind, steps }] of endpoints.entries()) {
      const outline = outlineOf(
        steps.map(({ path, layer }) => ({ path, isExpress4: layer.regexp !== undefined })),
      );
      // What is no route answers below its path as well.
      this.#trie.add(kind === "route" ? outline : { ...outline, isOpen: true }, position);
    }
  }

  /** Those that the path may lead to, in their order, and some that it does not. */
  find(path: string): readonly Endpoint[] {
    return this.#trie.find(path).map((position) => this.#endpoints[position] as Endpoint);
  }
}
