//! Every bound of the deliverer that is not one session's.

/// What delivering may cost. The defaults suit a server of some ten thousand mails an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Due deliveries known in memory at one time, some 200 bytes each; the rest waits in the store. One destination
    /// may have a tenth of what is still free, so that a destination that is slow leaves room for all others.
    pub references_max: usize,
    /// Deliveries under way at one time, over all destinations.
    pub deliveries_max: usize,
    /// Deliveries under way at one time to one destination: what large providers bear from one address.
    pub per_destination_max: usize,
    /// Deliveries at one time to a destination that has not taken a mail yet; each success allows one more.
    pub per_destination_first: usize,
    /// Seconds that a destination is left alone after no server of it could be reached. What is due until then is
    /// deferred without trying.
    pub rest_secs: u32,
    /// Seconds to make a TCP connection. A host that doesn't answer within it hardly ever does.
    pub connect_secs_max: u32,
    /// Addresses tried for one delivery, over all servers of a destination.
    pub addresses_tried_max: usize,
    /// Seconds that a connection waits for its next mail. Servers dislike guests who stay without speaking.
    pub idle_secs_max: u32,
    /// Idle connections kept at one time, over all destinations.
    pub idle_connections_max: usize,
    /// Mails over one connection; large providers end connections that carry more.
    pub mails_per_connection_max: u32,
    /// Seconds that deliveries may take to end once the server stops; then they are cut, and are due again at the
    /// next start.
    pub stop_secs_max: u32,
    /// Bytes of memory that signing and local delivery of large mails may take at one time; further ones wait.
    pub memory_bytes_max: u64,
    /// Bytes that must be free on the disk for a mail to be sent: what cannot be recorded is not sent.
    pub free_bytes_min: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            references_max: 10_000,
            deliveries_max: 1_000,
            per_destination_max: 20,
            per_destination_first: 5,
            rest_secs: 60,
            connect_secs_max: 30,
            addresses_tried_max: 8,
            idle_secs_max: 5,
            idle_connections_max: 100,
            mails_per_connection_max: 100,
            stop_secs_max: 30,
            memory_bytes_max: 128_000_000,
            free_bytes_min: 16 << 20,
        }
    }
}
