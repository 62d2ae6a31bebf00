// The browser's half of the demo. Data flows one way: link or arena -> world -> scene for what the
// server says, steer -> world -> arena or link for what the hand does. This is where they meet.

import { startBoard } from './board.js';
import { hideClosed, showClosed, showNext } from './closed.js';
import { startEcho } from './echo.js';
import { Link } from './link.js';
import { Lobby } from './lobby.js';
import { Probes } from './probe.js';
import { RoundTrips } from './round-trips.js';
import { Scene } from './scene.js';
import { ServerList } from './servers.js';
import { Directory } from './socker/directory.js';
import { clearStages, passStages, showStage } from './stages.js';
import { countTick, showStatus } from './status.js';
import { steer } from './steer.js';
import { address } from './wire.js';
import { World, clamp } from './world.js';

const byId = (id) => document.getElementById(id);
const root = document.documentElement;
const canvas = byId('scene');
const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');
/** An arena's limit, in units of the scene a second. */
const ARENA_SPEED = 2400;

const world = new World();
const scene = new Scene(canvas, world);
const trips = new RoundTrips();

// --- Who speaks: /play, or an arena ---

/** Whose snapshots are shown. @type {'socket' | 'arena' | null} */
let source = null;
/** Why it is not an arena. */
let why = '';
/** As /play has it. @type {import('./wire.js').Scene | null} */
let scenery = null;
/** As /play knows us. @type {import('./wire.js').Play | null} */
let self = null;
/** Of /play, while this page is in its scene. @type {{message: import('./wire.js').Snapshot, size: number} | null} */
let newest = null;
/** When the stage `ready` was reached, in ms since the attempt began. */
let readyAfter = 0;
/** When the page last began to look for who speaks; from then on the stages after `ready` count. */
let lookedSince = 0;
/** The fallback is shown with the first snapshot. */
let isFallingBack = false;

const link = new Link(address('/play'), {
  connecting() {
    fallSilent(); // the attempt before may have been ready
    clearStages();
    showNext('Connecting…');
  },
  message(message, size) {
    if (message.type === 'scene') enterScene((scenery = message));
    if (message.type === 'play') self = message;
    if (message.type === 'snapshot' && source !== 'arena') hear(message, size);
  },
  stage: ({ name, at, size }) => showStage(name, at - link.began, size),
  ready() {
    readyAfter = performance.now() - link.began;
    lookedSince = performance.now();
    trips.connect(true);
    lobby.open();
  },
  closed(end) {
    fallSilent();
    showClosed(end);
  },
  waiting: (seconds) => showNext(`Next try in ${seconds.toFixed(1)} s`),
});

const directory = new Directory('/directory/clients', { connectTimeout: 5000, backoff: { most: 2000 } });
const lobby = new Lobby(directory, {
  stage: (_, stage) => source === null && showArenaStage(stage),
  joining: (server) => probes.giveWay(server),
  playing(arena) {
    link.away();
    newest = null;
    if (source !== null) {
      // What led here went on beside the game, and is shown now.
      lookedSince = arena.began;
      clearStages('offer');
      for (const stage of arena.stages) showArenaStage(stage);
    }
    enterScene(arena.scene);
    world.join(arena.self, ARENA_SPEED);
    become('arena');
    trips.use(arena.ping);
  },
  snapshot: (arena, message) => arena === lobby.arena && apply(message),
  pinging: (arena) => arena === lobby.arena && trips.use(arena.ping),
  fallback,
  failed: (server, reason) => list.showTrouble(server, reason, 'join'),
  changed() {
    list.mark(lobby.arena?.server ?? null, lobby.joining);
    show();
  },
});
const probes = new Probes(directory, (server) => server === lobby.arena?.server || server === lobby.joining, {
  measured: (server, ms) => list.showTrip(server, ms),
  failed: (server, reason) => list.showTrouble(server, reason, 'probe'),
});
const list = new ServerList(directory, { join: (server) => lobby.join(server), leave: () => lobby.leave() });

/** Neither speaks: there is no connection to /play that is ready. */
function fallSilent() {
  lobby.close();
  trips.connect(false);
  trips.use(null, 'It waits for the server.');
  world.leave();
  newest = self = null;
  become(null);
}

/** Plays over the WebSocket: at once, if it has told where all are. */
function fallback(reason) {
  why = reason;
  trips.use(null, `Not in an arena: ${reason}.`);
  passStages(why);
  if (source === 'socket') return show();
  if (source === 'arena') {
    lookedSince = performance.now();
    clearStages('play');
    const { x, y } = world.markers.get(world.self);
    enterScene(scenery); // an arena may have another
    link.move(Math.round(x), Math.round(y)); // this page is in that scene again
  }
  world.join(self);
  become('socket');
  isFallingBack = true;
  if (newest) hear(newest.message, newest.size);
}

/** A snapshot of /play. */
function hear(message, size) {
  newest = { message, size };
  if (source !== 'socket') return;
  apply(message);
  if (!isFallingBack) return;
  isFallingBack = false;
  showStage('snapshot', readyAfter + performance.now() - lookedSince, size);
}

function apply(message) {
  world.update(message);
  countTick(message.tick);
}

/** @param {typeof source} next */
function become(next) {
  source = next;
  countTick(null);
  isFallingBack = false;
  if (next) hideClosed(canvas);
  show();
}

function enterScene(message) {
  world.furnish(message);
  scene.layOut();
}

const showArenaStage = ({ name, at, size }) => showStage(name, readyAfter + at - lookedSince, size);

function show() {
  const state = link.state === 'ready' ? (source ? 'playing' : 'connecting') : link.state;
  showStatus(world, { state, source, why, arena: lobby.arena?.name, isSeeking: lobby.isSeeking });
}

// --- Frames ---

const followKeys = steer(
  canvas,
  (clientX, clientY) => world.moveOwn(...scene.placeAt(clientX, clientY)),
  (dx, dy) => world.moveOwnBy(dx, dy),
);

let lastFrame = 0;

function frame(now) {
  const elapsed = clamp(now - lastFrame, 0, 100); // after a while in a hidden tab: no leap
  lastFrame = now;
  followKeys(elapsed);
  const move = (source === 'arena' || link.takesMoves) && world.takeMove();
  if (move && source === 'arena') lobby.arena.steer(...move);
  if (move && source === 'socket') link.move(...move);
  if (world.advance(elapsed, now, !reducedMotion.matches)) scene.draw();
  requestAnimationFrame(frame);
}

// --- Start ---

// For debugging and browser tests, as are the root's data attributes: no script of ours reads them back.
window.socker = {
  get peers() {
    return world.peers;
  },
  get self() {
    return world.self;
  },
};
byId('reconnect').addEventListener('click', () => link.connect());
byId('second-tab').href = location.href;
startBoard();
startEcho();
setInterval(() => {
  show();
  if (lobby.arena) list.showTrip(lobby.arena.server, trips.now);
}, 500);
requestAnimationFrame(frame);
link.connect();
