# The same disk, the same names of services as edge/workerd.capnp; see worker.js.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "edge", worker = .edge),
    (name = "objects", disk = (path = "objects", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "edge")],
);

const edge :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "2026-11-01",
  bindings = [
    (name = "CONVERSATION", durableObjectNamespace = "Conversation"),
    (name = "SITE", durableObjectNamespace = "Site"),
    (name = "ORIGIN_GATE", durableObjectNamespace = "OriginGate"),
  ],
  durableObjectNamespaces = [
    (className = "Conversation", uniqueKey = "javascript-conversation", enableSql = true),
    (className = "Site", uniqueKey = "javascript-site", enableSql = true),
    (className = "OriginGate", uniqueKey = "javascript-origin-gate", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "objects"),
);
