// The link with which others follow a board, and the button that copies it.

const byId = (id) => document.getElementById(id);
/** How long the button says what it has done. In ms. */
const SAID = 2000;

/** The link of this page, for a room. */
function linkTo(uuid) {
  const link = new URL(location.pathname, location.href);
  link.searchParams.set('uuid', uuid);
  return link.href;
}

export function startInvitation() {
  const [field, button, said] = [byId('board-link'), byId('board-copy'), byId('board-copied')];
  let timer = 0;

  function show(word, words) {
    button.textContent = word;
    button.classList.toggle('done', word === 'Copied');
    said.textContent = words;
  }

  button.addEventListener('click', async () => {
    const isCopied = await copy(field);
    clearTimeout(timer);
    show(isCopied ? 'Copied' : 'Copy', isCopied ? 'Copied.' : 'The browser does not copy: take it from the field.');
    said.classList.toggle('unseen', isCopied); // the button shows it
    if (isCopied) timer = setTimeout(() => show('Copy', ''), SAID);
  });
  field.addEventListener('focus', () => field.select());
}

export function showInvitation(uuid) {
  byId('board-link').value = linkTo(uuid);
  byId('board-open-link').href = linkTo(uuid);
}

/** Returns whether it did. @param {HTMLInputElement} field */
async function copy(field) {
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    // Not over plain HTTP, and not without permission: the old way, which leaves the text selected.
    field.focus();
    field.select();
    return document.execCommand('copy');
  }
}
