// Compiled, never run: what must have a type, and what must not pass.
import { load, type Chat, type Events, type Health } from "@seawall/chat";

const chat: Chat = load({ edge: "https://chat.example", site: "demo", theme: "dark", nonce: "n" });
const stop: () => void = chat.on("unread", ({ count }) => count.toFixed());
stop();
chat.on("health", (health: Health) => health.truth === "away");
chat.on("error", ({ code, message }) => `${code}: ${message}`);
chat.off("open");
chat.setTheme("light");
chat.setLocale("pt-BR");
chat.setLocale(null);
chat.update({ theme: "dark", color: "#7a1f5c", round: 4, font: "serif", closeLabel: null, position: "left", label: "Ask us", lang: null });
chat.setConsent(true);
load({ edge: "https://chat.example", consent: "required" });
load({ edge: "https://chat.example", pinned: { script: "/seawall-1a2b3c4d.js", integrity: "sha384-a" } });
chat.boot();
chat.identify({ token: "a.b.c" });
chat.identify(async () => "a.b.c");
chat.boot({ site: "demo", lang: "de" });
chat.shutdown();
load({ edge: "https://chat.example" });
const seq = (detail: Events["sent"]): number => detail.seq;
chat.on("sent", seq);

// @ts-expect-error: there is no such event
chat.on("flown", () => 0);
// @ts-expect-error: a text
chat.send(7);
// @ts-expect-error: a theme
chat.setTheme("pink");
// @ts-expect-error: a script, and what it must be
load({ edge: "https://chat.example", pinned: { script: "/seawall-1a2b3c4d.js" } });
// @ts-expect-error: no edge
load({ site: "demo" });
// @ts-expect-error: a token, not a name
chat.identify({ name: "Vera" });
// @ts-expect-error: a side
chat.update({ position: "top" });
// @ts-expect-error: true or false
chat.setConsent("given");
// @ts-expect-error: one of three words
load({ edge: "https://chat.example", consent: "maybe" });
