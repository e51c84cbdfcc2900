//! Refusals that say that *we* sent too much for now, whatever digit the code begins with (case 19).
//!
//! A full mailbox of the recipient is none of them: that is the recipient's quota, and the mail is refused.

/// What a provider says when a sender's quota is used up: all pieces stand in the text, in lower case.
const QUOTA_TEXTS: &[&[&str]] = &[
    // Gmail, Google Workspace.
    &["daily user sending", "exceeded"],
    &["daily sending quota"],
    &["smtp relay sending limit exceeded"],
    // Microsoft 365, Exchange, Outlook.com.
    &["submissionquotaexceeded"],
    &["submission quota"],
    &["reached your daily limit"],
    &["tenant has exceeded", "limit"],
    &["tenant has exceeded threshold"],
    &["message submission rate", "exceeded"],
    &["recipient rate limit", "exceed"],
    // Amazon SES.
    &["daily message quota exceeded"],
    &["maximum sending rate exceeded"],
    // SendGrid.
    &["exceeded your messaging limits"],
    &["maximum credits exceeded"],
    // GoDaddy, Secureserver.
    &["exceeded its", "sending limit"],
    &["relay quota"],
    // cPanel and other Exim hosts.
    &["exceeded the max emails per hour"],
    &["exceeded the max defers and failures per hour"],
    &["ratelimit", "emails per"],
    // Yahoo, Zoho, iCloud, Rackspace, OVH and hosts that write their own.
    &["sending quota exceeded"],
    &["sending limit exceeded"],
    &["exceeded", "sending limit"],
    &["exceeded", "sending quota"],
    &["exceeded", "outgoing message limit"],
    &["outgoing mail limit", "exceeded"],
    &["outbound quota", "exceeded"],
    &["maximum number of recipients per hour"],
    &["maximum number of messages per", "exceeded"],
    &["hourly limit", "exceeded"],
    &["daily limit", "exceeded"],
];

/// Congestion (RFC 3463, section 3.5): temporary by its own definition, so a permanent code with it means the quota.
const CONGESTION: &str = "5.4.5";

/// How much of a reply is looked at, in octets.
const TEXT_BYTES_MAX: usize = 4_096;

/// Whether a refusal says that we sent too much for now: temporary, to be deferred, whatever the code's first digit
/// says (`550 5.4.5 Daily user sending quota exceeded`). `status` is the enhanced status, `5.4.5`; `text` the reply
/// with or without it.
pub fn is_quota(code: u16, status: Option<&str>, text: &str) -> bool {
    if !(400..600).contains(&code) {
        return false;
    }
    let shown = text.get(..text.floor_char_boundary(TEXT_BYTES_MAX)).unwrap_or(text).to_lowercase();
    // A reply of several lines repeats the status at the beginning of each; the text below reads as one line.
    let words: Vec<&str> = shown.split_whitespace().collect();
    let line = words.join(" ");
    status.is_some_and(|status| status == CONGESTION)
        || words.first() == Some(&CONGESTION)
        || QUOTA_TEXTS.iter().any(|pieces| pieces.iter().all(|piece| line.contains(piece)))
}
