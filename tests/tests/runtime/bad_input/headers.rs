//! What every answer says besides its body, who may embed the chat, and what no log says.

use std::collections::BTreeSet;

use reqwest::{Method, Response};
use serde_json::json;
use shared::event::BATCH_TYPE;
use shared::session::MessageState;
use shared::webhook::{ID_HEADER, SIGNATURE_HEADER, Secret, TIMESTAMP_HEADER};
use tests::harness::neighbour::Neighbour;
use tests::harness::person::Person;
use tests::harness::raw::{End, RawLink};
use tests::harness::stack::{ADA, ADMIN, OPERATOR, ORIGIN_SECRET, Stack, TOKEN_SECRET};
use tests::harness::tokens::{self, now_s};
use tests::harness::wait;
use tests::harness::wire::Door;

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).map(|value| value.to_str().expect("ASCII")).unwrap_or_default()
}

const NO_DOCUMENT: &str = "default-src 'none'; frame-ancestors 'none'";

#[tokio::test(flavor = "multi_thread")]
async fn the_chats_app_is_named_before_its_page_begins() {
    let stack = Stack::start().await;
    let answer = stack.edge(Method::GET, "localhost", "/frame/demo").send().await.expect("an answer");
    let link = header(&answer, "link").to_owned();
    let page = answer.text().await.expect("the page");
    let url = link.strip_prefix("</").and_then(|link| link.split_once('>')).map(|(url, _)| url);
    let url = url.unwrap_or_else(|| panic!("{link:?} names no file"));
    assert!(url.ends_with(".wasm") && page.contains(url), "{link}");
    assert!(!page.contains("preload"), "named once: a browser goes through a tag's as well before it paints");
    assert!(
        link.contains("rel=preload") && link.contains("crossorigin"),
        "otherwise it is fetched twice: {link}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_answer_says_what_a_browser_may_do_with_it() {
    let stack = Stack::start().await;
    let cookie = stack.log_in(ADA).await;
    let (edge, console) = ("localhost", "console.localhost");
    let page = stack.edge_url(console);
    let get = |host, path: &str| stack.edge(Method::GET, host, path);
    let post = |host, path: &str| stack.edge(Method::POST, host, path);
    let wrong = json!({ "email": ADA.0, "password": "wrong-password" });
    let login = || post(console, "/v1/sites/demo/agents/login").header("origin", &page);
    let me = || get(console, "/v1/sites/demo/agents/me");
    let link = "/v1/sites/demo/link";
    let hello = r#"{"type":"hello","protocol":1}"#;
    let batch = |body: &'static str| {
        let secret = Secret::parse(ORIGIN_SECRET).expect("a secret");
        post(edge, "/v1/events")
            .header("content-type", BATCH_TYPE)
            .header(ID_HEADER, "id")
            .header(TIMESTAMP_HEADER, now_s())
            .header(SIGNATURE_HEADER, secret.sign("id", now_s(), body.as_bytes()))
            .body(body)
    };
    let widget = hashed_asset(&stack).await;
    let framed_by_anybody = "frame-ancestors *";
    let framed_by_nobody = "frame-ancestors 'none'";
    // The status, a part of the policy, and how long it is kept.
    let answers = [
        ("the loader", get(edge, "/seawall.js"), 200, framed_by_nobody, "public, max-age=300"),
        ("a hashed file", get(edge, &widget), 200, framed_by_nobody, "public, max-age=31536000, immutable"),
        ("the demo", get("127.0.0.1", "/demo/"), 200, framed_by_nobody, "public, max-age=300"),
        ("the chat", get(edge, "/frame/demo"), 200, framed_by_anybody, "no-store"),
        ("the console", get(console, "/"), 200, framed_by_nobody, "no-cache"),
        ("a redirect", get(edge, "/console"), 302, NO_DOCUMENT, "no-store"),
        ("nothing here", get(edge, "/v1/nothing"), 404, NO_DOCUMENT, "no-store"),
        ("a folder", get(edge, "/frame/index.html"), 404, NO_DOCUMENT, "no-store"),
        ("an unknown site", get(edge, "/frame/nowhere"), 404, NO_DOCUMENT, "no-store"),
        ("a wrong method", stack.edge(Method::PUT, edge, "/seawall.js"), 405, NO_DOCUMENT, "no-store"),
        ("no handshake", get(edge, link), 426, NO_DOCUMENT, "no-store"),
        ("ready", get(edge, "/v1/sites/demo/ready"), 200, NO_DOCUMENT, "no-store"),
        ("the status", get(edge, "/v1/status"), 200, NO_DOCUMENT, "no-store"),
        ("the status page", get(edge, "/status/"), 200, framed_by_nobody, "no-cache"),
        ("its file", get(edge, "/status/index.html"), 404, NO_DOCUMENT, "no-store"),
        ("the summary", get(edge, "/status/api/v2/summary.json"), 200, NO_DOCUMENT, "public, max-age=3"),
        (
            "a log in",
            login().json(&json!({ "email": ADA.0, "password": ADA.1 })),
            200,
            NO_DOCUMENT,
            "no-store",
        ),
        ("a refused log in", login().json(&wrong), 401, NO_DOCUMENT, "no-store"),
        ("who am I", me().header("cookie", &cookie), 200, NO_DOCUMENT, "no-store"),
        ("who is nobody", me(), 401, NO_DOCUMENT, "no-store"),
        (
            "a log out",
            post(console, "/v1/sites/demo/agents/logout").header("origin", &page),
            200,
            NO_DOCUMENT,
            "no-store",
        ),
        ("a link by POST", post(edge, link).body(hello), 200, NO_DOCUMENT, "no-store"),
        ("a forged token", post(edge, link).bearer_auth("x").body(hello), 401, NO_DOCUMENT, "no-store"),
        ("a large POST", post(edge, link).body("x".repeat(70_000)), 413, NO_DOCUMENT, "no-store"),
        ("unsigned events", post(edge, "/v1/events").body("[]"), 401, NO_DOCUMENT, "no-store"),
        ("events", batch("[]"), 200, NO_DOCUMENT, "no-store"),
        ("no events", batch("{}"), 400, NO_DOCUMENT, "no-store"),
    ];
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .resolve(console, ([127, 0, 0, 1], stack.edge_port).into())
        .build()
        .expect("an HTTP client");
    let frame = get(edge, "/frame/demo").send().await.expect("the chat's page");
    let cookie = header(&frame, "set-cookie");
    for part in ["seawall_visitor_demo=v1.", "HttpOnly", "Secure", "SameSite=None", "Partitioned"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let loader = get(edge, "/seawall.js").send().await.expect("the loader");
    assert_eq!(header(&loader, "content-type"), "text/javascript; charset=utf-8");
    let nonce = |policy: &str| policy.split("'nonce-").nth(1).unwrap_or_default()[..32].to_owned();
    let mut nonces = BTreeSet::from([nonce(header(&frame, "content-security-policy"))]);
    for (what, request, status, policy, cache) in answers {
        let answer = client.execute(request.build().expect("a request")).await.expect("an answer");
        assert_eq!(answer.status(), status, "{what}");
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff", "{what}");
        assert_eq!(header(&answer, "referrer-policy"), "strict-origin-when-cross-origin", "{what}");
        assert!(header(&answer, "permissions-policy").contains("camera=()"), "{what}");
        assert_eq!(header(&answer, "cache-control"), cache, "{what}");
        let given = header(&answer, "content-security-policy");
        assert!(given.ends_with(policy), "{what}: {given}");
        if status == 200 && ["the chat", "the console"].contains(&what) {
            // What stands in the chat's document itself is named by a word that is new in each answer.
            let nonce =
                given.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap_or_default();
            let inline = if what == "the chat" { format!(" 'nonce-{nonce}'") } else { String::new() };
            assert_eq!(nonce.len(), if what == "the chat" { 32 } else { 0 }, "{what}: {given}");
            let policy = format!("default-src 'none'; script-src 'self'{inline} 'wasm-unsafe-eval';");
            assert!(given.contains(&policy), "{what}: {given}");
            assert!(nonces.insert(nonce.to_owned()), "{what}: {nonce} comes twice");
        }
        if status >= 400 && !["a forged token", "a large POST"].contains(&what) {
            assert_eq!(header(&answer, "content-type"), "application/problem+json", "{what}");
        }
    }
    stack.assert_calm();
}

/// A file whose name carries its hash, as the chat's page names it.
async fn hashed_asset(stack: &Stack) -> String {
    let page = stack.edge(Method::GET, "localhost", "/frame/demo").send().await.expect("the chat's page");
    let page = page.text().await.expect("a text");
    let name = page.split('"').find(|part| part.ends_with(".js") || part.ends_with(".css"));
    let name = name.unwrap_or_else(|| panic!("no file in {page}"));
    if name.starts_with('/') { name.to_owned() } else { format!("/frame/{name}") }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_pages_of_a_sites_settings_may_embed_its_chat() {
    let stack = Stack::start().await;
    let neighbour = Neighbour::of(&stack).await;
    let ancestors = || async {
        let frame =
            stack.edge(Method::GET, "localhost", "/frame/demo").send().await.expect("the chat's page");
        header(&frame, "content-security-policy")
            .rsplit_once("frame-ancestors ")
            .expect("a policy")
            .1
            .to_owned()
    };
    assert_eq!(ancestors().await, "*", "without a list any page may");
    let save = |list: serde_json::Value| {
        stack.admin(Method::PUT, "/admin/sites/demo").json(&json!({ "embed_origins": list })).send()
    };
    let saved =
        save(json!(["https://shop.example", "https://*.shop.example:8443"])).await.expect("an answer");
    assert_eq!(saved.status(), 200);
    wait::until_true("the edge names the pages", 30, || async {
        ancestors().await == "https://shop.example https://*.shop.example:8443"
    })
    .await;
    // A list that would change the rest of the policy is not taken.
    for bad in ["https://a.example; script-src *", "*", "https://a.example b.example", "javascript:alert(1)"]
    {
        assert_eq!(save(json!([bad])).await.expect("an answer").status(), 400, "{bad}");
    }
    assert_eq!(ancestors().await, "https://shop.example https://*.shop.example:8443");

    // The frame's own page asks for the link, wherever it is embedded; the page around it cannot.
    let token = neighbour.token();
    let cookie =
        Door { cookie: Some(format!("seawall_visitor_demo={token}")), ..Door::visitor(stack.edge_port) };
    let foreign = cookie.clone().with("origin", "https://shop.example");
    assert_eq!(RawLink::open(&foreign, None).await.end().await, End::Code(4403));
    let (_own, welcome) = RawLink::greeted(&cookie, None).await;
    assert_eq!(welcome.messages.len(), neighbour.said());
    neighbour.talks_on().await;
    stack.assert_calm();
}

/// Log-ins that succeed and fail, refusals of every kind, an outage and a restart; then nothing secret is in any log.
#[tokio::test(flavor = "multi_thread")]
async fn no_secret_password_or_token_is_ever_logged() {
    let mut stack = Stack::start().await;
    let visitor = Person::visitor(stack.edge_port);
    visitor.live().await;
    visitor.write("my card number is 4711");
    visitor.has_come("my card number is 4711", &MessageState::Delivered, 30).await;
    let agent = stack.log_in(ADA).await;
    let login = |password: &'static str| {
        let body = json!({ "email": ADA.0, "password": password });
        let page = stack.edge_url("console.localhost");
        let post = stack.edge(Method::POST, "console.localhost", "/v1/sites/demo/agents/login");
        async move { post.header("origin", page).json(&body).send().await.expect("an answer").status().as_u16() }
    };
    let forged = format!("{}x", visitor.token());
    let expired = tokens::expired_visitor("cexpired");
    assert_eq!(login("a-wrong-password").await, 401);
    for (token, door) in
        [(&forged, Door::visitor(stack.edge_port)), (&expired, Door::visitor(stack.edge_port))]
    {
        RawLink::open(&door, Some(token)).await;
    }
    let tampered = format!("{agent}x");
    let refused = RawLink::open(&Door::inbox(stack.edge_port, &tampered), None).await;
    assert_eq!(refused.end().await, End::Code(4440));
    let unsigned = stack.edge(Method::POST, "localhost", "/v1/events").body("[]").send().await;
    assert_eq!(unsigned.expect("an answer").status(), 401);
    let faults = format!("{}/faults", stack.origin_url());
    let admin = reqwest::Client::new().get(faults).bearer_auth("not-the-admin").send().await;
    assert_eq!(admin.expect("an answer").status(), 401);

    for fault in [json!({ "kind": "garbage" }), json!({ "kind": "down" })] {
        stack.fault(fault).await;
        visitor.write("while it is away");
        stack.wait_for_mode("holding", 30).await;
        assert_eq!(login(ADA.1).await, 503);
    }
    stack.kill_origin();
    stack.kill_edge();
    stack.start_edge();
    stack.edge_answers().await;
    stack.start_origin();
    stack.ready().await;
    visitor.has_come("while it is away", &MessageState::Delivered, 60).await;

    let secrets: [(&str, &str); 13] = [
        ("the token secret", TOKEN_SECRET),
        ("the origin's secret", ORIGIN_SECRET.trim_start_matches("whsec_")),
        ("the admin's token", ADMIN),
        ("a wrong admin's token", "not-the-admin"),
        ("the operator's token", OPERATOR),
        ("an agent's password", ADA.1),
        ("a wrong password", "a-wrong-password"),
        ("an agent's e-mail address", ADA.0),
        ("an agent's token", agent.trim_start_matches("seawall_agent=")),
        ("an agent's cookie", "seawall_agent="),
        ("a visitor's token", &visitor.token()),
        ("any visitor's token", "v1."),
        ("what a visitor wrote", "4711"),
    ];
    for log in ["edge.log", "origin.log"] {
        let text = stack.whole_log(log);
        for (what, secret) in secrets {
            assert!(!text.contains(secret), "{log} has {what}:\n{text}");
        }
        for token in [&forged, &expired] {
            assert!(!text.contains(token.as_str()), "{log} has a refused token:\n{text}");
        }
    }
    stack.assert_calm();
}
