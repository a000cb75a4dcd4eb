// The link where no WebSocket gets through: the same frames by POST, and one POST that waits for the edge's (POLL-1).
// Made to look like a WebSocket to those who use it.

/** `link` gets the events; `url` is the WebSocket's. */
export const poll = (link, url) => {
  const at = new URL(url.replace(/^ws/, "http"));
  const over = new AbortController();
  /** Where the browser keeps no cookie the first answer says whose conversation it is. */
  const headers = () => (window.visitor?.token ? { authorization: "Bearer " + window.visitor.token } : {});
  const tell = (type, rest) => over.signal.aborted || link["on" + type]?.({ type, ...rest });
  const end = (code) => {
    tell("close", { code });
    over.abort();
  };
  const post = async (body) => {
    try {
      const limit = setTimeout(end, 30e3, 1006);
      const response = await fetch(at, { method: "POST", headers: headers(), body, signal: over.signal });
      const { link: number, frames, close } = await response.json();
      clearTimeout(limit);
      if (number) at.searchParams.set("link", number);
      if (frames) tell("message", { data: JSON.stringify(frames) });
      if (close || !response.ok) end(close || 1006);
    } catch {
      end(1006);
    }
  };
  const listen = async () => {
    while (!over.signal.aborted) {
      await post("[]");
      // An empty answer is a sign of life.
      tell("message", { data: "[]" });
    }
  };
  // One after the other, in the order of sending; the first opens the link.
  let sent;
  link.send = (text) => {
    if (sent) return (sent = sent.then(() => over.signal.aborted || post(text)));
    sent = post(text);
    sent.then(listen);
  };
  link.close = () => {
    over.abort();
    if (at.searchParams.has("link")) fetch(at, { method: "DELETE", headers: headers(), keepalive: true }).catch(() => {});
  };
  tell("open");
};
