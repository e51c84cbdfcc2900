//! Every setting there is: its key, its kind, its default and what it does, each said once.
//!
//! The macro makes the typed [`Configuration`] out of this table, and the list that the parser, the reference in
//! docs/configuration.md, the example file and the error messages are made from. A new setting is one entry here.
//!
//! *Must hold*: the defaults are valid (a test reads them all) and safe for a server on the open internet; units stand
//! last in a name; a limit has a least and a greatest value, so that no setting means "without limit".

use std::net::SocketAddr;
use std::path::PathBuf;

use guichet_intake::Network;
use guichet_mail::DomainName;

use super::domains::{Address, PolicyMode};
use super::error::ConfigError;
use super::given::Layers;
use super::outbound::{HostPort, OutboundMode, SecretText, Security};
use super::public_url::PublicUrl;
use super::value::{Bytes, DnsServer, Listen, LogFilter, Spelling, Value, Whole};
use crate::master_key::MasterKey;

/// One setting, for whoever writes about it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    /// `smtp.listen`.
    pub(crate) key: &'static str,
    /// The default as a text; the empty one where there is none.
    pub(crate) default: &'static str,
    /// What it does, one line of prose each.
    pub(crate) about: &'static [&'static str],
    /// What its value looks like.
    pub(crate) expected: fn() -> String,
    /// How the value is spelled in a file.
    pub(crate) spelling: Spelling,
}

/// A table of the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Section {
    /// `smtp`; empty for the keys before the first table.
    pub(crate) name: &'static str,
    /// What it is about, one line of prose each.
    pub(crate) about: &'static [&'static str],
    /// Its settings.
    pub(crate) settings: &'static [Setting],
}

/// Every setting, in the order of the reference.
pub(crate) fn all() -> impl Iterator<Item = &'static Setting> {
    SECTIONS.iter().flat_map(|section| section.settings)
}

