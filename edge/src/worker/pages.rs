//! Documents and files, with their types and headers. workerd's `disk` service knows no types and lists folders, so
//! both are settled here.

use shared::id::SiteId;
use worker::{Env, Headers, Request, Response, ResponseBuilder};

use super::knowledge::{self, Known};
use super::problem::Problem;
use super::settings::Settings;
use super::visitor;
use crate::durable::random_id;

type Answer = Result<Response, Problem>;

pub(super) async fn asset(env: &Env, path: &str) -> Answer {
    let file = path.rsplit('/').next().unwrap_or_default();
    // The build puts a hash of the content into the name.
    let cache = if is_hashed(file) { "public, max-age=31536000, immutable" } else { "public, max-age=300" };
    let headers = Headers::new();
    headers.set("cache-control", cache)?;
    // The demonstration's page is a customer's page, and holds what it likes.
    headers.set("content-security-policy", "frame-ancestors 'none'")?;
    // Pages of customers load the loader, with SRI where they like.
    headers.set("access-control-allow-origin", "*")?;
    headers.set("cross-origin-resource-policy", "cross-origin")?;
    file_of(env, path, headers).await
}

/// The chat's own document. It renews the visitor's cookie, or mints an id: nothing is stored for that, and in the browser
/// neither where the visitor has not agreed to it (CONSENT-1).
pub(super) async fn frame(env: &Env, settings: &Settings, request: &Request, site: &SiteId) -> Answer {
    // Where too many ask (SITE-1) the chat opens all the same, and its link is told when to come again.
    let knowledge = knowledge::asked_from(env, site, &settings.address_of(request)).await.ok();
    let known = knowledge.as_ref().map_or(Known::NotYet, |knowledge| knowledge.known);
    let (embed_origins, contact) =
        knowledge.map(|knowledge| (knowledge.embed_origins, knowledge.contact)).unwrap_or_default();
    let ancestors = match known {
        Known::No => return Err(Problem::UNKNOWN_SITE),
        Known::Yes if !embed_origins.is_empty() => embed_origins.join(" "),
        // Never known yet: there is no conversation that a foreign page could reach.
        Known::Yes | Known::NotYet => "*".to_owned(),
    };
    // Style and script stand in the document: a file of their own each would cost a round trip before anybody can type.
    let nonce = random_id();
    let inline = format!(" 'nonce-{nonce}'");
    let headers = Headers::new();
    headers.set("content-security-policy", &policy(settings, &inline, "'none'", &ancestors))?;
    headers.set("cache-control", "no-store")?;
    let visitor = visitor::arrived(settings, request, site)?;
    if let Some(cookie) = visitor.cookie {
        headers.set("set-cookie", &cookie)?;
    }
    headers.set("content-type", "text/html; charset=utf-8")?;
    let page =
        String::from_utf8(bytes_of(env, "/frame/index.html").await?).map_err(|_| Problem::NOT_FOUND)?;
    let page = match app_of(&page) {
        Some((tag, app)) => {
            headers.set("link", &app)?;
            page.replacen(tag, "", 1)
        }
        None => page,
    };
    let page = page.replace("{{nonce}}", &nonce).replace("{{asks}}", contact.as_str());
    let page = page.replace("{{token}}", &visitor.token.unwrap_or_default());
    Ok(ResponseBuilder::new().with_headers(headers).fixed(page.into_bytes()))
}

