//! The kinds of values that a setting can have: how each is written, and what is refused.
//!
//! *Must hold*: a value that exists is valid, so nothing behind the configuration checks again; what a kind
//! expects is said in one phrase, used by error messages and by the reference alike.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use guichet_intake::Network;
use guichet_mail::DomainName;
use tracing_subscriber::EnvFilter;

/// A setting as it was written, before anybody knows its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Given {
    /// One text; numbers and switches of a TOML file are texts here too.
    One(String),
    /// A TOML array.
    Many(Vec<String>),
}

/// How a value is spelled in a TOML file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// In quotes.
    Quoted,
    /// A number or a switch, bare.
    Bare,
    /// An array of quoted texts.
    Array,
}

/// A kind of value.
pub(crate) trait Value: Sized {
    /// How the default stands in the example file.
    const SPELLING: Spelling = Spelling::Quoted;

    /// Whether it must not be repeated, not even in an error.
    const IS_SECRET: bool = false;

    /// What is expected, to be read after that word: "a domain name".
    fn expected() -> String;

    /// Reads one text.
    fn read(text: &str) -> Option<Self>;

    /// Reads what was given; only lists take an array.
    fn read_given(given: &Given) -> Option<Self> {
        match given {
            Given::One(text) => Self::read(text.trim()),
            Given::Many(_) => None,
        }
    }
}

/// Octets, from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bytes<const MIN: u64, const MAX: u64>(u64);

impl<const MIN: u64, const MAX: u64> Bytes<MIN, MAX> {
    /// How many.
    pub(crate) fn get(self) -> u64 {
        self.0
    }

