// A game server that a directory lists, and this page's connection to it.
//
//   disconnected -> connecting -> connected     and from each of them -> disconnected
//
// The directory relays no more than the way there; what is connected stays so without it.

import { deferred } from './deferred.js';
import { DirectoryError } from './directory-error.js';
import { encodeCandidate, encodeOffer } from './directory-message.js';
import { Peer } from './peer.js';
import { ServerDescriptionEvent } from './server-event.js';

/**
 * What a server needs of its directory.
 * @typedef {object} Way
 * @property {() => DirectoryError | undefined} blocked  why nothing can be sent
 * @property {(bytes: Uint8Array<ArrayBuffer>) => void} send  does nothing where nothing can be sent
 * @property {RTCConfiguration} configuration
 * @property {number} timeout  for a connection, in ms
 */

/**
 * What a directory tells about one server. `lost`: it will not hear of the answer to an offer any more.
 * @typedef {{type: 'changed', text: string}
 *   | {type: 'answer', sdp: string}
 *   | {type: 'candidate', candidate: RTCIceCandidateInit | null}
 *   | {type: 'rejected' | 'removed'}
 *   | {type: 'lost', code: string, words: string}} News
 */

export class Server extends EventTarget {
  #id;
  #text = '';
  /** @type {unknown} */
  #metadata;
  #way;
  #isListed = true;
  /** @type {import('../socker.js').ServerState} */
  #state = 'disconnected';
  /** @type {Peer | null} */
  #peer = null;
  /** The offer that waits for its answer. @type {{peer: Peer, settled: Deferred<void>} | null} */
  #offer = null;

  /** @param {import('./directory-message.js').Listing} listing @param {Way} way */
  constructor({ id, text }, way) {
    super();
    this.#id = id;
    this.#way = way;
    this.#describe(text);
  }

  get id() {
    return this.#id;
  }

  /** What the server says of itself; undefined if it is no JSON. */
  get metadata() {
    return this.#metadata;
  }

  get isListed() {
    return this.#isListed;
  }

  get state() {
    return this.#state;
  }

  /** Resolves when there is a connection. */
  async connect() {
    await (this.#peer ?? this.#begin()).connected;
  }

  /**
   * Resolves when it is open; connects, if need be.
   * @param {string} label @param {RTCDataChannelInit} [options]
   */
  async createDataChannel(label, options) {
    return (this.#peer ?? this.#begin()).createDataChannel(label, options);
  }

  /** Ends the connection with all its data channels. There may be another. */
  close() {
    this.#peer?.end('closed', 'this page closed the connection');
  }

  /**
   * For the directory. Returns whether it was news.
   * @param {News} news
   */
  tell(news) {
    if (news.type === 'changed') return this.#describe(news.text);
    if (news.type === 'answer') this.#answer(news.sdp);
    else if (news.type === 'candidate') this.#peer?.add(news.candidate);
    else if (news.type === 'rejected') this.#reject();
    else if (news.type === 'lost') this.#abandon(news.code, news.words);
    else {
      this.#isListed = false;
      this.#abandon('server-removed', 'the server is gone');
    }
    return true;
  }

  /** @param {string} text */
  #describe(text) {
    if (text === this.#text) return false;
    this.#text = text;
    try {
      this.#metadata = JSON.parse(text);
    } catch {
      this.#metadata = undefined;
    }
    return true;
  }

  #begin() {
    const blocked = this.#isListed ? this.#way.blocked() : new DirectoryError('server-removed', 'the server is gone');
    if (blocked) throw blocked;
    const peer = new Peer(this.#way.configuration, this.#way.timeout, {
      candidate: (candidate) => this.#way.send(encodeCandidate(this.#id, candidate)),
      connected: () => this.#enter('connected'),
      ended: () => {
        this.#peer = null;
        this.#enter('disconnected');
      },
    });
    this.#peer = peer;
    this.#enter('connecting');
    this.#propose(peer);
    return peer;
  }

  /** An answer does not tell to which offer: one that was given up has to be answered first. @param {Peer} peer */
  async #propose(peer) {
    await this.#offer?.settled.promise;
    if (peer !== this.#peer) return;
    const sdp = await peer.offer();
    if (sdp === undefined) return;
    this.#offer = { peer, settled: deferred() };
    this.#way.send(encodeOffer(this.#id, sdp));
    peer.offered();
    this.dispatchEvent(new ServerDescriptionEvent('offer', sdp));
  }

  /** @param {string} sdp */
  #answer(sdp) {
    const peer = this.#settle();
    peer?.answer(sdp);
    if (peer && peer === this.#peer) this.dispatchEvent(new ServerDescriptionEvent('answer', sdp));
  }

  /** Nothing more will be said to the offer; whose it was. */
  #settle() {
    const offer = this.#offer;
    this.#offer = null;
    offer?.settled.resolve();
    return offer?.peer;
  }

  #reject() {
    const peer = this.#settle() ?? this.#peer;
    if (!peer || peer !== this.#peer || peer.isConnected) return;
    peer.end('rejected', 'the server rejected the connection');
    this.dispatchEvent(new Event('rejected'));
  }

  /** What is answered may still come to be. @param {string} code @param {string} words */
  #abandon(code, words) {
    this.#settle();
    if (!this.#peer?.isAnswered) this.#peer?.end(code, words);
  }

  /** @param {import('../socker.js').ServerState} state */
  #enter(state) {
    this.#state = state;
    this.dispatchEvent(new Event('statechange'));
  }
}

/** @template T @typedef {ReturnType<typeof deferred<T>>} Deferred */
