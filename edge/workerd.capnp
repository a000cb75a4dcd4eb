# The edge on a machine of one's own. workerd is told the rest when it starts:
#   workerd serve workerd.capnp --experimental --directory-path=assets=… --directory-path=objects=… \
#     --socket-addr=http=127.0.0.1:8787 [--socket-addr=http6=[::1]:8787]
# Secrets come from the environment alone.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "edge", worker = .edge),
    (name = "assets", disk = (path = "assets")),
    (name = "objects", disk = (path = "objects", writable = true)),
    # The origin may be on this machine or in a private network.
    (name = "internet", network = (
      allow = ["public", "private", "local"],
      tlsOptions = (trustBrowserCas = true),
    )),
  ],
  # A proxy in front that ends TLS says so in X-Forwarded-Proto.
  sockets = [
    (name = "http", address = "127.0.0.1:8787", http = (forwardedProtoHeader = "X-Forwarded-Proto"), service = "edge"),
    # `localhost` may mean ::1. Any free port of IPv4 until an address is given: IPv6 may be missing.
    (name = "http6", address = "127.0.0.1:0", http = (forwardedProtoHeader = "X-Forwarded-Proto"), service = "edge"),
  ],
);

const edge :Workerd.Worker = (
  modules = [
    (name = "index.js", esModule = embed "edge/index.js"),
    (name = "index_bg.wasm", wasm = embed "edge/index_bg.wasm"),
  ],
  compatibilityDate = "2026-11-01",
  bindings = [
    (name = "CONVERSATION", durableObjectNamespace = "Conversation"),
    (name = "SITE", durableObjectNamespace = "Site"),
    (name = "ORIGIN_GATE", durableObjectNamespace = "OriginGate"),
    (name = "ASSETS", service = "assets"),
    (name = "SEAWALL_ORIGIN_URL", fromEnvironment = "SEAWALL_ORIGIN_URL"),
    (name = "SEAWALL_ORIGIN_SECRET", fromEnvironment = "SEAWALL_ORIGIN_SECRET"),
    (name = "SEAWALL_TOKEN_SECRET", fromEnvironment = "SEAWALL_TOKEN_SECRET"),
    (name = "SEAWALL_EDGE_HOST", fromEnvironment = "SEAWALL_EDGE_HOST"),
    (name = "SEAWALL_CONSOLE_HOST", fromEnvironment = "SEAWALL_CONSOLE_HOST"),
    (name = "SEAWALL_OPERATOR_TOKEN", fromEnvironment = "SEAWALL_OPERATOR_TOKEN"),
    # Behind a proxy: the header in which it names the client's address, such as X-Forwarded-For.
    (name = "SEAWALL_ADDRESS_HEADER", fromEnvironment = "SEAWALL_ADDRESS_HEADER"),
  ],
  # The keys name folders of stored conversations: they never change.
  durableObjectNamespaces = [
    (className = "Conversation", uniqueKey = "seawall-conversation", enableSql = true),
    (className = "Site", uniqueKey = "seawall-site", enableSql = true),
    (className = "OriginGate", uniqueKey = "seawall-origin-gate", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "objects"),
);
