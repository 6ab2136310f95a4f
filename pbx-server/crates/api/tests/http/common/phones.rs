//! Phones and calls as an engine reports them.

use super::{Company, World};
use chrono::{TimeDelta, Utc};
use serde_json::json;
use std::sync::Arc;
use voxera_callcontrol::{Arrival, ArrivedFrom, Ask, Call, PbxView, QueueKeeper, Registration, Transport};
use voxera_callflow::{Event, Peer};
use voxera_model::{CallId, DeviceId, Dialled, ExtensionNumber, Realm};

impl World {
    /// The company's PBX as the engine sees it now.
    pub async fn view(&self, company: &Company) -> Arc<PbxView> {
        let scope = self.store.tenant_scope(company.tenant.parse().unwrap()).await.unwrap();
        let mut tx = self.store.tenant(&scope).await.unwrap();
        let config = tx.config().pbx(company.pbx.parse().unwrap()).await.unwrap().unwrap();
        self.control.directory().replace(config);
        self.control.directory().pbx(&Realm::parse(&company.realm).unwrap()).unwrap()
    }

    /// Puts a phone online.
    pub async fn register(&self, company: &Company, device: &str) -> Registration {
        let view = self.view(company).await;
        let device: DeviceId = device.parse().unwrap();
        let extension_number = view.device(device).unwrap().extension.clone();
        let registration = Registration {
            tenant: view.snapshot.tenant,
            customer: view.snapshot.customer,
            pbx: view.snapshot.pbx,
            extension: view.snapshot.extensions[&extension_number].id,
            extension_number,
            device,
            contact: "sip:phone@127.0.0.1:5070".into(),
            source: "127.0.0.1:5070".parse().unwrap(),
            transport: Transport::Udp,
            user_agent: Some(format!("Phone of {}", company.word)),
            registered_at: Utc::now(),
            expires_at: Utc::now() + TimeDelta::hours(1),
        };
        self.control.presence().register(registration.clone());
        registration
    }

    /// 1000 calls 112.
    pub async fn emergency(&self, company: &Company) -> Call {
        let arrival = Arrival {
            call: CallId(voxera_store::new_id()),
            from: ArrivedFrom::Device(company.device.parse().unwrap()),
            dialled: Dialled::parse("112"),
        };
        self.control.arrive(&self.view(company).await, arrival).0
    }

    /// 1000 talks with 1001, and an engine does with the call what is asked of it.
    pub async fn talk(&self, company: &Company) -> Call {
        let call = self.ring(company).await;
        let by = ExtensionNumber::parse("1001").unwrap();
        let _ = call.advance(Event::Answered { by: Peer::Extension(by) });
        let (mut asks, engine) = (call.asks().unwrap(), call.clone());
        tokio::spawn(async move {
            while let Some(ask) = asks.recv().await {
                match ask {
                    Ask::Send(ask) => drop(engine.send_on(ask)),
                    Ask::Listen(ask) => {
                        let call = CallId(voxera_store::new_id());
                        match engine.summon(&ask, call, QueueKeeper::Core) {
                            Ok(_) => ask.done(),
                            Err(why) => ask.refuse(why),
                        }
                    }
                }
            }
        });
        call
    }

    /// 1777, whose phone is online, and who may listen to the calls of others.
    pub async fn supervisor(&self, company: &Company) {
        let platform = self.platform().await;
        let known = platform.get(&company.pbx("/extensions?search=1777")).await.items();
        if known.is_empty() {
            let new = json!({ "number": "1777", "name": "Sven", "settings": { "kind": "user", "may_listen": true } });
            let made = platform.post(&company.pbx("/extensions"), new).await.expect(201);
            let phones = company.pbx(&format!("/extensions/{}/devices", made["id"].as_str().unwrap()));
            let device = platform.post(&phones, json!({})).await.expect(201);
            self.register(company, device["id"].as_str().unwrap()).await;
        }
    }

    /// 1000 calls 1001, which rings.
    pub async fn ring(&self, company: &Company) -> Call {
        self.register(company, &company.second_device).await;
        let arrival = Arrival {
            call: CallId(voxera_store::new_id()),
            from: ArrivedFrom::Device(company.device.parse().unwrap()),
            dialled: Dialled::parse("1001"),
        };
        let (call, _) = self.control.arrive(&self.view(company).await, arrival);
        assert!(!call.is_over(), "1001 rings");
        call
    }
}
