// The drawing board: a room, whose owner draws and whose members watch. Data flows one way: pen -> picture
// -> paper, and from pen to room at the owner's; room -> picture -> paper at the others'.

import { showBoard, showTrouble, showUndo } from './board-words.js';
import { showInvitation, startInvitation } from './invitation.js';
import { Paper } from './paper.js';
import { Pen, followHand } from './pen.js';
import { Picture } from './picture.js';
import { Room } from './socker.js';
import { encodeGrowth, encodeStroke, keyOf, readers } from './strokes.js';

const byId = (id) => document.getElementById(id);
const AS_STATE = { state: true };

/** @type {Room | null} */
let room = null;
let picture = new Picture();
/** What a member is told after its connection broke; takes the picture's place once it is whole. @type {Picture | null} */
let next = null;
/** What the button over the paper does. */
let again = own;

const paper = new Paper(byId('board-canvas'), picture, () => {
  byId('board').dataset.strokes = picture.strokes.size;
});

const pen = new Pen({
  grown: (stroke, known) => room.send('draw', encodeGrowth(stroke, known)),
  finished: (stroke) => room.send(keyOf(stroke), encodeStroke(stroke), AS_STATE),
});

const isDrawing = () => Boolean(room?.isOwner) && room.state !== 'closed';

function change() {
  paper.change();
  showUndo(picture.strokes.size > 0);
}

function show(newPicture) {
  picture = newPicture;
  next = null;
  paper.show(picture);
  change();
}

// --- The room ---

/** Enters one, and shows how that went. @param {boolean} isOwner @param {(options: object) => Promise<Room>} enter */
async function open(isOwner, enter) {
  show(new Picture());
  showTrouble('');
  showBoard('opening', { isOwner });
  try {
    const entered = await enter({ on: readers(() => next ?? picture, change) });
    entered.addEventListener('connected', () => begin(entered));
    entered.addEventListener('reconnecting', pause);
    entered.addEventListener('reconnected', resume);
    entered.addEventListener('error', ({ code, message }) => showTrouble(code, message));
    entered.addEventListener('closed', end);
    again = own;
  } catch ({ code, message }) {
    if (code === 'wrong-token') forget();
    again = code === 'connection-failed' ? () => open(isOwner, enter) : own;
    showBoard('none', { isOwner, code, reason: message });
  }
}

/** The room is there, and all that was drawn before. */
function begin(entered) {
  room = entered;
  if (room.isOwner) {
    remember(room);
    showInvitation(room.uuid);
  }
  resume();
}

/** It may not even have been told all that was drawn before. */
function pause({ target: entered }) {
  if (!entered.isOwner) next = new Picture();
  showBoard('away', entered);
}

function resume() {
  if (next) show(next);
  showBoard('here', room);
}

function end({ target: { isOwner }, code, reason }) {
  pen.drop();
  room = null;
  if (isOwner && code !== 'replaced') forget();
  showBoard('none', { isOwner, code, reason });
}

/** A new board, or the one that this tab had. */
function own() {
  const mine = remembered();
  if (followed() && followed() !== mine?.uuid) history.replaceState(null, '', location.pathname);
  open(true, (options) => Room.create('/rooms', { ...options, ...mine }));
}

const follow = (uuid) => open(false, (options) => Room.join('/rooms', uuid, options));
const followed = () => new URLSearchParams(location.search).get('uuid');

// --- What a tab remembers when it is loaded again ---

const remember = ({ uuid, token }) => attempt(() => sessionStorage.setItem('board', JSON.stringify({ uuid, token })));
const remembered = () => attempt(() => JSON.parse(sessionStorage.getItem('board'))) ?? undefined;
const forget = () => attempt(() => sessionStorage.removeItem('board'));

/** Browsers may forbid to store. */
function attempt(storing) {
  try {
    return storing();
  } catch {
    return null;
  }
}

// --- The hand ---

function undo() {
  pen.up();
  for (const stroke of picture.lastTouch) {
    picture.remove(stroke.index);
    room.send(keyOf(stroke), [], AS_STATE);
  }
  change();
}

function clear() {
  pen.up();
  picture.clear();
  room.send('clear', [], AS_STATE);
  showTrouble('');
  change();
}

export function startBoard() {
  followHand(byId('board-canvas'), {
    down(x, y) {
      if (!isDrawing()) return false;
      pen.down(picture, paper.placeAt(x, y));
      change();
      return true;
    },
    move(x, y) {
      pen.move(paper.placeAt(x, y));
      change();
    },
    up() {
      pen.up();
      change();
    },
  });
  byId('board-tools').addEventListener('change', ({ target }) => (pen[target.name] = Number(target.value)));
  byId('board-undo').addEventListener('click', undo);
  byId('board-clear').addEventListener('click', clear);
  byId('board-close').addEventListener('click', () => room?.close());
  byId('board-open').addEventListener('click', () => again());
  byId('board').addEventListener('keydown', (event) => {
    if (event.key !== 'z' || !(event.ctrlKey || event.metaKey) || event.target === byId('board-link')) return;
    event.preventDefault();
    if (isDrawing()) undo();
  });
  startInvitation();

  const uuid = followed();
  if (uuid && uuid !== remembered()?.uuid) {
    byId('board').scrollIntoView();
    follow(uuid);
  } else if (remembered()) own();
  else showBoard('none', {});
}
