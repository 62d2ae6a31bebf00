// Which arena is played in, and when there is none: the page then plays over the WebSocket.
//
// An arena that is joined takes the place of another only once it is there, so that nobody waits.

import { Arena, isArena, nameOf } from './arena.js';
import { HAS_WEBRTC } from './reasons.js';
import { Backoff } from './socker/backoff.js';

/** @typedef {import('./socker/server.js').Server} Server */

/** How long an arena may take to be listed, until the page plays without. In ms. */
const PATIENCE = 2000;
/** An arena that ends sooner is not one to hurry back to. In ms. */
const LASTING = 5000;

/**
 * Told what happens, beside what an arena tells of itself.
 * @typedef {object} Listener
 * @property {(arena: Arena) => void} playing  in this one from now on
 * @property {(why: string) => void} fallback  in none
 * @property {(server: Server, why: string) => void} failed  what it did
 * @property {() => void} changed  what `arena` and `joining` say
 * @property {(server: Server) => void} joining  is about to
 * @property {import('./arena.js').Listener['stage']} stage
 * @property {import('./arena.js').Listener['snapshot']} snapshot
 * @property {import('./arena.js').Listener['pinging']} pinging
 */

export class Lobby {
  #directory;
  #listener;
  /** Whether there is somebody who plays. */
  #isOpen = false;
  /** Whether the page joins by itself: not after its user has left. */
  #isWilling = true;
  /** The user's choice. @type {Server | null} */
  #chosen = null;
  /** In which is played. @type {Arena | null} */
  #current = null;
  /** Which is on its way. @type {Arena | null} */
  #attempt = null;
  /**
   * How often a server was of no use. It is forgotten for the user's choice alone: one that lets in and then fails
   * would be the first again and again. @type {WeakMap<Server, number>}
   */
  #failures = new WeakMap();
  #backoff = new Backoff();
  /** The one thing that is waited for: a list, or the next try. */
  #timer = 0;
  /** Whether a list was waited for in vain. */
  #hasGivenUp = false;

  /** @param {import('./socker/directory.js').Directory} directory @param {Listener} listener */
  constructor(directory, listener) {
    this.#directory = directory;
    this.#listener = listener;
    directory.addEventListener('serveradded', ({ server }) => isArena(server) && this.#seek());
    for (const type of ['connected', 'reconnected']) {
      directory.addEventListener(type, () => {
        this.#seek();
        if (this.#hasGivenUp) this.#give(); // for another reason now
      });
    }
  }

  /** In which is played. */
  get arena() {
    return this.#current;
  }

  /** The server of the arena that is on its way. */
  get joining() {
    return this.#attempt?.server ?? null;
  }

  /** Whether one is looked for. */
  get isSeeking() {
    return this.#isOpen && this.#isWilling && HAS_WEBRTC && !this.#current;
  }

  /** Somebody is there who wants to play. */
  open() {
    this.#isOpen = true;
    this.#hasGivenUp = false;
    if (!HAS_WEBRTC) return this.#fallBack('this browser has no WebRTC');
    if (!this.#isWilling) return this.#fallBack('you have left the arena');
    this.#seek();
    if (!this.#attempt && !this.#current) this.#wait(PATIENCE, () => this.#give());
  }

  /** Nobody is there any more. */
  close() {
    this.#isOpen = false;
    this.#drop();
    this.#backoff.reset();
    this.#listener.changed();
  }

  /** The user wants to play there. @param {Server} server */
  join(server) {
    this.#isWilling = true;
    this.#chosen = server;
    this.#failures.delete(server);
    if (this.#isOpen && this.#current?.server !== server && this.#attempt?.server !== server) this.#try(server);
  }

  /** The user wants to play in none. */
  leave() {
    this.#isWilling = false;
    this.#chosen = null;
    this.#drop();
    this.#listener.changed();
    this.#fallBack('you have left the arena');
  }

  /** Ends all that runs. */
  #drop() {
    clearTimeout(this.#timer);
    for (const arena of [this.#attempt, this.#current]) arena?.leave();
    this.#attempt = this.#current = null;
  }

  /** @param {number} ms @param {() => void} act */
  #wait(ms, act) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, ms);
  }

  /** Where somebody plays, but in no arena. @param {string} why */
  #fallBack(why) {
    if (this.#isOpen && !this.#current) this.#listener.fallback(why);
  }

  /** Tries the first that is to be had, if that is wanted. */
  #seek() {
    if (!this.isSeeking || this.#attempt) return;
    const server = this.#directory.state === 'connected' && this.#choose();
    if (server) this.#try(server);
  }

  /** The user's; or else the first in the list of those that failed least, which mostly is so for all pages. */
  #choose() {
    const arenas = this.#directory.servers.filter(isArena);
    const failures = (server) => this.#failures.get(server) ?? 0;
    const [best] = arenas.sort((one, other) => failures(one) - failures(other));
    return arenas.includes(this.#chosen) && failures(this.#chosen) === 0 ? this.#chosen : best;
  }

  /** @param {Server} server */
  #try(server) {
    clearTimeout(this.#timer);
    this.#attempt?.leave();
    this.#attempt = null;
    this.#listener.joining(server);
    const { stage, snapshot, pinging } = this.#listener;
    const playing = (arena) => this.#enter(arena);
    const over = (arena, why) => this.#lose(arena, why);
    this.#attempt = new Arena(server, { stage, snapshot, pinging, playing, over });
    this.#listener.changed();
  }

  /** None is listed in time. */
  #give() {
    this.#hasGivenUp = true;
    if (!this.isSeeking || this.#attempt) return;
    const isThere = this.#directory.state === 'connected';
    this.#fallBack(isThere ? 'no arena is listed' : 'the directory does not answer');
  }

  /** @param {Arena} arena */
  #enter(arena) {
    const before = this.#current;
    this.#current = arena;
    this.#attempt = null;
    this.#hasGivenUp = false;
    this.#listener.playing(arena);
    before?.leave();
    this.#listener.changed();
  }

  /** @param {Arena} arena @param {string} why */
  #lose(arena, why) {
    const { server } = arena;
    if (arena === this.#attempt) this.#attempt = null;
    else if (performance.now() - arena.began > LASTING) this.#backoff.reset();
    if (arena === this.#current) this.#current = null;
    this.#failures.set(server, (this.#failures.get(server) ?? 0) + 1);
    this.#listener.failed(server, why);
    if (this.#current) this.#chosen = this.#current.server;
    else this.#fallBack(`the arena ${nameOf(server)} ${why}`);
    if (!this.#current && !this.#attempt) this.#wait(this.#backoff.next(), () => this.#seek());
    this.#listener.changed();
  }
}
