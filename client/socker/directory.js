// A directory of game servers, as one page has it: their list, and the way to a connection with each.
//
//   connecting -> connected <-> reconnecting     and from each of them -> closed

import { webSocketAddress } from './address.js';
import { Connection } from './connection.js';
import { deferred } from './deferred.js';
import { DirectoryError } from './directory-error.js';
import {
  DirectoryClosedEvent, DirectoryErrorEvent, DirectoryReconnectingEvent, DirectoryServerEvent,
} from './directory-event.js';
import { decode } from './directory-message.js';
import { readDirectoryOptions } from './directory-options.js';
import { Server } from './server.js';

/** A long list comes in several messages, of which none says that it is the last. In ms. */
const PAUSE = 200;

/** The codes of problems, by their number. @type {Record<number, string>} */
const PROBLEMS = {
  1: 'not-binary', 2: 'malformed-message', 3: 'too-long', 4: 'bad-metadata', 5: 'not-registered', 6: 'too-many-servers',
  7: 'no-offer', 8: 'too-many-candidates', 9: 'too-many-offers', 10: 'message-too-long',
};

export class Directory extends EventTarget {
  #options;
  #connection;
  /** @type {Map<number, Server>} */
  #servers = new Map();
  /** @type {import('../socker.js').DirectoryState} */
  #phase = 'connecting';
  /** Until the first list is there, where somebody waits for it. @type {Deferred<Directory> | null} */
  #opening = null;
  /** Whether the list has begun to come, on this connection. */
  #isTold = false;
  /** The servers of earlier connections that this one has not told of. @type {Set<Server>} */
  #untold = new Set();
  #hasBeenConnected = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {string | URL} url @param {import('../socker.js').DirectoryOptions} [options] @returns {Promise<Directory>} */
  static async open(url, options) {
    return new Directory(url, options).#open();
  }

  /** @param {string | URL} url @param {import('../socker.js').DirectoryOptions} [options] */
  constructor(url, options = {}) {
    super();
    this.#options = readDirectoryOptions(options);
    const listener = {
      opened: () => {},
      received: (/** @type {string | ArrayBuffer} */ data) => typeof data !== 'string' && this.#receive(data),
      ended: (/** @type {import('./connection.js').End} */ end) => this.#lose(end),
    };
    this.#connection = new Connection(webSocketAddress(url), listener, this.#options);
    this.#connection.open();
  }

  /** Those that are there now. */
  get servers() {
    return [...this.#servers.values()];
  }

  get state() {
    return this.#phase;
  }

  /** Ends the connection to the directory; those to servers stay. */
  close() {
    this.#finish('left', 'this page left the directory');
  }

  #open() {
    const { signal } = this.#options;
    const leave = () => this.#finish('left', 'the opening was called off');
    /** @type {Deferred<Directory>} */
    const opening = deferred(signal, leave);
    this.#opening = opening;
    return opening.promise;
  }

  // --- The list ---

  /** @param {ArrayBuffer} data */
  #receive(data) {
    const message = decode(data);
    if (!message) return this.#complain('malformed-message', 'the directory sent what is no message');
    if (message.type === 'unknown') return;
    if (message.type === 'problem') {
      this.#complain(PROBLEMS[message.code] ?? `problem-${message.code}`, message.text);
    } else if (message.type === 'added' || message.type === 'changed') {
      this.#list(message.servers);
    } else if (message.type === 'removed') {
      for (const id of message.ids) this.#remove(this.#servers.get(id));
    } else {
      this.#servers.get(message.id)?.tell(message);
    }
  }

  /** @param {import('./directory-message.js').Listing[]} listings */
  #list(listings) {
    if (!this.#isTold) {
      this.#connection.settle();
      this.#isTold = true;
      this.#untold = new Set(this.#servers.values());
    }
    for (const listing of listings) {
      if (this.#phase === 'closed') return; // by a listener
      const server = this.#servers.get(listing.id);
      if (server) this.#change(server, listing.text);
      else this.#add(listing);
    }
    if (this.#phase === 'connecting' || this.#phase === 'reconnecting') this.#expectMore();
  }

  /** @param {import('./directory-message.js').Listing} listing */
  #add(listing) {
    const { iceServers, connectTimeout } = this.#options;
    const server = new Server(listing, {
      blocked: () => this.#blocked(),
      send: (bytes) => this.#isTold && this.#connection.send(bytes),
      configuration: { iceServers },
      timeout: connectTimeout,
    });
    this.#servers.set(listing.id, server);
    this.dispatchEvent(new DirectoryServerEvent('serveradded', server));
  }

  /** @param {Server} server @param {string} text */
  #change(server, text) {
    this.#untold.delete(server);
    if (server.tell({ type: 'changed', text })) this.dispatchEvent(new DirectoryServerEvent('serverchanged', server));
  }

  /** @param {Server | undefined} server */
  #remove(server) {
    if (!server) return;
    this.#untold.delete(server);
    this.#servers.delete(server.id);
    server.tell({ type: 'removed' });
    this.dispatchEvent(new DirectoryServerEvent('serverremoved', server));
  }

  /** The list may go on, as long as servers are missing that were there. */
  #expectMore() {
    clearTimeout(this.#timer);
    if (this.#untold.size === 0) this.#complete();
    else this.#timer = setTimeout(() => this.#complete(), PAUSE);
  }

  #complete() {
    for (const server of [...this.#untold]) this.#remove(server);
    if (this.#phase === 'closed') return; // by a listener
    this.#phase = 'connected';
    this.dispatchEvent(new Event(this.#hasBeenConnected ? 'reconnected' : 'connected'));
    this.#hasBeenConnected = true;
    this.#opening?.resolve(this);
    this.#opening = null;
  }

  // --- The end ---

  /** Why no server can be asked for a connection. */
  #blocked() {
    if (this.#phase === 'closed') return new DirectoryError('closed', 'the directory is closed');
    if (!this.#isTold) return new DirectoryError('directory-lost', 'there is no connection to the directory');
    return undefined;
  }

  /** @param {import('./connection.js').End} end */
  #lose(end) {
    const words = end.reason || `the connection ended with ${end.code}`;
    if (this.#opening) return this.#finish('connection-failed', words, end.code);
    if (!this.#options.reconnect) return this.#finish('connection-lost', words, end.code);
    this.#forget('directory-lost', 'the connection to the directory broke');
    if (this.#phase === 'reconnecting' || this.#phase === 'closed') return;
    this.#phase = 'reconnecting';
    this.dispatchEvent(new DirectoryReconnectingEvent(end));
  }

  /** Nothing more comes over this connection. @param {string} code @param {string} words */
  #forget(code, words) {
    clearTimeout(this.#timer);
    this.#isTold = false;
    for (const server of this.servers) server.tell({ type: 'lost', code, words });
  }

  /** For good. @param {string} code @param {string} reason @param {number} [closeCode] */
  #finish(code, reason, closeCode) {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#connection.close();
    this.#forget('closed', 'the directory is closed');
    this.#opening?.reject(new DirectoryError(code, reason));
    this.#opening = null;
    this.dispatchEvent(new DirectoryClosedEvent(code, reason, closeCode));
  }

  /** @param {string} code @param {string} message */
  #complain(code, message) {
    this.dispatchEvent(new DirectoryErrorEvent(code, message));
  }
}

/** @template T @typedef {ReturnType<typeof deferred<T>>} Deferred */
