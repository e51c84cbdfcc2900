//! The mail server of this machine, tried as others would: connect, read the greeting, `EHLO`, `STARTTLS`.
//!
//! *Must hold*: every wait and every line has a bound, for somebody else may answer there.
//!
//! *Standards*: RFC 5321 3.1 (greeting), 4.1.1.1 (`EHLO`); RFC 3207 (`STARTTLS`).

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use guichet_mail::DomainName;
use guichet_sys::tls::{ClientTls, Proof};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{ServerItem, item};
use crate::check::{Judged, printable};
use crate::record::Purpose;
use crate::settings::Settings;

/// Seconds for the whole exchange with one address.
const EXCHANGE_SECS_MAX: u64 = 8;
/// Octets of a reply that are read.
const REPLY_OCTETS_MAX: u64 = 8_192;

/// Who is tried.
#[derive(Clone, Copy)]
pub(super) struct Tried<'a> {
    pub(super) host: &'a DomainName,
    pub(super) address: IpAddr,
    pub(super) port: u16,
}

/// What an exchange came to.
struct Heard {
    greeting: String,
    offers_tls: bool,
    /// Why the certificate proves nothing.
    tls: Result<(), String>,
}

/// The port, and the certificate where one is shown.
pub(super) async fn try_out(tried: Tried<'_>, settings: &Settings, tls: &ClientTls) -> Vec<ServerItem> {
    let patience = Duration::from_secs(EXCHANGE_SECS_MAX);
    let heard = timeout(patience, exchange(tried, settings, tls)).await;
    let heard =
        heard.unwrap_or_else(|_| Err(io::Error::other(format!("no answer within {EXCHANGE_SECS_MAX} s"))));
    let place = format!("{} [{}]:{}", tried.host, tried.address, tried.port);
    let greeting = format!("220 {}", settings.host_name);
    match heard {
        Err(error) => {
            let advice = format!(
                "Nobody answers at {} port {} ({error}): listen there (smtp.listen), and let firewall and provider let \
                 it through.",
                tried.address, tried.port
            );
            let judged = Judged { state: crate::State::Missing, advice };
            vec![item(Purpose::Port, place, greeting, judged, Vec::new())]
        }
        Ok(heard) => {
            let judged = judge_greeting(&heard.greeting, settings);
            let certificate = certificate_item(tried, &heard);
            vec![item(Purpose::Port, place, greeting, judged, vec![heard.greeting]), certificate]
        }
    }
}

fn judge_greeting(greeting: &str, settings: &Settings) -> Judged {
    let ours = settings.host_name.as_str();
    let name = greeting.strip_prefix("220").map(|rest| rest.trim_start_matches(['-', ' ']));
    let name = name.and_then(|rest| rest.split(' ').next()).unwrap_or_default();
    if name.eq_ignore_ascii_case(ours) {
        return Judged::noted(
            "Tried from this machine; a firewall before it may still keep others out.".to_owned(),
        );
    }
    Judged::different(format!(
        "Somebody else answers there, or smtp.hostname is not the name that DNS gives this server: it should greet as {ours}."
    ))
}

fn certificate_item(tried: Tried<'_>, heard: &Heard) -> ServerItem {
    let judged = match (&heard.tls, heard.offers_tls) {
        (_, false) => Judged::different(
            "STARTTLS is not offered, so mail comes in the clear: switch smtp.starttls on.".to_owned(),
        ),
        (Ok(()), true) => Judged::ok(),
        (Err(why), true) => Judged::different(format!(
            "The certificate does not prove {}: {why}. Most senders encrypt all the same; those that insist (MTA-STS) do \
             not send. Set tls.certificate and tls.key.",
            tried.host
        )),
    };
    let expected = format!("a certificate for {}", tried.host);
    let name = format!("{} [{}]:{}", tried.host, tried.address, tried.port);
    ServerItem { is_required: false, ..item(Purpose::Certificate, name, expected, judged, Vec::new()) }
}

async fn exchange(tried: Tried<'_>, settings: &Settings, tls: &ClientTls) -> io::Result<Heard> {
    let stream = TcpStream::connect(SocketAddr::new(tried.address, tried.port)).await?;
    let mut stream = BufReader::new(stream);
    let greeting = reply(&mut stream).await?;
    let greeting = printable(greeting.first().map_or(&b""[..], |line| line.as_bytes()));
    stream.write_all(format!("EHLO {}\r\n", settings.host_name).as_bytes()).await?;
    let offers_tls = reply(&mut stream)
        .await?
        .iter()
        .any(|line| line.get(4..).is_some_and(|word| word.eq_ignore_ascii_case("STARTTLS")));
    let tls = if offers_tls { handshake(stream, tried.host, tls).await } else { Ok(()) };
    Ok(Heard { greeting, offers_tls, tls })
}

async fn handshake(
    mut stream: BufReader<TcpStream>,
    host: &DomainName,
    tls: &ClientTls,
) -> Result<(), String> {
    let asked = async {
        stream.write_all(b"STARTTLS\r\n").await?;
        reply(&mut stream).await
    };
    let answer = asked.await.map_err(|error| error.to_string())?;
    if !answer.first().is_some_and(|line| line.starts_with("220")) {
        return Err("STARTTLS is refused".to_owned());
    }
    let name = ServerName::try_from(host.to_string()).map_err(|error| error.to_string())?;
    let mut secured = tls
        .connector(Proof::Name)
        .connect(name, stream.into_inner())
        .await
        .map_err(|error| error.to_string())?;
    // A farewell that nobody hears changes nothing.
    let _ = secured.write_all(b"QUIT\r\n").await;
    Ok(())
}

/// The lines of one reply.
async fn reply(stream: &mut BufReader<TcpStream>) -> io::Result<Vec<String>> {
    let mut bounded = stream.take(REPLY_OCTETS_MAX);
    let mut lines = Vec::new();
    loop {
        let mut line = Vec::new();
        if bounded.read_until(b'\n', &mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
        let is_last = line.as_bytes().get(3) != Some(&b'-');
        lines.push(line);
        if is_last {
            return Ok(lines);
        }
    }
}
