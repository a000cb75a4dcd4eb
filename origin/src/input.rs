//! What a request brings: the names in its path, and its body. Whatever is wrong with them is told as a problem.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use shared::limits::MAX_TEXT_CHARS;

use crate::problem::Problem;

/// The largest JSON body apart from batches: the roster of a thousand agents, or a text of 4,000 characters.
const MAX_JSON_BYTES: usize = 256 * 1024;

/// The names in the path.
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(names) = Path::from_request_parts(parts, state).await.map_err(|_| not_found())?;
        Ok(Params(names))
    }
}

pub fn not_found() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "not-found",
        "There is nothing at this path. See the origin's contract.",
    )
}

/// What somebody wants to say.
pub fn check_text(text: &str) -> Result<(), Problem> {
    if text.trim().is_empty() {
        return Err(Problem::bad_request("empty-text", "A message needs a text."));
    }
    if text.chars().count() > MAX_TEXT_CHARS {
        let detail = format!("A message holds at most {MAX_TEXT_CHARS} characters. Send it in parts.");
        return Err(Problem::bad_request("text-too-long", detail));
    }
    Ok(())
}

/// A body in JSON, whatever its content type says.
pub struct JsonBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let body = read(request.into_body(), MAX_JSON_BYTES, "body-too-large").await?;
        Ok(JsonBody(from_json(&body)?))
    }
}

pub fn from_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // serde's words name the field and the place, and can quote a wrong value: a string there may be a password.
    serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let detail = format!("The body is not what this route takes, from line {line}, column {column} on.");
        Problem::bad_request("bad-body", detail)
    })
}

/// A body of at most `max` bytes.
pub async fn read(body: Body, max: usize, too_large: &'static str) -> Result<Bytes, Problem> {
    match Limited::new(body, max).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            let detail = format!("The body is over {max} bytes. Send less at once.");
            Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, too_large, detail))
        }
        Err(_) => {
            Err(Problem::bad_request("body-incomplete", "The body ended early. Send the request again."))
        }
    }
}
