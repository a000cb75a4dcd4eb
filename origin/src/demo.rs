//! The account that the demo and the tests use: site `demo`, agents Ada and Grace. Made once; what was changed later
//! stays.

use shared::event::RosterGroup;
use shared::id::{AgentId, SiteId};

use crate::problem::Problem;
use crate::server::Origin;
use crate::sites::{self, AgentSave, Save};

/// The shop's own server signs with it; there is none in the demonstration, so it is here for everybody to see.
pub const IDENTITY_SECRET: &str = "demo-identity-secret-of-harbour-goods";

pub async fn make(origin: &Origin) -> Result<(), Problem> {
    let Some(site) = SiteId::parse("demo") else { return Ok(()) };
    if origin.store.read(|db| sites::settings(db, "demo")).await?.is_some() {
        return Ok(());
    }
    let agents = [agent("ada", "Ada Ferris"), agent("grace", "Grace Lindqvist")];
    let agents: Vec<_> = agents.into_iter().flatten().collect();
    let members = agents.iter().map(|agent| agent.id.clone()).collect();
    let save = Save {
        account: Some("demo".into()),
        name: Some("Harbour Goods".into()),
        groups: Some(vec![RosterGroup { id: "support".into(), name: "Support".into(), agents: members }]),
        agents: Some(agents),
        embed_origins: None,
        limits: None,
        identity_secrets: Some(vec![IDENTITY_SECRET.into()]),
        contact: None,
    };
    sites::store(origin, site, save).await.map(drop)
}

fn agent(id: &str, name: &str) -> Option<AgentSave> {
    Some(AgentSave {
        id: AgentId::parse(id)?,
        name: Some(name.into()),
        email: Some(format!("{id}@demo.example")),
        password: Some("demo-password".into()),
    })
}
