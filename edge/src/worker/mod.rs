//! The stateless worker: every request comes through here. It parses the request once, checks who is asking before
//! any object is called, and hands links over to their objects.

mod agents;
mod events;
mod identity;
mod knowledge;
mod links;
mod operator;
mod pages;
mod problem;
mod route;
mod settings;
mod shed;
mod status;
mod visitor;

use worker::{Context, Env, Request, Response, Result, console_error, event};

use problem::Problem;
use route::Route;
use settings::Settings;

#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    let answer = match serve(request, &env).await {
        Ok(response) => response,
        Err(problem) => problem.response()?,
    };
    pages::secured(answer)
}

async fn serve(request: Request, env: &Env) -> std::result::Result<Response, Problem> {
    let settings = Settings::of(env, &request)?;
    match Route::parse(&request.method(), &request.path(), &settings)? {
        Route::Asset { path } => pages::asset(env, &path).await,
        Route::Redirect { to } => pages::redirect(&request, &to),
        Route::Frame { site } => pages::frame(env, &settings, &request, &site).await,
        Route::Console => pages::console(env, &settings).await,
        Route::Ready { site } => knowledge::ready(env, &site, &settings.address_of(&request)).await,
        Route::Status => status::health(env).await,
        Route::StatusPage => pages::status(env).await,
        Route::Summary => status::summary(env, &settings).await,
        Route::Metrics => operator::metrics(&settings, &request),
        Route::Mode { site, back } => operator::mode(env, &settings, request, &site, back).await,
        Route::Forget { site } => links::forget(env, &settings, request, site).await,
        Route::Visitor { site, keep: true } => visitor::keep(&settings, &request, &site),
        Route::Visitor { site, keep: false } => visitor::take_back(&settings, &request, &site),
        Route::Identity { site } => identity::take(env, &settings, request, &site).await,
        Route::VisitorLink { site } => links::visitor(env, &settings, request, site).await,
        Route::AgentLink { site } => links::agent(env, &settings, request, site).await,
        Route::Login { site } => agents::login(env, &settings, request, &site).await,
        Route::Renew { site } => agents::renew(env, &settings, request, &site).await,
        Route::Logout => agents::logout(&settings, &request),
        Route::Me { site } => agents::me(env, &settings, &request, &site).await,
        Route::Events => events::take(env, &settings, request).await,
    }
}

impl From<worker::Error> for Problem {
    /// What no rule foresees: logged here in full, told outside without details.
    fn from(error: worker::Error) -> Problem {
        console_error!("{error}");
        Problem::EDGE_ERROR
    }
}
