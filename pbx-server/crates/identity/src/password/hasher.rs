//! Argon2id off the async threads, and never more of it at once than memory and cores bear.

use crate::error::{IdentityError, Result};
use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use std::sync::Arc;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Room that a hash asks for, bytes. From 32 MiB on glibc takes memory from the system for this one
/// piece and gives it back afterwards; less would stay with each thread that ever hashed. Of what
/// is asked for only what is used counts.
const ROOM: usize = 33 << 20;
/// Those who wait for a core; whoever comes after them is asked to come back.
const WAITING: usize = 200;

/// Makes and checks hashes; clones share one limit.
#[derive(Clone)]
pub(crate) struct Hasher {
    cores: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    /// The hash of a password that nobody has: what an unknown account is checked against, so
    /// that the answer takes as long as for a known one.
    dummy: Arc<str>,
}

impl Hasher {
    pub(crate) async fn new() -> Result<Self> {
        let at_once = std::thread::available_parallelism().map_or(1, usize::from);
        let mut hasher = Self {
            cores: Arc::new(Semaphore::new(at_once)),
            queue: Arc::new(Semaphore::new(at_once + WAITING)),
            dummy: Arc::from(""),
        };
        let nobody = crate::secret::Secret::generate();
        hasher.dummy = Arc::from(hasher.hash(nobody.expose()).await?);
        Ok(hasher)
    }

    /// The PHC string to keep.
    pub(crate) async fn hash(&self, password: &str) -> Result<String> {
        let password = Zeroizing::new(password.to_owned());
        self.run(move || {
            let salt = Salt::generate();
            let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(fault)?;
            let hash = PasswordHash {
                algorithm: Algorithm::Argon2id.ident(),
                version: Some(Version::V0x13.into()),
                params: ParamsString::try_from(&params).map_err(fault)?,
                salt: Some(salt),
                hash: Some(derive(password.as_bytes(), &salt, params)?),
            };
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether `password` is the one that was hashed. `None`, an account without a password or no
    /// account at all, takes as long and is never right.
    pub(crate) async fn verify(&self, password: &str, kept: Option<&str>) -> Result<bool> {
        let password = Zeroizing::new(password.chars().take(super::rules::MAX + 1).collect::<String>());
        let known = kept.is_some();
        let kept = kept.map_or_else(|| Arc::clone(&self.dummy), Arc::from);
        self.run(move || {
            let hash = PasswordHash::new(&kept)
                .map_err(|error| IdentityError::Internal(format!("a kept password hash: {error}")))?;
            let (Some(salt), Some(kept)) = (&hash.salt, &hash.hash) else {
                return Err(IdentityError::Internal("a kept password hash has no salt or no hash".into()));
            };
            let params = Params::try_from(&hash).map_err(fault)?;
            // Compared in constant time.
            let right = derive(password.as_bytes(), salt, params)? == *kept;
            Ok(right && known)
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let closed = |_| IdentityError::Internal("the password hasher is closed".into());
        let queued = Arc::clone(&self.queue).try_acquire_owned().map_err(|_| IdentityError::Busy)?;
        let core = Arc::clone(&self.cores).acquire_owned().await.map_err(closed)?;
        // The permits go with the work: a request that is given up does not make room early.
        tokio::task::spawn_blocking(move || {
            let done = work();
            drop((core, queued));
            done
        })
        .await
        .map_err(|error| IdentityError::Internal(format!("the password hasher: {error}")))?
    }
}

/// Argon2id in memory that goes back to the system.
fn derive(password: &[u8], salt: &[u8], params: Params) -> Result<Output> {
    let blocks = params.block_count();
    let mut memory = Vec::with_capacity(blocks.max(ROOM / Block::SIZE));
    memory.resize(blocks, Block::new());
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(password, salt, &mut output, &mut memory)
        .map_err(fault)?;
    Output::new(&output).map_err(fault)
}

fn fault(error: impl std::fmt::Display) -> IdentityError {
    IdentityError::Internal(format!("argon2: {error}"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_is_argon2id_with_the_advised_cost_and_its_own_salt() {
        let hasher = Hasher::new().await.unwrap();
        let hash = hasher.hash("bullar och kaffe").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(hash, hasher.hash("bullar och kaffe").await.unwrap());
        assert!(hasher.verify("bullar och kaffe", Some(&hash)).await.unwrap());
        assert!(!hasher.verify("bullar och kaff", Some(&hash)).await.unwrap());
    }

    #[tokio::test]
    async fn a_hash_made_elsewhere_is_understood() {
        use argon2::password_hash::PasswordHasher as _;
        let params = Params::new(8 * 1024, 1, 1, None).unwrap();
        let other: PasswordHash = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password(b"bullar och kaffe")
            .unwrap();
        let hasher = Hasher::new().await.unwrap();
        assert!(hasher.verify("bullar och kaffe", Some(&other.to_string())).await.unwrap());
        assert!(!hasher.verify("bullar och te", Some(&other.to_string())).await.unwrap());
    }

    #[tokio::test]
    async fn nobody_has_no_password() {
        let hasher = Hasher::new().await.unwrap();
        assert!(!hasher.verify("", None).await.unwrap());
        assert!(!hasher.verify("bullar och kaffe", None).await.unwrap());
        let cost = |hash: &str| hash.split('$').take(4).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(cost(&hasher.dummy), cost(&hasher.hash("bullar och kaffe").await.unwrap()));
    }

    #[tokio::test]
    async fn a_storm_is_refused_instead_of_taking_memory() {
        let hasher = Hasher::new().await.unwrap();
        let _all_cores = hasher.cores.acquire_many(u32::try_from(hasher.cores.available_permits()).unwrap());
        let free = u32::try_from(hasher.queue.available_permits()).unwrap();
        let waiting = hasher.queue.acquire_many(free).await.unwrap();
        assert!(matches!(hasher.hash("bullar och kaffe").await, Err(IdentityError::Busy)));
        // Also for who is not known: the answer costs the same work, of the same kind.
        assert!(matches!(hasher.verify("bullar och kaffe", None).await, Err(IdentityError::Busy)));
        drop(waiting);
        assert!(hasher.hash("bullar och kaffe").await.is_ok());
    }
}
