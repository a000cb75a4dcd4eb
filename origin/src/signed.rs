//! Requests of the edge: the body as it came, once its signature has been checked (SIGN-1).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use shared::webhook::{ID_HEADER, Refusal, SIGNATURE_HEADER, TIMESTAMP_HEADER, TOLERANCE_S};

use crate::input::read;
use crate::now_ms;
use crate::problem::Problem;
use crate::server::Origin;

/// The largest batch: 50 events of 4,000 four-byte characters are 800 KB; the rest is room for the other fields.
pub const MAX_BATCH_BYTES: usize = 1024 * 1024;

/// Headers and body of a request that the edge has signed.
pub struct Signed {
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl FromRequest<Arc<Origin>> for Signed {
    type Rejection = Problem;

    async fn from_request(request: Request, origin: &Arc<Origin>) -> Result<Signed, Problem> {
        let (parts, body) = request.into_parts();
        let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let (id, timestamp, signature) =
            (header(ID_HEADER), header(TIMESTAMP_HEADER), header(SIGNATURE_HEADER));
        if signature.is_none() {
            // Nobody without a signature makes us read a megabyte.
            return Err(refused(Refusal::Unsigned));
        }
        let body = read(body, MAX_BATCH_BYTES, "batch-too-large").await?;
        origin.secret.verify(now_ms() / 1000, id, timestamp, signature, &body).map_err(refused)?;
        Ok(Signed { headers: parts.headers, body })
    }
}

fn refused(refusal: Refusal) -> Problem {
    let detail = match refusal {
        Refusal::Unsigned => {
            format!("Sign the body: {ID_HEADER}, {TIMESTAMP_HEADER} and {SIGNATURE_HEADER}.")
        }
        Refusal::Stale => {
            format!("The timestamp is over {TOLERANCE_S} s away. Sign afresh; compare the clocks.")
        }
        Refusal::Forged => "The signature does not fit. Compare the edge's secret with the origin's.".into(),
    };
    Problem::unauthorized(refusal.code(), detail)
}
