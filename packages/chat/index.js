// Puts the chat's script on the page, once, and gives its calls names and types.

const METHODS = "boot shutdown identify update setTheme setLocale setConsent open close toggle show hide prefill send forget off".split(" ");
const SETTINGS = ["site", "theme", "lang", "color", "round", "font", "position", "label", "closeLabel", "consent"];

/** The chat of the page; on a server, where there is none, every call is nothing. */
export const load = ({ edge, nonce, pinned, ...settings }) => {
  const call = (...words) => globalThis.window?.Seawall?.(...words);
  if (typeof document !== "undefined" && !window.Seawall) {
    if (!edge) throw new TypeError('load wants "edge", such as https://chat.example');
    // Half of it would run anything, or nothing.
    if (pinned && !(pinned.script && pinned.integrity)) throw new TypeError('"pinned" wants "script" and "integrity", as /integrity.json has them');
    window.Seawall = Object.assign((...words) => window.Seawall.q.push(words), { q: [] });
    const script = document.createElement("script");
    script.src = new URL(pinned?.script ?? "/seawall.js", edge).href;
    script.async = true;
    for (const name of SETTINGS) if (settings[name] != null) script.dataset[name] = settings[name];
    if (nonce) script.nonce = nonce;
    // Only a file that others may read can be compared.
    if (pinned) Object.assign(script, { integrity: pinned.integrity, crossOrigin: "anonymous" });
    // Without it calls wait for good; a later load() tries again.
    script.onerror = () => {
      script.remove();
      if (window.Seawall?.q) delete window.Seawall;
    };
    document.head.append(script);
  }
  return {
    ...Object.fromEntries(METHODS.map((method) => [method, (...rest) => void call(method, ...rest)])),
    on(event, handler) {
      call("on", event, handler);
      return () => void call("off", event, handler);
    },
    destroy() {
      call("destroy");
      if (typeof document !== "undefined") document.querySelector("script[src$='/seawall.js'], script[src*='/seawall-'][integrity]")?.remove();
    },
  };
};
