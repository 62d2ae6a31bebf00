// What the board's panel says, and which of its parts are there.

const byId = (id) => document.getElementById(id);

/** @typedef {'none' | 'opening' | 'here' | 'away'} Status  where this tab is, seen from the board */

const STATUS_WORDS = {
  none: () => 'not open',
  opening: () => 'opening…',
  here: (isOwner) => (isOwner ? 'open: you draw here' : 'following: the owner draws here'),
  away: (isOwner) => (isOwner ? 'reconnecting… what you draw is kept' : 'reconnecting…'),
};

/** Over the paper: title and text. The server's own words are the reason. */
const NOTICES = {
  empty: () => ['An empty board', 'Open it, and whoever has its link sees what you draw, as you draw it.'],
  opening: () => ['Opening the board…', ''],
  'room-closed': (reason) => ['The board is closed', `${sentence(reason)}`],
  'unknown-room': () => ['This board is gone', 'Its owner has closed it, or did not come back.'],
  left: () => ['You have left the board', 'It goes on without this tab.'],
  replaced: () => ['You draw in another tab', 'The board was opened there, and so it was taken from here.'],
  'connection-failed': () => ['The server cannot be reached', 'There may be no network, or the server is being restarted.'],
};

const TROUBLES = {
  'state-full': 'The board is full: who comes later misses the last strokes. Clear it to go on.',
  'outbox-full': 'The connection was away for long: a part of your moves was dropped. The strokes are kept.',
};

const sentence = (words) => `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;

/** @param {Status} status @param {{isOwner?: boolean, code?: string, reason?: string}} how  code and reason of its end */
export function showBoard(status, { isOwner = false, code = 'empty', reason = '' }) {
  const [isThere, hadFocus] = [status === 'here' || status === 'away', document.activeElement];
  Object.assign(byId('board').dataset, { status, role: isOwner ? 'owner' : 'follower' });
  byId('board-status').textContent = STATUS_WORDS[status](isOwner);
  for (const id of ['board-tools', 'board-invitation']) byId(id).hidden = !(isThere && isOwner);
  byId('board-close').hidden = !isThere;
  byId('board-close').textContent = isOwner ? 'Close the board' : 'Stop following';
  byId('board-notice').hidden = isThere;
  if (!isThere) showNotice(status === 'opening' ? 'opening' : code, isOwner, reason);
  // A button that goes leaves the focus to what comes in its place.
  if (hadFocus?.closest('#board') && hadFocus.closest('[hidden]')) byId(isThere ? 'board-copy' : 'board-open').focus();
}

function showNotice(code, isOwner, reason) {
  const [title, text] = NOTICES[code]?.(reason) ?? ['There is no board', sentence(reason)];
  const button = byId('board-open');
  byId('board-notice-title').textContent = title;
  byId('board-notice-text').textContent = text;
  button.hidden = code === 'opening';
  button.textContent = buttonFor(code, isOwner);
}

function buttonFor(code, isOwner) {
  if (code === 'empty') return 'Open a board';
  if (code === 'connection-failed') return 'Try again';
  if (code === 'replaced') return 'Draw here again';
  return isOwner ? 'Open a new board' : 'Open a board of your own';
}

/** What did not work, while the board goes on; nothing, if that is over. */
export function showTrouble(code, message = '') {
  byId('board-trouble').textContent = TROUBLES[code] ?? (message && sentence(message));
}

/** Whether there is anything to take back. */
export function showUndo(isThere) {
  byId('board-undo').disabled = byId('board-clear').disabled = !isThere;
}
