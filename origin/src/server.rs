//! The origin as a whole: what its routes share, the routes, start and stop.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post, put};
use rusqlite::{OptionalExtension, Transaction};
use shared::event::Resource;
use shared::id::WriterId;
use shared::webhook::Secret;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::bearer::AdminToken;
use crate::carrier::{self, Pace};
use crate::config::{Config, Edge};
use crate::connections::{self, Stop};
use crate::cost::Work;
use crate::database::Database;
use crate::faults::{self, Fault, Faults, Kind};
use crate::guesses::Guesses;
use crate::keys::{self, Keys};
use crate::page::{self, Page};
use crate::password::Passwords;
use crate::problem::Problem;
use crate::store::{Store, Unusable};
use crate::{
    agents, connected, demo, events, health, input, ledger, load, naive, outbox, replies, sites, status,
};

/// What the routes and the carrier share.
pub struct Origin {
    pub store: Store,
    pub keys: Keys,
    pub passwords: Passwords,
    pub secret: Secret,
    pub admin: Option<AdminToken>,
    pub edge: Edge,
    pub pace: Pace,
    pub faults: Faults,
    pub database: Database,
    /// Only in the demonstration.
    pub page: Option<Page>,
    /// This storage as a writer of replies; made once, with the data folder.
    pub writer: WriterId,
    /// Something was put into the outbox.
    pub news: Notify,
    guesses: Mutex<Guesses>,
}

impl Origin {
    pub fn guesses(&self) -> MutexGuard<'_, Guesses> {
        // Counters stay usable whatever happened to another request.
        self.guesses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when the modelled database has done this, which is at once where it has no limit.
    pub async fn work(&self, work: Work) -> Result<(), Problem> {
        let over_save = self.faults.of(Resource::Accounts) == Kind::OverSave;
        self.database.work(&work, over_save).await
    }
}

fn routes(origin: Arc<Origin>) -> Router {
    let router = Router::new()
        // The edge, by its signature.
        .route("/events", post(events::post))
        .route("/sites/{site}", get(sites::get))
        .route("/sites/{site}/connected", put(connected::put))
        // Anybody; the edge calls these for its agents.
        .route("/sites/{site}/agents/login", post(agents::login))
        .route("/sites/{site}/agents/renew", post(agents::renew))
        .route("/.well-known/jwks.json", get(keys::jwks))
        .route("/health", get(health::get))
        // Administrators, by the admin token.
        .route("/sites/{site}/conversations/{conversation}/replies", post(replies::post))
        .route("/ledger/{site}/messages", get(ledger::messages))
        .route("/admin/sites/{site}", put(sites::put))
        .route("/admin/sites/{site}/connected", get(connected::get))
        .route("/load", get(load::get))
        .route("/faults", get(faults::get).put(faults::put));
    let router = if origin.page.is_some() { page::routes(naive::routes(router)) } else { router };
    router
        .fallback(async || input::not_found())
        .method_not_allowed_fallback(async || {
            let detail = "This path takes another method. See the origin's contract.";
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "wrong-method", detail)
        })
        .with_state(origin)
}

/// An origin that accepts connections.
pub struct Running {
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    origin: Arc<Origin>,
    tasks: Vec<JoinHandle<()>>,
}

pub async fn start(config: Config) -> Result<Running, CannotStart> {
    let store = Store::open(&config.data)?;
    let (keys, writer) = store.write(|tx| Ok((Keys::load(tx)?, writer(tx)?))).await?;
    let page = if config.demo { Page::of(&config.edge) } else { None };
    let origin = Arc::new(Origin {
        store,
        keys,
        writer,
        passwords: Passwords::new()?,
        secret: config.secret,
        admin: config.admin,
        edge: config.edge,
        pace: config.pace,
        faults: Faults::default(),
        database: Database::new(config.capacity),
        page,
        news: Notify::new(),
        guesses: Mutex::default(),
    });
    if config.demo {
        demo::make(&origin).await?;
    }
    let cannot_listen = |error| CannotStart::Listen(config.listen, error);
    let listener = TcpListener::bind(config.listen).await.map_err(cannot_listen)?;
    let address = listener.local_addr().map_err(cannot_listen)?;
    let client = carrier::client(&origin.edge).map_err(CannotStart::Client)?;

    let (stop, stopped) = watch::channel(false);
    let stopped = Stop(stopped);
    let over_save = faults::over_save(origin.clone(), stopped.clone());
    let tell = status::tell(origin.clone(), client.clone(), stopped.clone());
    let carry = carrier::carry(origin.clone(), client, stopped.clone());
    let serve = connections::serve(listener, origin.clone(), routes(origin.clone()), stopped);
    let tasks = vec![tokio::spawn(serve), tokio::spawn(carry), tokio::spawn(tell), tokio::spawn(over_save)];
    Ok(Running { address, stop, origin, tasks })
}

impl Running {
    /// Finishes what was begun and closes the data folder.
    pub async fn stop(self) {
        // Whatever hangs or waits on request is let go.
        self.origin.faults.set(Fault::default());
        self.origin.database.stop();
        self.stop.send_replace(true);
        for task in self.tasks {
            // A task that panicked has said so already.
            let _ = task.await;
        }
    }
}

fn writer(tx: &Transaction<'_>) -> Result<WriterId, Problem> {
    let stored =
        tx.query_row("SELECT value FROM settings WHERE name = 'writer'", [], |row| row.get::<_, String>(0));
    if let Some(writer) = stored.optional()?.and_then(|writer| WriterId::parse(&writer)) {
        return Ok(writer);
    }
    let writer = WriterId::parse(&outbox::fresh_id("origin")).unwrap_or_default();
    tx.execute("INSERT OR REPLACE INTO settings VALUES ('writer', ?1)", [writer.as_str()])?;
    Ok(writer)
}

/// Why the origin does not start; its text is one line that names the mend.
#[derive(Debug)]
pub enum CannotStart {
    Data(Unusable),
    Setup(Problem),
    Listen(SocketAddr, io::Error),
    Client(reqwest::Error),
}

impl From<Unusable> for CannotStart {
    fn from(unusable: Unusable) -> CannotStart {
        CannotStart::Data(unusable)
    }
}

impl From<Problem> for CannotStart {
    fn from(problem: Problem) -> CannotStart {
        CannotStart::Setup(problem)
    }
}

impl std::error::Error for CannotStart {}

impl fmt::Display for CannotStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CannotStart::Data(unusable) => unusable.fmt(f),
            CannotStart::Setup(problem) => write!(f, "cannot set up the data folder: {}", problem.detail),
            CannotStart::Listen(address, error) => {
                write!(f, "cannot listen on {address}: {error}. Give --listen a free address.")
            }
            CannotStart::Client(error) => write!(f, "cannot set up TLS towards the edge: {error}"),
        }
    }
}
