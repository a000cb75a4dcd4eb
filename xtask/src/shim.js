// What workerd calls, around what wasm-bindgen made of the edge. A panic aborts the one wasm instance that all requests
// and objects of this isolate share; here a fresh one takes its place, and the objects are built again from their storage.
import * as wasm from "./index.js";

const life = wasm.__worker_init_state();
const waiting = new Set();

// The worker crate's panic hook sets `criticalError`; a trap without a panic (out of memory, stack) does not.
const note = (error) => {
  if (!(error instanceof WebAssembly.RuntimeError)) return;
  life.criticalError = true;
  // A trap in a future reaches no caller: without this, those who wait for that instance would wait for ever.
  for (const refuse of waiting) refuse(new Error("the edge has started over"));
  waiting.clear();
};
addEventListener("error", (event) => note(event.error));

const revive = () => {
  if (!life.criticalError) return;
  console.error("Starting over with a fresh wasm instance");
  wasm.__wbg_reset_state();
  life.criticalError = false;
};

const guarded = (call) =>
  new Promise((resolve, refuse) => {
    waiting.add(refuse);
    const settle = (then) => (value) => {
      waiting.delete(refuse);
      then(value);
    };
    const failed = settle((error) => {
      note(error);
      refuse(error);
    });
    try {
      Promise.resolve(call()).then(settle(resolve), failed);
    } catch (error) {
      failed(error);
    }
  });

const durable = (name) => {
  const Durable = class {
    constructor(state, env) {
      this.inner = () => {
        revive();
        if (this.life !== life.instanceId) {
          this.object = new wasm[name](state, env);
          this.life = life.instanceId;
        }
        return this.object;
      };
      try {
        this.inner();
      } catch (error) {
        note(error);
        throw error;
      }
    }
  };
  for (const method of Object.getOwnPropertyNames(wasm[name].prototype)) {
    if (["constructor", "free", "__destroy_into_raw"].includes(method)) continue;
    Durable.prototype[method] = function (...given) {
      return guarded(() => this.inner()[method](...given));
    };
  }
  return Durable;
};

export default {
  fetch: (request, env, context) =>
    guarded(() => {
      revive();
      return wasm.fetch(request, env, context);
    }).catch((error) => {
      console.error(error);
      return new Response(null, { status: 503, headers: { "Retry-After": "1" } });
    }),
};
