// How far away the listed game servers are: a connection to each, a few pings, and it is closed again.

import { HAS_WEBRTC, reasonOf } from './reasons.js';
import { quantile } from './pings.js';

/** @typedef {import('./socker/server.js').Server} Server */

/** Between two probes of a server, in ms. */
const EVERY = 15_000;
/** At the same time. */
const AT_ONCE = 2;
/** The first so many of the list. */
const SERVERS = 12;
/** Of one probe; the median counts. */
const PINGS = 5;
/** For all of them, in ms. */
const PATIENCE = 2000;

/**
 * @typedef {object} Listener
 * @property {(server: Server, ms: number) => void} measured
 * @property {(server: Server, why: string) => void} failed
 */

export class Probes {
  #directory;
  #isTaken;
  #listener;
  /** Those that run. @type {Set<Server>} */
  #running = new Set();
  /** When each was probed last. @type {WeakMap<Server, number>} */
  #probed = new WeakMap();

  /**
   * @param {import('./socker/directory.js').Directory} directory
   * @param {(server: Server) => boolean} isTaken  its connection is somebody else's
   * @param {Listener} listener
   */
  constructor(directory, isTaken, listener) {
    this.#directory = directory;
    this.#isTaken = isTaken;
    this.#listener = listener;
    if (HAS_WEBRTC) setInterval(() => this.#look(), 500);
  }

  /** Somebody else is about to use its connection. @param {Server} server */
  giveWay(server) {
    if (this.#running.delete(server)) server.close();
  }

  #look() {
    if (document.hidden || this.#directory.state !== 'connected') return;
    const now = performance.now();
    const due = (server) => now - (this.#probed.get(server) ?? -Infinity) > EVERY;
    for (const server of this.#directory.servers.slice(0, SERVERS)) {
      if (this.#running.size >= AT_ONCE) return;
      if (due(server) && !this.#running.has(server) && !this.#isTaken(server)) this.#probe(server);
    }
  }

  /** @param {Server} server */
  async #probe(server) {
    this.#running.add(server);
    this.#probed.set(server, performance.now());
    const told = await measure(server).then(
      (ms) => () => (ms === null ? this.#listener.failed(server, 'sends no pings back') : this.#listener.measured(server, ms)),
      (error) => () => this.#listener.failed(server, reasonOf(error)),
    );
    if (!this.#running.delete(server)) return; // it gave way
    server.close();
    this.#probed.set(server, performance.now());
    told();
  }
}

/** There and back, in ms; null if nothing comes back. @param {Server} server */
async function measure(server) {
  const channel = await server.createDataChannel('ping', { ordered: false, maxRetransmits: 0 });
  const deadline = performance.now() + PATIENCE;
  const trips = [];
  for (let number = 0; number < PINGS; number++) {
    const ms = await ping(channel, number, deadline);
    if (ms !== null) trips.push(ms);
  }
  return quantile(trips, 0.5);
}

/** There and back, in ms; null if that takes too long. @param {RTCDataChannel} channel */
function ping(channel, number, deadline) {
  return new Promise((resolve) => {
    if (channel.readyState !== 'open') return resolve(null);
    const sentAt = performance.now();
    const timer = setTimeout(resolve, Math.max(0, Math.min(deadline - sentAt, PATIENCE / 2)), null);
    channel.onclose = () => resolve(null);
    channel.onmessage = ({ data }) => {
      if (!(data instanceof ArrayBuffer) || new Uint8Array(data)[0] !== number) return;
      clearTimeout(timer);
      resolve(performance.now() - sentAt);
    };
    channel.send(Uint8Array.of(number));
  });
}
