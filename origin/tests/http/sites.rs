//! Settings as the edge fetches them, the save that changes them, and health.

use serde_json::{Value, json};
use shared::event::SiteSettings;

use crate::edge::FakeEdge;
use crate::under_test::{ADMIN, UnderTest, now_s, problem, read};

#[tokio::test]
async fn the_edge_fetches_settings_and_roster_with_its_signature() {
    let origin = UnderTest::start().await;
    let settings: SiteSettings = read(origin.settings("demo").await).await;
    assert_eq!(
        (settings.name.as_str(), settings.account.as_str(), settings.version),
        ("Harbour Goods", "demo", 1)
    );
    let agents: Vec<_> =
        settings.agents.iter().map(|agent| (agent.id.as_str(), agent.name.as_str())).collect();
    assert_eq!(agents, [("ada", "Ada Ferris"), ("grace", "Grace Lindqvist")]);
    assert_eq!((settings.groups[0].id.as_str(), settings.groups[0].agents.len()), ("support", 2));

    assert_eq!(problem(origin.settings("nowhere").await).await, (404, "unknown-site".into()));
    let unsigned = origin.get("/sites/demo").send().await.unwrap();
    assert_eq!(problem(unsigned).await, (401, "unsigned".into()));
}

#[tokio::test]
async fn a_change_of_a_site_tells_the_edge_and_a_save_without_one_does_not() {
    let edge = FakeEdge::start().await;
    let origin = UnderTest::with_edge(&edge.url).await;
    edge.batches("seawall.site-changed", 1).await;
    let version = async |save: Value| {
        let saved: SiteSettings = read(origin.put("/admin/sites/demo", &save).send().await.unwrap()).await;
        saved.version
    };
    let ada = json!({"id": "ada", "password": "another-password"});
    assert_eq!(version(json!({"name": "Harbour Goods", "agents": [ada, {"id": "grace"}]})).await, 1);
    assert_eq!(version(json!({})).await, 1);
    assert_eq!(version(json!({"name": "Harbour & Sons"})).await, 2);
    let batches = edge.batches("seawall.site-changed", 2).await;
    assert_eq!(batches[1].events.len(), 1);
    assert_eq!(batches[1].events[0]["data"], json!({"site": "demo", "version": 2}));
    assert_eq!(batches[1].events[0]["source"], "/sites/demo");
    assert_eq!(edge.so_far("seawall.site-changed"), 2);
    assert_eq!(origin.login("demo", "ada@demo.example", "another-password").await.status(), 200);
}

#[tokio::test]
async fn a_new_name_of_an_agent_changes_every_site_that_shows_it() {
    let origin = UnderTest::start().await;
    let outlet = json!({"account": "demo", "agents": [{"id": "grace"}]});
    origin.put("/admin/sites/outlet", &outlet).send().await.unwrap();
    let save = json!({"agents": [{"id": "grace", "name": "Grace L."}]});
    origin.put("/admin/sites/outlet", &save).send().await.unwrap();
    let demo: SiteSettings = read(origin.settings("demo").await).await;
    assert_eq!((demo.version, demo.agents[1].name.as_str()), (2, "Grace L."));
}

#[tokio::test]
async fn a_save_that_breaks_a_rule_is_refused_as_a_whole() {
    let origin = UnderTest::start().await;
    let refusals = [
        (json!({"name": ""}), "bad-name"),
        (json!({"embed_origins": ["https://a; script-src *"]}), "bad-embed-origin"),
        (json!({"contact": "sometimes"}), "bad-contact"),
        (json!({"name": "New", "agents": [{"id": "new"}]}), "incomplete-agent"),
        (json!({"name": "New", "agents": [{"id": "ada"}, {"id": "ada"}]}), "agent-taken"),
        (json!({"name": "New", "agents": [{"id": "ada", "email": "grace@demo.example"}]}), "agent-taken"),
        (json!({"name": "New", "groups": [{"id": "g", "name": "G", "agents": ["nobody"]}]}), "bad-group"),
        (json!({"account": "rival"}), "other-account"),
    ];
    for (save, code) in refusals {
        let response = origin.put("/admin/sites/demo", &save).send().await.unwrap();
        assert_eq!(problem(response).await, (400, code.into()), "{save}");
    }
    let settings: SiteSettings = read(origin.settings("demo").await).await;
    assert_eq!((settings.name.as_str(), settings.version), ("Harbour Goods", 1));
}

#[tokio::test]
async fn health_is_told_per_resource() {
    let origin = UnderTest::start().await;
    let response = origin.get("/health").send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/health+json");
    let health: Value = read(response).await;
    assert_eq!(health["status"], "pass");
    assert_eq!(health["checks"]["accounts"][0]["status"], "pass");

    origin.fault(json!({"kind": "down", "resource": "accounts"})).await;
    let health: Value = read(origin.get("/health").send().await.unwrap()).await;
    assert_eq!(health["status"], "warn");
    assert_eq!(health["checks"]["accounts"][0]["status"], "fail");
    assert_eq!(health["checks"]["messages"][0]["status"], "pass");
}

#[tokio::test]
async fn connected_1_the_edge_tells_who_is_connected_and_what_comes_late_is_old() {
    let origin = UnderTest::start().await;
    let tell = async |site: &str, body: String| {
        let request = origin.client.put(origin.url(&format!("/sites/{site}/connected")));
        origin.signed(request, "connected-1", now_s(), body).send().await.unwrap()
    };
    let told = async || -> Value {
        let request = origin.get("/admin/sites/demo/connected").bearer_auth(ADMIN);
        read(request.send().await.unwrap()).await
    };
    assert_eq!(told().await, json!({"agents": [], "at_ms": 0}));
    for (agents, at_ms, then) in [
        (json!(["ada", "grace"]), 20, json!({"agents": ["ada", "grace"], "at_ms": 20})),
        (json!(["ada"]), 19, json!({"agents": ["ada", "grace"], "at_ms": 20})),
        (json!([]), 21, json!({"agents": [], "at_ms": 21})),
    ] {
        let answer = tell("demo", json!({"agents": agents, "at_ms": at_ms}).to_string()).await;
        assert_eq!((answer.status().as_u16(), told().await), (204, then));
    }
    let settings: SiteSettings = read(origin.settings("demo").await).await;
    assert_eq!(settings.version, 1, "no change of the site");

    let nowhere = tell("nowhere", json!({"agents": [], "at_ms": 1}).to_string()).await;
    assert_eq!(problem(nowhere).await, (404, "unknown-site".into()));
    for wrong in ["", "[]", "{\"agents\":[\"a b\"],\"at_ms\":1}"] {
        assert_eq!(problem(tell("demo", wrong.into()).await).await, (400, "bad-body".into()), "{wrong}");
    }
    let unsigned = origin.put("/sites/demo/connected", &json!({"agents": [], "at_ms": 1})).send().await;
    assert_eq!(problem(unsigned.unwrap()).await, (401, "unsigned".into()));
    let nobody = origin.get("/admin/sites/demo/connected").send().await.unwrap();
    assert_eq!(nobody.status().as_u16(), 401);
}
