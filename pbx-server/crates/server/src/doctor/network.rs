//! The network: ports, addresses, the mail server.

use super::Finding;
use crate::config::{Config, Encryption, Mail};
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::ops::RangeInclusive;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use url::Url;

const MAIL_PATIENCE: Duration = Duration::from_secs(5);

/// The ports we listen on are free, or held by ourselves.
pub fn ports(config: &Config, running: bool) -> Vec<Finding> {
    let mut findings = vec![port("port_portal", config.listen, running, "listen", &[tcp])];
    if config.engine.is_here() {
        findings.push(port("port_phones", config.sip.listen, running, "sip.listen", &[udp, tcp]));
    }
    findings
}

/// The port where FreeSWITCH nodes ask is free, or held by ourselves.
pub fn listener(config: &Config, running: bool) -> Finding {
    port("port_nodes", config.freeswitch.listen, running, "freeswitch.listen", &[tcp])
}

type Attempt = fn(SocketAddr) -> (&'static str, std::io::Result<()>);

fn tcp(address: SocketAddr) -> (&'static str, std::io::Result<()>) {
    ("TCP", TcpListener::bind(address).map(drop))
}

fn udp(address: SocketAddr) -> (&'static str, std::io::Result<()>) {
    ("UDP", UdpSocket::bind(address).map(drop))
}

fn port(check: &'static str, address: SocketAddr, running: bool, key: &str, attempts: &[Attempt]) -> Finding {
    for attempt in attempts {
        let (transport, result) = attempt(address);
        let Err(error) = result else { continue };
        return match error.kind() {
            ErrorKind::AddrInUse if running => {
                Finding::good(check, format!("{address} is held by the running voxera."))
            }
            ErrorKind::AddrInUse => Finding::fault(
                check,
                format!("{address} ({transport}) is held by another program."),
                format!(
                    "Find it with: ss -ltunp | grep :{} - then stop it, or choose another {key}",
                    address.port()
                ),
            ),
            ErrorKind::PermissionDenied => Finding::fault(
                check,
                format!("This user may not listen on {address}."),
                format!("Choose a port from 1024 on in {key}, or use the packaged unit, which may"),
            ),
            ErrorKind::AddrNotAvailable => Finding::fault(
                check,
                format!("{} is no address of this machine.", address.ip()),
                format!("Choose one of `ip address`, or 0.0.0.0 for all, in {key}"),
            ),
            _ => {
                Finding::fault(check, format!("{address} ({transport}): {error}."), format!("Correct {key}"))
            }
        };
    }
    Finding::good(check, format!("{address} is free."))
}

/// The ports that the kernel gives to outgoing connections.
pub fn ephemeral_ports() -> Option<RangeInclusive<u16>> {
    let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
    let mut ports = text.split_whitespace().filter_map(|port| port.parse().ok());
    Some(ports.next()?..=ports.next()?)
}

/// Room for sound, apart from what the kernel hands out.
pub fn media(ports: &RangeInclusive<u16>, ephemeral: Option<RangeInclusive<u16>>) -> Finding {
    let check = "media_ports";
    let calls = ports.len() / 4;
    let says = format!("{}-{}: room for {calls} calls at once.", ports.start(), ports.end());
    if let Some(taken) = ephemeral
        && ports.start() <= taken.end()
        && taken.start() <= ports.end()
    {
        return Finding::warning(
            check,
            format!(
                "{says} They overlap {}-{}, which the kernel uses for outgoing connections.",
                taken.start(),
                taken.end()
            ),
            "Choose sip.media_ports outside of that range, as 20000-29999",
        );
    }
    if calls < 50 {
        return Finding::warning(check, says, "Widen sip.media_ports, as 20000-29999");
    }
    Finding::good(check, says)
}

/// Phones outside must know where to send sound.
pub fn external_address(listen: SocketAddr, external: Option<IpAddr>) -> Finding {
    let check = "external_address";
    let private = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    };
    if let Some(external) = external {
        return if private(external) {
            Finding::warning(
                check,
                format!("Phones are told {external}, which the Internet cannot reach."),
                "Right for phones in the same network; else set sip.external_address to the public address",
            )
        } else {
            Finding::good(check, format!("Phones are told {external}."))
        };
    }
    match own_address(listen) {
        Some(ip) if !private(ip) => Finding::good(check, format!("Phones reach this machine at {ip}.")),
        Some(ip) if ip.is_loopback() => {
            Finding::good(check, "Only phones on this machine can call: sip.listen is a loopback address.")
        }
        Some(ip) => Finding::warning(
            check,
            format!("This machine is {ip}, a private address."),
            "Right for phones in the same network; for phones outside set sip.external_address to the public \
             address and forward the ports of sip.listen and sip.media_ports",
        ),
        None => Finding::warning(check, "This machine has no way out.", "Look at `ip route`"),
    }
}

/// Where phones reach us, as far as this machine knows.
#[must_use]
pub fn own_address(listen: SocketAddr) -> Option<IpAddr> {
    if listen.ip().is_unspecified() { route_address() } else { Some(listen.ip()) }
}

/// The address with which this machine would go out. Sends nothing.
fn route_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}

/// Passwords travel to the portal.
pub fn public_url(url: &Url, listen: SocketAddr) -> Finding {
    let check = "public_url";
    let local = url.host_str().is_some_and(|host| host == "localhost" || host.starts_with("127."));
    if url.scheme() == "https" {
        Finding::good(check, format!("People come to {url}."))
    } else if local && listen.ip().is_loopback() {
        Finding::good(check, format!("Only this machine comes to {url}."))
    } else if local {
        Finding::warning(
            check,
            format!("{listen} is open to the network, but mails will link to {url}."),
            "Set public_url to the address that people use",
        )
    } else {
        Finding::warning(
            check,
            format!("{url} is not encrypted: passwords can be read on the way."),
            "Put a reverse proxy with a certificate before it, and set public_url to its https:// address",
        )
    }
}

