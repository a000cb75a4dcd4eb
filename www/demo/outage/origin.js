// What the page asks of the origin (the fault, whose requests came, the ledger) and of the edge (the mode). None of it is
// ever faulted, and none of it is counted.

// The edge that serves this page does not tell where its origin is. `cargo xtask run` puts it beside the edge's port, or
// prints an address that names it.
const named = new URLSearchParams(location.search).get("origin");
export const port = /^\d{2,5}$/.test(named) ? named : String(Number(location.port || 80) + 1);
export const address = `http://127.0.0.1:${port}`;

// Public on purpose: the demonstration listens on this machine alone.
export const ADMIN = { authorization: "Bearer demo-origin-admin" };

const PATIENCE_MS = 5_000;

const ask = async (path, options = {}) => {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const answer = await fetch(address + path, { cache: "no-store", headers: ADMIN, signal, ...options });
  if (!answer.ok) throw new Error(`The origin answers ${answer.status}.`);
  return answer.json();
};

export const fault = () => ask("/faults");
export const callers = () => ask("/callers");
/** Cost per second that the modelled database bears; null without a limit. */
export const capacity = async () => (await ask(`/load?after_ms=${Number.MAX_SAFE_INTEGER}`)).capacity;

/** `keepalive`: also while the page is being left. */
export const setFault = (fault, keepalive = false) =>
  ask("/faults", { method: "PUT", body: JSON.stringify(fault), keepalive });

/** How often the ledger has each of these ids of the demonstration's site. */
export const inLedger = async (ids) => {
  const times = new Map(ids.map((id) => [id, 0]));
  for (let after = 0, page; page?.length !== 0; after = page.at(-1)?.position) {
    page = await ask(`/ledger/demo/messages?limit=1000&after=${after}`);
    for (const { id } of page) if (times.has(id)) times.set(id, times.get(id) + 1);
  }
  return times;
};

/** The edge's own word on the origin. */
export const mode = async () => {
  const answer = await fetch("/v1/status", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
  return (await answer.json()).mode;
};
