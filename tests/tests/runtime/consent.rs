//! A visitor who has not agreed to a cookie: the chat's document holds the token, and it becomes a cookie or stops being one as they wish.

use reqwest::{Method, Response};
use serde_json::Value;
use tests::harness::raw::{End, RawLink, send};
use tests::harness::stack::Stack;
use tests::harness::tokens::{identified, now_s};
use tests::harness::wire::Door;

async fn frame(stack: &Stack, query: &str, cookie: Option<&str>) -> (Option<String>, String) {
    let request = stack.edge(Method::GET, "localhost", &format!("/frame/demo{query}"));
    let request = cookie.into_iter().fold(request, |request, cookie| request.header("cookie", cookie));
    let answer = request.send().await.expect("a document");
    let cookie = set_cookie(&answer);
    let page = answer.text().await.expect("text");
    let (_, rest) = page.split_once("data-token=\"").expect("a place for the token");
    (cookie, rest.split('"').next().expect("its end").to_owned())
}

fn set_cookie(answer: &Response) -> Option<String> {
    Some(answer.headers().get("set-cookie")?.to_str().expect("text").to_owned())
}

/// `name=value` of a `Set-Cookie`.
fn pair(cookie: &str) -> String {
    cookie.split(';').next().expect("its beginning").to_owned()
}

async fn visitor(
    stack: &Stack,
    method: Method,
    page: Option<&str>,
    header: Option<(&str, &str)>,
) -> Response {
    let request = stack.edge(method, "localhost", "/v1/sites/demo/visitor");
    let request = page.into_iter().fold(request, |request, page| request.header("origin", page));
    let request = header.into_iter().fold(request, |request, (name, value)| request.header(name, value));
    request.send().await.expect("an answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_1_without_leave_the_document_holds_the_token_and_no_answer_sets_a_cookie() {
    let stack = Stack::start().await;
    for query in ["", "?consent=given", "?theme=dark"] {
        let (cookie, token) = frame(&stack, query, None).await;
        assert!(cookie.is_some() && token.is_empty(), "{query}");
    }
    for query in ["?consent=required", "?consent=refused", "?consent", "?consent=Given", "?consent=no"] {
        let (cookie, token) = frame(&stack, query, None).await;
        assert_eq!(cookie, None, "{query}");
        let door = Door::visitor(stack.edge_port);
        let (mut link, first) = RawLink::greeted(&door, Some(&token)).await;
        link.say(send("w", 1, "Hello")).await;
        link.acked("w", 1).await;
        let (_link, again) = RawLink::greeted(&door, Some(&token)).await;
        assert_eq!((again.conversation, again.last_seq), (first.conversation, 1), "{query}");
    }

    // A cookie that is there was agreed to; refused, it ends and the document goes on with its conversation.
    let (cookie, _) = frame(&stack, "", None).await;
    let cookie = pair(&cookie.expect("a cookie"));
    let (renewed, token) = frame(&stack, "?consent=required", Some(&cookie)).await;
    assert!(renewed.is_some_and(|cookie| cookie.contains("Max-Age=15552000")) && token.is_empty());
    let (ended, token) = frame(&stack, "?consent=refused", Some(&cookie)).await;
    assert!(ended.is_some_and(|cookie| cookie.contains("Max-Age=0;")));
    assert_eq!(of(&stack, &token).await, of(&stack, cookie.split_once('=').expect("a value").1).await);
    // What is no token of ours is none that was agreed to.
    let (none, token) = frame(&stack, "?consent=required", Some("seawall_visitor_demo=v1.a.b")).await;
    assert!(none.is_none() && !token.is_empty());
    stack.assert_calm();
}

async fn of(stack: &Stack, token: &str) -> Option<String> {
    let (_link, welcome) = RawLink::greeted(&Door::visitor(stack.edge_port), Some(token)).await;
    welcome.conversation.map(|conversation| conversation.as_str().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_2_the_documents_token_becomes_a_cookie_and_back_for_the_frames_own_page_alone() {
    let stack = Stack::start().await;
    let own = stack.edge_url("localhost");
    let (_, token) = frame(&stack, "?consent=required", None).await;
    let bearer = format!("Bearer {token}");
    let bearer = Some(("authorization", bearer.as_str()));
    for page in [None, Some("https://shop.example"), Some("null")] {
        for (method, header) in [(Method::PUT, bearer), (Method::DELETE, None)] {
            let answer = visitor(&stack, method, page, header).await;
            assert_eq!((answer.status().as_u16(), set_cookie(&answer)), (403, None), "{page:?}");
        }
    }
    let person = format!("Bearer {}", identified("4711", now_s() + 600));
    for header in [None, Some(("authorization", "Bearer v1.a.b")), Some(("authorization", person.as_str()))] {
        let answer = visitor(&stack, Method::PUT, Some(&own), header).await;
        assert_eq!((answer.status().as_u16(), set_cookie(&answer)), (401, None), "{header:?}");
    }

    let answer = visitor(&stack, Method::PUT, Some(&own), bearer).await;
    assert_eq!(answer.status().as_u16(), 200);
    let set = set_cookie(&answer).expect("a cookie");
    for part in ["HttpOnly", "Secure", "SameSite=None", "Partitioned", "Max-Age=15552000"] {
        assert!(set.contains(part), "{part} in {set}");
    }
    let cookie = pair(&set);
    let link = Door { cookie: Some(cookie.clone()), ..Door::visitor(stack.edge_port) };
    let (_, welcome) = RawLink::greeted(&link, None).await;
    assert_eq!(welcome.conversation.map(|id| id.as_str().to_owned()), of(&stack, &token).await);

    let answer = visitor(&stack, Method::DELETE, Some(&own), Some(("cookie", &cookie))).await;
    assert!(set_cookie(&answer).is_some_and(|cookie| cookie.contains("Max-Age=0;")));
    let told: Value = answer.json().await.expect("JSON");
    assert_eq!(of(&stack, told["token"].as_str().expect("a token")).await, of(&stack, &token).await);
    // Nothing there is nothing to take back.
    let answer = visitor(&stack, Method::DELETE, Some(&own), None).await;
    assert_eq!(answer.json::<Value>().await.expect("JSON"), serde_json::json!({}));
    let forged = Door { cookie: Some(format!("{cookie}x")), ..Door::visitor(stack.edge_port) };
    assert_eq!(RawLink::open(&forged, None).await.end().await, End::Code(4401));
    stack.assert_calm();
}
