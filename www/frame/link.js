// The link to the edge, opened before the app is there: its two round trips pass while the app is on its way.

// What a session says first on a fresh page (HELLO-1). It is said here, and the welcome waits for the app.
const HELLO = '{"type":"hello","protocol":1}';
const EVENTS = ["open", "message", "close"];

/** Opens a link; what comes back gives it away once, with all that has come by then. */
export const openAhead = (url, protocol) => {
  const socket = new WebSocket(url, protocol);
  const heard = [];
  const hear = (event) => {
    heard.push(event);
    if (event.type === "open") socket.send(HELLO);
  };
  for (const type of EVENTS) socket.addEventListener(type, hear);
  let given = false;
  return () => {
    if (given) return;
    given = true;
    for (const type of EVENTS) socket.removeEventListener(type, hear);
    if (!heard.length) return socket;
    socket.send = (text) => {
      delete socket.send;
      if (text !== HELLO) socket.send(text);
    };
    // As soon as whoever takes it listens.
    queueMicrotask(() => heard.forEach((event) => socket["on" + event.type]?.(event)));
    return socket;
  };
};
