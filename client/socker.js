// Socker in a page: rooms, in each of which one owner drives many members.

export { RoomError } from './socker/error.js';
export { RoomClosedEvent, RoomErrorEvent, RoomReconnectingEvent } from './socker/event.js';
export { Room } from './socker/room.js';
