//! Two partners, three companies, everybody who may ask, and the router in between.

mod client;
mod phones;
pub mod sounds;
mod world;

pub use client::{Reply, Who, json_body};
pub use world::{Company, PASSWORD, World, goodbye};

use serde_json::Value;

/// An operation of the contract.
#[derive(Debug, Clone)]
pub struct Operation {
    pub id: String,
    pub method: String,
    /// With `{tenant}` and the like.
    pub path: String,
    /// The least role that may use it.
    pub permission: String,
    pub spec: Value,
}

/// Every operation of the contract, in its order.
pub fn operations() -> Vec<Operation> {
    let document: Value = yaml_serde::from_str(&voxera_api::contract()).unwrap();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, spec) in item.as_object().unwrap() {
            all.push(Operation {
                id: spec["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase(),
                path: path.clone(),
                permission: spec["x-permission"].as_str().unwrap().to_owned(),
                spec: spec.clone(),
            });
        }
    }
    all
}

impl Operation {
    /// The names in braces, from left to right.
    pub fn ids(&self) -> Vec<&str> {
        self.path.split('{').skip(1).filter_map(|part| part.split('}').next()).collect()
    }

    /// The path with ids in the place of names.
    pub fn at(&self, id: impl Fn(&str) -> String) -> String {
        let mut path = self.path.clone();
        for name in self.ids() {
            path = path.replace(&format!("{{{name}}}"), &id(name));
        }
        if self.id == "audio_upload" {
            path = format!("{path}?name={}", voxera_store::new_id().simple());
        }
        path
    }

    /// Whether there is such a parameter; `place`: `query` or `header`.
    pub fn takes(&self, place: &str, name: &str) -> bool {
        let parameters = self.spec["parameters"].as_array();
        parameters.into_iter().flatten().any(|p| p["in"] == place && p["name"] == name)
    }

    pub fn has_body(&self) -> bool {
        !self.spec["requestBody"].is_null()
    }
}
