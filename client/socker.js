// Socker in a page: rooms, in each of which one owner drives many members; directories, in which
// browsers find game servers; and scripts, which are a server's chain of stages.

export { Directory } from './socker/directory.js';
export { DirectoryError } from './socker/directory-error.js';
export {
  DirectoryClosedEvent, DirectoryErrorEvent, DirectoryReconnectingEvent, DirectoryServerEvent,
} from './socker/directory-event.js';
export { RoomError } from './socker/error.js';
export { RoomClosedEvent, RoomErrorEvent, RoomReconnectingEvent } from './socker/event.js';
export { Room } from './socker/room.js';
export { Script, stage } from './socker/script.js';
export { ScriptError } from './socker/script-error.js';
export { Server } from './socker/server.js';
export { ServerDescriptionEvent } from './socker/server-event.js';
