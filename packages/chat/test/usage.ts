// Compiled, never run: what must have a type, and what must not pass.
import { load, type Chat, type Events, type Health } from "@seawall/chat";

const chat: Chat = load({ edge: "https://chat.example", site: "demo", theme: "dark", nonce: "n" });
const stop: () => void = chat.on("unread", ({ count }) => count.toFixed());
stop();
chat.on("health", (health: Health) => health.truth === "away");
chat.on("error", ({ code, message }) => `${code}: ${message}`);
chat.off("open");
chat.setTheme("light");
const seq = (detail: Events["sent"]): number => detail.seq;
chat.on("sent", seq);

// @ts-expect-error: there is no such event
chat.on("flown", () => 0);
// @ts-expect-error: a text
chat.send(7);
// @ts-expect-error: a theme
chat.setTheme("pink");
// @ts-expect-error: no site
load({ edge: "https://chat.example" });
