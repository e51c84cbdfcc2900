//! A zone served over UDP and TCP on loopback, for the real resolver and for real peers.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    str::FromStr,
    sync::{Arc, PoisonError, RwLock},
};

use guichet_sys::dns::{Record, RecordType};
use hickory_resolver::proto::{
    op::{Message, MessageType, OpCode, ResponseCode},
    rr::{
        Name, RData, Record as WireRecord, RecordType as WireType,
        rdata::{A, AAAA, CNAME, MX, NS, PTR, SOA, TXT},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket},
    task::JoinSet,
};

use crate::{Found, Zone};

/// Answers over UDP beyond this are cut short, so that the asker comes back over TCP (RFC 1035 section 4.2.1).
const UDP_BYTES_MAX: usize = 1232;

/// What a server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// Anything, following aliases, as a recursive resolver does.
    Recursive,
    /// What it has, with authority.
    Authoritative,
    /// The same without authority: a delegation that its owner forgot.
    Lame,
}

/// A DNS server on loopback; stops when dropped.
#[derive(Debug)]
pub struct DnsServer {
    address: SocketAddr,
    zone: Arc<RwLock<Zone>>,
    _tasks: JoinSet<io::Result<()>>,
}

impl DnsServer {
    /// Serves `zone` on a free port of 127.0.0.1, as a recursive resolver.
    pub async fn start(zone: Zone) -> io::Result<Self> {
        Self::serve((Ipv4Addr::LOCALHOST, 0).into(), zone, Manner::Recursive).await
    }

    /// Serves `zone` there with authority, as one of its name servers. Port 0 is any that is free.
    pub async fn authority(address: SocketAddr, zone: Zone) -> io::Result<Self> {
        Self::serve(address, zone, Manner::Authoritative).await
    }

    /// Serves `zone` there and claims no authority over it.
    pub async fn lame(address: SocketAddr, zone: Zone) -> io::Result<Self> {
        Self::serve(address, zone, Manner::Lame).await
    }

    async fn serve(address: SocketAddr, zone: Zone, manner: Manner) -> io::Result<Self> {
        let zone = Arc::new(RwLock::new(zone));
        let udp = UdpSocket::bind(address).await?;
        let address = udp.local_addr()?;
        let tcp = TcpListener::bind(address).await?;
        let mut tasks = JoinSet::new();
        tasks.spawn(serve_udp(udp, Arc::clone(&zone), manner));
        tasks.spawn(serve_tcp(tcp, Arc::clone(&zone), manner));
        Ok(Self { address, zone, _tasks: tasks })
    }

    /// From now on serves this instead.
    pub fn publish(&self, zone: Zone) {
        *self.zone.write().unwrap_or_else(PoisonError::into_inner) = zone;
    }

    /// Where it listens; as text it is a value for `dns.servers`.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn serve_udp(socket: UdpSocket, zone: Arc<RwLock<Zone>>, manner: Manner) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        let (length, from) = socket.recv_from(&mut buffer).await?;
        let Some(mut reply) =
            buffer.get(..length).and_then(|question| reply_to(question, &read(&zone), manner))
        else {
            continue;
        };
        let mut bytes = reply.to_vec().map_err(io::Error::other)?;
        if bytes.len() > UDP_BYTES_MAX {
            reply.answers.clear();
            reply.metadata.truncation = true;
            bytes = reply.to_vec().map_err(io::Error::other)?;
        }
        socket.send_to(&bytes, from).await?;
    }
}

async fn serve_tcp(listener: TcpListener, zone: Arc<RwLock<Zone>>, manner: Manner) -> io::Result<()> {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        connections.spawn(serve_stream(stream, Arc::clone(&zone), manner));
    }
}

