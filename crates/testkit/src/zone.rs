//! What DNS holds, written down.

use std::collections::HashMap;

use guichet_sys::dns::{Mx, Record, RecordType, reverse_name};

const TTL_SECS_DEFAULT: u32 = 300;
/// Longest chain of aliases followed, so that a loop of them ends.
const ALIASES_MAX: usize = 8;

/// How one name behaves.
#[derive(Clone, Debug, Default)]
struct Node {
    records: Vec<Record>,
    alias: Option<String>,
    trouble: Option<Trouble>,
    /// Record types (or all, where empty) that the trouble concerns.
    troubled: Vec<RecordType>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    ServFail,
    Silence,
}

/// What a zone has to say to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Records; the name that has them is not the one asked for where aliases led there.
    Records(Vec<Record>),
    /// The name is an alias of this one.
    Alias(String),
    /// NODATA.
    NoRecords,
    /// NXDOMAIN.
    NoSuchName,
    /// The server is in trouble.
    ServFail,
    /// No answer ever comes.
    Silence,
}

/// Names and their records. Built up in one expression: `Zone::new().txt("example.org", "v=spf1 -all")`.
#[derive(Clone, Debug)]
pub struct Zone {
    nodes: HashMap<String, Node>,
    /// Time to live of every answer, in seconds.
    ttl_secs: u32,
}

impl Default for Zone {
    fn default() -> Self {
        Self { nodes: HashMap::new(), ttl_secs: TTL_SECS_DEFAULT }
    }
}

impl Zone {
    /// A zone in which nothing exists.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the time to live of every answer, in seconds.
    #[must_use]
    pub fn ttl_secs(mut self, ttl_secs: u32) -> Self {
        self.ttl_secs = ttl_secs;
        self
    }

    /// The time to live of every answer, in seconds.
    #[must_use]
    pub fn answer_ttl_secs(&self) -> u32 {
        self.ttl_secs
    }

    /// Adds a record.
    #[must_use]
    pub fn record(mut self, name: &str, record: Record) -> Self {
        self.node(name).records.push(record);
        self
    }

    /// Adds a TXT record; text over 255 octets is cut into character-strings on the wire.
    #[must_use]
    pub fn txt(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        self.record(name, Record::Txt(text.as_ref().into()))
    }

    /// Adds an A or AAAA record.
    ///
    /// # Panics
    /// If `address` is none.
    #[must_use]
    pub fn address(self, name: &str, address: &str) -> Self {
        let record = match address.parse() {
            Ok(std::net::IpAddr::V4(address)) => Record::A(address),
            Ok(std::net::IpAddr::V6(address)) => Record::Aaaa(address),
            Err(error) => panic!("{address:?}: {error}"),
        };
        self.record(name, record)
    }

    /// Adds an MX record.
    #[must_use]
    pub fn mx(self, name: &str, preference: u16, exchange: &str) -> Self {
        self.record(name, Record::Mx(Mx { preference, exchange: key(exchange).into() }))
    }

    /// Adds an NS record: `zone` is the apex of a zone, and `server` one of its name servers.
    #[must_use]
    pub fn ns(self, zone: &str, server: &str) -> Self {
        self.record(zone, Record::Ns(key(server).into()))
    }

    /// Adds a PTR record for `address`.
    ///
    /// # Panics
    /// If `address` is none.
    #[must_use]
    pub fn ptr(self, address: &str, name: &str) -> Self {
        let address = address.parse().unwrap_or_else(|error| panic!("{address:?}: {error}"));
        self.record(&reverse_name(address), Record::Ptr(key(name).into()))
    }

    /// Makes `name` an alias (CNAME) of `target`.
    #[must_use]
    pub fn cname(mut self, name: &str, target: &str) -> Self {
        self.node(name).alias = Some(key(target));
        self
    }

    /// Lets `name` exist without any record (NODATA).
    #[must_use]
    pub fn empty(mut self, name: &str) -> Self {
        self.node(name);
        self
    }

    /// Lets every question for `name` end in SERVFAIL.
    #[must_use]
    pub fn serv_fail(mut self, name: &str) -> Self {
        self.node(name).trouble = Some(Trouble::ServFail);
        self
    }

    /// Lets questions for `name` go unanswered: those for `record_types`, or all where it is empty.
    #[must_use]
    pub fn silence(mut self, name: &str, record_types: &[RecordType]) -> Self {
        let node = self.node(name);
        node.trouble = Some(Trouble::Silence);
        node.troubled.extend_from_slice(record_types);
        self
    }

    /// What the zone says, aliases followed. What an alias leads to says nothing of name servers.
    #[must_use]
    pub fn find(&self, name: &str, record_type: RecordType) -> Found {
        let mut name = key(name);
        for _ in 0..ALIASES_MAX {
            match self.find_here(&name, record_type) {
                Found::Alias(_) if record_type == RecordType::Ns => return Found::NoRecords,
                Found::Alias(target) => name = target,
                found => return found,
            }
        }
        Found::ServFail
    }

    /// What the zone says of this name alone, as a server does that is asked without recursion.
    #[must_use]
    pub fn find_here(&self, name: &str, record_type: RecordType) -> Found {
        let name = key(name);
        let Some(node) = self.nodes.get(&name).or_else(|| self.wildcard(&name)) else {
            return if self.has_beneath(&name) { Found::NoRecords } else { Found::NoSuchName };
        };
        if node.troubled.is_empty() || node.troubled.contains(&record_type) {
            match node.trouble {
                Some(Trouble::ServFail) => return Found::ServFail,
                Some(Trouble::Silence) => return Found::Silence,
                None => {}
            }
        }
        match &node.alias {
            Some(target) => Found::Alias(target.clone()),
            None => node.find(record_type),
        }
    }

    /// RFC 4592: a wildcard stands for a name that is not there, below the closest name that is.
    fn wildcard(&self, name: &str) -> Option<&Node> {
        if self.has_beneath(name) {
            return None;
        }
        let (_, parent) = name.split_once('.')?;
        self.nodes.get(&format!("*.{parent}")).or_else(|| {
            let is_there = self.nodes.contains_key(parent) || self.has_beneath(parent);
            if is_there { None } else { self.wildcard(parent) }
        })
    }

    /// A name with names beneath it exists (RFC 8020).
    fn has_beneath(&self, name: &str) -> bool {
        self.nodes.keys().any(|other| other.strip_suffix(name).is_some_and(|head| head.ends_with('.')))
    }

    fn node(&mut self, name: &str) -> &mut Node {
        self.nodes.entry(key(name)).or_default()
    }
}

impl Node {
    fn find(&self, record_type: RecordType) -> Found {
        let records: Vec<_> =
            self.records.iter().filter(|record| record.record_type() == record_type).cloned().collect();
        if records.is_empty() { Found::NoRecords } else { Found::Records(records) }
    }
}

fn key(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}
