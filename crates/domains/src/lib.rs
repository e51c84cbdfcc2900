//! What has to stand in the DNS for a domain to receive and to send: what is expected, what is found at the domain's own
//! name servers, what to do about the difference; and the watch over it from then on.