async fn serve_stream(mut stream: TcpStream, zone: Arc<RwLock<Zone>>, manner: Manner) -> io::Result<()> {
    loop {
        let mut question = vec![0; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut question).await?;
        let Some(reply) = reply_to(&question, &read(&zone), manner) else { continue };
        let bytes = reply.to_vec().map_err(io::Error::other)?;
        stream.write_u16(u16::try_from(bytes.len()).map_err(io::Error::other)?).await?;
        stream.write_all(&bytes).await?;
    }
}

fn read(zone: &RwLock<Zone>) -> Zone {
    zone.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// The answer, or `None` where the zone keeps silent or the question is none.
fn reply_to(question: &[u8], zone: &Zone, manner: Manner) -> Option<Message> {
    let question = Message::from_vec(question).ok()?;
    let query = question.queries.first()?.clone();
    let mut reply = Message::new(question.metadata.id, MessageType::Response, OpCode::Query);
    reply.metadata.recursion_desired = question.metadata.recursion_desired;
    reply.metadata.recursion_available = manner == Manner::Recursive;
    reply.metadata.authoritative = manner == Manner::Authoritative;
    let name = query.name().clone();
    let found = match our_type(query.query_type()) {
        Some(record_type) if manner == Manner::Recursive => zone.find(&name.to_ascii(), record_type),
        Some(record_type) => zone.find_here(&name.to_ascii(), record_type),
        None => Found::NoRecords,
    };
    reply.add_query(query);
    match found {
        Found::Records(records) => {
            let ttl_secs = zone.answer_ttl_secs();
            let data = records.into_iter().filter_map(wire_data);
            reply.add_answers(data.map(|data| WireRecord::from_rdata(name.clone(), ttl_secs, data)));
        }
        Found::Alias(target) => {
            let data = RData::CNAME(CNAME(wire_name(&target)?));
            reply.add_answer(WireRecord::from_rdata(name, zone.answer_ttl_secs(), data));
        }
        Found::NoRecords => add_soa(&mut reply, zone),
        Found::NoSuchName => {
            reply.metadata.response_code = ResponseCode::NXDomain;
            add_soa(&mut reply, zone);
        }
        Found::ServFail => reply.metadata.response_code = ResponseCode::ServFail,
        Found::Silence => return None,
    }
    Some(reply)
}

/// RFC 2308 section 3: an absence carries the SOA, whose minimum says how long to remember it.
fn add_soa(reply: &mut Message, zone: &Zone) {
    let ttl_secs = zone.answer_ttl_secs();
    let soa = SOA::new(Name::root(), Name::root(), 1, 3600, 600, 86_400, ttl_secs);
    reply.add_authority(WireRecord::from_rdata(Name::root(), ttl_secs, RData::SOA(soa)));
}

fn our_type(wire_type: WireType) -> Option<RecordType> {
    match wire_type {
        WireType::A => Some(RecordType::A),
        WireType::AAAA => Some(RecordType::Aaaa),
        WireType::MX => Some(RecordType::Mx),
        WireType::NS => Some(RecordType::Ns),
        WireType::PTR => Some(RecordType::Ptr),
        WireType::TXT => Some(RecordType::Txt),
        _ => None,
    }
}

fn wire_data(record: Record) -> Option<RData> {
    Some(match record {
        Record::A(address) => RData::A(A(address)),
        Record::Aaaa(address) => RData::AAAA(AAAA(address)),
        Record::Mx(mx) => RData::MX(MX::new(mx.preference, wire_name(&mx.exchange)?)),
        Record::Ns(name) => RData::NS(NS(wire_name(&name)?)),
        Record::Ptr(name) => RData::PTR(PTR(wire_name(&name)?)),
        Record::Txt(text) => {
            let strings: Vec<&[u8]> = if text.is_empty() { vec![b""] } else { text.chunks(255).collect() };
            RData::TXT(TXT::from_bytes(strings))
        }
    })
}

fn wire_name(name: &str) -> Option<Name> {
    let mut name = Name::from_str(name).ok()?;
    name.set_fqdn(true);
    Some(name)
}