/// The page's own tag, and what it says as a header in its place: a browser asks for the app before it has read anything of the page,
/// and looks for it once.
fn app_of(page: &str) -> Option<(&str, String)> {
    const BEGIN: &str = r#"<link rel="preload" href=""#;
    let from = page.find(BEGIN)?;
    let tag = &page[from..=from + page[from..].find('>')?];
    let (url, _) = tag[BEGIN.len()..].split_once('"')?;
    Some((tag, format!(r#"<{url}>; rel=preload; as=fetch; type="application/wasm"; crossorigin"#)))
}

pub(super) async fn console(env: &Env, settings: &Settings) -> Answer {
    let headers = Headers::new();
    headers.set("content-security-policy", &policy(settings, "", "'self'", "'none'"))?;
    headers.set("x-frame-options", "DENY")?;
    headers.set("cache-control", "no-cache")?;
    file_of(env, "/console/index.html", headers).await
}

/// A page with one file each of style and script, which asks us alone.
pub(super) async fn status(env: &Env) -> Answer {
    let headers = Headers::new();
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                  base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    headers.set("content-security-policy", policy)?;
    headers.set("x-frame-options", "DENY")?;
    headers.set("cache-control", "no-cache")?;
    file_of(env, "/status/index.html", headers).await
}

/// To another of our hosts; the query goes along.
pub(super) fn redirect(request: &Request, to: &str) -> Answer {
    let query = request.url()?.query().map(|query| format!("?{query}")).unwrap_or_default();
    let response = Response::builder().with_status(302).with_header("location", &format!("{to}{query}"))?;
    Ok(response.with_header("cache-control", "no-store")?.empty())
}

/// On every response.
pub(super) fn secured(mut response: Response) -> worker::Result<Response> {
    // The answer to a handshake belongs to the object; its headers are fixed.
    if response.status_code() == 101 {
        return Ok(response);
    }
    let headers = response.headers_mut();
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "strict-origin-when-cross-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=()"),
    ] {
        headers.set(name, value)?;
    }
    // What says nothing else is an answer for whoever asked, and no document.
    for (name, value) in [
        ("cache-control", "no-store"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ] {
        if headers.get(name)?.is_none() {
            headers.set(name, value)?;
        }
    }
    Ok(response)
}

/// What the chat's and the console's documents may do. `'self'` covers WebSockets in new browsers only; `inline` names what stands
/// in the document itself.
fn policy(settings: &Settings, inline: &str, form_action: &str, ancestors: &str) -> String {
    let socket = settings.origin_of(&settings.host).replacen("http", "ws", 1);
    format!(
        "default-src 'none'; script-src 'self'{inline} 'wasm-unsafe-eval'; style-src 'self'{inline}; connect-src 'self' {socket}; \
         img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action {form_action}; \
         frame-ancestors {ancestors}"
    )
}

async fn file_of(env: &Env, path: &str, headers: Headers) -> Answer {
    let kind = content_type(path).ok_or(Problem::NOT_FOUND)?;
    let body = bytes_of(env, path).await?;
    headers.set("content-type", kind)?;
    Ok(ResponseBuilder::new().with_headers(headers).fixed(body))
}

async fn bytes_of(env: &Env, path: &str) -> Result<Vec<u8>, Problem> {
    let mut file = env.assets("ASSETS")?.fetch(format!("https://assets{path}"), None).await?;
    if file.status_code() != 200 {
        return Err(Problem::NOT_FOUND);
    }
    Ok(file.bytes().await?)
}

fn content_type(path: &str) -> Option<&'static str> {
    Some(match path.rsplit('.').next()? {
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "ico" => "image/x-icon",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        "wasm" => "application/wasm",
        "woff2" => "font/woff2",
        _ => return None,
    })
}

/// Whether a name ends as in `widget-1a2b3c4d.js` or `widget-1a2b3c4d_bg.wasm`.
fn is_hashed(file: &str) -> bool {
    let stem = file.split('.').next().unwrap_or_default();
    let stem = stem.strip_suffix("_bg").unwrap_or(stem);
    stem.rsplit_once('-')
        .is_some_and(|(_, hash)| hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::is_hashed;

    #[test]
    fn only_names_with_a_hash_are_kept_for_ever() {
        assert!(is_hashed("widget-1a2b3c4d.js") && is_hashed("widget-1a2b3c4d_bg.wasm"));
        assert!(!is_hashed("seawall.js") && !is_hashed("index.html") && !is_hashed("frame-bundle.js"));
    }
}
