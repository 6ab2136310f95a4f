//! `make bench`: each number beside its baseline, both from one run, with the machine's noise.
//!
//! What is measured runs in a process of its own (this program again, with a role), so that the
//! load does not count as cost. Rounds of both sides alternate; a number is the median of its
//! rounds, and its noise half the distance between the smallest and the largest.

mod answers;
mod browsers;
mod calls;
mod decide;
mod decide_company;
mod freeswitch;
mod http;
mod load;
mod phones;
mod process;
mod relay;
mod roles;
mod series;
mod setting;
mod sound;

use std::error::Error;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let role = arguments.next();
    match role.as_deref() {
        None | Some("all") => all().await,
        Some("decide") => decide::run(),
        Some("calls") => calls::run().await,
        Some("relay") => relay::run().await,
        Some("sound") => sound::run().await,
        Some("browsers") => browsers::run().await,
        Some("http") => http::run().await,
        Some("answers") => answers::run().await,
        Some("freeswitch") => freeswitch::run(arguments.next().as_deref()).await,
        Some("as-answers") => answers::engine().await,
        Some("as-bare-answers") => answers::bare().await,
        Some("as-freeswitch-server") => freeswitch::server().await,
        Some("as-engine") => roles::engine().await,
        Some("as-media") => sound::media(arguments.next().as_deref(), arguments.next().as_deref()),
        Some("as-browsers") => browsers::media(arguments.next().as_deref()),
        Some("as-forwarder") => roles::forwarder().await,
        Some("as-bare-handler") => {
            let (url, schema, pbx) = (arguments.next(), arguments.next(), arguments.next());
            roles::bare_handler(url.as_deref(), schema.as_deref(), pbx.as_deref()).await
        }
        Some(other) => {
            let roles = "all, decide, calls, relay, sound, browsers, http, answers, freeswitch";
            Err(format!("{other:?} is none of: {roles}").into())
        }
    }
}

async fn all() -> Outcome<()> {
    decide::run()?;
    calls::run().await?;
    relay::run().await?;
    sound::run().await?;
    browsers::run().await?;
    http::run().await?;
    answers::run().await?;
    freeswitch::run(None).await
}
