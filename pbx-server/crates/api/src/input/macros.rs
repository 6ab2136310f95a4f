//! One declaration for the schema of a body and for how it is read.

/// Declares a struct with its schema and its [`crate::input::Input`], field by field.
macro_rules! input {
    ($(#[$meta:meta])* @largest $largest:expr; pub struct $name:ident $fields:tt) => {
        $crate::input::input!(@both ($largest) $(#[$meta])* pub struct $name $fields);
    };
    ($(#[$meta:meta])* pub struct $name:ident $fields:tt) => {
        $crate::input::input!(@both ($crate::input::JSON) $(#[$meta])* pub struct $name $fields);
    };
    (@both ($largest:expr) $(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident: $type:ty),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, utoipa::ToSchema)]
        pub struct $name { $($(#[$field_meta])* pub $field: $type),* }

        impl $crate::input::Input for $name {
            const LARGEST: usize = $largest;

            fn read(reader: &mut $crate::input::Reader) -> Option<Self> {
                // Every field is read before any refusal ends it.
                $(let $field = reader.field::<$type>(stringify!($field));)*
                Some(Self { $($field: $field?),* })
            }
        }
    };
}
pub(crate) use input;
