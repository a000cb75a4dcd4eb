//! Who is measured, on the same page of a customer: nothing differs but the embed that each one documents.

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Contender {
    Seawall,
    DeepChat,
    N8n,
    /// The customer's page without any chat: what is the page's own, and the machine's. What opens in it is a frame of another site
    /// with a field, and nothing else: what is the line's, and the browser's.
    Bare,
}

impl Contender {
    pub(crate) const ALL: [Contender; 4] =
        [Contender::Seawall, Contender::DeepChat, Contender::N8n, Contender::Bare];

    /// A stable key in the JSON, and the name of its page.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Contender::Seawall => "seawall",
            Contender::DeepChat => "deep-chat",
            Contender::N8n => "n8n",
            Contender::Bare => "bare",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Contender::Seawall => "Seawall",
            Contender::DeepChat => "deep-chat",
            Contender::N8n => "@n8n/chat",
            Contender::Bare => "no chat",
        }
    }

    /// JavaScript for what tells a visitor that there is a chat: the launcher, or the chat where there is none.
    fn launcher(self) -> &'static str {
        match self {
            Contender::Seawall => {
                r#"document.querySelector("seawall-chat")?.shadowRoot.querySelector("button")"#
            }
            Contender::DeepChat => {
                r##"document.querySelector("deep-chat")?.shadowRoot?.querySelector("#text-input")"##
            }
            Contender::N8n => r#"document.querySelector(".chat-window-toggle")"#,
            Contender::Bare => r#"document.querySelector("h1")"#,
        }
    }

    /// JavaScript for a composer that the click shows, but into which it does not put the caret.
    fn composer(self) -> &'static str {
        match self {
            Contender::N8n => r#"document.querySelector(".chat-window textarea:enabled")"#,
            _ => "null",
        }
    }

    /// As it is documented.
    fn embed(self, edge: &str) -> String {
        match self {
            Contender::Seawall => {
                format!(r#"<script async src="{edge}/seawall.js" data-site="demo"></script>"#)
            }
            Contender::DeepChat => format!(
                r#"<script type="module" src="{edge}/npm/deep-chat/dist/deepChat.bundle.js"></script>
<deep-chat demo="true"></deep-chat>"#
            ),
            Contender::N8n => format!(
                r#"<link href="{edge}/npm/@n8n/chat/dist/style.css" rel="stylesheet" />
<script type="module">
import {{ createChat }} from "{edge}/npm/@n8n/chat/dist/chat.bundle.es.js";
createChat({{ webhookUrl: location.origin + "/bench/webhook" }});
</script>"#
            ),
            Contender::Bare => format!(
                r#"<script>
const frame = document.createElement("iframe");
frame.src = "{edge}/bench/{FIELD}";
frame.style = "position:fixed;right:0;bottom:0;width:400px;height:600px";
document.querySelector("h1").onpointerover = () => frame.isConnected || document.body.append(frame);
document.querySelector("h1").onclick = () => frame.focus();
</script>"#
            ),
        }
    }

    /// Runs in the customer's page before anything else.
    pub(crate) fn page_watch(self) -> String {
        PAGE_WATCH.replace("LAUNCHER", self.launcher()).replace("COMPOSER", self.composer())
    }
}

const FIELD: &str = "field";
const FIELD_PAGE: &str = "<!doctype html>\n<title>A field</title>\n<textarea></textarea>\n\
                          <script>document.querySelector(\"textarea\").focus()</script>\n";

/// The customer's page is on 127.0.0.1 and everybody's files on localhost, another site, as in life.
pub(crate) fn host_page(name: &str, port: &str) -> Option<String> {
    if name == FIELD {
        return Some(FIELD_PAGE.to_owned());
    }
    let contender = Contender::ALL.into_iter().find(|contender| contender.name() == name)?;
    let embed = contender.embed(&format!("http://localhost:{port}"));
    let paragraph = "<p>Lamps, ropes and woollens from a small shop at the quay.</p>\n".repeat(20);
    Some(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>A customer's page</title>\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<link rel=\"icon\" href=\"data:,\">\n\
         </head>\n<body>\n<h1>Made for weather</h1>\n{paragraph}{embed}\n</body>\n</html>\n"
    ))
}

/// Times are the page's own clock.
const PAGE_WATCH: &str = r#"(() => {
  if (top !== window) return;
  const seen = (window.bench = { tasks: [], shift: 0 });
  const at = () => performance.timeOrigin + performance.now();
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) seen.tasks.push(task.duration);
  }).observe({ type: "longtask", buffered: true });
  new PerformanceObserver((list) => {
    for (const shift of list.getEntries()) if (!shift.hadRecentInput) seen.shift += shift.value;
  }).observe({ type: "layout-shift", buffered: true });
  const look = () => {
    const launcher = LAUNCHER;
    const box = launcher?.getBoundingClientRect();
    if (box?.width > 0 && box.height > 0 && getComputedStyle(launcher).visibility != "hidden") {
      seen.launcher = { at: performance.now(), x: box.x + box.width / 2, y: box.y + box.height / 2 };
    } else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
  for (const name of ["pointerover", "pointerdown"]) {
    addEventListener(name, (event) => (seen[name] ??= performance.timeOrigin + event.timeStamp), true);
  }
  addEventListener("input", () => (seen.typed ??= at()), true);
  const open = () => {
    if (COMPOSER?.getClientRects().length) seen.typed ??= at();
    else requestAnimationFrame(open);
  };
  addEventListener("pointerdown", open, true);
})()"#;

/// Runs in the frame before anything else. Live: the welcome is there and the app stands in place of the plain page; then
/// the animation frame after the one in which that is seen, because the app draws what a welcome has changed in the next one.
pub(crate) const FRAME_WATCH: &str = r#"(() => {
  const seen = (window.bench = {});
  const at = () => performance.timeOrigin + performance.now();
  // The hint that the app's field may have is not in the plain page.
  const look = () => requestAnimationFrame(
    document.querySelector("[aria-describedby=hint]") ? () => (seen.live ??= at()) : look);
  window.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => {
        if (data.includes('"type":"welcome"')) requestAnimationFrame(look);
      });
    }
  };
  addEventListener("input", () => (seen.typed ??= at()), true);
  const open = IDBFactory.prototype.open;
  IDBFactory.prototype.open = function (...given) {
    const [request, asked] = [open.apply(this, given), at()];
    request.addEventListener("success", () => (seen.storage ??= at() - asked));
    return request;
  };
})()"#;

/// From a key to the first moment after the frame that shows it. `timeStamp` is when the browser got the key, so waiting
/// for a busy thread counts.
pub(crate) const KEY_WATCH: &str = r#"(() => {
  bench.keys = [];
  addEventListener("keydown", (event) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => bench.keys.push(performance.now() - event.timeStamp);
    port2.postMessage(0);
  }), true);
})()"#;