/// The port of a mail server.
#[must_use]
pub fn mail_port(mail: &Mail) -> u16 {
    match (mail.port, mail.encryption) {
        (0, Encryption::Starttls) => 587,
        (0, Encryption::Tls) => 465,
        (0, Encryption::None) => 25,
        (port, _) => port,
    }
}

/// The mail server answers.
pub async fn mail(mail: &Mail) -> Finding {
    let check = "mail";
    let Some(host) = &mail.host else {
        return Finding::warning(
            check,
            "No mail server is set: invitations and password links wait in the portal's mailbox.",
            "Set mail.host and mail.from, and mail.user and mail.password where it wants them",
        );
    };
    let port = mail_port(mail);
    let cure =
        format!("Try: nc {host} {port} - then correct mail.host, mail.port, mail.encryption or the firewall");
    let connect = tokio::net::TcpStream::connect((host.as_str(), port));
    let mut stream = match tokio::time::timeout(MAIL_PATIENCE, connect).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            return Finding::fault(check, format!("{host}:{port} cannot be reached: {error}."), cure);
        }
        Err(_) => return Finding::fault(check, format!("{host}:{port} does not answer."), cure),
    };
    if mail.encryption == Encryption::Tls {
        return Finding::good(
            check,
            format!("{host}:{port} can be reached (encrypted from the first byte)."),
        );
    }
    let mut greeting = [0; 3];
    match tokio::time::timeout(MAIL_PATIENCE, stream.read_exact(&mut greeting)).await {
        Ok(Ok(_)) if &greeting == b"220" => Finding::good(check, format!("{host}:{port} is a mail server.")),
        _ => Finding::fault(check, format!("{host}:{port} does not greet as a mail server does."), cure),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::super::Health;
    use super::*;

    #[test]
    fn a_taken_port_is_a_fault_unless_we_hold_it() {
        let holder = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = holder.local_addr().unwrap();
        let finding = port("port_portal", address, false, "listen", &[tcp]);
        assert_eq!(finding.health, Health::Fault);
        assert!(finding.cure.unwrap().contains(&format!("ss -ltunp | grep :{}", address.port())));
        assert_eq!(port("port_portal", address, true, "listen", &[tcp]).health, Health::Good);
        drop(holder);
        assert_eq!(port("port_portal", address, false, "listen", &[tcp]).health, Health::Good);
        let elsewhere: SocketAddr = "192.0.2.7:0".parse().unwrap();
        assert!(
            port("port_phones", elsewhere, false, "sip.listen", &[udp])
                .says
                .contains("no address of this machine")
        );
    }

    #[test]
    fn ports_for_sound_keep_off_those_of_the_kernel() {
        assert_eq!(media(&(20_000..=29_999), Some(32_768..=60_999)).health, Health::Good);
        assert!(media(&(30_000..=39_999), Some(32_768..=60_999)).says.contains("overlap 32768-60999"));
        assert!(media(&(20_000..=20_099), None).cure.unwrap().contains("Widen"));
    }

    #[test]
    fn addresses_say_who_can_call() {
        let any: SocketAddr = "0.0.0.0:5060".parse().unwrap();
        assert_eq!(external_address(any, Some("193.0.0.1".parse().unwrap())).health, Health::Good);
        assert_eq!(external_address(any, Some("10.0.0.1".parse().unwrap())).health, Health::Warning);
        assert_eq!(external_address("127.0.0.1:5060".parse().unwrap(), None).health, Health::Good);
        assert_eq!(external_address("192.168.1.2:5060".parse().unwrap(), None).health, Health::Warning);
    }

    #[test]
    fn an_open_portal_wants_encryption() {
        let open: SocketAddr = "0.0.0.0:80".parse().unwrap();
        let closed: SocketAddr = "127.0.0.1:8080".parse().unwrap();
        let finding = |url: &str, listen| public_url(&Url::parse(url).unwrap(), listen).health;
        assert_eq!(finding("https://portal.example", closed), Health::Good);
        assert_eq!(finding("http://localhost:8080", closed), Health::Good);
        assert_eq!(finding("http://localhost:80", open), Health::Warning);
        assert_eq!(finding("http://portal.example", open), Health::Warning);
    }

    #[tokio::test]
    async fn a_mail_server_is_known_by_its_greeting() {
        let settings = |port| Mail {
            from: voxera_model::Email::parse("no-reply@example.se").unwrap(),
            host: Some("127.0.0.1".into()),
            port,
            encryption: Encryption::None,
            user: None,
            password: None,
        };
        for (greeting, health) in [("220 mail\r\n", Health::Good), ("HTTP/1.1", Health::Fault)] {
            let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = server.local_addr().unwrap().port();
            let serve = async {
                let (mut stream, _) = server.accept().await.unwrap();
                tokio::io::AsyncWriteExt::write_all(&mut stream, greeting.as_bytes()).await.unwrap();
            };
            let settings = settings(port);
            assert_eq!(tokio::join!(serve, mail(&settings)).1.health, health, "{greeting}");
        }
        let silent = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let finding = mail(&settings(silent)).await;
        assert!(finding.health == Health::Fault && finding.cure.unwrap().contains("mail.host"));
        assert_eq!(mail(&Mail { host: None, ..settings(0) }).await.health, Health::Warning);
    }
}
