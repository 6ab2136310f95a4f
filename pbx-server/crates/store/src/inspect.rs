//! Looks at a named database before anything is made in it, for `voxera doctor`.

use crate::error::Result;
use crate::store::options;
use sqlx::{ConnectOptions, Connection};

/// What a named database is, and what its user may do.
#[expect(clippy::struct_excessive_bools, reason = "each is an answer of its own, with a cure of its own")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Of the server, as 15.
    pub version: i32,
    /// The user we come as.
    pub owner: String,
    /// May make schemas here: one for each tenant.
    pub creates_schemas: bool,
    /// May make the application role.
    pub creates_roles: bool,
    /// The application role is there.
    pub has_role: bool,
    /// The application role has powers that pass row-level security; `false` when it is not there.
    pub role_is_strong: bool,
    /// We may act as the application role; `false` when it is not there.
    pub is_member: bool,
}

impl Inspection {
    /// Asks the database at `url`. `Unavailable`: it cannot be reached, or refuses us.
    pub async fn of(url: &str) -> Result<Self> {
        let mut connection = options(url)?.connect().await?;
        let (version, owner, creates_schemas, creates_roles, has_role, role_is_strong, is_member) =
            sqlx::query_as(
                "select current_setting('server_version_num')::int / 10000 as version,
                    current_user::text as owner,
                    has_database_privilege(current_database(), 'create') as creates_schemas,
                    (me.rolsuper or me.rolcreaterole) as creates_roles,
                    app.oid is not null as has_role,
                    coalesce(app.rolsuper or app.rolbypassrls or app.rolcreaterole, false) as role_is_strong,
                    coalesce(me.rolsuper or pg_has_role(current_user, app.oid, 'member'), false) as is_member
             from pg_roles me left join pg_roles app on app.rolname = 'voxera_app'
             where me.rolname = current_user",
            )
            .fetch_one(&mut connection)
            .await?;
        connection.close().await?;
        Ok(Self { version, owner, creates_schemas, creates_roles, has_role, role_is_strong, is_member })
    }
}
