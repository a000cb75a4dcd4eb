//! Accepts connections and ends them. Served with hyper itself and not by `axum::serve`, so that a fault can close a
//! connection without a byte of an answer.

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, pending};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use shared::event::Resource;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::faults::{self, Fate, Kind, Target};
use crate::page;
use crate::problem::Problem;
use crate::server::Origin;

/// Open at the same time; more are closed at once. An edge uses four.
const MAX_CONNECTIONS: usize = 1_000;
/// For a request's header, and between requests on an open connection.
const HEADER_DEADLINE: Duration = Duration::from_secs(30);
/// From a request's header to its answer.
const REQUEST_DEADLINE: Duration = Duration::from_secs(30);
/// For what is being answered when the origin stops.
const STOP_DEADLINE: Duration = Duration::from_secs(5);

/// The news that the origin is to stop.
#[derive(Clone)]
pub struct Stop(pub watch::Receiver<bool>);

impl Stop {
    pub async fn stopped(&mut self) {
        if self.0.wait_for(|stop| *stop).await.is_err() {
            // Nobody is left who could say it.
            pending::<()>().await;
        }
    }
}

/// Serves until `stop`, then finishes what was begun.
pub async fn serve(listener: TcpListener, origin: Arc<Origin>, router: Router, mut stop: Stop) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut open = JoinSet::new();
    let (under_way, mut all_done) = mpsc::channel::<()>(1);
    loop {
        let accepted = tokio::select! {
            () = stop.stopped() => break,
            Some(_) = open.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let Ok(place) = room.clone().try_acquire_owned() else { continue };
                let connection =
                    connection(stream, origin.clone(), router.clone(), under_way.clone(), stop.clone());
                open.spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(error) => {
                // Most likely out of file descriptors: the closing of others mends it.
                tracing::warn!(%error, "cannot accept connections");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop((listener, under_way));
    while open.join_next().await.is_some() {}
    // Nothing is ever sent: it ends when the last request under way, which holds a sender, has been done.
    all_done.recv().await;
}

/// Held by a request while it is under way, so that a stop waits for it.
type UnderWay = mpsc::Sender<()>;

async fn connection(
    stream: TcpStream,
    origin: Arc<Origin>,
    router: Router,
    under_way: UnderWay,
    mut stop: Stop,
) {
    // Answers are small and awaited; without this some wait 40 ms for more to go along.
    let _ = stream.set_nodelay(true);
    let service =
        service_fn(move |request| answer(origin.clone(), router.clone(), under_way.clone(), request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_DEADLINE)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    // A connection that ends badly is the client's concern, or a fault on request.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = stop.stopped() => {
            connection.as_mut().graceful_shutdown();
            let _ = timeout(STOP_DEADLINE, connection).await;
        }
    }
}

/// An error of the service is how hyper is told to close the connection.
#[derive(Debug)]
struct Dropped;

impl std::error::Error for Dropped {}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dropped without an answer")
    }
}

async fn answer(
    origin: Arc<Origin>,
    router: Router,
    under_way: UnderWay,
    request: hyper::Request<Incoming>,
) -> Result<Response, Dropped> {
    let target = Target::of(request.uri().path());
    let page = origin
        .page
        .as_ref()
        .and_then(|page| page.came(request.method(), request.uri().path(), request.headers()));
    let fate = origin.faults.meet(target).await;
    let handle = async move {
        let handled =
            timeout(REQUEST_DEADLINE, handle(&origin, router, target, request.map(Body::new))).await;
        drop(under_way);
        handled.unwrap_or_else(|_| {
            let detail = "The request took too long. Send its body faster, or try again.";
            Problem::new(StatusCode::REQUEST_TIMEOUT, "too-slow", detail).into_response()
        })
    };
    // In a task of its own: what a client has asked for is done also when it hangs up. That is what turns impatience
    // into load. An error means that it panicked, which the log has.
    let handle = async { tokio::spawn(handle).await.map_err(|_| Dropped) };
    let mut response = match fate {
        Fate::Handled => handle.await,
        Fate::Unanswered => handle.await.and(Err(Dropped)),
        Fate::Dropped => Err(Dropped),
        Fate::Answered(response) => Ok(response),
    }?;
    if let Some(page) = page {
        page::let_read(page, &mut response);
    }
    Ok(response)
}

async fn handle(
    origin: &Origin,
    router: Router,
    target: Target,
    request: axum::http::Request<Body>,
) -> Response {
    let over_save = origin.faults.of(Resource::Accounts) == Kind::OverSave;
    // With a capacity it is the modelled database that is kept busy.
    if over_save && target == Target::Of(Resource::Accounts) && !origin.database.is_limited() {
        faults::save_again(origin).await;
    }
    route(router, request).await.unwrap_or_else(|never| match never {})
}

fn route(
    router: Router,
    request: axum::http::Request<Body>,
) -> impl Future<Output = Result<Response, Infallible>> {
    hyper::service::Service::call(&TowerToHyperService::new(router), request)
}