    /// How many, as a length in memory.
    pub(crate) fn length(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// The units of sizes, longest name first where one ends in another.
const UNITS: [(&str, u64); 8] = [
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("b", 1),
];

impl<const MIN: u64, const MAX: u64> Value for Bytes<MIN, MAX> {
    fn expected() -> String {
        format!("a size from {} to {}, in bytes or with a unit: `50 MB`, `64 MiB`", size(MIN), size(MAX))
    }

    fn read(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let found = UNITS.iter().find_map(|(name, bytes)| Some((text.strip_suffix(name)?, *bytes)));
        let (number, unit) = found.unwrap_or((&text, 1));
        let bytes = whole(number.trim_end())?.checked_mul(unit)?;
        (MIN..=MAX).contains(&bytes).then_some(Self(bytes))
    }
}

/// A size in the largest unit that leaves it whole.
fn size(bytes: u64) -> String {
    let units = [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    let fits = units.iter().find(|(_, unit)| bytes >= *unit && bytes.is_multiple_of(*unit));
    fits.map_or_else(|| bytes.to_string(), |(name, unit)| format!("{} {name}", bytes / unit))
}

/// A whole number from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Whole<const MIN: u64, const MAX: u64>(u64);

impl<const MIN: u64, const MAX: u64> Whole<MIN, MAX> {
    /// The number.
    pub(crate) fn get(self) -> u64 {
        self.0
    }

    /// The number, for what is counted in 32 bits.
    pub(crate) fn small(self) -> u32 {
        u32::try_from(self.0).unwrap_or(u32::MAX)
    }

    /// The number, for a port.
    pub(crate) fn port(self) -> u16 {
        u16::try_from(self.0).unwrap_or(u16::MAX)
    }

    /// The number, for what is counted in memory.
    pub(crate) fn count(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl<const MIN: u64, const MAX: u64> Value for Whole<MIN, MAX> {
    const SPELLING: Spelling = Spelling::Bare;

    fn expected() -> String {
        format!("a whole number from {MIN} to {MAX}")
    }

    fn read(text: &str) -> Option<Self> {
        whole(text).filter(|number| (MIN..=MAX).contains(number)).map(Self)
    }
}

/// Digits, with underscores between them as TOML has it.
fn whole(text: &str) -> Option<u64> {
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

impl Value for bool {
    const SPELLING: Spelling = Spelling::Bare;

    fn expected() -> String {
        "`true` or `false`".to_owned()
    }

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Value for PathBuf {
    fn expected() -> String {
        "a path".to_owned()
    }

    fn read(text: &str) -> Option<Self> {
        (!text.is_empty() && !text.contains('\0')).then(|| PathBuf::from(text))
    }
}

impl Value for SocketAddr {
    fn expected() -> String {
        "an IP address with a port, as in `127.0.0.1:2525` or `[::1]:2525`".to_owned()
    }

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Value for DomainName {
    fn expected() -> String {
        "a domain name, as in `desk.example`".to_owned()
    }

    fn read(text: &str) -> Option<Self> {
        DomainName::parse(text).ok()
    }
}

/// *Standards*: RFC 4632 section 3.1, RFC 4291 section 2.3.
impl Value for Network {
    fn expected() -> String {
        "an IP address or a network, as in `192.0.2.1` or `10.0.0.0/8`".to_owned()
    }

    fn read(text: &str) -> Option<Self> {
        let (address, bits) =
            text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().ok()?;
        let bits_max = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = bits.map_or(Some(bits_max), |bits| bits.parse().ok())?;
        (prefix_bits <= bits_max).then_some(Self { address, prefix_bits })
    }
}

/// A value that may be absent: the empty text.
impl<T: Value> Value for Option<T> {
    const SPELLING: Spelling = T::SPELLING;
    const IS_SECRET: bool = T::IS_SECRET;

    fn expected() -> String {
        format!("{}, or nothing", T::expected())
    }

    fn read(text: &str) -> Option<Self> {
        if text.is_empty() { Some(None) } else { T::read(text).map(Some) }
    }
}

/// A list, perhaps empty: an array in a file, elsewhere a text with commas.
impl<T: Value> Value for Vec<T> {
    const SPELLING: Spelling = Spelling::Array;

    fn expected() -> String {
        format!("a list, each {}", T::expected())
    }

    fn read(text: &str) -> Option<Self> {
        text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(T::read).collect()
    }

    fn read_given(given: &Given) -> Option<Self> {
        match given {
            Given::One(text) => Self::read(text),
            Given::Many(items) => items.iter().map(|item| T::read(item.trim())).collect(),
        }
    }
}

/// Addresses to listen on, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listen(pub(crate) Vec<SocketAddr>);

impl Value for Listen {
    const SPELLING: Spelling = Spelling::Array;

    fn expected() -> String {
        format!("one or more, each {}; port 0 takes a free one", SocketAddr::expected())
    }

    fn read(text: &str) -> Option<Self> {
        Self::read_given(&Given::One(text.to_owned()))
    }

    fn read_given(given: &Given) -> Option<Self> {
        Vec::read_given(given).filter(|addresses| !addresses.is_empty()).map(Self)
    }
}

/// A DNS server to ask: an address, with a port where it is not 53.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DnsServer(pub(crate) String);

impl Value for DnsServer {
    fn expected() -> String {
        "an IP address, with a port where it is not 53: `192.0.2.53`, `[2001:db8::53]:5353`".to_owned()
    }

    fn read(text: &str) -> Option<Self> {
        let address = text.parse::<IpAddr>().is_ok() || text.parse::<SocketAddr>().is_ok();
        address.then(|| Self(text.to_owned()))
    }
}

/// What is logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogFilter(pub(crate) String);

impl Value for LogFilter {
    fn expected() -> String {
        "`error`, `warn`, `info`, `debug` or `trace`, or such words by module: `info,guichet_intake=debug`"
            .to_owned()
    }

    fn read(text: &str) -> Option<Self> {
        let known = |directive: &str| {
            let level = directive.rsplit('=').next().unwrap_or(directive);
            level.parse::<tracing::level_filters::LevelFilter>().is_ok()
        };
        let valid = text.split(',').all(known) && EnvFilter::try_new(text).is_ok();
        valid.then(|| Self(text.to_owned()))
    }
}
