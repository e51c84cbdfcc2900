//! One question to one name server of a zone: without recursion, without a cache, over UDP and, where the answer is cut
//! short, over TCP.
//!
//! *Must hold*: only an answer that the server gives with authority counts; a referral, a refusal, or what it merely
//! remembers is trouble, as is no answer in time. What stands in an answer beyond the chain that begins with the name
//! asked for is not looked at.
//!
//! *Standards*: RFC 1034 4.3.1 (recursion), 3.6.2 (aliases); RFC 1035 4.1.1 (AA, TC), 4.2.1 (UDP); RFC 7766 (TCP).
//!
//! *Security*: the answering server may be a stranger's. Its answer is bounded by the wire (64 KiB) and by time.

use std::{
    future::Future,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    time::Duration,
};

use futures_util::StreamExt as _;
use hickory_resolver::{
    net::{
        DnsHandle as _, NetError, runtime::TokioRuntimeProvider, tcp::TcpClientStream, udp::UdpClientStream,
        xfer::DnsRequestSender as _,
    },
    proto::{
        op::{DnsRequest, DnsRequestOptions, DnsResponse, Query, ResponseCode},
        rr::{Name, RData},
    },
};
use tokio::time::timeout;

use super::{
    Answer, DnsError, Record, RecordType,
    hickory::{hickory_type, our_record, question, text},
};

/// Links of a chain of aliases within one answer that are followed.
const LINKS_MAX: usize = 8;

/// What a name server says of one name, with authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// There it is, or there it is not.
    Answer(Answer),
    /// The name is an alias (CNAME) of this one, which the server says nothing more of.
    Alias(Box<str>),
}

/// The question to one server under way.
pub type StatementFuture<'a> = Pin<Box<dyn Future<Output = Result<Statement, DnsError>> + Send + 'a>>;

/// Asks one name server about what it has authority over. `name` is lower case, valid, without a final dot.
pub trait Direct: Send + Sync + 'static {
    /// Asks. The only error is [`DnsError::TryAgain`].
    fn ask<'a>(&'a self, server: IpAddr, name: &'a str, record_type: RecordType) -> StatementFuture<'a>;
}

/// Asks over the network.
pub struct HickoryDirect {
    port: u16,
    patience: Duration,
    /// Kept, since it owns the tasks that drive connections.
    provider: TokioRuntimeProvider,
}

impl HickoryDirect {
    /// Asks at `port`, 53 but for tests and closed networks, and waits `answer_millis_max` for an answer over either
    /// transport.
    #[must_use]
    pub fn new(port: u16, answer_millis_max: u64) -> Self {
        let patience = Duration::from_millis(answer_millis_max);
        Self { port, patience, provider: TokioRuntimeProvider::default() }
    }

    async fn exchange(&self, server: SocketAddr, query: Query) -> Result<DnsResponse, NetError> {
        let mut options = DnsRequestOptions::default();
        options.recursion_desired = false;
        let request = DnsRequest::from_query(query, options);
        let response = self.over_udp(server, request.clone()).await?;
        if response.metadata.truncation { self.over_tcp(server, request).await } else { Ok(response) }
    }

    async fn over_udp(&self, server: SocketAddr, request: DnsRequest) -> Result<DnsResponse, NetError> {
        let builder = UdpClientStream::builder(server, self.provider.clone());
        let mut stream = builder.with_timeout(Some(self.patience)).build();
        stream.send_message(request).next().await.unwrap_or(Err(NetError::Timeout))
    }

    async fn over_tcp(&self, server: SocketAddr, request: DnsRequest) -> Result<DnsResponse, NetError> {
        let provider = self.provider.clone();
        let exchanged = async {
            let stream = TcpClientStream::exchange(server, None, self.patience, None, provider).await?;
            stream.send(request).next().await.unwrap_or(Err(NetError::Timeout))
        };
        timeout(self.patience, exchanged).await.unwrap_or(Err(NetError::Timeout))
    }
}

impl Direct for HickoryDirect {
    fn ask<'a>(&'a self, server: IpAddr, name: &'a str, record_type: RecordType) -> StatementFuture<'a> {
        Box::pin(async move {
            let name = question(name)?;
            let query = Query::query(name.clone(), hickory_type(record_type));
            let exchanged = self.exchange(SocketAddr::new(server, self.port), query).await;
            let response = exchanged.map_err(|error| DnsError::TryAgain(error.to_string().into()))?;
            read(&response, name, record_type).map_err(|why| DnsError::TryAgain(why.into()))
        })
    }
}

fn read(response: &DnsResponse, name: Name, record_type: RecordType) -> Result<Statement, String> {
    match response.metadata.response_code {
        ResponseCode::NoError | ResponseCode::NXDomain => {}
        code => return Err(format!("the server answered {code}")),
    }
    if !response.metadata.authoritative {
        return Err("the server has no authority over the name".to_owned());
    }
    let (end, is_alias) = end_of_aliases(response, name);
    let answers = response.answers.iter().filter(|record| record.name == end);
    let is_sought = |record: &Record| record.record_type() == record_type;
    let mut records: Vec<_> =
        answers.filter_map(|record| our_record(&record.data)).filter(is_sought).collect();
    records.sort();
    if !records.is_empty() {
        return Ok(Statement::Answer(Answer::Records(records)));
    }
    // Whether the end of an alias exists may be another server's to say.
    if is_alias {
        return Ok(Statement::Alias(text(&end)));
    }
    let is_nowhere = response.metadata.response_code == ResponseCode::NXDomain;
    Ok(Statement::Answer(if is_nowhere { Answer::NoSuchName } else { Answer::NoRecords }))
}

/// Where a chain of aliases leads as far as this answer knows, and whether there is one. A chain without an end is cut
/// somewhere; whoever asks on will come round again.
fn end_of_aliases(response: &DnsResponse, mut name: Name) -> (Name, bool) {
    for link in 0..LINKS_MAX {
        let next = response.answers.iter().find_map(|record| match &record.data {
            RData::CNAME(target) if record.name == name => Some(target.0.clone()),
            _ => None,
        });
        match next {
            Some(target) => name = target,
            None => return (name, link > 0),
        }
    }
    (name, true)
}
