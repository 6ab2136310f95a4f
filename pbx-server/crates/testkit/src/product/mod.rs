//! The whole product with its demo: on free ports, with its own database and state folder.

mod child;
mod client;

use crate::postgres::Database;
use child::Child;
pub use client::{Answer, Client, Events};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use voxera_identity::{Limits, Rate};
use voxera_server::config::Sources;
use voxera_server::demo::{Demo, Phone};
use voxera_server::{Options, Server};

/// The logins of the demo, by what they may do.
pub const PLATFORM: &str = "platform@voxera.example";
pub const PARTNER: &str = "partner@nordtel.example";
pub const ADMIN: &str = "anna@akesbageri.example";
pub const MANAGER: &str = "bertil@akesbageri.example";
pub const USER: &str = "cecilia@akesbageri.example";

/// Who tries often is a test.
const OFTEN: Rate = Rate { burst: 100_000, every_seconds: 1 };

/// How a product is started.
#[derive(Debug, Default)]
pub struct Setup {
    binary: Option<PathBuf>,
    database: Option<String>,
    settings: Vec<(&'static str, String)>,
}

impl Setup {
    /// As a process of its own from this binary, so that it can be killed.
    #[must_use]
    pub fn binary(mut self, path: impl Into<PathBuf>) -> Self {
        self.binary = Some(path.into());
        self
    }

    /// On this database in the place of a fresh one.
    #[must_use]
    pub fn database(mut self, url: &str) -> Self {
        self.database = Some(url.to_owned());
        self
    }

    /// With this key of the configuration, as `sip.media_ports`.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: &str) -> Self {
        self.settings.push((key, value.to_owned()));
        self
    }

    /// Starts it. Returns when phones can register; everything works by then, unless the named
    /// database does not answer.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(self) -> Product {
        let state_dir = match tempfile::Builder::new().prefix("voxera-product-").tempdir() {
            Ok(dir) => dir,
            Err(error) => panic!("no folder for the product: {error}"),
        };
        let (url, database) = if let Some(url) = self.database {
            (url, None)
        } else {
            let database = Database::create().await;
            (database.url().to_owned(), Some(database))
        };
        let state = state_dir.path().join("state");
        let mut settings = vec![
            ("state_dir", state.display().to_string()),
            ("listen", "127.0.0.1:0".to_owned()),
            ("sip.listen", "127.0.0.1:0".to_owned()),
            ("database.url", url),
            ("database.max_connections", "8".to_owned()),
            ("limits.requests_per_minute", "1000000".to_owned()),
            ("demo.enabled", "true".to_owned()),
            ("log.level", "info".to_owned()),
            ("log.format", "json".to_owned()),
        ];
        settings.extend(self.settings);
        let mut product = Product {
            running: None,
            binary: self.binary,
            settings,
            state,
            http: SocketAddr::from(([127, 0, 0, 1], 0)),
            phones: SocketAddr::from(([127, 0, 0, 1], 0)),
            _state_dir: state_dir,
            _database: database,
        };
        product.run().await;
        product
    }
}

/// A running product.
#[derive(Debug)]
pub struct Product {
    running: Option<Running>,
    binary: Option<PathBuf>,
    settings: Vec<(&'static str, String)>,
    state: PathBuf,
    http: SocketAddr,
    phones: SocketAddr,
    _state_dir: TempDir,
    _database: Option<Database>,
}

#[derive(Debug)]
enum Running {
    Here(Box<Server>),
    There(Box<Child>),
}

/// Where the demo's company is in the API.
#[derive(Debug, Clone)]
pub struct Company {
    pub tenant: String,
    pub customer: String,
    pub pbx: String,
}

impl Company {
    /// `/tenants/…/customers/…` and what comes after.
    #[must_use]
    pub fn path(&self, rest: &str) -> String {
        format!("/tenants/{}/customers/{}{rest}", self.tenant, self.customer)
    }

    /// `/tenants/…/customers/…/pbxs/…` and what comes after.
    #[must_use]
    pub fn pbx(&self, rest: &str) -> String {
        self.path(&format!("/pbxs/{}{rest}", self.pbx))
    }
}

impl Product {
    /// In this process, with a fresh database.
    pub async fn start() -> Self {
        Setup::default().start().await
    }

    /// Where phones register.
    #[must_use]
    pub fn sip_addr(&self) -> SocketAddr {
        self.phones
    }

    /// Where HTTP is served.
    #[must_use]
    pub fn http_addr(&self) -> SocketAddr {
        self.http
    }

    /// The state folder.
    #[must_use]
    pub fn state_dir(&self) -> &Path {
        &self.state
    }

    /// The server, when it runs in this process.
    ///
    /// # Panics
    /// When it runs as a process of its own.
    #[must_use]
    pub fn server(&self) -> &Server {
        match &self.running {
            Some(Running::Here(server)) => server,
            Some(Running::There(_)) | None => panic!("the product does not run in this process"),
        }
    }