macro_rules! settings {
    (
        $(#[doc = $top_about:literal])+
        { $( $(#[doc = $about:literal])+ $key:ident: $kind:ty = $default:literal, )+ }
        $(
            $(#[doc = $section_about:literal])+
            $section:ident: $Section:ident
            { $( $(#[doc = $inner_about:literal])+ $inner:ident: $inner_kind:ty = $inner_default:literal, )+ }
        )+
    ) => {
        /// The whole configuration, valid.
        #[derive(Debug, Clone)]
        pub(crate) struct Configuration {
            $( $(#[doc = $about])+ pub(crate) $key: $kind, )+
            $( $(#[doc = $section_about])+ pub(crate) $section: $Section, )+
        }

        $(
            $(#[doc = $section_about])+
            #[derive(Debug, Clone)]
            pub(crate) struct $Section {
                $( $(#[doc = $inner_about])+ pub(crate) $inner: $inner_kind, )+
            }
        )+

        impl Configuration {
            /// Reads every setting out of what was given.
            pub(super) fn read(layers: &Layers) -> Result<Self, ConfigError> {
                Ok(Self {
                    $( $key: layers.read(stringify!($key), $default)?, )+
                    $( $section: $Section {
                        $( $inner: layers.read(
                            concat!(stringify!($section), ".", stringify!($inner)),
                            $inner_default,
                        )?, )+
                    }, )+
                })
            }
        }

        /// The table, by section.
        pub(crate) const SECTIONS: &[Section] = &[
            Section {
                name: "",
                about: &[$($top_about),+],
                settings: &[ $( setting::<$kind>(stringify!($key), $default, &[$($about),+]), )+ ],
            },
            $( Section {
                name: stringify!($section),
                about: &[$($section_about),+],
                settings: &[ $( setting::<$inner_kind>(
                    concat!(stringify!($section), ".", stringify!($inner)),
                    $inner_default,
                    &[$($inner_about),+],
                ), )+ ],
            }, )+
        ];
    };
}

const fn setting<T: Value>(
    key: &'static str,
    default: &'static str,
    about: &'static [&'static str],
) -> Setting {
    Setting { key, default, about, expected: T::expected, spelling: T::SPELLING }
}

settings! {
    /// The server as a whole.
    {
        /// Where everything lies that Guichet keeps. Made at the first start, for its user alone. A relative path is
        /// relative to the directory that the server is started in.
        data_dir: PathBuf = "./guichet-data",
        /// The domain below which each organisation has its addresses: `support@demo.desk.localhost`.
        base_domain: DomainName = "desk.localhost",
        /// Free space of the disk below which mail is answered `452` (try again later) until there is room.
        disk_reserve_bytes_min: Bytes<0, 1_000_000_000_000> = "256 MiB",
        /// The key that seals what is secret in the data directory: 64 hexadecimal digits. Best given by the environment.
        /// Without it the first start makes one and keeps it in the data directory, as `master.key`.
        master_key: Option<MasterKey> = "",
    }
    /// Mail that comes in.
    smtp: Smtp {
        /// Where mail is taken. `[::]:25` is all addresses of the machine, of IPv4 too.
        listen: Listen = "127.0.0.1:2525",
        /// The server's own name: in its greeting, in Received and Authentication-Results, and in a certificate that it
        /// makes itself. By default the machine's name where that has a dot, else `localhost`.
        hostname: Option<DomainName> = "",
        /// The largest mail that is taken; larger ones hear `552`.
        size_max: Bytes<65_536, 1_000_000_000> = "50 MB",
        /// Whether STARTTLS is offered.
        starttls: bool = "true",
        /// Proxies that begin each connection with a PROXY header (version 1 or 2) naming the real client. From all
        /// others such a header is an error.
        proxy_protocol_from: Vec<Network> = "",
        /// Connections at one time; one more hears `421`.
        connections_max: Whole<1, 100_000> = "1000",
        /// Connections at one time from one address (IPv6: one /64); one more hears `421`.
        connections_per_address_max: Whole<1, 100_000> = "100",
        /// Mails on one connection; then the sender is asked to connect anew.
        transactions_max: Whole<1, 1_000_000> = "1000",
        /// Commands on one connection since its last mail.
        commands_max: Whole<10, 1_000_000> = "1000",
        /// Recipients of one mail; the sender brings the rest in a further one. RFC 5321 asks for 100 at least.
        recipients_max: Whole<100, 10_000> = "100",
        /// Commands refused on one connection since its last mail; then it is closed.
        errors_max: Whole<1, 1_000> = "20",
        /// Seconds to wait for a command. RFC 5321 asks for 300 at least.
        command_secs_max: Whole<1, 3_600> = "300",
        /// Seconds to wait for the next bytes of a mail. RFC 5321 asks for 180 at least.
        body_idle_secs_max: Whole<1, 3_600> = "180",
        /// Bytes a second that a slow sender must reach on average once two minutes have passed.
        body_bytes_per_sec_min: Whole<1, 1_000_000> = "512",
        /// Bytes of all mails that are coming in at one time; past it further mails hear `452` and come later.
        bytes_in_flight_max: Bytes<1_000_000, 1_000_000_000_000> = "1 GB",
        /// Bytes of all mails that are held in memory at one time to be verified and parsed; further ones wait.
        parse_bytes_max: Bytes<1_000_000, 1_000_000_000_000> = "128 MB",
    }
    /// Mail that goes out.
    outbound: Outbound {
        /// `capture` composes and signs every answer and shows it as it would leave, and sends nothing; `deliver` sends.
        mode: OutboundMode = "capture",
        /// Seconds for which an answer can be taken back before it leaves, where its writer does not say.
        undo_secs: Whole<0, 3_600> = "10",
        /// A server that takes all mail and brings it on. Without one, mail goes to the recipients' own servers (MX).
        smart_host: Option<HostPort> = "",
        /// How the connection to the smart host is secured. Its certificate must be good.
        smart_host_security: Security = "starttls",
        /// Who we are to the smart host; without a user there is no log-in.
        smart_host_user: Option<SecretText> = "",
        /// The password to it.
        smart_host_password: Option<SecretText> = "",
        /// Domains to which mail goes over TLS with a good certificate, or not at all.
        require_tls: Vec<DomainName> = "",
        /// Certificates as PEM that are trusted beside those of the system.
        ca_certificates: Option<PathBuf> = "",
        /// The port at which the servers of other domains are reached.
        port: Whole<1, 65_535> = "25",
        /// Connections at one time to all servers.
        connections_max: Whole<1, 10_000> = "1000",
        /// Connections at one time to the servers of one domain, or to the smart host.
        connections_per_destination_max: Whole<1, 1_000> = "20",
        /// Mails a minute to one domain, or to the smart host.
        mails_per_minute_max: Whole<1, 10_000_000> = "600000",
    }
    /// The certificate shown after STARTTLS and by HTTPS. Without one the server makes its own, which is enough for mail servers
    /// that encrypt where they can. Renewed files are taken up without a restart.
    tls: Tls {
        /// The certificate chain as PEM, the server's own first.
        certificate: Option<PathBuf> = "",
        /// The private key as PEM; may be the same file.
        key: Option<PathBuf> = "",
    }
    /// The API.
    http: Http {
        /// Where the API answers. When it leaves the machine, switch `http.tls` on or put a proxy that speaks TLS before it.
        listen: SocketAddr = "127.0.0.1:8080",
        /// Whether it speaks HTTPS, with the certificate of `tls`, and no plain HTTP.
        tls: bool = "false",
        /// Where people reach it, for links in mails: `https://desk.example`. By default the server's own name with the
        /// port of `http.listen`. Set it behind a proxy.
        public_url: Option<PublicUrl> = "",
        /// Proxies whose `Forwarded`, `X-Forwarded-For` and `X-Forwarded-Proto` say who the client is. From all others
        /// these fields count for nothing.
        trusted_proxies: Vec<Network> = "",
        /// Connections at one time; further ones wait to be accepted. Each open panel or event stream takes one.
        connections_max: Whole<1, 1_000_000> = "4000",
        /// Connections at one time from one address (IPv6: one /64); one more is closed. Those of this machine and of trusted
        /// proxies are not counted: name the gateway among them where all come through one, as behind Docker's.
        connections_per_address_max: Whole<1, 1_000_000> = "500",
        /// Seconds that a client may take to send the head of a request.
        header_secs_max: Whole<1, 3_600> = "15",
    }
    /// Organisations that people make by themselves, while the operator has opened that: `guichet sign-up open`.
    signup: SignUp {
        /// Sign-ups within an hour, of all together; further ones hear to come later.
        per_hour_max: Whole<1, 10_000> = "20",
    }
    /// Names below the base domain that organisations ask for; the operator approves or declines each.
    claims: Claims {
        /// Names beside those of the server that a claim is compared with: one that looks like it shows a warning.
        protected: Vec<DomainName> = "",
    }
    /// Look-ups in DNS.
    dns: Dns {
        /// The servers to ask, in this order; without any, those of /etc/resolv.conf.
        servers: Vec<DnsServer> = "",
        /// Seconds to wait for one answer.
        lookup_secs_max: Whole<1, 60> = "5",
        /// Look-ups on their way at one time; further ones wait.
        lookups_max: Whole<1, 100_000> = "256",
        /// Names remembered for each type of record.
        cache_entries_max: Whole<1, 10_000_000> = "16384",
    }
    /// What stands in DNS for the domains of this server, and how it is looked at.
    domains: DomainRecords {
        /// The hosts that take the mail of every domain, as MX records name them, the preferred first. By default the
        /// server's own name.
        mx_hosts: Vec<DomainName> = "",
        /// The addresses that mail leaves from, for SPF and for their reverse names. By default those that the server's own
        /// name has in DNS.
        sending_addresses: Vec<Address> = "",
        /// What the policy says that is served for MTA-STS: `testing` (senders send all the same, and report), `enforce`
        /// (they don't where the certificate proves nothing), or `none` (there is no policy).
        mta_sts: PolicyMode = "testing",
        /// The port at which the own name servers of a domain are asked.
        name_servers_port: Whole<1, 65_535> = "53",
        /// Whether name servers at addresses of this machine and of private networks are asked. Anybody who adds a domain
        /// chooses its name servers.
        private_name_servers: bool = "false",
    }
    /// SPF, DKIM, DMARC, ARC and reverse DNS of each mail.
    verify: Verify {
        /// Seconds that all checks of one mail may take together; what is unfinished then counts as a passing trouble.
        secs_max: Whole<1, 120> = "10",
        /// DKIM signatures verified for each mail; further ones are left out.
        dkim_signatures_max: Whole<1, 100> = "8",
    }
    /// What the server keeps.
    store: Storage {
        /// Memory for what is read and written most. More makes a large store faster.
        cache_bytes: Bytes<1_000_000, 1_000_000_000_000> = "64 MiB",
        /// Size of the journal, taken from the disk at once. A larger one is emptied less often and takes longer to
        /// repeat after a kill.
        journal_bytes: Bytes<1_000_000, 10_000_000_000> = "16 MiB",
        /// Days that events are kept. A listener that was away for longer has to read everything anew.
        events_days_max: Whole<1, 3_650> = "30",
    }
    /// What becomes of tickets.
    tickets: Tickets {
        /// Days without any change after which a ticket in the trash is deleted for good, with all its mail. Without it
        /// nothing is, until an admin does it.
        trash_days_max: Option<Whole<1, 3_650>> = "",
    }
    /// What the log says, on standard error.
    log: Log {
        /// How much: `error`, `warn`, `info`, `debug`, `trace`, or by module.
        level: LogFilter = "info",
    }
}
