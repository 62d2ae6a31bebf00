// The link with which others follow a board.

import { startCopying } from './copying.js';

const byId = (id) => document.getElementById(id);

/** The link of this page, for a room. */
function linkTo(uuid) {
  const link = new URL(location.pathname, location.href);
  link.searchParams.set('uuid', uuid);
  return link.href;
}

export function startInvitation() {
  startCopying(byId('board-link'), byId('board-copy'), byId('board-copied'));
}

export function showInvitation(uuid) {
  byId('board-link').value = linkTo(uuid);
  byId('board-open-link').href = linkTo(uuid);
}