    /// What the product wrote down about its demo.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn demo(&self) -> Demo {
        let read = std::fs::read_to_string(self.state.join("demo.json"));
        match read.map(|text| serde_json::from_str(&text)) {
            Ok(Ok(demo)) => demo,
            Ok(Err(error)) => panic!("demo.json: {error}"),
            Err(error) => panic!("demo.json: {error}"),
        }
    }

    /// The demo's credentials of an extension's phone.
    ///
    /// # Panics
    /// When the demo has no such extension.
    #[must_use]
    pub fn phone(&self, extension: &str) -> Phone {
        match self.demo().phones.into_iter().find(|phone| phone.extension == extension) {
            Some(phone) => phone,
            None => panic!("the demo has no phone for {extension}"),
        }
    }

    /// Whoever has not signed in.
    #[must_use]
    pub fn stranger(&self) -> Client {
        Client::new(&format!("http://{}", self.http), &self.origin())
    }

    /// What the portal's pages come from, as a browser says it.
    fn origin(&self) -> String {
        format!("http://localhost:{}", self.http.port())
    }

    /// Somebody of the demo, signed in: [`ADMIN`] and the like.
    pub async fn api(&self, email: &str) -> Client {
        self.sign_in(email, &self.demo().password).await
    }

    /// Somebody, signed in.
    pub async fn sign_in(&self, email: &str, password: &str) -> Client {
        let mut client = self.stranger();
        client.sign_in(email, password).await;
        client
    }

    /// The demo's company, as its administrator finds it.
    ///
    /// # Panics
    /// When the API does not show it.
    pub async fn company(&self, admin: &Client) -> Company {
        let me = admin.get("/me").await.ok();
        let place = &me["memberships"][0];
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let mut company = Company {
            tenant: text(&place["tenant"]),
            customer: text(&place["customer"]),
            pbx: String::new(),
        };
        let pbxs = admin.get(&company.path("/pbxs")).await.ok();
        company.pbx = text(&pbxs["items"][0]["id"]);
        assert!(!company.pbx.is_empty(), "no PBX: {me} {pbxs}");
        company
    }

    /// The texts of the mails that were sent to an address, the latest first.
    pub async fn mails(&self, to: &str) -> Vec<serde_json::Value> {
        let platform = self.api(PLATFORM).await;
        let list = platform.get("/platform/mails?limit=200&sort=-created_at").await.ok();
        let mut mails = Vec::new();
        for mail in list["items"].as_array().into_iter().flatten().filter(|mail| mail["to"] == to) {
            let id = mail["id"].as_str().unwrap_or_default();
            mails.push(platform.get(&format!("/platform/mails/{id}")).await.ok());
        }
        mails
    }

    /// All that a process of its own has said, once it has said this.
    ///
    /// # Panics
    /// When it does not say it.
    pub async fn said(&self, wanted: &str) -> String {
        child::said(&self.state, wanted).await
    }

    /// Stops it in order.
    pub async fn stop(&mut self) {
        match self.running.take() {
            Some(Running::Here(server)) => server.shutdown().await,
            Some(Running::There(child)) => child.stop().await,
            None => {}
        }
    }

    /// Ends it without a word, as a power failure would.
    ///
    /// # Panics
    /// When it runs in this process.
    pub async fn kill(&mut self) {
        match self.running.take() {
            Some(Running::There(child)) => child.kill().await,
            Some(Running::Here(_)) | None => panic!("only a process of its own can be killed"),
        }
    }

    /// Starts it again after [`Product::stop`] or [`Product::kill`], at the same addresses.
    pub async fn start_again(&mut self) {
        self.run().await;
    }

    async fn run(&mut self) {
        // The second start takes the addresses of the first: phones and people come back to them.
        for (key, address) in [("listen", self.http), ("sip.listen", self.phones)] {
            if address.port() != 0 {
                self.settings.retain(|(known, _)| *known != key);
                self.settings.push((key, address.to_string()));
            }
        }
        let running = match &self.binary {
            Some(binary) => {
                let child = Child::start(binary, &self.settings, &self.state).await;
                (self.http, self.phones) = (child.http, child.phones);
                Running::There(Box::new(child))
            }
            None => Running::Here(Box::new(self.here().await)),
        };
        self.running = Some(running);
    }

    async fn here(&mut self) -> Server {
        let sources = Sources { overrides: self.settings.clone(), ..Sources::default() };
        let limits = Limits {
            login_per_account: OFTEN,
            login_per_address: OFTEN,
            mail_per_account: OFTEN,
            mail_per_address: OFTEN,
            link_per_address: OFTEN,
            code_per_account: OFTEN,
        };
        let options = Options { limits: Some(limits), ..Options::default() };
        let config = match sources.load() {
            Ok(config) => config,
            Err(error) => panic!("the product's configuration: {error}"),
        };
        match Server::start(config, options).await {
            Ok(server) => {
                (self.http, self.phones) = (server.http, server.phones);
                server
            }
            Err(error) => panic!("the product does not start: {error}"),
        }
    }
}
