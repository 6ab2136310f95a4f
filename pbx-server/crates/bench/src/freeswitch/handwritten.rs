//! The people of the measurements as somebody writes them into a `FreeSWITCH` by hand: a directory with
//! hashes, a dialplan of one extension, records in files. Everything else stays as
//! `voxera freeswitch init` wrote it, and the profile of phones is the one that our server answers with.

use crate::Outcome;
use crate::setting::{PHONES, REALM, ha1, number, user};
use reqwest::Client;
use std::fmt::Write as _;
use std::path::Path;
use voxera_freeswitch::init::PROFILE;
use voxera_testkit::node::SECRET;

/// How a node asks for the profile, as a real one did.
const ASKS: &str =
    include_str!("../../../freeswitch/tests/fixtures/captures/configuration_sofia_boot_all_profiles.form");

/// Nobody is let in by address.
const NO_LINES: &str = r#"<configuration name="acl.conf">
  <network-lists>
    <list name="voxera-lines" default="deny"/>
  </network-lists>
</configuration>
"#;

/// Changes a folder that was made for a server into one that needs none. `server`: ours, which is asked
/// for the profile.
pub async fn write(dir: &Path, server: &str) -> Outcome<()> {
    let conf = dir.join("conf");
    let files = conf.join("autoload_configs");
    std::fs::write(files.join("sofia.conf.xml"), profile(server).await?)?;
    std::fs::write(files.join("acl.conf.xml"), NO_LINES)?;
    std::fs::write(conf.join("directory.xml"), directory())?;
    std::fs::write(conf.join("dialplan.xml"), dialplan())?;
    let include = |what: &str| format!(r#"<X-PRE-PROCESS cmd="include" data="{what}.xml"/>"#);
    let main = conf.join("freeswitch.xml");
    change(&main, r#"<section name="dialplan"/>"#, &include("dialplan"))?;
    change(&main, r#"<section name="directory"/>"#, &include("directory"))?;
    change(&files.join("modules.conf.xml"), r#"<load module="mod_xml_curl"/>"#, "")?;
    // Without somebody to tell, records are written into files.
    change(&files.join("json_cdr.conf.xml"), r#"<param name="url""#, r#"<param name="no-url""#)
}

fn change(path: &Path, from: &str, to: &str) -> Outcome<()> {
    let text = std::fs::read_to_string(path)?;
    if !text.contains(from) {
        return Err(format!("{} has no {from}", path.display()).into());
    }
    Ok(std::fs::write(path, text.replace(from, to))?)
}

/// The `<configuration>` of the profile.
async fn profile(server: &str) -> Outcome<String> {
    let asked = Client::new().post(format!("http://{server}/freeswitch/xml"));
    let answer = asked.basic_auth("voxera", Some(SECRET)).body(ASKS.trim()).send().await?;
    let text = answer.error_for_status()?.text().await?;
    let (begin, end) = ("<configuration name=\"sofia.conf\">", "</configuration>");
    let rest = text.split_once(begin).ok_or("the answer has no profile")?.1;
    let inside = rest.split_once(end).ok_or("the profile has no end")?.0;
    Ok(format!("{begin}{inside}{end}\n"))
}

/// Everybody, found by name and by number, with what a phone rings by.
fn directory() -> String {
    let mut text = format!(
        "<section name=\"directory\"><domain name=\"{REALM}\"><groups><group name=\"phones\"><users>\n"
    );
    for phone in 0..PHONES {
        let (user, number, hash) = (user(phone), number(phone), ha1(phone));
        let dial = format!(
            "[^^:sip_invite_domain={REALM}:presence_id={user}@{REALM}]sofia/{PROFILE}/{user}%{REALM}"
        );
        let _infallible = write!(
            text,
            r#"<user id="{user}" number-alias="{number}">
  <params>
    <param name="a1-hash" value="{hash}"/>
    <param name="allow-empty-password" value="false"/>
    <param name="dial-string" value="{dial}"/>
  </params>
  <variables>
    <variable name="user_context" value="{REALM}"/>
    <variable name="domain_name" value="{REALM}"/>
    <variable name="effective_caller_id_number" value="{number}"/>
    <variable name="effective_caller_id_name" value="Phone {phone}"/>
  </variables>
</user>
"#
        );
    }
    text + "</users></group></groups></domain></section>\n"
}

/// Whoever dials a number of the company rings there for half a minute.
fn dialplan() -> String {
    format!(
        r#"<section name="dialplan">
  <context name="{REALM}">
    <extension name="people">
      <condition field="destination_number" expression="^(2\d\d\d)$">
        <action application="set" data="hangup_after_bridge=true"/>
        <action application="set" data="continue_on_fail=true"/>
        <action application="set" data="call_timeout=30"/>
        <action application="bridge" data="user/$1@{REALM}"/>
      </condition>
    </extension>
  </context>
</section>
"#
    )
}
