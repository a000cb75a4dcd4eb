// Runs the simulator away from the page, which stays awake meanwhile. A run is ended by ending the worker.
import start, { about, read, replay } from "{{asset:replay/replay.js}}";

const started = start("{{asset:replay/replay_bg.wasm}}");
started.then(
  () => postMessage({ about: JSON.parse(about()) }),
  (error) => postMessage({ broken: String(error) }),
);

onmessage = async ({ data }) => {
  await started;
  try {
    postMessage(
      "read" in data
        ? { read: JSON.parse(read(data.read)) }
        : { told: JSON.parse(replay(data.replay, (share) => postMessage({ share }))) },
    );
  } catch (error) {
    postMessage({ broken: String(error) });
  }
};
